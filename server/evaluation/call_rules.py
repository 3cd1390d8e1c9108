"""How the lines of the villages were, week by week: aggregates of calls, and none of a week with too few."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from uuid import UUID

from server.encounters.quality_rules import Report, Side, of_visit
from server.evaluation.rules import FEWEST_SHOWN
from server.kernel.ids import SiteId
from signalling.protocol import Seat

WEEKS = 4  # the table is to be read on one screen: a line gets better or worse within a month


@dataclass(frozen=True, slots=True)
class VisitCalls:
    """What both ends reported of one visit's calls, and the day on which it was."""

    visit: UUID
    site_id: SiteId
    on_day: date
    reports: tuple[tuple[Seat, Report], ...]


@dataclass(frozen=True, slots=True)
class LineWeek:
    """The calls of one village in one week. `delay` in ms; `lost` and `hidden` in per cent of the voice.

    `delay` is what half of the calls had half of the time; `lost` and `hidden` are what half of the calls stayed under
    for 95 % of the time, on their worse end. `without_video` is a share of all seconds. Below five visits `shown` is
    false, and nothing else is told.
    """

    site: str
    week: date
    shown: bool
    visits: int = 0
    delay: int = 0
    lost: float = 0.0
    hidden: float = 0.0
    cuts: int = 0
    without_video: float = 0.0
    weak: Side | None = None


def monday(day: date) -> date:
    """Return the first day of a day's week."""
    return day - timedelta(days=day.weekday())


def by_week(calls: Iterable[VisitCalls], sites: Mapping[SiteId, str]) -> tuple[LineWeek, ...]:
    """Return one line for each village and week with a call, the newest week first, villages by name."""
    groups: dict[tuple[date, str], list[VisitCalls]] = {}
    for one in calls:
        groups.setdefault((monday(one.on_day), sites[one.site_id]), []).append(one)
    ordered = sorted(groups, key=lambda key: (-key[0].toordinal(), key[1]))
    return tuple(_line(site, week, groups[week, site]) for week, site in ordered)


def _line(site: str, week: date, visits: list[VisitCalls]) -> LineWeek:
    if len(visits) < FEWEST_SHOWN:
        return LineWeek(site, week, shown=False)
    as_one = [quality for one in visits if (quality := of_visit(one.reports)) is not None]
    seconds = sum(sum(quality.seconds.values()) for quality in as_one)
    weak = {side: sum(quality.weak.get(side, 0) for quality in as_one) for side in Side}
    side = max(weak, key=lambda one: weak[one])
    reports = [[report for _seat, report in one.reports] for one in visits]
    return LineWeek(
        site,
        week,
        shown=True,
        visits=len(visits),
        delay=round(median(max(one.delay.middle for one in each) for each in reports)),
        lost=median(max(one.lost.high for one in each) for each in reports) / 10,
        hidden=median(max(one.hidden.high for one in each) for each in reports) / 10,
        cuts=sum(quality.cuts for quality in as_one),
        without_video=sum(quality.without_video for quality in as_one) / seconds if seconds else 0.0,
        weak=side if weak[side] > seconds * 0.05 else None,
    )
