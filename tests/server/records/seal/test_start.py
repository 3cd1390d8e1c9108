"""The service starts with the keys of its database, or not at all, with a sentence that says why.

The command itself, its exit code 78 and that no start makes a key: `tests/trust/t07_wrong_keys.py`.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from server.database.engine import Database
from server.kernel.errors import ConfigError
from server.kernel.ids import PatientId, new_id
from server.people.rules import IdentityStatus
from server.people.tables import PatientRow
from server.records.seal.envelope import check_value
from server.records.seal.keyring import init_key, load_keyring
from server.records.seal.start import unlock
from server.records.seal.tables import KekVersion, PatientKey
from server.records.seal.vault import PatientVault
from tests.clock import FakeClock
from tests.server.records.village import Village


async def refusal(database: Database, key_file: Path | None, clock: FakeClock) -> str:
    with pytest.raises(ConfigError) as refused:
        await unlock(database, key_file, clock)
    return str(refused.value)


async def states(database: Database) -> dict[str, str]:
    async with database.reading() as tx:
        return {kid: state for kid, state in await tx.execute(select(KekVersion.kid, KekVersion.state))}


def edited(key_file: Path, change: Callable[[dict], None]) -> Path:
    content = json.loads(key_file.read_text())
    change(content)
    key_file.write_text(json.dumps(content))
    return key_file


def renamed(entry: dict[str, str], kid: str) -> dict[str, str]:
    return {**entry, "id": kid, "check": check_value(b64decode(entry["key"]), kid)}


async def test_a_fresh_database_learns_its_keys(database: Database, key_file: Path, clock: FakeClock) -> None:
    await unlock(database, key_file, clock)
    await unlock(database, key_file, clock)
    assert await states(database) == {"k1": "primary", "i1": "primary"}


async def test_a_fresh_database_without_a_key_asks_a_person_to_make_one(database: Database, clock: FakeClock) -> None:
    assert await refusal(database, None, clock) == (
        "no master key: run “telecabin key init”, then set TELECABIN_KEK_FILE. Nothing was changed."
    )
    assert await states(database) == {}


async def test_patient_keys_without_a_provider_are_counted(
    database: Database, patient: PatientId, clock: FakeClock
) -> None:
    assert await refusal(database, None, clock) == (
        "1 patient key needs master key k1; no key provider is set (TELECABIN_KEK_FILE). Nothing was changed."
    )


async def test_many_patient_keys_are_counted_as_people_write_numbers(
    database: Database, patient: PatientId, village: Village, clock: FakeClock
) -> None:
    ids = [new_id() for _ in range(1203)]
    row = {"site_id": village.site, "sealed_traits": b"-", "status": IdentityStatus.PROV, "fictitious": True}
    key = {"ver": 1, "kek_id": "k1", "wrapped": b"-", "commit_tag": b"-", "created_at": clock()}
    async with database.transaction() as tx:
        await tx.execute(insert(PatientRow), [{"id": one, "created_at": clock(), "row_ver": 1, **row} for one in ids])
        await tx.execute(insert(PatientKey), [{"patient_id": one, **key} for one in ids])
    assert "1 204 patient keys need master key k1; no key provider is set" in await refusal(database, None, clock)


async def test_a_key_file_without_the_needed_key_is_refused(
    database: Database, patient: PatientId, key_file: Path, clock: FakeClock
) -> None:
    edited(key_file, lambda content: content.update(master=[renamed(content["master"][0], "k9")]))
    assert await refusal(database, key_file, clock) == (
        "1 patient key needs master key k1; the key file has k9. Put the key file of this database back "
        "(its offline copy, or “telecabin key recover”) and set TELECABIN_KEK_FILE. Nothing was changed."
    )
    assert "k9" not in await states(database)


async def test_another_key_under_the_same_id_is_refused(
    database: Database, patient: PatientId, key_file: Path, tmp_path: Path, clock: FakeClock
) -> None:
    expected = load_keyring(key_file).master["k1"].check
    other = init_key(tmp_path / "other.json")
    assert await refusal(database, other.path, clock) == (
        f"key k1 is not the key that sealed this database (check {other.checks['k1']}, expected {expected}). "
        "Check TELECABIN_KEK_FILE. Nothing was changed."
    )


async def test_another_index_key_is_refused(
    database: Database, patient: PatientId, key_file: Path, tmp_path: Path, clock: FakeClock
) -> None:
    index = json.loads(init_key(tmp_path / "other.json").path.read_text())["index"]
    edited(key_file, lambda content: content.update(index=index))
    assert "key i1 is not the key that sealed this database" in await refusal(database, key_file, clock)
    edited(key_file, lambda content: content.update(index=renamed(index, "i2")))
    assert "this database uses key i1; the key file has k1, i2" in await refusal(database, key_file, clock)


async def test_a_readable_key_file_or_a_link_away_stops_the_start(
    database: Database, key_file: Path, clock: FakeClock, tmp_path: Path
) -> None:
    os.chmod(key_file, 0o644)
    assert "can be read by others (mode 0644)" in await refusal(database, key_file, clock)
    os.chmod(key_file, 0o600)
    link = tmp_path / "there" / "keys.json"
    link.parent.mkdir()
    link.symlink_to(key_file)
    assert "is a link that leaves its folder" in await refusal(database, link, clock)


async def test_a_second_master_key_waits_for_its_promotion(
    database: Database, patient: PatientId, key_file: Path, clock: FakeClock
) -> None:
    edited(key_file, lambda content: content["master"].append(renamed(content["master"][0], "k2")))
    await unlock(database, key_file, clock)
    assert await states(database) == {"k1": "primary", "i1": "primary", "k2": "staged"}


@pytest.fixture
def variable(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an environment variable that holds keys."""
    monkeypatch.setenv("CLINIC_KEYS", key_file.read_text())
    return "CLINIC_KEYS"


async def test_keys_in_a_variable_work_and_are_called_what_they_are(
    database: Database, variable: str, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    await unlock(database, Path(f"env:{variable}"), clock)
    assert "for development only" in caplog.text
    async with database.reading() as tx:
        assert set(await tx.scalars(select(KekVersion.provider))) == {"env"}


async def test_shredded_keys_need_no_master_key(database: Database, patient: PatientId, clock: FakeClock) -> None:
    async with database.transaction() as tx:
        await tx.execute(update(PatientKey).values(wrapped=None, shredded_at=clock()))
    assert (await refusal(database, None, clock)).startswith("no master key")


async def test_a_refused_start_changes_nothing(
    database: Database, patient: PatientId, key_file: Path, tmp_path: Path, clock: FakeClock
) -> None:
    async def written() -> list[object]:
        async with database.reading() as tx:
            known = await tx.execute(select(KekVersion.kid, KekVersion.kcv, KekVersion.state))
            return [*known, await tx.scalar(select(func.count()).select_from(PatientKey))]

    before = await written()
    await refusal(database, None, clock)
    await refusal(database, init_key(tmp_path / "other.json").path, clock)
    assert await written() == before


def test_the_vault_shows_no_key(vault: PatientVault) -> None:
    assert "PatientVault" in repr(vault)
    assert "key=" not in repr(vault)
