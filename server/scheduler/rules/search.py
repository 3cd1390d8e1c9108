"""The search for moments: everybody who is needed is free at once, inside the clinical window, nearest first.

    for each local day, outward from the due date:
        start map of a side  =  erosion of free units to the length that this side needs
        moments              =  practitioners ∩ cabins ∩ health workers ∩ patient ∩ grid
        one moment per half-day (the cheapest, then the earliest)
    stop when no day further out can be cheaper

The cost of a moment is a sum over its sides and its day, so that sides are never paired up to be compared:
days late × 3, days early × 2, and what each candidate costs (continuity: the doctor who asked costs nothing).
Of equal moments of a half-day, one beside another of the doctor's (by less than a step of the grid) wins: no hole.

This is the plain search, over calendars; `scan` finds the same over the index, and is held to it by a test.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from server.kernel.ids import SiteId
from server.records.rules.note import Modality
from server.scheduler.rules.openings import Calendar, ResourceKind, must_be_there, starts
from server.scheduler.rules.promise import Window
from server.scheduler.rules.units import day_units, instant_of, instant_of_wall, local_day, unit_from

NEEDS = {
    ResourceKind.PRACTITIONER: 4,  # 20 minutes: a follow-up by the cabin; the mean of a French GP's visit is 18
    ResourceKind.CABIN: 5,  # and 5 minutes to clean it and air it
    ResourceKind.HEALTH_WORKER: 4,
    ResourceKind.INSTRUMENT: 4,
    ResourceKind.PATIENT: 4,
}
"""How many units of five minutes each kind is held for, from the same start."""
TRAVEL = 3  # 15 minutes: to a house of the same commune, and as long back
GOES = (ResourceKind.HEALTH_WORKER, ResourceKind.INSTRUMENT)
"""Who and what goes to the person, when the visit is at home."""
GRID = 3  # starts on the quarter-hour, which people can say and remember; every zone's offset is a multiple of it
LATE_COST, EARLY_COST = 3, 2  # per day; too late harms more than too early
SHOWN = 3  # three choices, never a calendar grid


class PartOfDay(StrEnum):
    """A half-day, before or after local noon."""

    MORNING = "morning"
    AFTERNOON = "afternoon"


class WhyEmpty(StrEnum):
    """The first mask that left nothing."""

    WINDOW_OVER = "window-over"
    CLOSED = "closed"
    NO_PRACTITIONER = "no-practitioner"
    NO_CABIN = "no-cabin"
    CABIN_DOWN = "cabin-down"
    """The only cabin failed its last check: it takes no bookings until a later one is good."""
    BUS_LATER = "bus-later"
    """There is no cabin but the medicobus, and it does not stop here before the window is over."""
    NO_HEALTH_WORKER = "no-health-worker"
    NO_INSTRUMENT = "no-instrument"
    PATIENT_BUSY = "patient-busy"
    NOT_THEN = "not-then"
    """There are moments, but not in the half-day that was asked for."""
    NO_MORE = "no-more"
    """All that there is has been shown."""


LACKS = {
    ResourceKind.PRACTITIONER: WhyEmpty.NO_PRACTITIONER,
    ResourceKind.CABIN: WhyEmpty.NO_CABIN,
    ResourceKind.HEALTH_WORKER: WhyEmpty.NO_HEALTH_WORKER,
    ResourceKind.INSTRUMENT: WhyEmpty.NO_INSTRUMENT,
    ResourceKind.PATIENT: WhyEmpty.PATIENT_BUSY,
}
"""What to say when nobody of a kind is free."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One resource that could serve, and what choosing it costs."""

    calendar: Calendar
    cost: int = 0


Sides = Mapping[ResourceKind, tuple[Candidate, ...]]
"""Who could serve, for each kind that is needed; cheapest first."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is looked for. `seen` holds days that were shown already (“other days”)."""

    window: Window
    zone: str
    modality: Modality
    not_before: datetime
    part: PartOfDay | None = None
    seen: frozenset[date] = frozenset()
    site_id: SiteId | None = None
    """Where the patient is; None: wherever anybody is."""

    def at(self, kind: ResourceKind) -> SiteId | None:
        """Return where a kind has to be; None: anywhere."""
        return self.site_id if must_be_there(kind, self.modality) else None

    @property
    def days(self) -> list[date]:
        """The days of the window that are not over."""
        today = local_day(self.not_before, self.zone)
        return [day for day in self.window.days if day >= today]


