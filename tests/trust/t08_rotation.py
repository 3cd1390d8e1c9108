"""T8: the master key is changed under write load, and nothing that was sealed is lost."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import insert, select, update

from server.database.engine import Database
from server.kernel.clock import utc_now
from server.kernel.errors import CannotOpen, ClinicError
from server.kernel.ids import PatientId, new_id
from server.kernel.sealing import Place
from server.people.rules import IdentityStatus
from server.people.tables import PatientRow
from server.records.seal import rotation as rotation_module
from server.records.seal import vault as vault_module
from server.records.seal.envelope import FreshKey, seal_field
from server.records.seal.keeper import KeyKeeper
from server.records.seal.keyring import init_key
from server.records.seal.providers import FileProvider
from server.records.seal.rotation import NotNow, Rotation
from server.records.seal.start import unlock
from server.records.seal.tables import PatientKey
from server.records.seal.vault import PatientVault
from tests.databases import create_all_tables
from tests.server.records.village import settle

ID = "T8"
CLAIM = "A master key changed under write load loses nothing: 20,000 patient keys, 4 writers, then the old key removed"

PATIENTS = 20_000
FEW = 1_000  # are enough to see a key removed too early
WRITERS = 4
FAST = 10_000_000
BULK = 2_000


class Stopped(Exception):
    """Somebody pressed Ctrl-C during the rewrap."""


def place(patient: PatientId, row_ver: int) -> Place:
    """Where a patient's words lie."""
    return Place("patient", "sealed_traits", patient, patient, row_ver)


def words(patient: PatientId, row_ver: int) -> bytes:
    """What is sealed for a patient: to be found again, word for word."""
    return f"{patient} {row_ver}".encode()


@dataclass
class Practice:
    """A server at work: writers that seal, register and read, and what went wrong for them."""

    database: Database
    vault: PatientVault
    site: object
    versions: dict[PatientId, int] = field(default_factory=dict)
    acts: int = 0
    errors: int = 0
    closed: bool = False

    async def write(self, number: int) -> None:
        """Work until the practice closes."""
        dice = random.Random(number)
        mine = [patient for at, patient in enumerate(self.versions) if at % WRITERS == number]
        while not self.closed:
            self.acts += 1
            try:
                if dice.random() < 0.1:
                    mine.append(await self._register())
                else:
                    await self._save(dice.choice(mine))
                await self._read(dice.choice(mine))
            except (ClinicError, CannotOpen):
                self.errors += 1
            await asyncio.sleep(0)

    async def _register(self) -> PatientId:
        patient = PatientId(new_id())
        async with self.database.transaction() as tx:
            await self.vault.make_key(tx, patient)
            sealed = await self.vault.seal(tx, place(patient, 1), words(patient, 1))
            await tx.execute(insert(PatientRow).values(**_row(patient, self.site, sealed)))
        self.versions[patient] = 1
        return patient

    async def _save(self, patient: PatientId) -> None:
        row_ver = self.versions[patient] + 1
        async with self.database.transaction() as tx:
            sealed = await self.vault.seal(tx, place(patient, row_ver), words(patient, row_ver))
            changed = {"sealed_traits": sealed, "row_ver": row_ver}
            await tx.execute(update(PatientRow.__table__).where(PatientRow.id == patient).values(**changed))  # type: ignore[arg-type]
        self.versions[patient] = row_ver

    async def _read(self, patient: PatientId) -> None:
        self.errors += not await opens(self.database, self.vault, patient, self.versions[patient])


async def opens(database: Database, vault: PatientVault, patient: PatientId, row_ver: int) -> bool:
    """Whether a patient's words are there, as they were written last."""
    async with database.reading() as tx:
        sealed = (await tx.execute(select(PatientRow.sealed_traits).where(PatientRow.id == patient))).scalar_one()
        return await vault.open(tx, place(patient, row_ver), sealed) == words(patient, row_ver)


def _row(patient: PatientId, site: object, sealed: bytes) -> dict[str, object]:
    kept = {"id": patient, "site_id": site, "sealed_traits": sealed, "status": IdentityStatus.PROV}
    return kept | {"fictitious": True, "created_at": utc_now(), "row_ver": 1}


