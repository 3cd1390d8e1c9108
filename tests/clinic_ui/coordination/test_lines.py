"""What the coordinator reads of the villages' lines: shares and percentiles, and nothing of a week with few visits."""

from __future__ import annotations

from datetime import date

import pytest

from clinic_ui.assets import Assets
from clinic_ui.coordination.pages import SIDE_WORDS, Board
from clinic_ui.render import Pages
from server.encounters.quality_rules import Side
from server.evaluation.call_rules import LineWeek
from server.evaluation.rules import Day, Satisfaction

NOTHING = Day((), (), 0, 0, None, 0, 0, 0)
WEEK = date(2026, 3, 2)


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(Assets.of_package())


def drawn(pages: Pages, *lines: LineWeek, locale: str = "fr") -> str:
    board = Board(NOTHING, Satisfaction(0, {}), lines=lines)
    text = pages.draw("coordination/lines.html", locale, {"board": board})
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())


def test_a_week_of_a_village_is_a_row_of_numbers_and_the_weak_side_is_named(pages: Pages) -> None:
    weak = LineWeek("Lorgues", WEEK, True, 6, 40, 8.0, 1.2, 3, 0.25, Side.CABIN)
    said = drawn(pages, weak)
    for words in ("Lorgues", "25 %", "8 %", "1,2 %", "40 ms", SIDE_WORDS[Side.CABIN][0]):
        assert words in said
    assert "1.2%" in drawn(pages, weak, locale="en")


def test_a_week_with_few_visits_and_a_territory_without_calls_say_so(pages: Pages) -> None:
    assert "Moins de cinq visites" in drawn(pages, LineWeek("Lorgues", WEEK, shown=False))
    assert "Aucun appel ces quatre dernières semaines." in drawn(pages)
