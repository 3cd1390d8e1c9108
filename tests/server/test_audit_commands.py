"""`telecabin audit`: what an operator reads, and with which code it ends."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.audit.checkpoint import Verifier
from server.audit.rules import Action
from server.audit.sequencer import Sequencer, signer_of
from server.audit.store import record
from server.audit.tree import root_by_inclusion
from server.cli import main
from server.database.engine import Database
from server.database.migrate import migrate
from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from tests.server.records.village import add_patient, settle

ACTS = 20


async def _write(url: str, keys: Path) -> None:
    database = Database(url)
    try:
        await migrate(database)
        vault = await unlock(database, keys, utc_now)
        await Sequencer(database, signer_of(vault), utc_now).start()
        village = await settle(database)
        async with database.transaction() as tx:
            await add_patient(tx, vault, village, utc_now)
        for number in range(ACTS):
            async with database.transaction() as tx:
                await record(tx, None, Action.NOTE_READ, at=utc_now(), record=f"note:{number}")
    finally:
        await database.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a migrated database that has a log, and its keys."""
    folder = tmp_path_factory.mktemp("audit")
    asyncio.run(_write(f"sqlite:///{folder}/db.sqlite", init_key(folder / "keys.json").path))
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which the settings name."""
    shutil.copytree(written, tmp_path / "one")
    monkeypatch.setenv("TELECABIN_DATABASE_URL", f"sqlite:///{tmp_path}/one/db.sqlite")
    monkeypatch.setenv("TELECABIN_KEK_FILE", str(tmp_path / "one/keys.json"))
    return tmp_path / "one"


def _audit(*words: str) -> Result:
    return CliRunner().invoke(main, ["audit", *words])


def _attack(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / "db.sqlite") as line:
        for (name,) in line.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            line.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            line.execute(statement)
    line.close()


def test_a_sound_log_ends_with_0_in_words_and_in_json(folder: Path) -> None:
    told = _audit("verify", "--records")
    assert (told.exit_code, told.stdout.splitlines()[-1]) == (0, "Sound: nothing was changed.")
    assert "1 sealed records" in told.stdout
    told = _audit("verify", "--json")
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert (found["sound"], found["entries"], found["unsigned"]) == (True, ACTS + 1, 0)


def test_an_altered_log_ends_with_1_and_says_where_and_what_to_do(folder: Path) -> None:
    _attack(folder, "UPDATE audit_event SET action = 'note:saved' WHERE idx = 7")
    told = _audit("verify")
    assert told.exit_code == 1
    assert "An entry of the log was changed" in told.stdout
    assert "entry 7" in told.stdout
    assert "What to do: " in told.stdout


def test_a_deleted_record_is_named_with_records_alone(folder: Path) -> None:
    _attack(folder, "DELETE FROM patient")
    assert _audit("verify").exit_code == 0
    told = _audit("verify", "--records", "--json")
    assert told.exit_code == 1
    assert [finding["kind"] for finding in json.loads(told.stdout)["findings"]] == ["deleted-row"]


def test_an_auditor_verifies_with_the_public_key_alone(folder: Path) -> None:
    shown = _audit("checkpoint")
    public = shown.stderr.removeprefix("verifier key: ").strip()
    (folder / "keys.json").unlink()
    assert _audit("verify").exit_code == 78
    assert _audit("verify", "--public-key", public).exit_code == 0
    assert _audit("verify", "--public-key", "x").exit_code == 2


def test_a_kept_checkpoint_is_a_witness_and_a_start(folder: Path) -> None:
    kept = folder / "kept"
    kept.mkdir()
    (kept / "monday.txt").write_text(_audit("checkpoint").stdout, encoding="utf-8")
    since = _audit("verify", "--since", str(kept / "monday.txt"), "--json")
    assert (since.exit_code, json.loads(since.stdout)["entries"]) == (0, 0)
    assert _audit("verify", "--witness", str(kept)).exit_code == 0
    _attack(folder, "DELETE FROM audit_event WHERE idx > 10", "DELETE FROM audit_head", "DELETE FROM audit_checkpoint")
    told = _audit("verify", "--witness", str(kept))
    assert told.exit_code == 1
    assert "A witness saw another log" in told.stdout
    (kept / "monday.txt").write_text("no checkpoint", encoding="utf-8")
    assert _audit("verify", "--witness", str(kept)).exit_code == 2


def test_without_any_signature_nothing_can_be_decided(folder: Path) -> None:
    _attack(folder, "UPDATE audit_head SET note = NULL", "DELETE FROM audit_checkpoint")
    told = _audit("verify")
    assert (told.exit_code, told.stdout.splitlines()[-1]) == (2, "Cannot decide: nothing is signed.")
    assert _audit("checkpoint").exit_code == 2


def test_a_proof_leads_from_an_entry_to_the_signed_root(folder: Path) -> None:
    with sqlite3.connect(folder / "db.sqlite") as line:
        (entry,) = line.execute("SELECT id FROM audit_event WHERE idx = 9").fetchone()
    line.close()
    shown = _audit("checkpoint")
    proof = json.loads(_audit("prove", entry).stdout)
    hashes = [base64.b64decode(one) for one in proof["proof"]]
    root = root_by_inclusion(base64.b64decode(proof["leaf"]), proof["place"], proof["size"], hashes)
    verifier = Verifier.read(shown.stderr.removeprefix("verifier key: "))
    assert verifier.open(proof["checkpoint"]).root == root
    assert _audit("prove", "00000000-0000-0000-0000-000000000000").exit_code == 2
