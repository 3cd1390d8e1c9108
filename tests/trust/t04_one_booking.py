"""T4: of many who book the same moment at the same instant, one gets it, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import func, select, update

from server.database.engine import Database
from server.kernel.errors import Conflict
from server.kernel.ids import AppointmentId, PromiseId, new_id
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.service.views import CancelReason, Choice
from server.scheduler.tables import Appointment, BusyUnit, FollowUpPromise
from tests.clock import MONDAY_MORNING, FakeClock
from tests.components import service_folder
from tests.databases import create_all_tables
from tests.server.scheduler.clinic import Clinic, open_clinic
from tests.trust.claims import empty_postgres, times

ID = "T4"
CLAIM = "Of fifty people who book the same moment at once, exactly one gets it, and nobody is expected twice"

SLOTS, BOOKERS = 100, 50
SLOTS_CARELESS, BOOKERS_CARELESS = 5, 10  # enough to see it fail
IN_A_MONTH = FollowUpWish(30, Modality.REMOTE, with_health_worker=True)
FIRST_DAY = MONDAY_MORNING + timedelta(days=28)  # Monday the 30th, 10:00 in Paris: the clocks went forward on Sunday
A_DAY = 28  # quarter-hours from 9:00 to 15:45: the next one begins before the cabin closes at 17:00
ALL_UNITS = 4 + 5 + 4 + 4
Books = Callable[[PromiseId, Choice], Awaitable[bool]]


def _moments() -> list[datetime]:
    """A hundred quarter-hours of four working days."""
    nine = FIRST_DAY.replace(hour=7)
    return [nine + timedelta(days=n // A_DAY, minutes=15 * (n % A_DAY)) for n in range(SLOTS)]


@dataclass(frozen=True)
class Stage:
    """A clinic with fifty people who all want the same."""

    clinic: Clinic
    promises: list[PromiseId]
    keys: count[int]

    async def careful(self, promise: PromiseId, choice: Choice) -> bool:
        """Book as the house does."""
        try:
            await self.clinic.follow_ups.reserve(self.clinic.nurse, promise, choice, f"key-{next(self.keys):08d}")
        except Conflict as lost:
            if lost.code != "slot-taken":
                raise
            return False
        return True

    async def careless(self, promise: PromiseId, choice: Choice) -> bool:
        """Book as many do: look whether the moment is free, then write that it is taken."""
        async with self.clinic.database.reading() as tx:
            taken = await tx.scalar(self._overlapping(choice.starts_at))
        if taken:
            return False
        row = Appointment(
            id=AppointmentId(new_id()),
            patient_id=(await self.clinic.stored(promise)).patient_id,
            promise_id=promise,
            site_id=self.clinic.village.site,
            practitioner_id=choice.practitioner_id,
            cabin_id=choice.cabin_id,
            health_worker_id=choice.health_worker_id,
            status=AppointmentStatus.BOOKED,
            modality=Modality.REMOTE,
            starts_at=choice.starts_at,
            ends_at=choice.starts_at + timedelta(minutes=20),
            wall_time="-",
            zone="-",
            zone_version="-",
            booked_at=self.clinic.clock(),
        )
        async with self.clinic.database.transaction() as tx:
            tx.add(row)
        return True

    async def booked(self) -> tuple[list[Appointment], int]:
        """Who is expected now, and how many units are held for them."""
        async with self.clinic.database.reading() as tx:
            rows = await tx.scalars(select(Appointment).where(Appointment.status == AppointmentStatus.BOOKED))
            return list(rows), int(await tx.scalar(select(func.count()).select_from(BusyUnit)) or 0)

    async def clear(self, rows: list[Appointment], defence: bool) -> None:
        """Cancel what was booked, so that all fifty want the next moment too."""
        if defence:
            for row in rows:
                await self.clinic.follow_ups.cancel(self.clinic.nurse, row.id, row.version, CancelReason.OTHER)
            return
        async with self.clinic.database.transaction() as tx:
            await tx.execute(update(Appointment).values(status=AppointmentStatus.CANCELLED))
            await tx.execute(update(FollowUpPromise).values(status=PromiseStatus.DUE))

    @staticmethod
    def _overlapping(starts_at: datetime) -> object:
        near = timedelta(minutes=20)
        return select(func.count()).where(
            Appointment.status == AppointmentStatus.BOOKED,
            Appointment.starts_at > starts_at - near,
            Appointment.starts_at < starts_at + near,
        )


async def _one_slot(stage: Stage, starts_at: datetime, defence: bool) -> bool:
    """Whether one of fifty got the moment, or the one a quarter of an hour later that overlaps with it."""
    book: Books = stage.careful if defence else stage.careless
    later = starts_at + timedelta(minutes=15)
    wanted = [
        stage.clinic.choice(later if number % 2 else starts_at) for number in range(times(BOOKERS, BOOKERS_CARELESS))
    ]
    won = await asyncio.gather(*map(book, stage.promises, wanted))
    rows, units = await stage.booked()
    await stage.clear(rows, defence)
    return sum(won) == len(rows) == 1 and units == (ALL_UNITS if defence else 0)


async def _on(database: Database, folder: Path, defence: bool) -> list[bool]:
    try:
        await create_all_tables(database)
        clinic = await open_clinic(database, FakeClock(), folder)
        promises = [await clinic.promised(IN_A_MONTH) for _ in range(times(BOOKERS, BOOKERS_CARELESS))]
        stage = Stage(clinic, promises, count())
        moments = _moments()[: times(SLOTS, SLOTS_CARELESS) if defence else SLOTS_CARELESS]
        return [await _one_slot(stage, starts_at, defence) for starts_at in moments]
    finally:
        await database.close()


async def attempt(defence: bool) -> tuple[int, int]:
    """Let fifty people book each of a hundred moments at once, on SQLite and on PostgreSQL."""
    with service_folder() as folder:
        for name in ("on-sqlite", "on-postgres"):
            (folder / name).mkdir()
        held = await _on(Database(f"sqlite:///{folder}/bookings.sqlite"), folder / "on-sqlite", defence)
        async with empty_postgres(folder) as url:
            held += await _on(Database(url), folder / "on-postgres", defence)
    return len(held), sum(held)
