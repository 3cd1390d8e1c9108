"""Finding moments for one patient in a large territory: by the index, and by loops over SQL rows, in the same run.

300 cabins, 1,500 practitioners and 300 health workers with hours of their own, holidays, leave and bookings, over
twelve months of five-minute units. Both ways must answer with the same moments. Deterministic but for the times.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from server.database.engine import Database
from server.kernel.ids import ResourceId, new_id
from server.records.rules.note import Modality
from server.scheduler import store
from server.scheduler.live.service import LiveIndex
from server.scheduler.rules.index import WEEK, Index
from server.scheduler.rules.openings import Calendar, ResourceKind
from server.scheduler.rules.promise import Window
from server.scheduler.rules.scan import Scan, Tier
from server.scheduler.rules.search import NEEDS, Answer, Ask, Candidate, Sides, search
from server.scheduler.rules.units import day_units, unit_of
from signalling.redis_bus import RedisBus
from tests import components
from tests.bench import Figure, at_least, at_most, quantile
from tests.bench.scheduling.territory import TODAY, ZONE, Territory, invented, write
from tests.clock import FakeClock
from tests.databases import create_all_tables
from tests.server.scheduler.clinic import NEXT_MONDAY, open_clinic

SEED = 20261122
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
WANTED, QUESTIONS, SLOWLY = 20, 60, 3
OWN, TEAM, STRANGER = 0, 6, 12
FOUR_WEEKS, YEAR = 14, 182  # days before and after the due date
_Side = tuple[tuple[int, tuple[Calendar, ...]], ...]


@dataclass(frozen=True)
class Question:
    """One patient's: their doctor, and whoever else may serve, by what choosing them costs."""

    ask: Ask
    sides: dict[ResourceKind, _Side]
    patient: Calendar

    def scan(self, index: Index) -> Answer:
        """By the index."""
        tiers = {
            kind: tuple(Tier(cost, index.rows(one.subject_id for one in some)) for cost, some in side)
            for kind, side in self.sides.items()
        }
        began = time.perf_counter()
        answer = Scan(index, self.ask, tiers, self.patient).search(WANTED)
        self_took.append(1000 * (time.perf_counter() - began))
        return answer

    async def loop(self, database: Database) -> Answer:
        """By loops over the rows that SQL gives."""
        everyone = [one.subject_id for side in self.sides.values() for _, some in side for one in some]
        days = self.ask.window
        span = range(day_units(days.earliest_on, ZONE).start, day_units(days.latest_on, ZONE).stop)
        async with database.reading() as tx:
            known = await store.calendars(tx, everyone, span)
        sides: Sides = {kind: _candidates(side, known) for kind, side in self.sides.items()}
        return search(self.ask, {**sides, ResourceKind.PATIENT: (Candidate(self.patient),)}, WANTED)


self_took: list[float] = []


def _candidates(side: _Side, known: dict[UUID, Calendar]) -> tuple[Candidate, ...]:
    cheapest: dict[UUID, int] = {}
    for cost, some in side:
        for one in some:
            cheapest.setdefault(one.subject_id, cost)
    return tuple(Candidate(known[subject], cost) for subject, cost in cheapest.items())


def asked(territory: Territory, dice: Random, doctors: int, around: int) -> Question:
    """A person with a doctor of their own, three cabins near, three nurses; `doctors` others when all else fails."""
    due_on = TODAY + timedelta(days=dice.randrange(14, 60) if around < YEAR else YEAR)
    patient = Calendar(ResourceId(new_id()), ResourceKind.PATIENT, new_id(), ZONE)
    own = dice.choice(territory.doctors)
    practitioners: _Side = ((OWN, (own,)),)
    if doctors > 1:
        team = tuple(dice.sample(territory.doctors, 8))
        practitioners += ((TEAM, team), (STRANGER, tuple(territory.doctors[:doctors])))
    sides = {
        ResourceKind.PRACTITIONER: practitioners,
        ResourceKind.CABIN: ((0, tuple(dice.sample(territory.cabins, 3))),),
        ResourceKind.HEALTH_WORKER: ((0, tuple(dice.sample(territory.workers, 3))),),
    }
    window = Window(due_on, due_on - timedelta(days=around), due_on + timedelta(days=around))
    return Question(Ask(window, ZONE, Modality.REMOTE, NOW), sides, patient)


