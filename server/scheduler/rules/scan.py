"""The search over the index: what `search` finds by looking at calendars, in a few operations on whole weeks.

    a side    =  tiers, cheapest first; a tier is rows of the index that cost the same
    a week    =  everybody's starts, met once: a day of it is a shift and a mask
    a moment  =  one tier of each side, all free at once: the cheapest combination that has one wins

Sides are joined by tiers and never person by person, so that any of 1,500 doctors costs one OR per week. Who serves
is looked up only for the moments that are returned.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from itertools import groupby, product
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID

from server.scheduler.rules.index import WEEK, Column, Index, union
from server.scheduler.rules.openings import Calendar, ResourceKind
from server.scheduler.rules.promise import Window
from server.scheduler.rules.search import (
    GRID,
    LACKS,
    SHOWN,
    Answer,
    Ask,
    Found,
    PartOfDay,
    WhyEmpty,
    day_cost,
    held_for,
    place_of,
    shut,
)
from server.scheduler.rules.units import day_units, instant_of_wall, local_day, unit_from


@dataclass(frozen=True, slots=True)
class Tier:
    """Those who cost the same, in the order in which they are asked: who has least to do first."""

    cost: int
    rows: tuple[int, ...]


Tiers = Mapping[ResourceKind, tuple[Tier, ...]]
"""Who could serve, for each kind that is needed; cheapest first."""
_WEEKEND = (5, 6)
_ALL = (1 << WEEK) - 1
_GRID = sum(1 << bit for bit in range(0, WEEK, GRID))  # a week is a whole number of steps


class _Day(NamedTuple):
    """A local day as bits of a week, and of the next one when it ends there."""

    cost: int
    on: date
    week: int
    first: int
    length: int
    noon: int


class _Rank(NamedTuple):
    """One tier of a side, by its number."""

    number: int
    tier: Tier
    kind: ResourceKind


_Combination = tuple[_Rank, ...]
_Best = tuple[int, int, bool, _Combination]
"""What a moment costs, its unit, whether it is snug, and out of which tiers it is served."""
_in_order = itemgetter(0, 1)


@dataclass(slots=True)
class Scan:
    """One search. `patient` is not in the index: what the person holds comes with the question."""

    index: Index
    ask: Ask
    sides: Tiers
    patient: Calendar
    _ranks: list[list[_Rank]] = field(init=False)
    _groups: list[tuple[int, list[_Combination]]] = field(init=False)
    _margin: tuple[int, int] = field(init=False)
    """Units of a day's begin and of its end in which nothing that is needed can begin."""
    _columns: dict[int, Column] = field(default_factory=dict)
    _starts: dict[tuple[int, int], int] = field(default_factory=dict)
    _snug: dict[tuple[int, int], int] = field(default_factory=dict)
    _met: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = iter(range(99))
        self._ranks = [[_Rank(next(numbers), tier, kind) for tier in side] for kind, side in self.sides.items()]
        every = sorted(product(*self._ranks), key=_cost_of)
        self._groups = [(cost, list(group)) for cost, group in groupby(every, key=_cost_of)]
        held = [held_for(kind, self.ask.modality) for kind in (*self.sides, ResourceKind.PATIENT)]
        self._margin = -min(one.start for one in held), max(one.stop for one in held) - 1

    def search(self, wanted: int = SHOWN) -> Answer:
        """Return up to `wanted` moments, at most one in each half-day, cheapest first; or none, and why."""
        best: list[_Best] = []
        seen = self.ask.seen
        for day in _days(self.ask.window, self.ask.zone):
            if len(best) >= wanted and best[wanted - 1][0] < day.cost:
                break
            if (moments := self._moments(day)) and day.on not in seen:
                best.extend(self._of_day(moments, day))
                best.sort(key=_in_order)
        return Answer(tuple(self._found(*one) for one in best[:wanted]), None if best else self.why_empty())

    def why_empty(self) -> WhyEmpty:
        """Return the first mask that left nothing over the whole window."""
        days = self._left_days()
        if not days:
            return WhyEmpty.WINDOW_OVER
        place = place_of(self.ask.modality)
        if not any(tier.rows for tier in self.sides.get(place, ())):
            return LACKS[place]
        if not any(self._opens(place, day) for day in days):
            return shut(self.ask.modality)
        left = {day: _cut(partial(self._passed, _GRID), day) for day in days}
        for kind in (*self.sides, ResourceKind.PATIENT):
            left = {day: bits & self._of_side(kind, day) for day, bits in left.items() if bits}
            if not any(left.values()):
                return LACKS[kind]
        return WhyEmpty.NO_MORE if any(self._part(bits, day) for day, bits in left.items()) else WhyEmpty.NOT_THEN

    def closed_weekdays(self, why: WhyEmpty | None) -> tuple[int, ...]:
        """Return the working days of the window on which nobody of the lacking kind is open: “no nurse on Tuesdays”.

        Empty when they are never open: that is another sentence.
        """
        kind = next((kind for kind in self.sides if LACKS[kind] is why), None)
        if kind is None:
            return ()
        days = [day for day in self._left_days() if day.on.weekday() not in _WEEKEND]
        opened = {day.on.weekday() for day in days if self._opens(kind, day)}
        return tuple(sorted({day.on.weekday() for day in days} - opened)) if opened else ()

    def _left_days(self) -> list[_Day]:
        """Return the days of the window that are not over."""
        today = local_day(self.ask.not_before, self.ask.zone)
        return [day for day in _days(self.ask.window, self.ask.zone) if day.on >= today]

    def _moments(self, day: _Day) -> int:
        """Return when on a day everybody can begin."""
        return self._part(_cut(self._meet, day) & self._inside(day), day)

    def _meet(self, week: int) -> int:
        """Return when in a week everybody can begin."""
        if (bits := self._met.get(week)) is None:
            bits = self._passed(_GRID, week) & ~self._patient_busy(week)
            for side in self._ranks:
                anybody = 0
                for rank in side if bits else ():
                    anybody |= self._of_rank(rank, week)
                bits &= anybody
            self._met[week] = bits
        return bits

    def _passed(self, bits: int, week: int) -> int:
        """Return what is left of a week's moments when those before the first that was asked for are gone."""
        passed = unit_from(self.ask.not_before) - week * WEEK
        return bits if passed <= 0 else bits >> passed << passed

    def _of_day(self, moments: int, day: _Day) -> Iterator[_Best]:
        """Yield the best moment of each half of a day."""
        morning = moments & (1 << day.noon) - 1
        for half in (morning, moments ^ morning):
            if half:
                yield self._best(half, day)

    def _best(self, half: int, day: _Day) -> _Best:
        """Return the earliest moment that leaves no hole in a doctor's day, else the earliest, of the cheapest."""
        for extra, group in self._groups:
            some = [(one, bits) for one in group if (bits := self._all_free(one, half, day))]
            if some:
                snug = [(one, left) for one, bits in some if (left := bits & self._beside(one, day))]
                bit, one = min(((bits & -bits).bit_length() - 1, n) for n, (_, bits) in enumerate(snug or some))
                unit = day.week * WEEK + day.first + bit
                return day.cost + extra, unit, bool(snug), (snug or some)[one][0]
        raise AssertionError  # a moment is one at which some tier of each side can begin

    def _all_free(self, one: _Combination, half: int, day: _Day) -> int:
        if len(self._groups) > 1 or len(self._groups[0][1]) > 1:
            for rank in one:
                half &= _cut(partial(self._of_rank, rank), day)
        return half

    def _beside(self, one: _Combination, day: _Day) -> int:
        rank = next((rank for rank in one if rank.kind is ResourceKind.PRACTITIONER), None)
        return _cut(partial(self._snug_of, rank), day) if rank else 0

    def _found(self, cost: int, unit: int, snug: bool, combination: _Combination) -> Found:
        week, bit = divmod(unit, WEEK)
        column = self._column(week)
        serving = {rank.kind: self._who(rank, column, bit) for rank in combination}
        serving[ResourceKind.PATIENT] = self.patient.subject_id
        return Found(unit, cost, serving, snug)

    def _who(self, rank: _Rank, column: Column, bit: int) -> UUID:
        """Return the first of a tier who can begin there; of doctors, one beside whose other appointment it is."""
        rows = rank.tier.rows
        if len(rows) == 1:
            return self.index.subject(rows[0])
        row = _first(column.starts, rows, bit)
        if rank.kind is ResourceKind.PRACTITIONER:
            row = _first(column.snug, rows, bit, row)
        return self.index.subject(row)

    def _of_side(self, kind: ResourceKind, day: _Day) -> int:
        if kind is ResourceKind.PATIENT:
            return _cut(lambda week: _ALL & ~self._patient_busy(week), day) & self._fits(kind, day)
        bits = 0
        for rank in (rank for side in self._ranks for rank in side if rank.kind is kind):
            bits |= _cut(partial(self._of_rank, rank), day)
        return bits & self._fits(kind, day)

    def _inside(self, day: _Day) -> int:
        """Return when a visit can begin that does not reach into another day: neither it nor the travel for it."""
        lead, tail = self._margin
        return (1 << day.length - tail) - (1 << lead)

    def _fits(self, kind: ResourceKind, day: _Day) -> int:
        held = held_for(kind, self.ask.modality)
        return (1 << day.length - held.stop + 1) - (1 << -held.start)

    def _column(self, week: int) -> Column:
        if (found := self._columns.get(week)) is None:
            found = self._columns[week] = self.index.column(self.ask.modality, week)
        return found

    def _of_rank(self, rank: _Rank, week: int) -> int:
        key = rank.number, week
        if (found := self._starts.get(key)) is None:
            found = self._starts[key] = union(self._column(week).starts, rank.tier.rows)
        return found

    def _snug_of(self, rank: _Rank, week: int) -> int:
        key = rank.number, week
        if (found := self._snug.get(key)) is None:
            found = self._snug[key] = union(self._column(week).snug, rank.tier.rows)
        return found

    def _opens(self, kind: ResourceKind, day: _Day) -> bool:
        rows = tuple(row for tier in self.sides.get(kind, ()) for row in tier.rows)
        return bool(_cut(lambda week: union(self._column(week).open, rows) & _ALL, day))

    def _patient_busy(self, week: int) -> int:
        """Return when in a week the patient cannot begin: what they hold, drawn out to the left by a visit's length."""
        bits, first = 0, week * WEEK
        for unit in self.patient.taken:
            for n in held_for(ResourceKind.PATIENT, self.ask.modality):
                if 0 <= unit - n - first < WEEK:
                    bits |= 1 << unit - n - first
        return bits

    def _part(self, bits: int, day: _Day) -> int:
        if self.ask.part is None:
            return bits
        morning = bits & (1 << day.noon) - 1
        return morning if self.ask.part is PartOfDay.MORNING else bits ^ morning


def _cut(of_week: Callable[[int], int], day: _Day) -> int:
    """Return a day out of the weeks in which it lies."""
    bits = of_week(day.week) >> day.first
    if day.first + day.length > WEEK:
        bits |= of_week(day.week + 1) << WEEK - day.first
    return bits & (1 << day.length) - 1


def _first(maps: list[int], rows: tuple[int, ...], bit: int, otherwise: int = -1) -> int:
    """Return the first of these rows that has a bit."""
    for row in rows:
        if maps[row] >> bit & 1:
            return row
    return otherwise


def _cost_of(combination: _Combination) -> int:
    return sum(rank.tier.cost for rank in combination)


@lru_cache(maxsize=512)
def _days(window: Window, zone: str) -> tuple[_Day, ...]:
    """Return the days of a window, the cheapest first."""
    ordered = sorted((day_cost(window.due_on, on), on) for on in window.days)
    return tuple(_day(cost, on, zone) for cost, on in ordered)


def _day(cost: int, on: date, zone: str) -> _Day:
    span = day_units(on, zone)
    noon = unit_from(instant_of_wall(on, 12 * 60, zone)) - span.start
    return _Day(cost, on, *divmod(span.start, WEEK), len(span), noon)
