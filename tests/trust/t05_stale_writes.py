"""T5, second part: a doctor whose patient went to another one writes nothing any more, however late it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import update

from server.database.engine import Database
from server.encounters.rules import CallStatus
from server.encounters.tables import EncounterRow
from server.kernel.access import Identity
from server.kernel.errors import ClinicError
from server.kernel.ids import EncounterId
from tests.clock import FakeClock
from tests.components import service_folder
from tests.databases import create_all_tables
from tests.server.encounters.village import settle
from tests.trust.claims import empty_postgres, times
from tests.trust.t05_one_doctor import Stage

ID = "T5"
CLAIM = "What a doctor still says of a patient who went to another one is refused, every time"

VISITS, FEW = 100, 5
Write = Callable[[Identity, EncounterId], Awaitable[object]]


def _writes(stage: Stage, defence: bool) -> list[Write]:
    """What a window that was left open may still say."""
    village = stage.village

    async def careless(_who: Identity, encounter_id: EncounterId) -> None:
        """Turn the defence off: end the call of whoever has the visit now."""
        late = update(EncounterRow).where(EncounterRow.id == encounter_id).values(call=CallStatus.ENDED)
        async with village.database.transaction() as tx:
            await tx.execute(late)

    if not defence:
        return [careless]
    calls, queue = village.calls, village.queue
    return [
        lambda who, visit: calls.hang_up(who, visit),
        lambda who, visit: calls.connected(who, visit),
        lambda who, visit: calls.seat_ticket(who, visit),
        lambda who, visit: queue.release(who, visit),
        lambda who, visit: queue.ring(who, visit),
    ]


async def _refused(write: Write, who: Identity, encounter_id: EncounterId) -> bool:
    try:
        await write(who, encounter_id)
    except ClinicError:
        return True
    return False


async def _one_visit(stage: Stage, writes: list[Write]) -> bool:
    """Whether everything that the former doctor says is refused, and the visit stays as the present one has it."""
    former, present = stage.doctors
    encounter_id = await stage.visit()
    await stage.village.queue.claim(former, encounter_id)
    await stage.village.queue.release(former, encounter_id)
    await stage.village.queue.claim(present, encounter_id)
    before = await stage.village.look(encounter_id)
    refused = await asyncio.gather(*(_refused(write, former, encounter_id) for write in writes))
    kept = await stage.village.look(encounter_id)
    await stage.close(encounter_id)
    return all(refused) and kept == before and (kept.practitioner_id, kept.fence) == (present.practitioner_id, 2)


async def _on(database: Database, folder: Path, defence: bool) -> list[bool]:
    try:
        await create_all_tables(database)
        village = await settle(database, FakeClock(), folder)
        doctors = [await village.add_doctor(f"Dr {number}") for number in range(2)]
        stage = Stage(village, doctors, await village.patient())
        visits = times(VISITS, FEW) if defence else FEW
        return [await _one_visit(stage, _writes(stage, defence)) for _ in range(visits)]
    finally:
        await database.close()


async def attempt(defence: bool) -> tuple[int, int]:
    """Let the former doctor speak on, on SQLite and on PostgreSQL."""
    with service_folder() as folder:
        held = await _on(Database(f"sqlite:///{folder}/stale.sqlite"), folder, defence)
    with service_folder() as folder:
        async with empty_postgres(folder) as url:
            held += await _on(Database(url), folder, defence)
    return len(held), sum(held)