@dataclass(frozen=True, slots=True)
class Found:
    """A moment: when it begins, and who serves."""

    unit: int
    cost: int
    serving: Mapping[ResourceKind, UUID]
    snug: bool = False
    """Beside another appointment of the doctor: no hole is left in their day."""

    @property
    def starts_at(self) -> datetime:
        """The instant when it begins."""
        return instant_of(self.unit)


@dataclass(frozen=True, slots=True)
class Answer:
    """Moments, best first; or none, and why."""

    found: tuple[Found, ...]
    why_empty: WhyEmpty | None = None


_HELD = {
    modality: {
        kind: range(-TRAVEL, units + TRAVEL) if modality is Modality.HOME and kind in GOES else range(units)
        for kind, units in NEEDS.items()
    }
    for modality in Modality
}


def held_for(kind: ResourceKind, modality: Modality) -> range:
    """Return the units for which a kind is held, counted from the start: travel to a home lies before and after."""
    return _HELD[modality][kind]


def needed(modality: Modality, *, with_health_worker: bool, with_instrument: bool = False) -> tuple[ResourceKind, ...]:
    """Return the kinds of resources that a follow-up takes, in the order in which their lack is told.

    At the surgery the doctor has what it takes; at home a health worker comes, for the doctor is on the screen.
    """
    if modality is Modality.IN_PERSON:
        return ResourceKind.PRACTITIONER, ResourceKind.PATIENT
    at_home = modality is Modality.HOME
    place = () if at_home else (ResourceKind.CABIN,)
    beside = (ResourceKind.HEALTH_WORKER,) if with_health_worker or at_home else ()
    instrument = (ResourceKind.INSTRUMENT,) if with_instrument else ()
    return ResourceKind.PRACTITIONER, *place, *beside, *instrument, ResourceKind.PATIENT


def place_of(modality: Modality) -> ResourceKind:
    """Return who or what has to be open at all, before anybody's bookings count."""
    return _PLACES[modality]


_PLACES = {
    Modality.REMOTE: ResourceKind.CABIN,
    Modality.IN_PERSON: ResourceKind.PRACTITIONER,
    Modality.HOME: ResourceKind.HEALTH_WORKER,
}


def shut(modality: Modality) -> WhyEmpty:
    """Return what to say when the place is not open on any day: a home is never closed, the health worker may be."""
    return LACKS[ResourceKind.HEALTH_WORKER] if modality is Modality.HOME else WhyEmpty.CLOSED


def search(ask: Ask, sides: Sides, wanted: int = SHOWN) -> Answer:
    """Return up to `wanted` moments, at most one in each half-day, cheapest first."""
    best: list[Found] = []
    for cost, day in sorted((day_cost(ask.window.due_on, day), day) for day in ask.days):
        if len(best) >= wanted and best[wanted - 1].cost < cost:
            break
        if day not in ask.seen:
            best.extend(_of_day(ask, sides, day, cost))
            best.sort(key=lambda found: (found.cost, found.unit))
    return Answer(tuple(best[:wanted]), None if best else why_empty(ask, sides))


def is_open(ask: Ask, sides: Sides, unit: int) -> bool:
    """Return whether a moment may be booked as far as hours and the window go. What is taken, the rows decide."""
    day = local_day(instant_of(unit), ask.zone)
    if day not in ask.days:
        return False
    span = day_units(day, ask.zone)
    moments = _grid(span) & _not_before(ask, span)
    for kind, candidates in sides.items():
        at = ask.at(kind)
        moments &= _any(_begins(one.calendar.open_in(span, ask.modality, at), kind, ask.modality) for one in candidates)
    return bool(moments >> unit - span.start & 1)


