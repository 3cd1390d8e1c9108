"""The lines of the past are told by both ends as a call tells them: most hold, and Locarn's is thin."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from statistics import mean

import pytest
from sqlalchemy import func, select

from server.encounters.quality_rules import Report, check, of_visit
from server.encounters.tables import CallQualityRow
from server.evaluation.call_rules import VisitCalls, by_week
from server.kernel.ids import SiteId, new_id
from server.village.cast import cast, first_visits
from server.village.lines import THIN, reports
from server.village.population import people
from server.village.visits import WEEKS, Visit, visits
from signalling.protocol import Seat
from tests.server.village.conftest import NOW, Settled

TODAY = NOW.date()


@pytest.fixture(scope="module")
def past() -> list[Visit]:
    """A past with busy last weeks."""
    return visits(1, cast(1, TODAY) + people(1, 288, TODAY), first_visits(), 70, TODAY, WEEKS)


def told(visit: Visit) -> dict[Seat, Report]:
    """What both ends said of a visit's call."""
    return reports(visit, Random(f"{visit.arrived_at}"))


def test_every_report_is_one_that_the_service_would_believe(past: list[Visit]) -> None:
    for visit in past:
        for report in told(visit).values():
            check(report, timedelta(minutes=visit.call_min))
    assert told(past[0]) == told(past[0])


def test_the_thin_line_loses_its_picture_and_the_others_keep_it(past: list[Visit]) -> None:
    without: dict[bool, list[float]] = {True: [], False: []}
    for visit in past:
        quality = of_visit(told(visit).items())
        assert quality
        without[visit.booth.village == THIN].append(quality.without_video / sum(quality.seconds.values()))
    assert mean(without[True]) > 0.08
    assert mean(without[False]) < 0.03


@pytest.mark.parametrize("today", [TODAY, date(2026, 11, 22), date(2026, 8, 17)])
def test_three_whole_weeks_of_two_villages_are_told_and_small_numbers_are_not(today: date) -> None:
    everybody = cast(1, today) + people(1, 288, today)
    sites = {village: SiteId(new_id()) for village in ("saint-fiacre", "trebrivan", "locarn")}
    monday = today - timedelta(days=today.weekday())
    calls = [
        VisitCalls(new_id(), sites[one.booth.village], one.arrived_at.date(), tuple(told(one).items()))
        for one in visits(1, everybody, first_visits(), 70, today, WEEKS)
        if monday - timedelta(weeks=3) <= one.arrived_at.date()
    ]
    weeks = by_week(calls, {site: name for name, site in sites.items()})
    for village in ("saint-fiacre", "locarn"):
        assert sum(one.shown for one in weeks if one.site == village and one.week < monday) == 3
    assert not all(one.shown for one in weeks)


async def test_the_settled_village_tells_how_its_lines_were(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        rows = await tx.scalar(select(func.count()).select_from(CallQualityRow))
    assert rows
    assert rows % 2 == 0
