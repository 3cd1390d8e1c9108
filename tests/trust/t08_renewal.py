"""T8, patients' own keys: renewed under write load with an interruption, nothing is lost, and no key ends too early."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from server.database.engine import Database
from server.kernel.clock import utc_now
from server.kernel.errors import CannotOpen
from server.records.renewal import service as renewal_service
from server.records.renewal.service import ENDS_AFTER, Renewal
from server.records.seal import vault as vault_module
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.records.seal.vault import PatientVault
from tests.databases import create_all_tables
from tests.server.records.village import settle
from tests.trust.claims import times
from tests.trust.t08_rotation import FAST, WRITERS, Practice, Stopped, opens, populate

ID = "T8"
CLAIM = "Patients' own keys renewed under the same load lose nothing, and end only when nothing needs them"

PATIENTS, FEW = 1_000, 12


def later() -> datetime:
    """When the older keys may end; nobody waits for it."""
    return utc_now() + ENDS_AFTER + timedelta(minutes=1)


@contextmanager
def careless(defence: bool) -> Iterator[None]:
    """Without the defence nobody looks whether something still needs the older key."""
    counted = renewal_service.store.count_older
    vault_module.log.disabled = True
    if not defence:

        async def nothing(*_: object) -> int:
            return 0

        renewal_service.store.count_older = nothing
    try:
        yield
    finally:
        renewal_service.store.count_older = counted
        vault_module.log.disabled = False


async def _cut(renewal: Renewal, practice: Practice) -> None:
    """Begin, and be stopped after half of the patients; of the next the key is made and nothing else is done."""
    seen = 0

    def interrupt(_more: int) -> None:
        nonlocal seen
        seen += 1
        if seen > len(practice.versions) // 4:
            raise Stopped

    with suppress(Stopped):
        await renewal.renew(list(practice.versions), FAST, interrupt)
    for patient in list(practice.versions)[-5:]:
        await renewal._begin(patient)


async def attempt(defence: bool) -> tuple[int, int]:
    """Renew beside four writers; then open everything once the older keys have ended."""
    with careless(defence), tempfile.TemporaryDirectory() as name:
        key_file = init_key(Path(name) / "keys.json").path
        database, beside = Database(f"sqlite:///{name}/a.db"), Database(f"sqlite:///{name}/a.db")
        try:
            await create_all_tables(database)
            village = await settle(database)
            practice = Practice(database, await unlock(database, key_file, utc_now), village.site)
            await populate(practice, times(PATIENTS, FEW) if defence else FEW)
            return await _renewed_beside(practice, beside, defence)
        finally:
            await database.close()
            await beside.close()


async def _renewed_beside(practice: Practice, beside: Database, defence: bool) -> tuple[int, int]:
    keyring = practice.vault.keyring
    renewal = Renewal(beside, PatientVault(keyring, utc_now, ended_too=True), utc_now)
    ending = Renewal(beside, PatientVault(keyring, utc_now, ended_too=True), later)
    writers = [asyncio.create_task(practice.write(number)) for number in range(WRITERS)]
    await _cut(renewal, practice)
    if defence:
        await renewal.renew(await renewal.chosen([], later()), FAST)
    practice.closed = True
    await asyncio.gather(*writers)
    practice.vault.forget()
    for patient in await ending.chosen([], None):
        await (ending.renew([patient], FAST) if defence else ending._end(patient, 2))
    held = 0
    for patient, row_ver in practice.versions.items():
        with suppress(CannotOpen):
            held += await opens(practice.database, practice.vault, patient, row_ver)
    ended = not await ending.chosen([], None)
    return len(practice.versions) + practice.acts + 1, held + practice.acts - practice.errors + ended
