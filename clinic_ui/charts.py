"""Small drawings made by the server: a spark line, a line figure and a strip of days. Colour never speaks alone.

SVG attributes and classes only: the content policy refuses `style=`. Points are (words for the axis, value).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDE, _HIGH = 90, 26
_EDGE = 3


@dataclass(frozen=True, slots=True)
class Band:
    """The usual range of a measure, drawn as a ground behind the line."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DayMark:
    """One day of a strip. `kind`: ok, warn, danger, or nothing for a day without news; it sets height and colour."""

    day: str
    kind: str
    words: str


_TALL = {"ok": 14, "warn": 28, "danger": 44}


def _scale(values: Sequence[float], low: float, high: float) -> list[float]:
    """Return heights between `high` (small numbers are up) and `low`; a flat line stays in the middle."""
    least, most = min(values), max(values)
    if least == most:
        return [(low + high) / 2] * len(values)
    return [low - (value - least) / (most - least) * (low - high) for value in values]


def sparkline(values: Sequence[float]) -> Markup:
    """Return the last values as a line with a dot at its end; hidden from readers, the value stands beside."""
    if not values:
        return Markup("")
    heights = _scale(values, _HIGH - _EDGE - 1, _EDGE + 1)
    step = (_WIDE - 2 * _EDGE) / max(1, len(values) - 1)
    points = [(_EDGE + place * step, height) for place, height in enumerate(heights)]
    if len(points) == 1:
        points = [(_EDGE, heights[0]), (_WIDE - _EDGE, heights[0])]
    path = " ".join(f"{'M' if place == 0 else 'L'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(points))
    x, y = points[-1]
    return Markup(
        '<svg viewBox="0 0 {} {}" aria-hidden="true"><path class="chart-line" d="{}"/>'
        '<circle class="chart-dot" cx="{:.1f}" cy="{:.1f}" r="3"/></svg>'
    ).format(_WIDE, _HIGH, path, x, y)


def day_strip(finding: str, marks: Sequence[DayMark], *, heads: tuple[str, str], twin: str) -> Markup:
    """Return a figure: one bar for each day, the taller the worse, and the same days as a table, latest first.

    finding: the caption, one sentence. heads: the two column heads. twin: words that open the table.
    """
    if not marks:
        return Markup("")
    step = 600 / len(marks)
    bars = Markup("").join(
        Markup('<rect class="day{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
            f" day--{mark.kind}" if mark.kind else "", place * step, 48 - tall, step - 3, tall
        )
        for place, mark in enumerate(marks)
        for tall in (_TALL.get(mark.kind, 2),)
    )
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td>{}</td></tr>').format(mark.day, mark.words)
        for mark in reversed(marks)
        if mark.kind
    )
    return Markup(
        '<figure class="figure strip"><figcaption>{}</figcaption>'
        '<svg viewBox="0 0 600 50" role="img" aria-label="{}">{}'
        '<path class="chart-axis" d="M0 49H600"/></svg>{}</figure>'
    ).format(finding, finding, bars, _table(rows, heads, twin))


def line_figure(
    finding: str, points: Sequence[tuple[str, float]], *, heads: tuple[str, str], twin: str, band: Band | None = None
) -> Markup:
    """Return a figure: the finding in words, a line over its usual band, and the same numbers as a table.

    finding: the caption, one sentence. heads: the two column heads. twin: words that open the table.
    """
    if not points:
        return Markup("")
    values = [value for _words, value in points]
    seen = [*values, *((band.low, band.high) if band else ())]
    heights = _scale(seen, 150, 20)
    step = 560 / max(1, len(values) - 1)
    dots = [(30 + place * step, height) for place, height in enumerate(heights[: len(values)])]
    path = " ".join(f"{'M' if place == 0 else 'L'}{x:.0f} {y:.0f}" for place, (x, y) in enumerate(dots))
    ground = Markup("")
    if band:
        low, high = heights[-2], heights[-1]
        ground = Markup('<rect class="chart-band" x="20" y="{:.0f}" width="580" height="{:.0f}"/>').format(
            high, max(2.0, low - high)
        )
    marks = Markup("").join(
        Markup('<circle class="chart-dot" cx="{:.0f}" cy="{:.0f}" r="4"/>').format(x, y) for x, y in dots
    )
    ends = Markup('<text class="chart-word" x="20" y="176">{}</text>').format(points[0][0])
    if len(points) > 1:
        ends += Markup('<text class="chart-word" x="600" y="176" text-anchor="end">{}</text>').format(points[-1][0])
    return Markup(
        '<figure class="figure"><figcaption>{}</figcaption><svg viewBox="0 0 620 184" role="img" aria-label="{}">{}'
        '<path class="chart-axis" d="M20 160H600"/><path class="chart-line" d="{}"/>{}{}</svg>{}</figure>'
    ).format(finding, finding, ground, path, marks, ends, _twin(points, heads, twin))


def _twin(points: Sequence[tuple[str, float]], heads: tuple[str, str], opener: str) -> Markup:
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td class="r">{:g}</td></tr>').format(words, value)
        for words, value in points
    )
    return _table(rows, heads, opener, "r")


def _table(rows: Markup, heads: tuple[str, str], opener: str, last: str = "") -> Markup:
    return Markup(
        '<details><summary>{}</summary><div class="tablebox" tabindex="0" role="region" aria-label="{}">'
        '<table class="table"><thead><tr><th scope="col">{}</th><th scope="col" class="{}">{}</th></tr></thead>'
        "<tbody>{}</tbody></table></div></details>"
    ).format(opener, opener, escape(heads[0]), last, escape(heads[1]), rows)
