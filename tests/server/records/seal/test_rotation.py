"""The life of a master key on real databases: no server is overtaken, no patient key is lost, no needed key goes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from server.audit.tables import AuditEvent
from server.database.engine import Database
from server.kernel.ids import PatientId, new_id
from server.kernel.sealing import Place
from server.records.seal import rotation as rotation_module
from server.records.seal import store
from server.records.seal.envelope import FreshKey
from server.records.seal.keeper import LIVE_FOR
from server.records.seal.providers import FileProvider
from server.records.seal.rotation import BACKUPS_KEPT_FOR, NotNow, Rotation
from server.records.seal.start import unlock
from server.records.seal.tables import PatientKey
from server.records.seal.vault import PatientVault
from tests.clock import FakeClock
from tests.server.records.village import Village, add_patient, settle

FAST = 1_000_000


@pytest.fixture
def provider(key_file: Path) -> FileProvider:
    return FileProvider(key_file)


@pytest.fixture
def rotation(database: Database, provider: FileProvider, clock: FakeClock) -> Rotation:
    return Rotation(database, provider, clock)


async def under(database: Database) -> dict[str, int]:
    async with database.reading() as tx:
        return await store.keys_in_need(tx)


async def says(database: Database, node: str, provider: FileProvider, clock: FakeClock) -> None:
    """A running server has loaded what the provider holds now."""
    async with database.transaction() as tx:
        await store.say_loaded(tx, node, provider.load().checks, clock())


async def refusal(step: object) -> str:
    with pytest.raises(NotNow) as refused:
        await step  # type: ignore[misc]
    return str(refused.value)


async def test_a_whole_rotation_leaves_every_field_open(
    database: Database,
    vault: PatientVault,
    village: Village,
    provider: FileProvider,
    rotation: Rotation,
    clock: FakeClock,
) -> None:
    async with database.transaction() as tx:
        patients = [await add_patient(tx, vault, village, clock) for _ in range(7)]
        places = [Place("note", "sealed_body", new_id(), one, 1) for one in patients]
        sealed = [await vault.seal(tx, place, b"Angine") for place in places]
    assert (await rotation.status()).next_step.startswith("Nothing to do")
    provider.add()
    assert (await rotation.status()).next_step == "Next: telecabin key promote k2"
    assert await rotation.promote("k2") == "k1"
    assert (await rotation.status()).next_step == "Next: telecabin key rewrap"
    told: list[int] = []
    done = await rotation.rewrap(FAST, told.append)
    assert (done.done, done.refused, done.under, sum(told)) == (7, 0, "k2", 7)
    assert await under(database) == {"k2": 7}
    assert (await rotation.status()).next_step == "Next: telecabin key retire k1"
    await rotation.retire("k1")
    clock.advance(seconds=BACKUPS_KEPT_FOR.total_seconds())
    await rotation.drop("k1")
    assert list(provider.load().master) == ["k2"]
    after = PatientVault(provider.load(), clock)
    async with database.reading() as tx:
        assert [await after.open(tx, *pair) for pair in zip(places, sealed, strict=True)] == [b"Angine"] * 7
        told_of = select(AuditEvent.action).where(AuditEvent.action.startswith("key:"))
        acts = list(await tx.scalars(told_of.order_by(AuditEvent.id)))
    assert acts == ["key:promoted", "key:rewrapped", "key:retired"]


async def test_a_key_is_promoted_only_when_every_live_server_has_loaded_it(
    database: Database, patient: PatientId, provider: FileProvider, rotation: Rotation, clock: FakeClock
) -> None:
    await says(database, "mairie-1", provider, clock)
    await says(database, "mairie-2", provider, clock)
    provider.add()
    await says(database, "mairie-1", provider, clock)
    said = await refusal(rotation.promote("k2"))
    assert said.startswith("1 of 2 running servers have not loaded k2: mairie-2. Nothing was changed.")
    assert (await rotation.status()).primary == "k1"
    await says(database, "mairie-2", provider, clock)
    await rotation.promote("k2")
    status = await rotation.status()
    assert status.primary == "k2"
    assert {node: "k2" in checks for node, checks in status.loaded.items()} == {"mairie-1": True, "mairie-2": True}


async def test_a_server_that_was_silent_for_long_is_not_waited_for(
    database: Database, patient: PatientId, provider: FileProvider, rotation: Rotation, clock: FakeClock
) -> None:
    await says(database, "gone", provider, clock)
    provider.add()
    clock.advance(seconds=LIVE_FOR.total_seconds() - 1)
    assert "gone" in await refusal(rotation.promote("k2"))
    clock.advance(seconds=2)
    await rotation.promote("k2")


async def test_a_server_with_another_key_of_the_same_name_has_not_loaded_it(
    database: Database, patient: PatientId, provider: FileProvider, rotation: Rotation, clock: FakeClock
) -> None:
    provider.add()
    async with database.transaction() as tx:
        await store.say_loaded(tx, "mairie", {**provider.load().checks, "k2": "0" * 16}, clock())
    assert "have not loaded k2: mairie" in await refusal(rotation.promote("k2"))


async def test_steps_out_of_order_are_refused_and_say_what_to_do(
    database: Database, patient: PatientId, provider: FileProvider, rotation: Rotation
) -> None:
    assert "knows no master key k9" in await refusal(rotation.promote("k9"))
    assert "knows no master key i1" in await refusal(rotation.promote("i1"))
    assert "k1 is the primary already" in await refusal(rotation.promote("k1"))
    assert "k1 is the primary: promote another one first" in await refusal(rotation.retire("k1"))
    provider.add()
    await rotation.promote("k2")
    assert "1 patient key is still under k1: run “telecabin key rewrap” first." in await refusal(rotation.retire("k1"))
    assert "1 patient key is still under k1" in await refusal(rotation.drop("k1", no_backup_needs_it=True))
    await rotation.rewrap(FAST)
    until = await rotation.retire("k1")
    assert await rotation.retire("k1") == until
    said = await refusal(rotation.drop("k1"))
    assert f"may need it until {until:%Y-%m-%d}. It stays in the key file." in said
    assert list(provider.load().master) == ["k1", "k2"]
    assert "k1 is retired: only a key" in await refusal(rotation.promote("k1"))
    await rotation.drop("k1", no_backup_needs_it=True)
    assert list(provider.load().master) == ["k2"]


async def test_a_promotion_may_be_taken_back(
    database: Database, patient: PatientId, provider: FileProvider, rotation: Rotation
) -> None:
    provider.add()
    await rotation.promote("k2")
    assert await rotation.promote("k1") == "k2"
    assert (await rotation.status()).primary == "k1"


async def test_a_rewrap_that_was_stopped_goes_on_where_it_was(
    database: Database,
    vault: PatientVault,
    village: Village,
    provider: FileProvider,
    rotation: Rotation,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with database.transaction() as tx:
        for _ in range(5):
            await add_patient(tx, vault, village, clock)
    provider.add()
    await rotation.promote("k2")
    monkeypatch.setattr(rotation_module, "BATCH", 2)

    class Stop(Exception):
        pass

    def stop(_more: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        await rotation.rewrap(FAST, stop)
    assert await under(database) == {"k1": 3, "k2": 2}
    assert await rotation.left() == 3
    assert (await rotation.rewrap(FAST)).done == 3
    assert await under(database) == {"k2": 5}


async def test_a_key_that_does_not_open_is_left_and_counted_and_its_master_stays(
    database: Database,
    vault: PatientVault,
    village: Village,
    provider: FileProvider,
    rotation: Rotation,
    clock: FakeClock,
) -> None:
    async with database.transaction() as tx:
        bad, good = [await add_patient(tx, vault, village, clock) for _ in range(2)]
        await tx.execute(update(PatientKey).where(PatientKey.patient_id == bad).values(wrapped=bytes(60)))
    provider.add()
    await rotation.promote("k2")
    done = await rotation.rewrap(FAST)
    assert (done.done, done.refused) == (1, 1)
    assert "1 patient key is still under k1" in await refusal(rotation.retire("k1"))
    async with database.reading() as tx:
        rows = await tx.execute(select(PatientKey.patient_id, PatientKey.kek_id))
        assert {row.patient_id: row.kek_id for row in rows} == {bad: "k1", good: "k2"}


async def test_a_key_that_was_shredded_meanwhile_stays_shredded(
    database: Database, patient: PatientId, provider: FileProvider, rotation: Rotation, clock: FakeClock
) -> None:
    provider.add()
    await rotation.promote("k2")
    keyring = provider.load()
    async with database.reading() as tx:
        batch = await store.keys_not_under(tx, "k2", None, 10)
    async with database.transaction() as tx:
        await store.destroy_keys(tx, patient, clock())
    async with database.transaction() as tx:
        await store.put_rewrapped(tx, "k2", rotation_module.rewrapped(keyring, "k2", batch))
    async with database.reading() as tx:
        (row,) = await tx.execute(select(PatientKey.wrapped, PatientKey.kek_id))
    assert row == (None, "k1")


@pytest.mark.postgres
async def test_a_patient_in_the_making_holds_its_master_key_from_being_retired(
    postgres_database: Database, key_file: Path, clock: FakeClock
) -> None:
    vault, village = await unlock(postgres_database, key_file, clock), await settle(postgres_database)
    provider = FileProvider(key_file)
    rotation = Rotation(postgres_database, provider, clock)
    provider.add()
    async with postgres_database.transaction() as tx:
        patient = await add_patient(tx, vault, village, clock)
    async with postgres_database.transaction() as tx:
        primary = await store.primary_kek(tx)
        await rotation.promote("k2")
        retiring = asyncio.create_task(rotation.retire("k1"))
        await asyncio.wait([retiring], timeout=0.3)
        assert not retiring.done(), "it waits for whoever has looked which key is the primary"
        assert primary == "k1"
        await store.add_patient_key(
            tx, patient, primary, FreshKey.make(provider.load().master["k1"], patient, 2), clock()
        )
    assert "2 patient keys are still under k1" in await refusal(retiring)


def test_retention_is_that_of_the_backups() -> None:
    assert timedelta(days=35) == BACKUPS_KEPT_FOR
