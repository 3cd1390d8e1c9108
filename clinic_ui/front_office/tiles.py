"""What a tile of the measures page shows: its numbers to fill in, the last values, their course."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from server.kernel.words import N_
from server.records.rules.measures import MEASURES, Level, Measure, MeasureName, as_shown
from server.records.service.measures import Observation

COURSE_OF = 8  # values on a spark line: two months of weekly takings
_M = MeasureName
_TILES: tuple[tuple[str, str, tuple[MeasureName, ...]], ...] = (
    (N_("Tension"), "pressure", (_M.SYSTOLIC, _M.DIASTOLIC)),
    (N_("Pouls"), "heart-pulse", (_M.HEART_RATE,)),
    (N_("Oxygène (SpO₂)"), "oxygen", (_M.OXYGEN_SATURATION,)),
    (N_("Oxygène donné"), "oxygen", (_M.INHALED_OXYGEN,)),
    (N_("Température"), "thermometer", (_M.TEMPERATURE,)),
    (N_("Respiration"), "lungs", (_M.BREATHING_RATE,)),
    (N_("Douleur"), "pain", (_M.PAIN,)),
    (N_("Glycémie"), "drop", (_M.GLUCOSE,)),
    (N_("Poids"), "scale", (_M.WEIGHT,)),
    (N_("Taille"), "ruler", (_M.HEIGHT,)),
    (N_("Conscience"), "brain", (_M.CONSCIOUSNESS,)),
)
LEVEL_WORDS = {
    Level.LOW: (N_("basse"), "down"),
    Level.HIGH: (N_("élevée"), "up"),
    Level.NORMAL: (N_("normale"), ""),
    Level.IMPLAUSIBLE: (N_("très inhabituelle, confirmée"), "up"),
    Level.NOT_JUDGED: ("", ""),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One number to fill in, in the unit that is shown."""

    measure: Measure
    last: Observation | None
    low: float
    high: float

    @property
    def name(self) -> str:
        """The name of its field."""
        return self.measure.name.value

    @property
    def units(self) -> tuple[str, ...]:
        """The units to choose from, as people write them; none when there is but one."""
        others = tuple(unit for unit, _factor, _added in self.measure.units if not unit.startswith("["))
        return (self.measure.shown_unit, *others) if others else ()


@dataclass(frozen=True, slots=True)
class Tile:
    """One measure of the page; the pressure has two numbers. `course`: (when, value), oldest first."""

    label: str
    drawing: str
    entries: tuple[Entry, ...]
    course: tuple[tuple[datetime, float], ...]
    level: str
    direction: str

    @property
    def unit(self) -> str:
        """The unit that people here read."""
        return self.entries[0].measure.shown_unit

    @property
    def digits(self) -> int:
        """How many decimals are shown."""
        return self.entries[0].measure.shown_digits

    @property
    def words(self) -> str:
        """What the last value stands for, where it is no number."""
        return self.entries[0].last.words if self.entries[0].last else ""

    @property
    def taken_at(self) -> datetime | None:
        """When the last value was taken."""
        return self.entries[0].last.taken_at if self.entries[0].last else None

    @property
    def values(self) -> list[float]:
        """The numbers of the spark line."""
        return [value for _at, value in self.course[-COURSE_OF:]]

    @property
    def lasts(self) -> list[float]:
        """The last taken numbers, as shown."""
        return [entry.last.shown for entry in self.entries if entry.last]


def tiles(found: Sequence[Observation]) -> tuple[Tile, ...]:
    """Return the tiles of a patient; `found` is newest first."""
    return tuple(_tile(label, drawing, names, found) for label, drawing, names in _TILES)


def _tile(label: str, drawing: str, names: tuple[MeasureName, ...], found: Sequence[Observation]) -> Tile:
    entries = tuple(_entry(MEASURES[name], found) for name in names)
    course = tuple((one.taken_at, one.shown) for one in reversed(found) if one.measure is names[0])
    judged = [entry.last.level for entry in entries if entry.last]
    out = [level for level in judged if level in (Level.LOW, Level.HIGH, Level.IMPLAUSIBLE)]
    level, direction = LEVEL_WORDS[(out or judged or [Level.NOT_JUDGED])[0]]
    return Tile(label, drawing, entries, course, level, direction)


def _entry(measure: Measure, found: Sequence[Observation]) -> Entry:
    last = next((one for one in found if one.measure is measure.name), None)
    low, high = (as_shown(measure.name, bound) for bound in measure.plausible)
    return Entry(measure, last, low, high)
