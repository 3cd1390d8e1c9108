"""The past is the same for the same seed, is over, and happened when its people were there."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from server.encounters.rules import Accompanied
from server.scheduler.rules.promise import window
from server.village import places
from server.village.cast import cast, first_visits
from server.village.population import Person, people
from server.village.visits import LATE, Visit, takings, visits

TODAY = date(2026, 3, 2)
PARIS = ZoneInfo(places.ZONE)


@pytest.fixture(scope="module")
def everybody() -> list[Person]:
    """The named ones, then the others."""
    return cast(1, TODAY) + people(1, 200, TODAY)


@pytest.fixture(scope="module")
def past(everybody: list[Person]) -> list[Visit]:
    """A past of about 90 visits."""
    return visits(1, everybody, first_visits(), 90, TODAY)


def test_the_same_seed_makes_the_same_past(everybody: list[Person], past: list[Visit]) -> None:
    assert visits(1, everybody, first_visits(), 90, TODAY) == past
    assert visits(2, everybody, first_visits(), 90, TODAY) != past
    assert takings(1, everybody, range(9), TODAY) == takings(1, everybody, range(9), TODAY)


def test_there_are_as_many_visits_as_asked_and_the_last_persons_follow_ups(past: list[Visit]) -> None:
    assert 90 <= len(past) <= 100


def test_a_small_village_has_as_many_visits_as_its_people_make(everybody: list[Person]) -> None:
    assert 0 < len(visits(1, everybody[:20], {}, 500, TODAY)) < 500


def test_a_follow_up_is_kept_near_its_day_and_the_next_one_follows_it(past: list[Visit]) -> None:
    last: dict[int, Visit] = {}
    for visit in past:
        if visit.keeps:
            wish = last[visit.person].scene.note.follow_up
            assert wish is not None
            days = (visit.arrived_at - last[visit.person].arrived_at).total_seconds() / 86400
            assert -1 < days - wish.in_days < 3
            assert visit.with_worker == wish.with_health_worker
            assert visit.worker is not None or not visit.with_worker
        last[visit.person] = visit


def test_a_few_follow_ups_are_late_and_no_more(past: list[Visit]) -> None:
    last = {visit.person: visit for visit in past}
    wishes = [(visit, visit.scene.note.follow_up) for visit in last.values()]
    late = [visit for visit, wish in wishes if wish and window(visit.arrived_at.date(), wish.in_days).latest_on < TODAY]
    assert 0 < len(late) <= LATE


def test_nobody_comes_before_their_birth(everybody: list[Person], past: list[Visit]) -> None:
    assert all(visit.arrived_at.date() > everybody[visit.person].traits.born_on for visit in past)


def test_nobody_works_on_a_public_holiday(everybody: list[Person]) -> None:
    spring = visits(3, everybody, first_visits(), 120, date(2026, 7, 20))
    days = {visit.arrived_at.astimezone(PARIS).date() for visit in spring}
    assert not days & {date(2026, 5, 1), date(2026, 5, 8), date(2026, 5, 14), date(2026, 5, 25), date(2026, 7, 14)}


def test_every_visit_is_over_before_today_and_in_order(past: list[Visit]) -> None:
    days = [visit.arrived_at.astimezone(PARIS).date() for visit in past]
    assert days == sorted(days)
    assert days[-1] < TODAY


def test_a_doctor_sees_one_patient_at_a_time_in_their_own_hours(past: list[Visit]) -> None:
    assert len({(visit.doctor.login, visit.arrived_at) for visit in past}) == len(past)
    assert len({(visit.booth.login, visit.arrived_at) for visit in past}) == len(past)
    for visit in past:
        local = visit.arrived_at.astimezone(PARIS)
        minute = local.hour * 60 + local.minute
        assert any(
            hours.weekday == local.weekday()
            and hours.modality == places.VR
            and hours.start_min <= minute < hours.end_min
            for hours in visit.doctor.hours
        )


def test_who_is_beside_the_patient_works_there_and_then(past: list[Visit]) -> None:
    beside = [visit for visit in past if visit.accompanied is Accompanied.WITH_HEALTH_WORKER]
    assert beside
    for visit in beside:
        assert visit.worker is not None
        assert (visit.worker.village, visit.companion) == (visit.booth.village, visit.worker.name)


def test_children_do_not_come_alone(everybody: list[Person], past: list[Visit]) -> None:
    for visit in past:
        if everybody[visit.person].traits.born_on.year > TODAY.year - 15:
            assert visit.accompanied is Accompanied.WITH_SOMEONE


def test_odette_came_three_times_so_that_her_lines_show_a_trend(past: list[Visit]) -> None:
    assert sum(visit.person == 0 for visit in past) == 3


def test_measures_between_visits_cover_the_year(everybody: list[Person]) -> None:
    taken = takings(1, everybody, [0], TODAY)
    assert [taking.person for taking in taken] == [0, 0, 0]
    assert (taken[-1].taken_at - taken[0].taken_at).days > 150
    assert taken[-1].measured.systolic > taken[0].measured.systolic - 10
