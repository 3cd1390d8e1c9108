"""Measures of a person over time: a level of one's own, a slow trend, and the scatter of the day.

    level (age, sex, conditions)  +  trend x time  +  normal scatter, cut to what is plausible

The trend is what a spark line shows: pressure falls once treated or creeps up, weight rises with water in heart
failure. Usual values are those of adults at rest; the rest is ours and furnishes a demonstration.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from server.village.illnesses import Condition


@dataclass(frozen=True, slots=True)
class Body:
    """What a person's measures lie around. Trends are per year."""

    height: float
    weight: float
    weight_trend: float
    systolic: float
    systolic_trend: float
    pulse: float
    spo2: float
    glucose: float


@dataclass(frozen=True, slots=True)
class Vitals:
    """One set of measures: mm[Hg], /min, %, Cel, kg, cm; glucose in mg/dL, for diabetics only."""

    systolic: int
    diastolic: int
    pulse: int
    spo2: int
    temperature: float
    weight: float
    height: int
    glucose: int | None


def normal(rng: Random, mean: float, spread: float, low: float, high: float) -> float:
    """Draw from a normal law cut at both ends: what falls outside is drawn again, at last clipped."""
    for _ in range(20):
        drawn = rng.gauss(mean, spread)
        if low <= drawn <= high:
            return drawn
    return min(max(mean, low), high)


def body(rng: Random, age: int, having: Sequence[Condition], *, female: bool) -> Body:
    """Draw what a person's measures lie around."""
    height = _height(rng, age, female)
    plump = 30.0 if Condition.DIABETES_2 in having else 25.5 if age >= 18 else 15.5 + age / 4
    weight = normal(rng, plump, 3.5 if age >= 18 else 1.2, 14, 42) * (height / 100) ** 2
    wet = Condition.HEART_FAILURE in having
    return Body(
        height=height,
        weight=weight,
        weight_trend=normal(rng, 3.0 if wet else 0.0, 1.8, -6, 8),
        systolic=_systolic(rng, age, having),
        systolic_trend=rng.choice((-14.0, -9.0, 5.0)) if Condition.HYPERTENSION in having else 0.0,
        pulse=_pulse(rng, age, having),
        spo2=_saturation(rng, having),
        glucose=normal(rng, 148, 26, 95, 280) if Condition.DIABETES_2 in having else 0.0,
    )


def course(rng: Random, of: Body, years: Sequence[float]) -> list[Vitals]:
    """Draw the measures at these instants, in years from now: -0.5 is half a year ago."""
    return [_at(rng, of, at) for at in years]


def fever(rng: Random, measured: Vitals) -> Vitals:
    """Return the same measures on a day of fever."""
    return Vitals(
        systolic=measured.systolic,
        diastolic=measured.diastolic,
        pulse=measured.pulse + rng.randint(8, 20),
        spo2=measured.spo2,
        temperature=round(normal(rng, 38.7, 0.4, 38.1, 39.9), 1),
        weight=measured.weight,
        height=measured.height,
        glucose=measured.glucose,
    )


def _at(rng: Random, of: Body, at: float) -> Vitals:
    systolic = round(normal(rng, of.systolic + of.systolic_trend * at, 5, 80, 195))
    return Vitals(
        systolic=systolic,
        diastolic=round(normal(rng, systolic * 0.40 + 27, 3, 45, 115)),
        pulse=round(normal(rng, of.pulse, 4, 45, 140)),
        spo2=round(normal(rng, of.spo2, 0.7, 86, 100)),
        temperature=round(normal(rng, 36.7, 0.25, 36.0, 37.5), 1),
        weight=round(max(of.weight + of.weight_trend * at + rng.gauss(0, 0.3), 2.5), 1),
        height=round(of.height),
        glucose=round(normal(rng, of.glucose, 15, 70, 320)) if of.glucose else None,
    )


def _height(rng: Random, age: int, female: bool) -> float:
    if age < 16:
        return normal(rng, 76 + 6.1 * age, 4, 55, 185)
    adult = 163.0 if female else 176.0
    return normal(rng, adult - max(age - 60, 0) * 0.12, 6, 140, 200)


def _systolic(rng: Random, age: int, having: Sequence[Condition]) -> float:
    if age < 16:
        return normal(rng, 90 + 1.6 * age, 5, 80, 125)
    if Condition.HYPERTENSION in having:
        return normal(rng, 145, 9, 128, 178)
    return normal(rng, 114 + max(age - 30, 0) * 0.25, 7, 98, 138)


def _pulse(rng: Random, age: int, having: Sequence[Condition]) -> float:
    if age < 16:
        return normal(rng, 112 - 2.6 * age, 6, 60, 140)
    quick = {Condition.ATRIAL_FIBRILLATION, Condition.COPD, Condition.PREGNANCY} & set(having)
    return normal(rng, 80 if quick else 71, 6, 52, 100)


def _saturation(rng: Random, having: Sequence[Condition]) -> float:
    if Condition.COPD in having:
        return normal(rng, 92.5, 1.2, 89, 95)
    return normal(rng, 96 if Condition.HEART_FAILURE in having else 97.6, 0.6, 94, 99)
