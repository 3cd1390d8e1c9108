"""Lines by village and week: true aggregates, and nothing of a week that points at somebody."""

from __future__ import annotations

from datetime import date

from server.encounters.quality_rules import Report, Side, Spread
from server.evaluation.call_rules import LineWeek, VisitCalls, by_week, monday
from server.kernel.ids import SiteId, new_id
from signalling.ladder import Rung
from signalling.protocol import Seat

LORGUES, TREBRIVAN = SiteId(new_id()), SiteId(new_id())
SITES = {LORGUES: "Lorgues", TREBRIVAN: "Trébrivan"}
TUESDAY = date(2026, 3, 3)


def report(video: int, still: int = 0, delay: int = 40, lost: int = 0) -> Report:
    seconds = {Rung.VIDEO: video, Rung.STILL: still}
    return Report(new_id(), seconds, {Side.CABIN: still}, 1, 2, Spread(delay, 300), Spread(), Spread(0, lost), Spread())


def visit(day: date = TUESDAY, site: SiteId = LORGUES, **said: int) -> VisitCalls:
    both = (Seat.PATIENT, report(300, **said)), (Seat.PRACTITIONER, report(290, **said))
    return VisitCalls(new_id(), site, day, both)


def test_fewer_than_five_visits_of_a_week_say_nothing_but_that_there_were_some() -> None:
    assert by_week([visit()] * 4, SITES) == (LineWeek("Lorgues", date(2026, 3, 2), shown=False),)


def test_five_visits_say_what_half_of_them_had() -> None:
    calls = [visit(still=100, delay=delay, lost=80) for delay in (20, 40, 60, 400, 500)]
    (line,) = by_week(calls, SITES)
    assert (line.visits, line.delay, line.lost, line.cuts, line.weak) == (5, 60, 8.0, 5, Side.CABIN)
    assert line.without_video == 0.25


def test_a_good_week_names_no_side_and_an_empty_call_divides_nothing() -> None:
    (good,) = by_week([visit()] * 5, SITES)
    assert (good.weak, good.without_video) == (None, 0.0)
    nothing = VisitCalls(new_id(), LORGUES, TUESDAY, ((Seat.PATIENT, report(0)),))
    (empty,) = by_week([nothing] * 5, SITES)
    assert empty.without_video == 0.0


def test_weeks_begin_on_monday_the_newest_first_and_villages_by_name() -> None:
    calls = [visit(date(2026, 3, 1)), visit(date(2026, 3, 2), TREBRIVAN), visit(date(2026, 3, 8))]
    assert [(one.week, one.site) for one in by_week(calls, SITES)] == [
        (date(2026, 3, 2), "Lorgues"),
        (date(2026, 3, 2), "Trébrivan"),
        (date(2026, 2, 23), "Lorgues"),
    ]
    assert monday(date(2026, 3, 8)) == date(2026, 3, 2)
