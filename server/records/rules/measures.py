"""The measures table: LOINC code, UCUM unit, what is shown, what is plausible, what is usual for an adult.

Sources: codes and units from the ANS example profiles (IG mesures de santé) and LOINC; plausible limits and
usual ranges as in the project's field study (heart rate and breathing as NEWS2 scores 0; pressure below 140/90
in consultation; glucose fasting). Values are kept in the UCUM unit and shown in the unit that people here read.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from server.kernel.words import N_

PANEL_PRESSURE = "85354-9"
"""LOINC of the blood pressure panel, of which systolic and diastolic are the components."""


class MeasureName(StrEnum):
    """What is measured."""

    SYSTOLIC = "systolic"
    DIASTOLIC = "diastolic"
    HEART_RATE = "heart-rate"
    OXYGEN_SATURATION = "oxygen-saturation"
    TEMPERATURE = "temperature"
    BREATHING_RATE = "breathing-rate"
    WEIGHT = "weight"
    HEIGHT = "height"
    GLUCOSE = "glucose"
    PAIN = "pain"
    INHALED_OXYGEN = "inhaled-oxygen"
    CONSCIOUSNESS = "consciousness"


class Level(StrEnum):
    """How a value stands against the usual range of an adult."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    IMPLAUSIBLE = "implausible"
    NOT_JUDGED = "not-judged"
    """Plausible, and no usual range applies (weight, height; or a child)."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table. `usual` may be open at an end (None). `shown_per_unit`: 1 UCUM unit as shown.

    `possible` None: from 0 to three times what is plausible; past that no confirmation helps.
    `units`: what else people read, as (unit, factor, then added) to the UCUM unit. `choices`: the words of 0, 1, 2 …
    """

    name: MeasureName
    loinc: str
    unit: str
    label: str
    shown_unit: str
    plausible: tuple[float, float]
    usual: tuple[float | None, float | None] | None = None
    digits: int = 0
    shown_digits: int = 0
    shown_per_unit: float = 1.0
    possible: tuple[float, float] | None = None
    units: tuple[tuple[str, float, float], ...] = ()
    choices: tuple[str, ...] = ()


_PRESSURES = (("cmHg", 10.0, 0.0), ("kPa", 7.50062, 0.0))
_TABLE = (
    Measure(
        MeasureName.SYSTOLIC,
        "8480-6",
        "mm[Hg]",
        N_("Tension, le grand chiffre"),
        "mmHg",
        (40, 300),
        (90, 139),
        units=_PRESSURES,
    ),
    Measure(
        MeasureName.DIASTOLIC,
        "8462-4",
        "mm[Hg]",
        N_("Tension, le petit chiffre"),
        "mmHg",
        (20, 200),
        (60, 89),
        units=_PRESSURES,
    ),
    Measure(MeasureName.HEART_RATE, "8867-4", "/min", N_("Pouls"), "/min", (20, 250), (51, 90)),
    Measure(
        MeasureName.OXYGEN_SATURATION,
        "59408-5",
        "%",
        N_("Oxygène (SpO₂)"),
        "%",
        (40, 100),
        (96, None),
        possible=(0, 100),
    ),
    Measure(
        MeasureName.TEMPERATURE,
        "8310-5",
        "Cel",
        N_("Température"),
        "°C",
        (30, 44),
        (36.1, 38.0),
        digits=1,
        shown_digits=1,
        possible=(10, 47),
        units=(("°F", 5 / 9, -160 / 9), ("[degF]", 5 / 9, -160 / 9)),
    ),
    Measure(MeasureName.BREATHING_RATE, "9279-1", "/min", N_("Respiration"), "/min", (4, 80), (12, 20)),
    Measure(
        MeasureName.WEIGHT,
        "29463-7",
        "kg",
        N_("Poids"),
        "kg",
        (0.3, 350),
        digits=2,
        shown_digits=1,
        units=(("lb", 0.45359237, 0), ("[lb_av]", 0.45359237, 0), ("g", 0.001, 0)),
    ),
    Measure(
        MeasureName.HEIGHT,
        "8302-2",
        "cm",
        N_("Taille"),
        "cm",
        (25, 250),
        digits=1,
        units=(("m", 100, 0), ("in", 2.54, 0), ("[in_i]", 2.54, 0)),
    ),
    Measure(
        MeasureName.GLUCOSE,
        "41653-7",
        "mg/dL",
        N_("Glycémie"),
        "g/L",
        (10, 999),
        (70, 110),
        shown_digits=2,
        shown_per_unit=0.01,
        units=(("mmol/L", 18.0156, 0),),
    ),
    Measure(MeasureName.PAIN, "72514-3", "1", N_("Douleur"), "/10", (0, 10), (None, 0), possible=(0, 10)),
    Measure(
        MeasureName.INHALED_OXYGEN,
        "3151-8",
        "L/min",
        N_("Oxygène donné (0 : air)"),
        "L/min",
        (0, 15),
        (None, 0),
        digits=1,
        shown_digits=1,
        possible=(0, 60),
    ),
    Measure(
        MeasureName.CONSCIOUSNESS,
        "80288-4",
        "1",
        N_("Conscience"),
        "",
        (0, 4),
        (None, 0),
        possible=(0, 4),
        choices=(
            N_("éveillé, clair"),
            N_("confusion nouvelle"),
            N_("réagit à la voix"),
            N_("réagit à la douleur"),
            N_("ne réagit pas"),
        ),
    ),
)
MEASURES: dict[MeasureName, Measure] = {measure.name: measure for measure in _TABLE}


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number as somebody read it. `unit`: UCUM or as shown; empty means as shown. `confirmed`: looked at twice."""

    measure: MeasureName
    value: float
    unit: str = ""
    confirmed: bool = False


class ObservationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sealed of an observation. `value` in the UCUM unit; `device` empty: read by eye or typed by hand."""

    measure: MeasureName
    value: float
    unit: str
    device: str = ""
    confirmed: bool = False


