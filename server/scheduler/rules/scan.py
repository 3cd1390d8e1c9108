"""The search over the index: what `search` finds by looking at calendars, in a few operations on whole weeks.

    a side    =  tiers, cheapest first; a tier is rows of the index that cost the same
    a moment  =  one tier of each side, all free at once: the cheapest combination that has one wins

Sides are joined by tiers and never person by person, so that any of 1,500 doctors costs one OR per week.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import groupby, product
from uuid import UUID

from server.records.rules.note import Modality
from server.scheduler.rules.index import WEEK, Column, Index, union
from server.scheduler.rules.openings import Calendar, ResourceKind, starts
from server.scheduler.rules.search import (
    GRID,
    LACKS,
    NEEDS,
    SHOWN,
    Answer,
    Ask,
    Found,
    PartOfDay,
    WhyEmpty,
    day_cost,
)
from server.scheduler.rules.units import day_units, instant_of_wall, unit_from


@dataclass(frozen=True, slots=True)
class Tier:
    """Those who cost the same, in the order in which they are asked: who has least to do first."""

    cost: int
    rows: tuple[int, ...]


Tiers = Mapping[ResourceKind, tuple[Tier, ...]]
"""Who could serve, for each kind that is needed; cheapest first."""
_Combination = dict[ResourceKind, Tier]
_WEEKEND = (5, 6)


@dataclass(slots=True)
class Scan:
    """One search. `patient` is not in the index: what the person holds comes with the question."""

    index: Index
    ask: Ask
    sides: Tiers
    patient: Calendar
    _unions: dict[tuple[ResourceKind, int, int, bool], int] = field(default_factory=dict)
    _groups: list[tuple[int, list[_Combination]]] = field(init=False)

    _not_before: int = field(init=False)

    def __post_init__(self) -> None:
        self._not_before = unit_from(self.ask.not_before)
        every = sorted(_combinations(self.sides), key=_cost_of)
        self._groups = [(cost, list(group)) for cost, group in groupby(every, key=_cost_of)]

    def search(self, wanted: int = SHOWN) -> Answer:
        """Return up to `wanted` moments, at most one in each half-day, cheapest first; or none, and why."""
        best: list[Found] = []
        due_on = self.ask.window.due_on
        for cost, day in sorted((day_cost(due_on, day), day) for day in self.ask.days):
            if len(best) >= wanted and best[wanted - 1].cost < cost:
                break
            if day not in self.ask.seen:
                best.extend(self._of_day(day, cost))
                best.sort(key=lambda found: (found.cost, found.unit))
        return Answer(tuple(best[:wanted]), None if best else self.why_empty())

    def why_empty(self) -> WhyEmpty:
        """Return the first mask that left nothing over the whole window."""
        days = self.ask.days
        if not days:
            return WhyEmpty.WINDOW_OVER
        place = ResourceKind.CABIN if self.ask.modality is Modality.REMOTE else ResourceKind.PRACTITIONER
        if not any(tier.rows for tier in self.sides.get(place, ())):
            return LACKS[place]
        spans = {day: day_units(day, self.ask.zone) for day in days}
        if not any(self._opens(place, span) for span in spans.values()):
            return WhyEmpty.CLOSED
        left = {day: self._moments(span) for day, span in spans.items()}
        for kind in (*self.sides, ResourceKind.PATIENT):
            left = {
                day: bits & self._of_side(kind, day_units(day, self.ask.zone)) for day, bits in left.items() if bits
            }
            if not any(left.values()):
                return LACKS[kind]
        in_part = (bits & self._part(spans[day], day) for day, bits in left.items())
        return WhyEmpty.NO_MORE if any(in_part) else WhyEmpty.NOT_THEN

    def closed_weekdays(self, why: WhyEmpty | None) -> tuple[int, ...]:
        """Return the working days of the window on which nobody of the lacking kind is open: “no nurse on Tuesdays”.

        Empty when they are never open: that is another sentence.
        """
        kind = next((kind for kind in self.sides if LACKS[kind] is why), None)
        if kind is None:
            return ()
        days = [day for day in self.ask.days if day.weekday() not in _WEEKEND]
        opened = {day.weekday() for day in days if self._opens(kind, day_units(day, self.ask.zone))}
        return tuple(sorted({day.weekday() for day in days} - opened)) if opened else ()

    def _of_day(self, day: date, cost: int) -> Iterator[Found]:
        """Yield the best moment of each half of a day."""
        span = day_units(day, self.ask.zone)
        moments = self._moments(span)
        tiers: dict[int, int] = {}
        for kind, side in self.sides.items():
            anybody = 0
            for tier in side:
                bits = tiers[id(tier)] = self._of_tier(kind, tier, span)
                anybody |= bits
            moments &= anybody
            if not moments:
                return
        moments &= self._part(span, day) & self._patient(span)
        if not moments:
            return
        noon = _noon(day, self.ask.zone) - span.start
        morning = (1 << noon) - 1
        for half in (moments & morning, moments & ~morning):
            found = self._best(half, tiers, span, cost) if half else None
            if found is not None:
                yield found

    def _best(self, half: int, tiers: Mapping[int, int], span: range, cost: int) -> Found | None:
        for extra, group in self._groups:
            some = []
            for one in group:
                bits = half
                for tier in one.values():
                    bits &= tiers[id(tier)]
                if bits:
                    some.append((one, bits))
            if some:
                return self._choose(some, span, cost + extra)
        return None

    def _choose(self, some: list[tuple[_Combination, int]], span: range, cost: int) -> Found:
        """Take the earliest moment that leaves no hole in a doctor's day, else the earliest."""
        snug = [(one, bits & self._snug(one, span)) for one, bits in some]
        bits = 0
        for _, some_bits in snug:
            bits |= some_bits
        pool = [(one, left) for one, left in snug if left] if bits else some
        for _, left in pool:
            bits |= left
        bit = (bits & -bits).bit_length() - 1
        combination = next(one for one, left in pool if left >> bit & 1)
        return self._found(combination, span.start + bit, cost, snug=pool is not some)

    def _snug(self, one: _Combination, span: range) -> int:
        tier = one.get(ResourceKind.PRACTITIONER)
        return 0 if tier is None else self._of_tier(ResourceKind.PRACTITIONER, tier, span, snug=True)

    def _found(self, combination: _Combination, unit: int, cost: int, *, snug: bool) -> Found:
        week, bit = divmod(unit, WEEK)
        column = self.index.column(self.ask.modality, week)
        serving = {kind: self._who(kind, tier, column, bit) for kind, tier in combination.items()}
        return Found(unit, cost, {**serving, ResourceKind.PATIENT: self.patient.subject_id}, snug)

    def _who(self, kind: ResourceKind, tier: Tier, column: Column, bit: int) -> UUID:
        """Return the first of a tier who can begin there; of doctors, one beside whose other appointment it is."""
        row = next(row for row in tier.rows if column.starts[row] >> bit & 1)
        if kind is ResourceKind.PRACTITIONER and len(tier.rows) > 1:
            row = next((one for one in tier.rows if column.snug[one] >> bit & 1), row)
        return self.index.subject(row)

    def _of_side(self, kind: ResourceKind, span: range) -> int:
        if kind is ResourceKind.PATIENT:
            return self._patient(span)
        bits = 0
        for tier in self.sides[kind]:
            bits |= self._of_tier(kind, tier, span)
        return bits

    def _of_tier(self, kind: ResourceKind, tier: Tier, span: range, *, snug: bool = False) -> int:
        """Return where somebody of a tier can begin inside a day; who would have to go on past midnight cannot."""
        week, first = divmod(span.start, WEEK)
        bits = self._union(kind, tier, week, snug=snug) >> first
        if first + len(span) > WEEK:
            bits |= self._union(kind, tier, week + 1, snug=snug) << WEEK - first
        return bits & (1 << len(span) - NEEDS.get(kind, NEEDS[ResourceKind.PATIENT]) + 1) - 1

    def _union(self, kind: ResourceKind, tier: Tier, week: int, *, snug: bool) -> int:
        key = (kind, id(tier), week, snug)
        if (found := self._unions.get(key)) is None:
            column = self.index.column(self.ask.modality, week)
            found = self._unions[key] = union(column.snug if snug else column.starts, tier.rows)
        return found

    def _opens(self, kind: ResourceKind, span: range) -> bool:
        week, first = divmod(span.start, WEEK)
        whole = (1 << len(span)) - 1
        for tier in self.sides.get(kind, ()):
            bits = union(self.index.column(self.ask.modality, week).open, tier.rows) >> first
            if first + len(span) > WEEK:
                bits |= union(self.index.column(self.ask.modality, week + 1).open, tier.rows) << WEEK - first
            if bits & whole:
                return True
        return False

    def _patient(self, span: range) -> int:
        if not self.patient.taken:
            return (1 << len(span) - NEEDS[ResourceKind.PATIENT] + 1) - 1
        return starts(self.patient.free_in(span, self.ask.modality), NEEDS[ResourceKind.PATIENT])

    def _moments(self, span: range) -> int:
        passed = self._not_before - span.start
        bits = _grid(-span.start % GRID, len(span))
        return bits if passed <= 0 else bits >> passed << passed

    def _part(self, span: range, day: date) -> int:
        if self.ask.part is None:
            return (1 << len(span)) - 1
        morning = (1 << _noon(day, self.ask.zone) - span.start) - 1
        return morning if self.ask.part is PartOfDay.MORNING else (1 << len(span)) - 1 & ~morning


def _combinations(sides: Tiers) -> list[_Combination]:
    """Return every choice of one tier of each side."""
    return [dict(zip(sides, tiers, strict=True)) for tiers in product(*sides.values())]


def _cost_of(combination: _Combination) -> int:
    return sum(tier.cost for tier in combination.values())


@lru_cache(maxsize=64)
def _grid(first: int, length: int) -> int:
    return sum(1 << bit for bit in range(first, length, GRID))


@lru_cache(maxsize=4096)
def _noon(day: date, zone: str) -> int:
    return unit_from(instant_of_wall(day, 12 * 60, zone))
