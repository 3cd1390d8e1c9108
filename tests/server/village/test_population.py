"""The same seed makes the same village, and the village is as old and as ill as the figures say."""

from __future__ import annotations

from datetime import date

import pytest

from server.people.rules import age, check_traits
from server.village.illnesses import Condition
from server.village.population import PYRAMID, Person, people
from tests.server.village.test_places import FICTION

TODAY = date(2026, 3, 2)
MANY = 5000


@pytest.fixture(scope="module")
def many() -> list[Person]:
    """A village of 5,000."""
    return people(2026, MANY, TODAY)


def _years(person: Person) -> int:
    return age(person.traits.born_on, TODAY)


def _share(many: list[Person], condition: Condition, low: int, high: int) -> float:
    group = [person for person in many if low <= _years(person) <= high]
    return sum(condition in person.conditions for person in group) / len(group)


def test_the_same_seed_makes_the_same_people() -> None:
    assert people(7, 300, TODAY) == people(7, 300, TODAY)
    assert people(7, 300, TODAY) != people(8, 300, TODAY)


def test_a_small_village_is_the_beginning_of_a_large_one(many: list[Person]) -> None:
    assert people(2026, 50, TODAY) == many[:50]


def test_ages_follow_the_rural_pyramid(many: list[Person]) -> None:
    for (low, high), percent in PYRAMID:
        share = sum(low <= _years(person) <= high for person in many) / MANY
        assert share == pytest.approx(percent / 100, abs=0.02), (low, high)


def test_women_are_two_in_three_past_85(many: list[Person]) -> None:
    oldest = [person for person in many if _years(person) >= 85]
    assert 0.58 < sum(person.female for person in oldest) / len(oldest) < 0.75


@pytest.mark.parametrize(
    ("condition", "low", "high", "share", "within"),
    [
        (Condition.HYPERTENSION, 18, 34, 0.063, 0.025),
        (Condition.HYPERTENSION, 65, 74, 0.678, 0.05),
        (Condition.DIABETES_2, 45, 64, 0.063, 0.02),
        (Condition.DIABETES_2, 65, 74, 0.142, 0.035),
        (Condition.DIABETES_2, 75, 120, 0.148, 0.035),
        (Condition.COPD, 45, 120, 0.075, 0.015),
        (Condition.HEART_FAILURE, 85, 120, 0.15, 0.055),
        (Condition.ASTHMA, 18, 120, 0.065, 0.012),
        (Condition.ASTHMA, 6, 17, 0.11, 0.035),
    ],
)
def test_conditions_are_as_frequent_as_published(
    many: list[Person], condition: Condition, low: int, high: int, share: float, within: float
) -> None:
    assert _share(many, condition, low, high) == pytest.approx(share, abs=within)


def test_no_hypertensive_child() -> None:
    children = [person for person in people(1, 2000, TODAY) if _years(person) < 18]
    assert not any(Condition.HYPERTENSION in person.conditions for person in children)


def test_nobody_drawn_has_a_national_identifier(many: list[Person]) -> None:
    assert not any(person.traits.ins or person.traits.ins_oid for person in many)


def test_every_telephone_number_is_kept_for_fiction(many: list[Person]) -> None:
    assert [p.traits.phone for p in many if p.traits.phone and not FICTION.fullmatch(p.traits.phone)] == []


def test_everybody_can_be_registered(many: list[Person]) -> None:
    for person in many:
        assert check_traits(person.traits, TODAY) == person.traits


def test_nobody_is_born_in_the_future_even_on_the_29th_of_february() -> None:
    leap = date(2028, 2, 29)
    assert all(person.traits.born_on <= leap for person in people(3, 500, leap))
