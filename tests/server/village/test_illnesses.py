"""Who is drawn ill is as the published figures have it."""

from __future__ import annotations

from random import Random

import pytest

from server.village import illnesses
from server.village.illnesses import Condition


def test_every_condition_has_a_name_a_code_and_steps_from_old_to_young() -> None:
    for condition in Condition:
        assert illnesses.NAMES[condition].label
        assert illnesses.NAMES[condition].icd10
        ages = [step[0] for step in illnesses.PREVALENCE[condition]]
        assert ages == sorted(ages, reverse=True)


def test_men_are_more_often_hypertensive_than_women_at_every_age() -> None:
    for age in range(18, 100):
        women = illnesses.prevalence(Condition.HYPERTENSION, age, female=True)
        assert women < illnesses.prevalence(Condition.HYPERTENSION, age, female=False)


def test_only_women_of_18_to_44_are_pregnant() -> None:
    shares = {age: illnesses.prevalence(Condition.PREGNANCY, age, female=True) for age in range(100)}
    assert {age for age, share in shares.items() if share} == set(range(18, 45))
    assert not any(illnesses.prevalence(Condition.PREGNANCY, age, female=False) for age in range(100))


def test_nine_adults_in_a_hundred_say_that_they_are_allergic_to_penicillin() -> None:
    rng = Random(6)
    drawn = [illnesses.allergies(rng, 60, 2026) for _ in range(5000)]
    penicillin = sum(any(one.substance == "Pénicilline" for one in found) for found in drawn) / 5000
    assert penicillin == pytest.approx(0.094, abs=0.012)


def test_an_allergy_is_not_older_than_its_person() -> None:
    rng = Random(7)
    for age in (0, 1, 3, 90):
        years = [one.year for _ in range(2000) for one in illnesses.allergies(rng, age, 2026)]
        assert all(2026 - max(age, 0) <= year <= 2026 for year in years)


def test_nobody_takes_the_same_medicine_twice() -> None:
    rng = Random(8)
    for _ in range(500):
        taken = illnesses.medicines(rng, tuple(Condition))
        assert len(set(taken)) == len(taken)


def test_who_has_no_illness_takes_no_medicine() -> None:
    assert illnesses.medicines(Random(9), ()) == ()
