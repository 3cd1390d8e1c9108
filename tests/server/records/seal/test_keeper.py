"""While a server runs: a new key is taken up, a lost one shuts the records, a found one opens them again."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from server.database.engine import Database
from server.kernel.errors import CannotOpen, Unavailable
from server.kernel.ids import PatientId, new_id
from server.kernel.sealing import Place
from server.records.seal import keeper as keeper_module
from server.records.seal import store
from server.records.seal.keeper import SAY_EVERY, KeyKeeper
from server.records.seal.keyring import init_key
from server.records.seal.providers import FileProvider
from server.records.seal.rotation import Rotation
from server.records.seal.vault import PatientVault
from tests.clock import FakeClock


@pytest.fixture
def provider(key_file: Path) -> FileProvider:
    return FileProvider(key_file)


@pytest.fixture
def keeper(database: Database, provider: FileProvider, vault: PatientVault, clock: FakeClock) -> KeyKeeper:
    return KeyKeeper(database, provider, vault, clock, "mairie")


async def loaded(database: Database, clock: FakeClock) -> dict[str, list[str]]:
    async with database.reading() as tx:
        return {node: sorted(checks) for node, checks in (await store.loaded_by(tx, clock())).items()}


async def sealing(database: Database, vault: PatientVault, patient: PatientId) -> str:
    """Seal and open once: `open`, or the code of the refusal."""
    place = Place("note", "sealed_body", new_id(), patient, 1)
    try:
        async with database.transaction() as tx:
            return "open" if await vault.open(tx, place, await vault.seal(tx, place, b"Angine")) == b"Angine" else "?"
    except Unavailable as refused:
        return refused.code


def lose(key_file: Path, harm: str, folder: Path) -> None:
    """Do one of the harms that happen to key files."""
    if harm == "removed":
        key_file.unlink()
    elif harm == "readable by all":
        key_file.chmod(0o644)
    elif harm == "another file":
        os.replace(init_key(folder / "other.json").path, key_file)
    else:
        key_file.write_text("{}")


async def until(holds: Callable[[], bool]) -> None:
    """Let the loop turn until something holds."""
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def test_a_key_added_to_the_file_is_loaded_without_a_restart(
    database: Database,
    patient: PatientId,
    keeper: KeyKeeper,
    provider: FileProvider,
    vault: PatientVault,
    clock: FakeClock,
) -> None:
    await keeper.look()
    assert await loaded(database, clock) == {"mairie": ["i1", "k1"]}
    provider.add()
    await keeper.look()
    assert await loaded(database, clock) == {"mairie": ["i1", "k1", "k2"]}
    assert list(vault.keyring.master) == ["k1", "k2"]
    await Rotation(database, provider, clock).promote("k2")
    assert await sealing(database, vault, patient) == "open"


@pytest.mark.parametrize("harm", ["removed", "readable by all", "another file", "damaged"])
async def test_keys_that_are_lost_shut_the_records_until_they_are_back(
    harm: str,
    database: Database,
    patient: PatientId,
    keeper: KeyKeeper,
    vault: PatientVault,
    key_file: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await keeper.look()
    copy = tmp_path / "copy.json"
    shutil.copy2(key_file, copy)
    lose(key_file, harm, tmp_path)
    await keeper.look()
    await keeper.look()
    assert await sealing(database, vault, patient) == "sealed"
    assert [line.getMessage() for line in caplog.records] == ["records shut"], "said once"
    with pytest.raises(Unavailable):
        vault.blind("patient", "code", "x")
    async with database.transaction() as tx:
        with pytest.raises(Unavailable):
            await vault.make_key(tx, PatientId(new_id()))
        with pytest.raises(Unavailable):
            await vault.warm(tx, [patient])
        with pytest.raises(Unavailable):
            await vault.document_sealer(tx, Place("d", "s", new_id(), patient, 1))
    os.replace(copy, key_file)
    await keeper.look()
    assert await sealing(database, vault, patient) == "open"


async def test_a_server_that_a_promotion_overtook_shuts_its_records(
    database: Database,
    patient: PatientId,
    keeper: KeyKeeper,
    vault: PatientVault,
    tmp_path: Path,
    key_file: Path,
    clock: FakeClock,
) -> None:
    await keeper.look()
    elsewhere = tmp_path / "elsewhere.json"
    shutil.copy2(key_file, elsewhere)
    newer = FileProvider(elsewhere)
    newer.add()
    clock.advance(minutes=5)  # it said nothing for long: it was asleep
    await Rotation(database, newer, clock).promote("k2")
    for _ in range(SAY_EVERY):
        await keeper.look()
    assert await sealing(database, vault, patient) == "sealed"
    os.replace(elsewhere, key_file)
    await keeper.look()
    assert await sealing(database, vault, patient) == "open"


async def test_opened_keys_are_forgotten_after_a_shred_elsewhere(
    database: Database, patient: PatientId, keeper: KeyKeeper, vault: PatientVault, clock: FakeClock
) -> None:
    await keeper.look()
    place = Place("note", "sealed_body", new_id(), patient, 1)
    async with database.transaction() as tx:
        sealed = await vault.seal(tx, place, b"Angine")
        wish = store.Shredding(new_id(), patient, "essai", new_id(), clock())
        await store.ask_shred(tx, wish)
        await store.destroy_keys(tx, patient, clock())
        await store.confirm_shred(tx, wish.id, new_id(), clock())
    async with database.reading() as tx:
        assert await vault.open(tx, place, sealed) == b"Angine", "from the cache"
    for _ in range(SAY_EVERY):
        await keeper.look()
    async with database.reading() as tx:
        with pytest.raises(CannotOpen):
            await vault.open(tx, place, sealed)


async def test_it_looks_by_itself_says_goodbye_and_forgets_on_a_signal(
    database: Database,
    patient: PatientId,
    keeper: KeyKeeper,
    provider: FileProvider,
    vault: PatientVault,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeper_module, "LOOK_EVERY", 0.01)
    async with keeper.keeping():
        assert await sealing(database, vault, patient) == "open"
        assert len(vault._cache) == 1
        os.kill(os.getpid(), signal.SIGUSR2)
        await until(lambda: not len(vault._cache))
        provider.add()
        await until(lambda: "k2" in vault.keyring.master)
    assert await loaded(database, clock) == {}