async def run() -> list[Figure]:
    """Fill the index from SQL, ask both ways, then book."""
    began = time.monotonic()
    territory = invented(SEED)
    with components.service_folder() as folder:
        database = Database(f"sqlite:///{folder}/territory.db")
        await create_all_tables(database)
        units = write(territory, folder / "territory.db")
        print(f"{units} units held, written after {time.monotonic() - began:.0f} s", file=sys.stderr)
        figures = await _measured(territory, database)
        await database.close()
        figures.append(at_most("a booking is seen by the search of another process", await _seen(folder), "s", 1))
    print(f"All of it in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return figures


async def _measured(territory: Territory, database: Database) -> list[Figure]:
    live = LiveIndex(database, lambda: NOW)
    first = unit_of(NOW) // WEEK
    weeks = range(first - 1, first + 54)
    began = time.perf_counter()
    await live.catch_up(weeks)
    read = time.perf_counter() - began
    for week in weeks:
        live.index.column(Modality.REMOTE, week)
    whole = time.perf_counter() - began
    index, size = live.index, _bytes(live.index) / 2**20
    rows = {"rows": len(index), "weeks": len(weeks), "read from SQL s": read}
    return [
        at_most("fill the index of twelve months from SQL", whole, "s", 15, rows),
        at_most("memory of the index", size, "MB", 200),
        *await _asked(territory, database, index, "own doctor, four weeks", 1, FOUR_WEEKS, 1.0),
        *await _asked(territory, database, index, "any of 1500, four weeks", 1500, FOUR_WEEKS, 5.0),
        *await _asked(territory, database, index, "any of 1500, the whole year", 1500, YEAR, 10.0),
        *_growth(territory, index),
        _booked(territory, index),
    ]


async def _asked(
    territory: Territory, database: Database, index: Index, name: str, doctors: int, around: int, goal: float
) -> list[Figure]:
    dice = Random(SEED)
    questions = [asked(territory, dice, doctors, around) for _ in range(QUESTIONS)]
    questions[0].scan(index)
    self_took.clear()
    answers = [question.scan(index) for question in questions]
    quick = list(self_took)
    slow, same = [], 0
    for question, answer in list(zip(questions, answers, strict=True))[:SLOWLY]:
        began = time.perf_counter()
        same += await question.loop(database) == answer
        slow.append(1000 * (time.perf_counter() - began))
    beside = {
        "p95": quantile(quick, 0.95),
        "loops over SQL rows": min(slow),
        "found": sum(len(one.found) for one in answers) / QUESTIONS,
    }
    ratio = min(slow) / quantile(quick, 0.5)
    return [
        at_most(f"first {WANTED} moments, {name}: median", quantile(quick, 0.5), "ms", goal, beside),
        at_least(f"the same: loops over SQL rows ÷ index, {name}", ratio, "x", 100, {"same answers": same / SLOWLY}),
    ]


def _growth(territory: Territory, index: Index) -> list[Figure]:
    """How the time grows with those who could serve, and with the days."""

    def median(doctors: int, around: int) -> float:
        dice = Random(SEED)
        self_took.clear()
        for _ in range(20):
            asked(territory, dice, doctors, around).scan(index)
        return quantile(self_took, 0.5)

    by_doctors = {f"{doctors} doctors": median(doctors, FOUR_WEEKS) for doctors in (1, 50, 150, 500, 1500)}
    by_days = {f"{2 * around + 1} days": median(1500, around) for around in (3, FOUR_WEEKS, 45, YEAR)}
    return [
        at_most(
            "growth with doctors, four weeks: 1500 ÷ 50",
            by_doctors["1500 doctors"] / by_doctors["50 doctors"],
            "x",
            30,
            by_doctors,
        ),
        at_most(
            "growth with days, 1500 doctors: a year ÷ four weeks",
            by_days["365 days"] / by_days["29 days"],
            "x",
            13,
            by_days,
        ),
    ]


def _booked(territory: Territory, index: Index) -> Figure:
    """How long one booking takes the index: doctor, cabin and health worker, drawn again."""
    dice, took = Random(SEED), []
    for _ in range(2000):
        three = [dice.choice(side) for side in (territory.doctors, territory.cabins, territory.workers)]
        unit = unit_of(NOW) + dice.randrange(50 * WEEK)
        began = time.perf_counter()
        for one in three:
            index.book(one.resource_id, unit, NEEDS[one.kind])
        took.append(1e6 * (time.perf_counter() - began))
    return at_most(
        "one booking: the index drawn again, median", quantile(took, 0.5), "µs", 10, {"p95": quantile(took, 0.95)}
    )


def _bytes(index: Index) -> int:
    """What the maps hold: each number once."""
    seen: dict[int, int] = {}
    columns, taken = list(index._every_column()), index._taken.values()
    for maps in [one for column in columns for one in (column.open, column.starts, column.snug)]:
        seen[id(maps)] = sys.getsizeof(maps)
        seen |= {id(bits): sys.getsizeof(bits) for bits in maps}
    for rows in taken:
        seen[id(rows)] = sys.getsizeof(rows)
        seen |= {id(bits): sys.getsizeof(bits) for bits in rows.values()}
    return sum(seen.values())


async def _seen(folder: Path) -> float:
    """Book in this process, and hear from another when its index knows."""
    database = Database(f"sqlite:///{folder}/clinic.db")
    await create_all_tables(database)
    clinic = await open_clinic(database, FakeClock(), folder)
    promise, practitioner = await clinic.promised(), clinic.village.gp.practitioner_id
    with components.redis(folder) as port:
        address = f"redis://127.0.0.1:{port}/0"
        bus = RedisBus(address)
        await bus.start()
        clinic.follow_ups._live = LiveIndex(database, FakeClock(), bus)
        words = [f"sqlite:///{folder}/clinic.db", address, str(practitioner), str(unit_of(NEXT_MONDAY))]
        module = ["-m", "tests.bench.scheduling.other", *words]
        other = await asyncio.create_subprocess_exec(sys.executable, *module, stdout=asyncio.subprocess.PIPE)
        assert other.stdout is not None
        assert await other.stdout.readline() == b"free\n"
        await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
        booked_at = time.time()
        told = (await other.stdout.readline()).split()
        await other.wait()
        await bus.close()
    await database.close()
    return max(0.0, float(told[1]) - booked_at)
