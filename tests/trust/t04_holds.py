"""T4, holds: of many who want to keep the same moment at the same instant one does, and so when a hold runs out."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import func, select

from server.database.engine import Database
from server.kernel.errors import Conflict
from server.kernel.ids import PromiseId
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler import store
from server.scheduler.rules.hold import HOLD_FOR
from server.scheduler.service.views import CancelReason, Choice, Hold
from server.scheduler.tables import BusyUnit
from tests.clock import MONDAY_MORNING, FakeClock
from tests.components import service_folder
from tests.databases import create_all_tables
from tests.server.scheduler.clinic import Clinic, open_clinic
from tests.trust.claims import empty_postgres, times

ID = "T4"
CLAIM = "Of fifty who hold the same moment at once one keeps it, and one when a hold runs out beside bookers"

ROUNDS, PEOPLE = 10, 50
ROUNDS_CARELESS, PEOPLE_CARELESS = 1, 8
IN_A_MONTH = FollowUpWish(30, Modality.REMOTE, with_health_worker=True)
FIRST = (MONDAY_MORNING + timedelta(days=28)).replace(hour=7)
ALL_UNITS = 4 + 5 + 4 + 4


async def _hold(clinic: Clinic, promise: PromiseId, choice: Choice) -> Hold | None:
    try:
        return await clinic.follow_ups.hold(clinic.nurse, promise, choice)
    except Conflict:
        return None


async def _book(clinic: Clinic, promise: PromiseId, choice: Choice, key: str) -> bool:
    try:
        await clinic.follow_ups.reserve(clinic.nurse, promise, choice, key)
    except Conflict:
        return False
    return True


async def _confirm(clinic: Clinic, held: Hold) -> bool:
    try:
        await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version)
    except Conflict:
        return False
    return True


async def _units(clinic: Clinic) -> int:
    async with clinic.database.reading() as tx:
        return int(await tx.scalar(select(func.count()).select_from(BusyUnit)) or 0)


async def _clear(clinic: Clinic) -> None:
    """Everybody wants the next moment too."""
    for one in await clinic.follow_ups.day_sheet(clinic.nurse, FIRST.date()):
        if one.status == "booked":
            await clinic.follow_ups.cancel(clinic.nurse, one.id, one.version, CancelReason.OTHER)
    clinic.clock.advance(HOLD_FOR)
    await clinic.follow_ups.sweep()


async def _round(clinic: Clinic, promises: list[PromiseId], starts_at: datetime, number: int) -> bool:
    """Whether one of all kept the moment; and, once that hold ran out, one of all who book, hold and confirm got it."""
    choice = clinic.choice(starts_at)
    holds = [one for one in await asyncio.gather(*(_hold(clinic, one, choice) for one in promises)) if one]
    if len(holds) != 1 or await _units(clinic) != ALL_UNITS:
        return False
    clinic.clock.advance(HOLD_FOR)
    bookers = [_book(clinic, one, choice, f"key-{number:04d}-{n:04d}") for n, one in enumerate(promises[::2])]
    holders = [_hold(clinic, one, choice) for one in promises[1::2]]
    said, kept, late = await asyncio.gather(
        asyncio.gather(*bookers), asyncio.gather(*holders), _confirm(clinic, holds[0])
    )
    one_got_it = sum(said) + sum(one is not None for one in kept) + late == 1
    units = await _units(clinic)
    await _clear(clinic)
    return one_got_it and units == ALL_UNITS and await _units(clinic) == 0


async def _on(database: Database, folder: Path, defence: bool) -> list[bool]:
    async def nobody_takes(*_: object) -> None:
        """The unit rows are not written: everybody who looked goes on."""

    off = patch.object(store, "take", nobody_takes)
    try:
        await create_all_tables(database)
        clinic = await open_clinic(database, FakeClock(), folder)
        promises = [await clinic.promised(IN_A_MONTH) for _ in range(times(PEOPLE, PEOPLE_CARELESS))]
        rounds = times(ROUNDS, ROUNDS_CARELESS) if defence else ROUNDS_CARELESS
        with nullcontext() if defence else off:
            return [
                await _round(clinic, promises, FIRST + timedelta(minutes=15 * number), number)
                for number in range(rounds)
            ]
    finally:
        await database.close()


async def attempt(defence: bool) -> tuple[int, int]:
    """Let fifty hold each of ten moments at once, on SQLite and on PostgreSQL, and let each hold run out."""
    with service_folder() as folder:
        for name in ("on-sqlite", "on-postgres"):
            (folder / name).mkdir()
        held = await _on(Database(f"sqlite:///{folder}/holds.sqlite"), folder / "on-sqlite", defence)
        async with empty_postgres(folder) as url:
            held += await _on(Database(url), folder / "on-postgres", defence)
    return len(held), sum(held)