def in_ucum(reading: Reading) -> float:
    """Return the value of a reading in the UCUM unit of its measure; ValueError for a unit that it has not.

    1 g/L of glucose = 100 mg/dL = 5.55 mmol/L (180.156 g/mol); 98.6 °F = 37 °C; 14 cmHg = 140 mm[Hg]; 1 lb = 0.4536 kg.
    """
    measure = MEASURES[reading.measure]
    if reading.unit in ("", measure.shown_unit):
        return round(reading.value / measure.shown_per_unit, measure.digits)
    if reading.unit == measure.unit:
        return round(reading.value, measure.digits)
    for unit, factor, added in measure.units:
        if reading.unit == unit:
            return round(reading.value * factor + added, measure.digits)
    raise ValueError(reading.unit)


def as_shown(name: MeasureName, value: float) -> float:
    """Return a UCUM value in the unit that is shown."""
    measure = MEASURES[name]
    return round(value * measure.shown_per_unit, measure.shown_digits)


def is_possible(name: MeasureName, value: float) -> bool:
    """Return whether there can be such a value at all: no confirmation helps 120 % of oxygen."""
    measure = MEASURES[name]
    low, high = measure.possible or (0, 3 * measure.plausible[1])
    return math.isfinite(value) and low <= value <= high


def classify(name: MeasureName, value: float, *, adult: bool = True) -> Level:
    """Return how a value (UCUM) stands. Usual ranges are for adults: of a child only plausibility is said."""
    measure = MEASURES[name]
    if not measure.plausible[0] <= value <= measure.plausible[1]:
        return Level.IMPLAUSIBLE
    if measure.usual is None or not adult:
        return Level.NOT_JUDGED
    low, high = measure.usual
    if low is not None and value < low:
        return Level.LOW
    if high is not None and value > high:
        return Level.HIGH
    return Level.NORMAL


def wrong_readings(readings: tuple[Reading, ...]) -> dict[str, str]:
    """Return what cannot be saved as it is, as measure -> sentence."""
    if not readings:
        return {"readings": N_("Écrivez au moins une mesure.")}
    wrong = {reading.measure.value: sentence for reading in readings if (sentence := _wrong(reading))}
    names = [reading.measure for reading in readings]
    wrong.update({name.value: N_("Cette mesure est là deux fois.") for name in names if names.count(name) > 1})
    return wrong or _wrong_pressure(readings)


def _wrong(reading: Reading) -> str:
    try:
        value = in_ucum(reading)
    except (ValueError, OverflowError):
        return N_("Cette mesure ne se donne pas dans cette unité.")
    if not is_possible(reading.measure, value):
        return N_("Cette valeur n’est pas possible. Relisez l’appareil.")
    if reading.measure is MeasureName.PAIN and reading.value != int(reading.value):
        return N_("La douleur est un nombre entier de 0 à 10.")
    if reading.measure is MeasureName.CONSCIOUSNESS and reading.value != int(reading.value):
        return N_("Choisissez une des réponses.")
    if classify(reading.measure, value) is Level.IMPLAUSIBLE and not reading.confirmed:
        return N_("Cette valeur est très inhabituelle. Mesurez encore une fois, puis confirmez.")
    return ""


def _wrong_pressure(readings: tuple[Reading, ...]) -> dict[str, str]:
    values = {reading.measure: in_ucum(reading) for reading in readings}
    systolic, diastolic = values.get(MeasureName.SYSTOLIC), values.get(MeasureName.DIASTOLIC)
    if systolic is not None and diastolic is not None and diastolic >= systolic:
        return {"diastolic": N_("Le petit chiffre doit être plus petit que le grand.")}
    return {}


def body_mass_index(weight_kg: float, height_cm: float) -> float:
    """Return kg/m², LOINC 39156-5."""
    return round(weight_kg / (height_cm / 100) ** 2, 1)
