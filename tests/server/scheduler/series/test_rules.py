"""Series fall due every so many civil days, on open days, with windows that never meet."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.errors import Invalid
from server.scheduler.rules.openings import public_holidays
from server.scheduler.rules.units import instant_of_wall, wall_time
from server.scheduler.series.rules import Cadence, check, slack, windows

DAY = timedelta(days=1)
CADENCES = st.builds(Cadence, st.integers(1, 60), st.integers(2, 12))
FIRSTS = st.dates(date(2026, 1, 2), date(2028, 12, 31))
ZONES = st.sampled_from(("Europe/Paris", "Indian/Reunion", "America/Miquelon", "Pacific/Noumea"))


@settings(max_examples=60, deadline=None)
@given(FIRSTS, CADENCES, st.frozensets(st.integers(0, 6), max_size=5), st.sets(st.integers(0, 400), max_size=40))
def test_each_time_has_its_own_days_and_falls_on_an_open_one(
    first: date, cadence: Cadence, weekdays: frozenset[int], holidays: set[int]
) -> None:
    shut = {first + timedelta(days=number) for number in holidays}

    def closed(day: date) -> bool:
        return day.weekday() in weekdays or day in shut

    found = windows(first, cadence, closed, first - 3 * DAY)
    assert len(found) == cadence.times
    for number, each in enumerate(found):
        planned = first + number * cadence.step_days * DAY
        assert each.earliest_on <= planned <= each.due_on <= each.latest_on
        open_days = [day for day in each.days if day >= planned and not closed(day)]
        assert each.due_on == (open_days[0] if open_days else planned)
    for before, then in pairwise(found):
        assert before.latest_on < then.earliest_on


@settings(max_examples=40, deadline=None)
@given(FIRSTS, CADENCES, st.integers(8 * 60, 18 * 60), ZONES)
def test_the_hour_on_the_wall_stays_the_same_when_clocks_change(
    first: date, cadence: Cadence, minute: int, zone: str
) -> None:
    found = windows(first, cadence, lambda _day: False, first)
    shown = {wall_time(instant_of_wall(each.due_on, minute, zone), zone)[11:] for each in found}
    assert shown == {f"{minute // 60:02d}:{minute % 60:02d}"}
    assert [each.due_on for each in found] == [first + n * cadence.step_days * DAY for n in range(cadence.times)]


@pytest.mark.parametrize(("step", "around"), [(1, (0, 0)), (2, (0, 1)), (3, (1, 1)), (7, (2, 2)), (28, (4, 4))])
def test_how_far_from_its_day_a_time_may_fall(step: int, around: tuple[int, int]) -> None:
    assert slack(step) == around


def test_a_holiday_moves_one_time_and_not_the_next_ones() -> None:
    holidays = public_holidays("Europe/Paris", {2026})
    found = windows(date(2026, 7, 7), Cadence(7, 3), lambda day: day in holidays, date(2026, 7, 1))
    assert [one.due_on for one in found] == [date(2026, 7, 7), date(2026, 7, 15), date(2026, 7, 21)]


def test_no_window_begins_before_tomorrow() -> None:
    found = windows(date(2026, 7, 8), Cadence(7, 2), lambda _day: False, date(2026, 7, 8))
    assert found[0].earliest_on == date(2026, 7, 8)


@pytest.mark.parametrize("cadence", [Cadence(7, 1), Cadence(7, 31), Cadence(0, 3), Cadence(181, 3), Cadence(180, 6)])
def test_a_series_that_is_not_possible_is_refused_by_name(cadence: Cadence) -> None:
    with pytest.raises(Invalid) as refused:
        check(cadence, 7)
    assert set(refused.value.fields) <= {"times", "every_days"}
    assert refused.value.fields
