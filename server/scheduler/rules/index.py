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
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from operator import itemgetter, or_
from uuid import UUID

from server.kernel.ids import ResourceId, SiteId
from server.records.rules.note import Modality
from server.scheduler.rules.openings import NOWHERE, Calendar, ResourceKind, padded, starts
from server.scheduler.rules.search import GRID, held_for

WEEK = 7 * 24 * 12
_SPILL = 8  # units of the next week that a start at the end of this one may need
_REACH = 12  # an hour: how far a booking of one week can be felt in another, by travel or a pause between two
_ALL = (1 << WEEK) - 1
_STEP = (1 << GRID) - 1
_EDGE = (1 << _REACH + _SPILL) - 1


@dataclass(slots=True)
class Column:
    """The maps of one modality in one week, by row."""

    week: int
    modality: Modality
    open: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    snug: list[int] = field(default_factory=list)
    held: list[tuple[int, int]] = field(default_factory=list)
    """How long a visit holds the resource: units before its start, and all of them."""
    kinds: list[ResourceKind] = field(default_factory=list)
    before: dict[int, int] = field(default_factory=dict)
    """Hours of the units just before the week, of those who travel: bit 0 is the first of these units."""


class Index:
    """All resources but patients."""

    def __init__(self) -> None:
        self._calendars: list[Calendar] = []
        self._rows: dict[UUID, int] = {}
        self._at: list[SiteId | None] = []
        """Where a row looks; None: wherever its resource is. Only who is at several sites has rows for each."""
        self._main: list[int] = []
        self._others: dict[int, dict[SiteId, int]] = {}
        self._of_resource: dict[UUID, int] = {}
        self._taken: defaultdict[int, dict[int, int]] = defaultdict(dict)
        self._columns: defaultdict[int, dict[Modality, Column]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._calendars)

    def put(self, calendar: Calendar) -> None:
        """Enter a resource, or its new hours. What it holds stays as it was told."""
        calendar = replace(calendar, taken=frozenset())
        row = self._rows.get(calendar.subject_id)
        if row is None:
            row = self._rows[calendar.subject_id] = self._of_resource[calendar.resource_id] = self._add(calendar)
        if calendar.places:
            others = self._others.setdefault(row, {})
            for site_id in {*calendar.places, calendar.home or NOWHERE, NOWHERE} - others.keys():
                others[site_id] = self._add(calendar, row, site_id)
        for each in self._all(row):
            self._calendars[each] = calendar
            for column in self._every_column():
                self._write_hours(each, column)
                self._redraw(each, column)

    def _add(self, calendar: Calendar, main: int | None = None, at: SiteId | None = None) -> int:
        row = len(self._calendars)
        self._calendars.append(calendar)
        self._main.append(row if main is None else main)
        self._at.append(at)
        for column in self._every_column():
            _append(column, calendar.kind)
        return row

    def _all(self, row: int) -> tuple[int, ...]:
        """Return a resource's own row and those of each of its sites."""
        others = self._others.get(row)
        return (row, *others.values()) if others else (row,)

    def row(self, subject_id: UUID) -> int | None:
        """Return the number of a resource, None when nobody told of it."""
        return self._rows.get(subject_id)

    def rows(self, subjects: Iterable[UUID], at: SiteId | None = None) -> tuple[int, ...]:
        """Return the numbers of those subjects that are resources: of their hours at a site, if one is named."""
        found = [row for subject in subjects if (row := self._rows.get(subject)) is not None]
        return self.there(found, at)

    def there(self, rows: Iterable[int], at: SiteId | None) -> tuple[int, ...]:
        """Return, for the numbers of resources, those of their hours at a site; the same when none is named."""
        return tuple(rows) if at is None or not self._others else tuple(self._there(row, at) for row in rows)

    def _there(self, row: int, at: SiteId) -> int:
        others = self._others.get(row)
        return others.get(at, others[NOWHERE]) if others else row

    def stopping(self, at: SiteId) -> frozenset[UUID]:
        """Return who and what of elsewhere has hours at a site: the medicobus, its crew, what it carries."""
        some = (self._calendars[row] for row, others in self._others.items() if at in others)
        return frozenset(one.subject_id for one in some if one.stops_at(at))

    def subject(self, row: int) -> UUID:
        """Return who has this number."""
        return self._calendars[row].subject_id

    def subjects(self, kind: ResourceKind) -> tuple[UUID, ...]:
        """Return everybody of a kind."""
        return tuple(
            self._calendars[row].subject_id for row in self._rows.values() if self._calendars[row].kind is kind
        )

    def set_taken(self, resource_id: ResourceId, week: int, bits: int) -> None:
        """Tell what a resource holds in a week: nothing else of that week stays."""
        row = self._of_resource.get(resource_id)
        if row is None or not (changed := self._held(row, week) ^ bits):
            return
        if bits:
            self._taken[week][row] = bits
        else:
            self._taken[week].pop(row, None)
        self._redraw_week(row, week)
        if changed & _EDGE:
            self._redraw_week(row, week - 1)
        if changed >> WEEK - _REACH:
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
        row = self._of_resource.get(resource_id)
        if row is None or not _REACH + _SPILL <= bit <= WEEK - _REACH - count:
            self.take(resource_id, range(first, first + count))
            return
        rows = self._taken[week]
        rows[row] = rows.get(row, 0) | (1 << count) - 1 << bit
        for column in self._columns[week].values():
            for each in self._all(row):
                self._close(each, column, bit, count)

    def column(self, modality: Modality, week: int) -> Column:
        """Return the maps of a week, made now when this is the first look."""
        found = self._columns[week].get(modality)
        if found is None:
            found = Column(week, modality)
            for row, calendar in enumerate(self._calendars):
                _append(found, calendar.kind)
                self._write_hours(row, found)
                self._redraw(row, found)
            self._columns[week][modality] = found
        return found

    def load(self, row: int, span: range) -> float:
        """Return which share of its open time a resource has given away, 0 to 1: by minutes, not by appointments."""
        held = opened = 0
        for week in range(span.start // WEEK, -(-span.stop // WEEK)):
            whole = _within(span, week)
            held += (self._held(row, week) & whole).bit_count()
            opened += (self.column(Modality.REMOTE, week).open[row] & whole).bit_count()
        return min(1.0, held / opened) if opened else 1.0

    def forget_before(self, week: int) -> None:
        """Let go of the weeks that are over."""
        for maps in (self._columns, self._taken):
            for over in [one for one in maps if one < week]:
                del maps[over]

    def forget_taken(self) -> None:
        """Let go of all that was told of bookings: it is told anew."""
        for week, rows in list(self._taken.items()):
            for row in list(rows):
                self.set_taken(self._calendars[row].resource_id, week, 0)

    def _every_column(self) -> Iterable[Column]:
        return (column for columns in self._columns.values() for column in columns.values())

    def _write_hours(self, row: int, column: Column) -> None:
        first, calendar, before, at = column.week * WEEK, self._calendars[row], column.held[row][0], self._at[row]
        column.open[row] = calendar.open_in(range(first, first + WEEK + _SPILL), column.modality, at)
        if before:
            column.before[row] = calendar.open_in(range(first - before, first), column.modality, at)

    def _redraw_week(self, row: int, week: int) -> None:
        for column in self._columns[week].values():
            for each in self._all(row):
                self._redraw(each, column)

    def _close(self, row: int, column: Column, bit: int, count: int) -> None:
        """Take the starts away that a new appointment overlaps, and mark those beside it: `_redraw` for one booking."""
        before, units = column.held[row]
        if before or self._calendars[row].buffer:
            self._redraw(row, column)
        elif begin := column.starts[row]:
            begin &= ~((1 << count + units - 1) - 1 << bit - units + 1)
            column.starts[row] = begin
            if column.kinds[row] is ResourceKind.PRACTITIONER:
                near = _STEP << bit + count | _STEP << bit - units - GRID + 1
                column.snug[row] = (column.snug[row] | near) & begin

    def _redraw(self, row: int, column: Column) -> None:
        """Draw again where a resource can begin in a week."""
        opened, week, taken = column.open[row], column.week, self._taken
        if not opened:
            column.starts[row] = column.snug[row] = 0
            return
        before, units = column.held[row]
        calendar = self._calendars[row]
        here, previous, then, main = taken.get(week), taken.get(week - 1), taken.get(week + 1), self._main[row]
        held = here.get(main, 0) if here else 0
        last = previous.get(main, 0) >> WEEK - _REACH if previous else 0
        if then and (spilt := then.get(main, 0) & _EDGE):
            held |= spilt << WEEK
        busy = held
        if before or calendar.buffer:
            busy = padded(held << _REACH | last, calendar.buffer) >> _REACH - before
            opened = opened << before | column.before.get(row, 0)
        begin = column.starts[row] = starts(opened & ~busy, units) & _ALL
        beside = begin and (held or last) and column.kinds[row] is ResourceKind.PRACTITIONER
        column.snug[row] = begin & _beside(held, last >> _REACH - GRID, units) if beside else 0

    def _held(self, row: int, week: int) -> int:
        rows = self._taken.get(week)
        return rows.get(self._main[row], 0) if rows and row >= 0 else 0


def _append(column: Column, kind: ResourceKind) -> None:
    """Make place for one more row."""
    column.held.append(_hold(kind, column.modality))
    column.kinds.append(kind)
    for maps in (column.open, column.starts, column.snug):
        maps.append(0)


@lru_cache(maxsize=32)
def _hold(kind: ResourceKind, modality: Modality) -> tuple[int, int]:
    held = held_for(kind, modality)
    return -held.start, len(held)


def _within(span: range, week: int) -> int:
    """Return the bits of a week that lie in a span."""
    first = week * WEEK
    low, high = max(span.start - first, 0), min(span.stop - first, WEEK)
    return (1 << high) - (1 << low) if high > low else 0


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
