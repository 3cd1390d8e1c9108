"""The past is the same for the same seed, is over, and happened when its people were there."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from server.encounters.rules import Accompanied
from server.village import places
from server.village.cast import cast
from server.village.population import Person, people
from server.village.visits import Visit, takings, visits

TODAY = date(2026, 3, 2)
PARIS = ZoneInfo(places.ZONE)


@pytest.fixture(scope="module")
def everybody() -> list[Person]:
    """The named ones, then the others."""
    return cast(1, TODAY) + people(1, 200, TODAY)


@pytest.fixture(scope="module")
def past(everybody: list[Person]) -> list[Visit]:
    """A past of about 90 visits."""
    return visits(1, everybody, 12, 90, TODAY)


def test_the_same_seed_makes_the_same_past(everybody: list[Person], past: list[Visit]) -> None:
    assert visits(1, everybody, 12, 90, TODAY) == past
    assert visits(2, everybody, 12, 90, TODAY) != past
    assert takings(1, everybody, range(9), TODAY) == takings(1, everybody, range(9), TODAY)


def test_there_are_as_many_visits_as_asked_but_for_some_without_a_free_doctor(past: list[Visit]) -> None:
    assert 70 <= len(past) <= 95


def test_every_visit_is_over_before_today_and_in_order(past: list[Visit]) -> None:
    days = [visit.arrived_at.astimezone(PARIS).date() for visit in past]
    assert days == sorted(days)
    assert days[-1] < TODAY


def test_a_doctor_sees_one_patient_at_a_time_in_their_own_hours(past: list[Visit]) -> None:
    assert len({(visit.doctor.login, visit.arrived_at) for visit in past}) == len(past)
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
