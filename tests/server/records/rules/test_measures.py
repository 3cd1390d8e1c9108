"""The measures table against the field study, conversions, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.records.rules.measures import (
    MEASURES,
    Level,
    MeasureName,
    Reading,
    as_shown,
    body_mass_index,
    classify,
    in_ucum,
    wrong_readings,
)

M = MeasureName


def test_every_measure_has_its_code_and_unit() -> None:
    assert {name.value: (line.loinc, line.unit) for name, line in MEASURES.items()} == {
        "systolic": ("8480-6", "mm[Hg]"),
        "diastolic": ("8462-4", "mm[Hg]"),
        "heart-rate": ("8867-4", "/min"),
        "oxygen-saturation": ("59408-5", "%"),
        "temperature": ("8310-5", "Cel"),
        "breathing-rate": ("9279-1", "/min"),
        "weight": ("29463-7", "kg"),
        "height": ("8302-2", "cm"),
        "glucose": ("41653-7", "mg/dL"),
        "pain": ("72514-3", "1"),
        "inhaled-oxygen": ("3151-8", "L/min"),
        "consciousness": ("80288-4", "1"),
    }
    assert set(MEASURES) == set(MeasureName)


@pytest.mark.parametrize(
    ("name", "value", "level"),
    [
        (M.SYSTOLIC, 39, "implausible"),
        (M.SYSTOLIC, 85, "low"),
        (M.SYSTOLIC, 139, "normal"),
        (M.SYSTOLIC, 140, "high"),
        (M.SYSTOLIC, 301, "implausible"),
        (M.DIASTOLIC, 89, "normal"),
        (M.DIASTOLIC, 90, "high"),
        (M.HEART_RATE, 50, "low"),
        (M.HEART_RATE, 51, "normal"),
        (M.HEART_RATE, 91, "high"),
        (M.OXYGEN_SATURATION, 95, "low"),
        (M.OXYGEN_SATURATION, 96, "normal"),
        (M.OXYGEN_SATURATION, 39, "implausible"),
        (M.TEMPERATURE, 36.0, "low"),
        (M.TEMPERATURE, 38.0, "normal"),
        (M.TEMPERATURE, 38.1, "high"),
        (M.TEMPERATURE, 44.1, "implausible"),
        (M.BREATHING_RATE, 21, "high"),
        (M.WEIGHT, 70, "not-judged"),
        (M.WEIGHT, 351, "implausible"),
        (M.HEIGHT, 24, "implausible"),
        (M.GLUCOSE, 69, "low"),
        (M.GLUCOSE, 110, "normal"),
        (M.GLUCOSE, 111, "high"),
        (M.PAIN, 0, "normal"),
        (M.PAIN, 3, "high"),
    ],
)
def test_values_are_classified(name: MeasureName, value: float, level: str) -> None:
    assert classify(name, value).value == level


def test_a_child_is_not_judged_by_adult_ranges() -> None:
    assert classify(M.HEART_RATE, 130, adult=False) is Level.NOT_JUDGED
    assert classify(M.HEART_RATE, 260, adult=False) is Level.IMPLAUSIBLE


@pytest.mark.parametrize(
    ("value", "unit", "mg_dl"), [(1.05, "g/L", 105), (1.05, "", 105), (105, "mg/dL", 105), (0.7, "g/L", 70)]
)
def test_glucose_is_kept_in_mg_per_dl(value: float, unit: str, mg_dl: float) -> None:
    assert in_ucum(Reading(M.GLUCOSE, value, unit)) == mg_dl


@pytest.mark.parametrize(
    ("name", "value", "unit", "kept"),
    [
        (M.GLUCOSE, 5.55, "mmol/L", 100),
        (M.GLUCOSE, 7.0, "mmol/L", 126),
        (M.TEMPERATURE, 98.6, "°F", 37.0),
        (M.TEMPERATURE, 104, "[degF]", 40.0),
        (M.WEIGHT, 154, "lb", 69.85),
        (M.WEIGHT, 3250, "g", 3.25),
        (M.HEIGHT, 1.62, "m", 162),
        (M.HEIGHT, 70, "in", 177.8),
        (M.SYSTOLIC, 14, "cmHg", 140),
        (M.DIASTOLIC, 12, "kPa", 90),
    ],
)
def test_other_units_are_kept_in_the_measures_own(name: MeasureName, value: float, unit: str, kept: float) -> None:
    assert in_ucum(Reading(name, value, unit)) == kept
    assert wrong_readings((Reading(name, value, unit),)) == {}


@given(st.sampled_from([(name, *line) for name, one in MEASURES.items() for line in one.units]), st.data())
def test_a_conversion_can_be_undone(line: tuple[MeasureName, str, float, float], data: st.DataObject) -> None:
    name, unit, factor, added = line
    low, high = MEASURES[name].plausible
    value = round(data.draw(st.floats(low, high)), MEASURES[name].digits)
    assert in_ucum(Reading(name, (value - added) / factor, unit)) == pytest.approx(
        value, abs=10 ** -MEASURES[name].digits
    )


@given(st.integers(10, 999))
def test_glucose_survives_being_shown_and_typed_again(mg_dl: int) -> None:
    shown = as_shown(M.GLUCOSE, mg_dl)
    assert in_ucum(Reading(M.GLUCOSE, shown, "g/L")) == mg_dl
    assert shown == round(mg_dl / 100, 2)


def test_what_was_typed_is_what_is_shown() -> None:
    assert as_shown(M.TEMPERATURE, in_ucum(Reading(M.TEMPERATURE, 37.4))) == 37.4
    assert as_shown(M.WEIGHT, in_ucum(Reading(M.WEIGHT, 3.25))) == 3.2


@pytest.mark.parametrize(
    ("reading", "field"),
    [
        (Reading(M.GLUCOSE, 5.5, "mol/L"), "glucose"),
        (Reading(M.TEMPERATURE, 98.6, confirmed=True), "temperature"),
        (Reading(M.CONSCIOUSNESS, 5, confirmed=True), "consciousness"),
        (Reading(M.CONSCIOUSNESS, 0.5, confirmed=True), "consciousness"),
        (Reading(M.INHALED_OXYGEN, 61, confirmed=True), "inhaled-oxygen"),
        (Reading(M.INHALED_OXYGEN, 20), "inhaled-oxygen"),
        (Reading(M.OXYGEN_SATURATION, 101, confirmed=True), "oxygen-saturation"),
        (Reading(M.PAIN, 11, confirmed=True), "pain"),
        (Reading(M.PAIN, 3.5, confirmed=True), "pain"),
        (Reading(M.WEIGHT, -1, confirmed=True), "weight"),
        (Reading(M.WEIGHT, 1e308, confirmed=True), "weight"),
        (Reading(M.GLUCOSE, 1e308, "g/L", confirmed=True), "glucose"),
        (Reading(M.HEART_RATE, math.inf, confirmed=True), "heart-rate"),
        (Reading(M.HEART_RATE, math.nan, confirmed=True), "heart-rate"),
        (Reading(M.SYSTOLIC, 301), "systolic"),
    ],
)
def test_an_impossible_or_unconfirmed_reading_is_named(reading: Reading, field: str) -> None:
    assert set(wrong_readings((reading,))) == {field}


def test_an_unusual_reading_is_kept_once_confirmed() -> None:
    assert wrong_readings((Reading(M.SYSTOLIC, 301, confirmed=True),)) == {}


def test_a_taking_needs_a_measure_and_each_only_once() -> None:
    assert set(wrong_readings(())) == {"readings"}
    assert set(wrong_readings((Reading(M.PAIN, 1), Reading(M.PAIN, 2)))) == {"pain"}


def test_the_small_number_is_smaller_than_the_big_one() -> None:
    swapped = (Reading(M.SYSTOLIC, 80), Reading(M.DIASTOLIC, 130))
    assert set(wrong_readings(swapped)) == {"diastolic"}
    assert wrong_readings((Reading(M.SYSTOLIC, 130), Reading(M.DIASTOLIC, 80))) == {}


def test_body_mass_index() -> None:
    assert body_mass_index(70, 175) == 22.9