def why_empty(ask: Ask, sides: Sides) -> WhyEmpty:
    """Return the first mask that left nothing over the whole window."""
    spans = [day_units(day, ask.zone) for day in ask.days]
    if not spans:
        return WhyEmpty.WINDOW_OVER
    place = place_of(ask.modality)
    if not any(
        one.calendar.open_in(span, ask.modality, ask.at(place)) for one in sides.get(place, ()) for span in spans
    ):
        return shut(ask.modality) if sides.get(place) else LACKS[place]
    left = [_grid(span) & _not_before(ask, span) for span in spans]
    for kind in sides:
        left = [
            mask & _any(_starts(one, kind, ask, span) for one in sides[kind])
            for mask, span in zip(left, spans, strict=True)
        ]
        if not any(left):
            return LACKS[kind]
    left = [mask & _part(ask, span, day) for mask, span, day in zip(left, spans, ask.days, strict=True)]
    return WhyEmpty.NO_MORE if any(left) else WhyEmpty.NOT_THEN


def _of_day(ask: Ask, sides: Sides, day: date, cost: int) -> Iterator[Found]:
    """Yield the best moment of each half of a day."""
    span = day_units(day, ask.zone)
    maps = {kind: [(one, _starts(one, kind, ask, span)) for one in side] for kind, side in sides.items()}
    moments = _grid(span) & _not_before(ask, span) & _part(ask, span, day)
    for side in maps.values():
        moments &= _any(starts_of for _, starts_of in side)
    for half in PartOfDay:
        found = [_at(bit, span, maps, cost) for bit in _set_bits(moments & _half(half, span, day, ask.zone))]
        if found:
            yield min(found, key=lambda one: (one.cost, not one.snug, one.unit))


def _at(bit: int, span: range, maps: Mapping[ResourceKind, list[tuple[Candidate, int]]], cost: int) -> Found:
    """Return the moment at one bit, with the first candidate of each side that is free: sides are sorted."""
    serving: dict[ResourceKind, UUID] = {}
    snug = False
    for kind, side in maps.items():
        free = [one for one, starts_of in side if starts_of >> bit & 1]
        chosen = free[0]
        if kind is ResourceKind.PRACTITIONER:
            equal = (one for one in free if one.cost == chosen.cost)
            beside = next((one for one in equal if _touches(one.calendar, span.start + bit)), None)
            chosen, snug = beside or chosen, beside is not None
        serving[kind] = chosen.calendar.subject_id
        cost += chosen.cost
    return Found(span.start + bit, cost, serving, snug)


def _touches(calendar: Calendar, unit: int) -> bool:
    """Return whether less than a step of the grid is left to another appointment."""
    end = unit + NEEDS[calendar.kind]
    return any(near in calendar.taken for near in (*range(unit - GRID, unit), *range(end, end + GRID)))


def day_cost(due_on: date, day: date) -> int:
    """Return what the distance of a day from the due date costs."""
    late = (day - due_on).days
    return late * LATE_COST if late > 0 else -late * EARLY_COST


def _starts(one: Candidate, kind: ResourceKind, ask: Ask, span: range) -> int:
    return _begins(one.calendar.free_in(span, ask.modality, ask.at(kind)), kind, ask.modality)


def _begins(bits: int, kind: ResourceKind, modality: Modality) -> int:
    """Return where a visit can begin for which all these units, travel too, are open or free."""
    held = held_for(kind, modality)
    return starts(bits, len(held)) << -held.start


def _any(masks: Iterator[int]) -> int:
    bits = 0
    for mask in masks:
        bits |= mask
    return bits


def _grid(span: range) -> int:
    return sum(1 << bit for bit in range(-span.start % GRID, len(span), GRID))


def _not_before(ask: Ask, span: range) -> int:
    passed = min(max(unit_from(ask.not_before) - span.start, 0), len(span))
    return (1 << len(span)) - (1 << passed)


def _part(ask: Ask, span: range, day: date) -> int:
    return (1 << len(span)) - 1 if ask.part is None else _half(ask.part, span, day, ask.zone)


def _half(part: PartOfDay, span: range, day: date, zone: str) -> int:
    noon = unit_from(instant_of_wall(day, 12 * 60, zone)) - span.start
    morning = (1 << noon) - 1
    return morning if part is PartOfDay.MORNING else (1 << len(span)) - 1 & ~morning


def _set_bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
