"""Who can begin when, as bitmaps: one whole number per resource and week, so that a search is a few ANDs and ORs.

    column (modality, week):  open[row]    hours of the week, from the calendar           row = number of a resource
                              starts[row]  where as many free units begin as the resource's kind needs
                              snug[row]    those of them beside another appointment: no hole is left

A week is 2016 units of five minutes since the epoch; a bit is a unit. A column is made when a search first looks at
it; a booking changes its own rows alone. The index is never the truth: the rows of `busy_unit` are. It is filled from
them, and what it proposes is checked against them before anybody sees it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from operator import itemgetter, or_
from uuid import UUID

from server.kernel.ids import ResourceId
from server.records.rules.note import Modality
from server.scheduler.rules.openings import Calendar, ResourceKind, padded, starts
from server.scheduler.rules.search import GRID, NEEDS

WEEK = 7 * 24 * 12
_SPILL = 8  # units of the next week that a start at the end of this one may need
_ALL = (1 << WEEK) - 1
_FIRST = (1 << _SPILL) - 1
_MODALITIES = tuple(Modality)


@dataclass(frozen=True, slots=True)
class Column:
    """The maps of one modality in one week, by row."""

    open: list[int]
    starts: list[int]
    snug: list[int]


class Index:
    """All resources but patients."""

    def __init__(self) -> None:
        self._calendars: list[Calendar] = []
        self._needed: list[int] = []
        self._rows: dict[UUID, int] = {}
        self._of_resource: dict[UUID, int] = {}
        self._taken: defaultdict[int, dict[int, int]] = defaultdict(dict)
        self._columns: dict[tuple[Modality, int], Column] = {}

    def __len__(self) -> int:
        return len(self._calendars)

    def put(self, calendar: Calendar) -> None:
        """Enter a resource, or its new hours. What it holds stays as it was told."""
        calendar = replace(calendar, taken=frozenset())
        row = self._rows.get(calendar.subject_id)
        if row is None:
            row = len(self._calendars)
            self._rows[calendar.subject_id] = self._of_resource[calendar.resource_id] = row
            self._calendars.append(calendar)
            self._needed.append(NEEDS.get(calendar.kind, NEEDS[ResourceKind.PATIENT]))
            for column in self._columns.values():
                for maps in (column.open, column.starts, column.snug):
                    maps.append(0)
        self._calendars[row] = calendar
        for (modality, week), column in self._columns.items():
            column.open[row] = self._hours(row, modality, week)
            self._redraw(row, week, column)

    def row(self, subject_id: UUID) -> int | None:
        """Return the number of a resource, None when nobody told of it."""
        return self._rows.get(subject_id)

    def rows(self, subjects: Iterable[UUID]) -> tuple[int, ...]:
        """Return the numbers of those subjects that are resources."""
        found = (self._rows.get(subject) for subject in subjects)
        return tuple(row for row in found if row is not None)

    def subject(self, row: int) -> UUID:
        """Return who has this number."""
        return self._calendars[row].subject_id

    def subjects(self, kind: ResourceKind) -> tuple[UUID, ...]:
        """Return everybody of a kind."""
        return tuple(one.subject_id for one in self._calendars if one.kind is kind)

    def set_taken(self, resource_id: ResourceId, week: int, bits: int) -> None:
        """Tell what a resource holds in a week: nothing else of that week stays."""
        row = self._of_resource.get(resource_id)
        if row is None or not (changed := self._taken[week].get(row, 0) ^ bits):
            return
        if bits:
            self._taken[week][row] = bits
        else:
            self._taken[week].pop(row, None)
        self._redraw_week(row, week)
        if changed & _FIRST:
            self._redraw_week(row, week - 1)
        if changed >> WEEK - GRID:
            self._redraw_week(row, week + 1)

    def take(self, resource_id: ResourceId, units: Iterable[int]) -> None:
        """Add units to what a resource holds."""
        row, added = self._of_resource.get(resource_id, -1), dict[int, int]()
        for unit in units:
            week, bit = divmod(unit, WEEK)
            added[week] = added.get(week, 0) | 1 << bit
        for week, bits in added.items():
            self.set_taken(resource_id, week, self._held(row, week) | bits)

    def book(self, resource_id: ResourceId, first: int, count: int) -> None:
        """Add `count` units from `first` on: one appointment."""
        week, bit = divmod(first, WEEK)
        if bit + count > WEEK:
            self.take(resource_id, range(first, first + count))
            return
        row = self._of_resource.get(resource_id, -1)
        rows = self._taken.get(week)
        held = rows.get(row, 0) if rows else 0
        self.set_taken(resource_id, week, held | (1 << count) - 1 << bit)

    def column(self, modality: Modality, week: int) -> Column:
        """Return the maps of a week, made now when this is the first look."""
        found = self._columns.get((modality, week))
        if found is None:
            rows = range(len(self._calendars))
            found = Column([self._hours(row, modality, week) for row in rows], [0] * len(rows), [0] * len(rows))
            for row in rows:
                self._redraw(row, week, found)
            self._columns[modality, week] = found
        return found

    def load(self, row: int, weeks: Iterable[int]) -> float:
        """Return which share of its open time a resource has given away, 0 to 1: by minutes, not by appointments."""
        held = opened = 0
        for week in weeks:
            held += self._held(row, week).bit_count()
            opened += (self.column(Modality.REMOTE, week).open[row] & _ALL).bit_count()
        return min(1.0, held / opened) if opened else 1.0

    def forget_before(self, week: int) -> None:
        """Let go of the weeks that are over."""
        for key in [key for key in self._columns if key[1] < week]:
            del self._columns[key]
        for over in [one for one in self._taken if one < week]:
            del self._taken[over]

    def forget_taken(self) -> None:
        """Let go of all that was told of bookings: it is told anew."""
        for week, rows in list(self._taken.items()):
            for row in list(rows):
                self.set_taken(self._calendars[row].resource_id, week, 0)

    def _hours(self, row: int, modality: Modality, week: int) -> int:
        return self._calendars[row].open_in(range(week * WEEK, (week + 1) * WEEK + _SPILL), modality)

    def _redraw_week(self, row: int, week: int) -> None:
        for modality in _MODALITIES:
            column = self._columns.get((modality, week))
            if column is not None:
                self._redraw(row, week, column)

    def _redraw(self, row: int, week: int, column: Column) -> None:
        """Draw again where a resource can begin in a week."""
        taken = self._taken
        here, before, then = taken.get(week), taken.get(week - 1), taken.get(week + 1)
        held = here.get(row, 0) if here else 0
        last = before.get(row, 0) >> WEEK - GRID if before else 0
        if then and (spilt := then.get(row, 0) & _FIRST):
            held |= spilt << WEEK
        opened, needed = column.open[row], self._needed[row]
        buffer = self._calendars[row].buffer
        busy = padded(held, buffer) | (1 << last * buffer) - 1 if buffer else held
        begin = column.starts[row] = starts(opened & ~busy, needed) & _ALL if opened else 0
        column.snug[row] = begin & _beside(held, last, needed) if begin and (held or last) else 0

    def _held(self, row: int, week: int) -> int:
        rows = self._taken.get(week)
        return rows.get(row, 0) if rows else 0


def _beside(held: int, last: int, needed: int) -> int:
    """Return the units less than a step of the grid after what is held, or that far before it when `needed` long."""
    earlier, later = held << GRID | last, held >> needed
    return earlier | earlier >> 1 | earlier >> 2 | later | later >> 1 | later >> 2


def union(maps: list[int], rows: tuple[int, ...]) -> int:
    """Return where any of these rows has a bit."""
    if len(rows) < 2:
        return maps[rows[0]] if rows else 0
    bits: int = reduce(or_, itemgetter(*rows)(maps))
    return bits
