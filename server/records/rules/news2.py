"""NEWS2, the early warning score: a prompt to call somebody, never a diagnosis, and only where it is valid.

Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017. Seven parameters score 0 to 3 each.
Not for patients under 16, nor in pregnancy. Scale 2 of oxygen only where a doctor decided for a target of 88–92 %.
A parameter that was not measured makes the score incomplete: it never counts as 0.

  0  routine | 1–4  low | 3 in one parameter  low-medium | 5–6  medium, urgent | 7 and more  high, emergency
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.records.rules.measures import MeasureName

VALID_FROM = 16  # years
URGENT, EMERGENCY = 5, 7  # points in all
ALONE = 3  # points of one parameter

_M = MeasureName
PARAMETERS = (
    _M.BREATHING_RATE,
    _M.OXYGEN_SATURATION,
    _M.INHALED_OXYGEN,
    _M.SYSTOLIC,
    _M.HEART_RATE,
    _M.CONSCIOUSNESS,
    _M.TEMPERATURE,
)

# (the highest value of the step, its points), rising; the last step has no end
_Steps = tuple[tuple[float, int], ...]
_END = float("inf")
_STEPS: dict[MeasureName, _Steps] = {
    _M.BREATHING_RATE: ((8, 3), (11, 1), (20, 0), (24, 2), (_END, 3)),
    _M.OXYGEN_SATURATION: ((91, 3), (93, 2), (95, 1), (_END, 0)),
    _M.INHALED_OXYGEN: ((0, 0), (_END, 2)),
    _M.SYSTOLIC: ((90, 3), (100, 2), (110, 1), (219, 0), (_END, 3)),
    _M.HEART_RATE: ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (_END, 3)),
    _M.CONSCIOUSNESS: ((0, 0), (_END, 3)),
    _M.TEMPERATURE: ((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (_END, 2)),
}
_SCALE_2_ON_AIR: _Steps = ((83, 3), (85, 2), (87, 1), (_END, 0))
_SCALE_2_ON_OXYGEN: _Steps = ((83, 3), (85, 2), (87, 1), (92, 0), (94, 1), (96, 2), (_END, 3))


class Band(StrEnum):
    """What a score asks for."""

    ROUTINE = "routine"
    LOW = "low"
    LOW_MEDIUM = "low-medium"
    MEDIUM = "medium"
    HIGH = "high"


class NotValid(StrEnum):
    """Why there is no score."""

    CHILD = "child"
    PREGNANT = "pregnant"


@dataclass(frozen=True, slots=True)
class Score:
    """The points of each parameter that is known. `band` judges these: with some `missing`, it is the least."""

    points: Mapping[MeasureName, int]
    missing: tuple[MeasureName, ...]
    scale_2: bool

    @property
    def total(self) -> int:
        """The sum of what is known, 0 to 20."""
        return sum(self.points.values())

    @property
    def band(self) -> Band:
        """What these points ask for."""
        if self.total >= EMERGENCY:
            return Band.HIGH
        if self.total >= URGENT:
            return Band.MEDIUM
        if ALONE in self.points.values():
            return Band.LOW_MEDIUM
        return Band.LOW if self.total else Band.ROUTINE


def score(
    values: Mapping[MeasureName, float], age: int, *, pregnant: bool = False, scale_2: bool = False
) -> Score | NotValid:
    """Return the score of values in UCUM units (consciousness: 0 alert, 1 and more not), or why it is not valid."""
    if age < VALID_FROM:
        return NotValid.CHILD
    if pregnant:
        return NotValid.PREGNANT
    known = {name: points for name in PARAMETERS if (points := _points(name, values, scale_2=scale_2)) is not None}
    return Score(known, tuple(name for name in PARAMETERS if name not in known), scale_2)


def _points(name: MeasureName, values: Mapping[MeasureName, float], *, scale_2: bool) -> int | None:
    if name not in values:
        return None
    value = round(values[name], 1 if name in (_M.TEMPERATURE, _M.INHALED_OXYGEN) else 0)
    if name is _M.OXYGEN_SATURATION and scale_2:
        return _on_scale_2(value, values.get(_M.INHALED_OXYGEN))
    return _step(_STEPS[name], value)


def _on_scale_2(saturation: float, oxygen: float | None) -> int | None:
    """Return the points; None above 92 % while nobody said whether it is air or oxygen."""
    if oxygen is None and saturation > 92:
        return None
    return _step(_SCALE_2_ON_OXYGEN if oxygen else _SCALE_2_ON_AIR, saturation)


def _step(steps: _Steps, value: float) -> int:
    return next(points for top, points in steps if value <= top)
