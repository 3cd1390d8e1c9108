"""Drawings say in words and in a table what their line shows, and hold no style attribute."""

from __future__ import annotations

import re

from clinic_ui.charts import Band, DayMark, day_strip, line_figure, sparkline

HEADS = ("Jour", "Tension")


def test_a_spark_line_ends_in_a_dot_at_its_last_value() -> None:
    drawing = sparkline([140, 158])
    assert 'd="M3.0 22.0 L87.0 4.0"' in drawing
    assert 'cx="87.0" cy="4.0"' in drawing
    assert "aria-hidden" in drawing


def test_one_value_and_equal_values_draw_a_flat_line() -> None:
    assert 'd="M3.0 13.0 L87.0 13.0"' in sparkline([84])
    assert 'd="M3.0 13.0 L87.0 13.0"' in sparkline([84, 84])
    assert sparkline([]) == ""


def test_a_figure_has_its_finding_and_its_numbers_in_a_table() -> None:
    figure = line_figure(
        "La tension <monte>.", [("1/10", 140), ("8/10", 158)], heads=HEADS, twin="Voir", band=Band(1, 2)
    )
    assert "<figcaption>La tension &lt;monte&gt;.</figcaption>" in figure
    assert '<th scope="row">8/10</th><td class="r">158</td>' in figure
    assert 'class="chart-band"' in figure
    assert "style=" not in figure


def test_a_strip_draws_each_day_the_taller_the_worse_and_lists_those_with_news() -> None:
    days = [DayMark("01/03", "ok", "Prête"), DayMark("02/03", "", "–"), DayMark("03/03", "danger", "En panne & noir")]
    drawn = day_strip("Deux jours.", days, heads=("Jour", "Contrôle"), twin="Tableau")
    heights = [int(found) for found in re.findall(r'<rect class="day[^"]*"[^>]* height="(\d+)"', drawn)]
    assert heights[2] > heights[0] > heights[1] > 0
    assert 'aria-label="Deux jours."' in drawn
    assert drawn.index("03/03") < drawn.index("01/03")
    assert "02/03" not in drawn
    assert "En panne &amp; noir" in drawn
    assert day_strip("", [], heads=("", ""), twin="") == ""
