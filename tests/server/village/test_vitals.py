"""Measures are plausible for everybody, and their trend can be seen."""

from __future__ import annotations

from random import Random
from statistics import mean

import pytest

from server.records.rules.measures import MeasureName, in_ucum, wrong_readings
from server.village import vitals
from server.village.illnesses import Condition
from server.village.visits import readings

EVERYBODY = [(age, having) for age in range(0, 100, 3) for having in ((), (Condition.COPD,), tuple(Condition))]


@pytest.mark.parametrize("feverish", [False, True])
def test_nobodys_measures_need_to_be_confirmed(feverish: bool) -> None:
    rng = Random(1)
    for age, having in EVERYBODY:
        of = vitals.body(rng, age, having, female=age % 2 == 0)
        for measured in vitals.course(rng, of, [-1.0, -0.5, 0.0]):
            shown = vitals.fever(rng, measured) if feverish else measured
            assert wrong_readings(readings(shown)) == {}


def test_a_hypertensive_persons_pressure_follows_the_trend() -> None:
    of = vitals.Body(170, 80, 0, 150, -14, 70, 97, 0)
    before, now = ([v.systolic for v in vitals.course(Random(2), of, [at] * 200)] for at in (-1.0, 0.0))
    assert mean(before) - mean(now) == pytest.approx(14, abs=2)


def test_glucose_is_measured_in_diabetics_alone() -> None:
    rng = Random(3)
    healthy, diabetic = (vitals.body(rng, 60, having, female=True) for having in ((), (Condition.DIABETES_2,)))
    assert vitals.course(rng, healthy, [0.0])[0].glucose is None
    kept = {one.measure: in_ucum(one) for one in readings(vitals.course(rng, diabetic, [0.0])[0])}
    assert 70 <= kept[MeasureName.GLUCOSE] <= 320


def test_a_fever_is_one() -> None:
    of = vitals.body(Random(4), 6, (), female=True)
    assert vitals.fever(Random(4), vitals.course(Random(4), of, [0.0])[0]).temperature > 38


def test_a_normal_law_that_cannot_hit_its_range_is_clipped() -> None:
    assert vitals.normal(Random(5), 0, 0.001, 10, 20) == 10