async def populate(practice: Practice, count: int) -> None:
    """Write many patients in few transactions."""
    master = practice.vault.keyring.newest
    for _ in range(count // BULK or 1):
        patients, keys = [], []
        for _ in range(min(count, BULK)):
            patient = PatientId(new_id())
            fresh = FreshKey.make(master, patient, 1)
            sealed = seal_field(fresh.key, place(patient, 1), words(patient, 1))
            patients.append(_row(patient, practice.site, sealed))
            kept = {"patient_id": patient, "ver": 1, "kek_id": master.id, "wrapped": fresh.wrapped}
            keys.append({**kept, "commit_tag": fresh.commit_tag, "created_at": utc_now()})
            practice.versions[patient] = 1
        async with practice.database.transaction() as tx:
            await tx.execute(insert(PatientRow), patients)
            await tx.execute(insert(PatientKey), keys)


async def rotate(rotation: Rotation, provider: FileProvider, keeper: KeyKeeper) -> None:
    """The whole rotation as the runbook tells it, with an interruption, and an impatient hand in between."""
    provider.add()
    await keeper.look()
    await rotation.promote("k2")

    def interrupt(_more: int) -> None:
        raise Stopped

    with suppress(Stopped):
        await rotation.rewrap(FAST, interrupt)
    try:
        await rotation.drop("k1", no_backup_needs_it=True)
        await keeper.look()
        return  # only a careless rotation comes here
    except NotNow:
        pass
    while await rotation.left():
        await rotation.rewrap(FAST)
    await rotation.drop("k1", no_backup_needs_it=True)
    await keeper.look()


@contextmanager
def careless(defence: bool) -> Iterator[None]:
    """Without the defence, nobody counts who still needs the old key before it is removed."""
    counted = rotation_module.store.keys_in_need
    vault_module.log.disabled = True
    if not defence:

        async def nobody(_tx: object) -> dict[str, int]:
            return {}

        rotation_module.store.keys_in_need = nobody
    try:
        yield
    finally:
        rotation_module.store.keys_in_need = counted
        vault_module.log.disabled = False


async def attempt(defence: bool) -> tuple[int, int]:
    """Rotate on SQLite."""
    with careless(defence), tempfile.TemporaryDirectory() as name:
        return await on(f"sqlite:///{name}/rotation.db", Path(name), PATIENTS if defence else FEW)


async def on(url: str, folder: Path, patients: int) -> tuple[int, int]:
    """Rotate beside four writers; then open everything with the new key file alone, as after a restart."""
    key_file = init_key(folder / "keys.json").path
    database, beside = Database(url), Database(url)
    try:
        await create_all_tables(database)
        village = await settle(database)
        practice = Practice(database, await unlock(database, key_file, utc_now), village.site)
        await populate(practice, patients)
        provider = FileProvider(key_file)
        keeper = KeyKeeper(database, provider, practice.vault, utc_now, f"node-{os.getpid()}")
        await keeper.look()
        writers = [asyncio.create_task(practice.write(number)) for number in range(WRITERS)]
        await rotate(Rotation(beside, FileProvider(key_file), utc_now), provider, keeper)
        practice.closed = True
        await asyncio.gather(*writers)
        return await _found_again(practice, PatientVault(provider.load(), utc_now))
    finally:
        await beside.close()
        await database.close()


async def _found_again(practice: Practice, vault: PatientVault) -> tuple[int, int]:
    held = 0
    patients = list(practice.versions)
    for start in range(0, len(patients), BULK):
        some = patients[start : start + BULK]
        async with practice.database.reading() as tx:
            await vault.warm(tx, some)
            rows = await _sealed(tx, some)
            for patient in some:
                try:
                    row_ver = practice.versions[patient]
                    found = await vault.open(tx, place(patient, row_ver), rows[patient])
                    held += found == words(patient, row_ver)
                except CannotOpen:
                    continue
    return len(patients) + practice.acts, held + practice.acts - practice.errors


async def _sealed(tx: object, patients: list[PatientId]) -> dict[PatientId, bytes]:
    found: dict[PatientId, bytes] = {}
    for start in range(0, len(patients), 500):
        query = select(PatientRow.id, PatientRow.sealed_traits).where(PatientRow.id.in_(patients[start : start + 500]))
        found |= {row.id: row.sealed_traits for row in await tx.execute(query)}  # type: ignore[attr-defined]
    return found
