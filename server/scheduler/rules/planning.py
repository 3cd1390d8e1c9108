"""A territory's due follow-ups and who could serve them, and the board on which they are placed, all or none of each.

    wish ── place ──▶ placed: a doctor, and a cabin and a health worker where needed, are held on the board
      ▲────── lift ──────┘

What is booked was never free here, so that nothing on the board can move a confirmed appointment. Units are counted
from the first of the horizon; a set of units is a whole number, as in `openings`. The cost of a plan, in the coin of
`search` (one day late is 3):

    Σ days from the due date + Σ continuity  +  TRIP for each half-day on which a health worker has to come
    + for each follow-up without a moment MISSED, and up to as much again when most of its village is left out too
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from random import Random
from uuid import UUID

from server.scheduler.rules.openings import ResourceKind, padded, starts
from server.scheduler.rules.search import GRID, NEEDS

TRIP = 2  # to call a health worker out for one person costs as much as a day too early
MISSED = 80  # four weeks late: more than any moment inside a window, so that placing one more always pays
NOBODY = -1
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Diary:
    """When one resource could still take somebody: spans of units, by the cabin and in person."""

    kind: ResourceKind
    subject_id: UUID
    remote: tuple[Span, ...]
    in_person: tuple[Span, ...] = ()
    buffer: int = 0
    """Units that stay free between two people: their breaks."""


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of a window: midnight, noon, midnight, and what its distance from the due date costs."""

    start: int
    noon: int
    stop: int
    cost: int
    strict: bool = True
    """Inside the window that the doctor gave; others are for who is late already."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Diaries that are equal in cost to this wish."""

    cost: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """One due promise. Without cabins it is in person; without workers, nobody has to be beside."""

    promise_id: UUID
    village: UUID
    patient: int
    days: tuple[Day, ...]
    """The cheapest first."""
    doctors: tuple[Tier, ...]
    cabins: tuple[int, ...] = ()
    workers: tuple[Tier, ...] = ()
    accompanied: bool = False
    remote: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """All that a plan is made from: plain numbers, of no patient."""

    units: int
    grid: int
    """The first unit of the horizon on which a visit may begin; then every quarter of an hour."""
    diaries: tuple[Diary, ...]
    wishes: tuple[Wish, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where one wish stands: rows of diaries, NOBODY where none is needed. `cost` is without the trip."""

    unit: int
    doctor: int
    cabin: int
    worker: int
    cost: int
    tier: int
    """What the doctor costs: 0 is the one who asked."""
    day: Day

    @property
    def half(self) -> int:
        """The first unit of its half-day."""
        return self.day.start if self.unit < self.day.noon else self.day.noon


Plan = tuple[Placed | None, ...]
"""One entry for each wish, in order."""


class Board:
    """Diaries with wishes on them, and what they cost together."""

    def __init__(self, problem: Problem, random: Random) -> None:
        self.problem = problem
        self.random = random
        self.placed: list[Placed | None] = [None] * len(problem.wishes)
        self.size = Counter(wish.village for wish in problem.wishes)
        self.left_out = Counter(wish.village for wish in problem.wishes)
        self.cost = sum(left_out_cost(size, size) for size in self.size.values())
        self._need = [NEEDS[one.kind] for one in problem.diaries]
        self._buffer = [one.buffer for one in problem.diaries]
        self._held = [0] * len(problem.diaries)
        """What stands on the board, of those who take breaks."""
        spans = ([one.in_person for one in problem.diaries], [one.remote for one in problem.diaries])
        self._open = [[_bits(some) for some in side] for side in spans]
        self._free = [list(side) for side in self._open]
        self._starts = [
            [starts(bits, need) for bits, need in zip(side, self._need, strict=True)] for side in self._open
        ]
        grid = sum(1 << unit for unit in range(problem.grid, problem.units, GRID))
        self._windows = [_bits((day.start, day.stop) for day in wish.days) & grid for wish in problem.wishes]
        self._trips: Counter[tuple[int, int]] = Counter()
        self._halves: defaultdict[int, int] = defaultdict(int)

    def plan(self) -> Plan:
        """Return what stands on the board."""
        return tuple(self.placed)

    def options(self, number: int) -> int:
        """Return in how many moments a wish could begin now, whoever the doctor is."""
        wish = self.problem.wishes[number]
        return (
            self._moments(number) & self._any(wish, [row for tier in wish.doctors for row in tier.rows])
        ).bit_count()

    def find(self, number: int, blink: float = 0.0) -> Placed | None:
        """Return the cheapest moment for a wish, the trip counted. `blink`: how often a day is overlooked."""
        wish = self.problem.wishes[number]
        base = self._moments(number)
        best: tuple[int, Placed] | None = None
        for extra, tier, worker, bits in self._ways(wish, base) if base else ():
            for day in wish.days:
                price = extra + day.cost
                if best is not None and best[0] <= price:
                    break
                if blink and self.random.random() < blink:
                    continue
                if here := bits >> day.start & (1 << day.stop - day.start) - 1:
                    unit = day.start + (here & -here).bit_length() - 1
                    best = price, self._at(wish, unit, tier, worker, day)
                    break
            if best is not None and best[0] <= extra:
                break
        return best[1] if best else None

    def place(self, number: int, at: Placed) -> None:
        """Put a wish on the board. Raises ValueError when any of those whom it needs is not free."""
        wish = self.problem.wishes[number]
        rows = self._rows(wish, at)
        if self.placed[number] is not None or not all(self._begins(wish, row, at.unit) for row in rows):
            raise ValueError(number)
        for row in rows:
            self._take(row, at.unit)
        self.placed[number] = at
        self.cost += at.cost + self._left_out(wish.village, -1)
        if at.worker != NOBODY:
            self._count_trip(at, 1)

    def lift(self, number: int) -> Placed | None:
        """Take a wish off the board, and return where it stood."""
        at = self.placed[number]
        if at is None:
            return None
        wish = self.problem.wishes[number]
        for row in self._rows(wish, at):
            self._give_back(row, at.unit)
        self.placed[number] = None
        self.cost += self._left_out(wish.village, 1) - at.cost
        if at.worker != NOBODY:
            self._count_trip(at, -1)
        return at

    def _moments(self, number: int) -> int:
        wish = self.problem.wishes[number]
        bits = self._windows[number] & self._starts[wish.remote][wish.patient]
        return bits & self._any(wish, wish.cabins) if wish.remote else bits

    def _any(self, wish: Wish, rows: Iterable[int]) -> int:
        side = self._starts[wish.remote]
        return reduce(or_, (side[row] for row in rows), 0)

    def _ways(self, wish: Wish, base: int) -> list[tuple[int, Tier, int, int]]:
        """Return each choice of a tier of doctors and a worker: its price, and when it could be; cheapest first."""
        beside = list(self._beside(wish, base))
        found = [
            (tier.cost + price, tier, worker, both)
            for tier in wish.doctors
            if (bits := base & self._any(wish, tier.rows))
            for price, worker, theirs in beside
            if (both := bits & theirs)
        ]
        return sorted(found, key=lambda way: way[0])

    def _beside(self, wish: Wish, base: int) -> Iterator[tuple[int, int, int]]:
        if not wish.accompanied:
            yield 0, NOBODY, base
            return
        for tier in wish.workers:
            for row in tier.rows:
                bits = base & self._starts[wish.remote][row]
                if there := bits & self._halves[row]:
                    yield tier.cost, row, there
                if away := bits & ~self._halves[row]:
                    yield tier.cost + TRIP, row, away

    def _at(self, wish: Wish, unit: int, tier: Tier, worker: int, day: Day) -> Placed:
        side = self._starts[wish.remote]
        doctors = [row for row in tier.rows if side[row] >> unit & 1]
        cabins = [row for row in wish.cabins if side[row] >> unit & 1] if wish.remote else [NOBODY]
        beside = next((one.cost for one in wish.workers if worker in one.rows), 0)
        doctor, cabin = self.random.choice(doctors), self.random.choice(cabins)
        return Placed(unit, doctor, cabin, worker, day.cost + tier.cost + beside, tier.cost, day)

    @staticmethod
    def _rows(wish: Wish, at: Placed) -> list[int]:
        return [row for row in (at.doctor, at.cabin, at.worker, wish.patient) if row != NOBODY]

    def _begins(self, wish: Wish, row: int, unit: int) -> bool:
        return bool(self._starts[wish.remote][row] >> unit & 1)

    def _take(self, row: int, unit: int) -> None:
        need = self._need[row]
        if self._buffer[row]:
            self._hold(row, self._held[row] | (1 << need) - 1 << unit)
            return
        held, touched = (1 << need) - 1 << unit, _bits([(max(unit - need + 1, 0), unit + need)])
        for free, begin in zip(self._free, self._starts, strict=True):
            free[row] &= ~held
            begin[row] &= ~touched

    def _give_back(self, row: int, unit: int) -> None:
        held = (1 << self._need[row]) - 1 << unit
        if self._buffer[row]:
            self._hold(row, self._held[row] & ~held)
            return
        for opened, free, begin in zip(self._open, self._free, self._starts, strict=True):
            free[row] |= held & opened[row]
            begin[row] = starts(free[row], self._need[row])

    def _hold(self, row: int, held: int) -> None:
        """Draw anew somebody who takes breaks: these may reach into each other."""
        self._held[row], busy = held, padded(held, self._buffer[row])
        for opened, free, begin in zip(self._open, self._free, self._starts, strict=True):
            free[row] = opened[row] & ~busy
            begin[row] = starts(free[row], self._need[row])

    def _left_out(self, village: UUID, step: int) -> int:
        size, before = self.size[village], self.left_out[village]
        self.left_out[village] += step
        return left_out_cost(size, before + step) - left_out_cost(size, before)

    def _count_trip(self, at: Placed, step: int) -> None:
        key = at.worker, at.half
        before = self._trips[key]
        self._trips[key] += step
        if not before or not before + step:
            self.cost += TRIP * step
            stop = at.day.noon if at.unit < at.day.noon else at.day.stop
            self._halves[at.worker] ^= _bits([(at.half, stop)])


def left_out_cost(size: int, count: int) -> int:
    """Return what a village pays for `count` of its `size` wishes without a moment: each one more than the last."""
    return sum(MISSED + MISSED * nth // size for nth in range(count))


def cost_of(problem: Problem, plan: Plan) -> int:
    """Return what a plan costs, counted from nothing: the board counts as it goes, and is held to this by a test."""
    trips = {(at.worker, at.half) for at in plan if at is not None and at.worker != NOBODY}
    size = Counter(wish.village for wish in problem.wishes)
    out = Counter(wish.village for wish, at in zip(problem.wishes, plan, strict=True) if at is None)
    missed = sum(left_out_cost(size[village], count) for village, count in out.items())
    return sum(at.cost for at in plan if at is not None) + TRIP * len(trips) + missed


def _bits(spans: Iterable[Span]) -> int:
    return reduce(or_, ((1 << stop - start) - 1 << start for start, stop in spans if stop > start), 0)
