"""`telecabin key …` as a person types it: what it says, what it refuses, and that a rotation and a recovery work."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from server import key_commands
from server.cli import main
from server.database.engine import Database
from server.database.migrate import migrate
from server.kernel.clock import utc_now
from server.records.seal import store
from server.records.seal.envelope import KeysAway
from server.records.seal.keyring import load_keyring
from server.records.seal.start import unlock
from tests.server.records.village import add_patient, settle

Say = Callable[..., Result]
PASSWORD = "mot de passe assez long"


@pytest_asyncio.fixture(loop_scope="session")
async def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Type a command: `say("key", "status")`. It has a loop of its own, on a thread of its own."""
    monkeypatch.setattr(key_commands, "harden", lambda: None)  # this process also runs the other tests
    environ = {
        "TELECABIN_DATABASE_URL": f"sqlite:///{tmp_path}/a.db",
        "TELECABIN_KEK_FILE": str(tmp_path / "keys.json"),
        "TELECABIN_CACHE_DIR": str(tmp_path),
    }
    database = Database(environ["TELECABIN_DATABASE_URL"])
    await migrate(database)
    await database.close()

    def typed(*words: object, stdin: str = "", **settings: str) -> Result:
        with ThreadPoolExecutor(1) as thread:
            asked = {"input": stdin, "env": environ | settings, "catch_exceptions": False}
            return thread.submit(CliRunner().invoke, main, [str(word) for word in words], **asked).result()

    return typed


def shares_in(said: str) -> list[str]:
    return [line.strip() for line in said.splitlines() if len(line.split()) == 33]


def test_a_first_key_comes_with_shares_that_bring_it_back(say: Say, tmp_path: Path) -> None:
    path, again = tmp_path / "keys.json", tmp_path / "again.json"
    made = say("key", "init", path)
    shares = shares_in(made.output)
    assert (made.exit_code, len(shares)) == (0, 5)
    checks = load_keyring(path).checks
    assert all(f"key {kid}  check {check}" in made.output for kid, check in checks.items())
    keys = [line.split('"')[3] for line in path.read_text().splitlines() if '"key"' in line]
    assert len(keys) == 2
    assert not any(key in made.output for key in keys), "a key is never shown"
    twice = say("key", "init", path)
    assert (twice.exit_code, "Nothing was changed." in twice.output) == (78, True)

    copy = f"{path}.recovery"
    one = say("key", "check-shares", stdin=f"{shares[3]}\n\n")
    assert (one.exit_code, "Share 4 of set" in one.output) == (0, True)
    wrong = say("key", "check-shares", stdin=shares[3].rsplit(" ", 1)[0] + " zero\n\n")
    assert (wrong.exit_code, "not as it was written" in wrong.output) == (78, True)
    three = say("key", "check-shares", "--copy", copy, stdin="\n".join(shares[:3]) + "\n\n")
    assert "They open" in three.output
    few = say("key", "recover", copy, again, stdin="\n".join(shares[:2]) + "\n\n")
    assert (few.exit_code, again.exists()) == (78, False)
    assert say("key", "recover", copy, again, stdin="\n".join(shares[2:]) + "\n\n").exit_code == 0
    assert load_keyring(again).checks == checks
    split = say("key", "split", path)
    assert len(shares_in(split.output)) == 5
    assert set(shares_in(split.output)).isdisjoint(shares)


async def test_a_rotation_from_the_first_step_to_the_last(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    shares = shares_in(say("key", "init", path).output)
    database = Database(f"sqlite:///{tmp_path}/a.db")
    village, vault = await settle(database), await unlock(database, path, utc_now)
    async with database.transaction() as tx:
        for _ in range(3):
            await add_patient(tx, vault, village, utc_now)
        await store.say_loaded(tx, "mairie-7", vault.keyring.checks, utc_now())
    added = say("key", "add")
    assert "Next: telecabin key promote k2" in added.output
    refused = say("key", "promote", "k2")
    assert (refused.exit_code, "have not loaded k2: mairie-7" in refused.output) == (1, True)
    async with database.transaction() as tx:
        await store.say_loaded(tx, "mairie-7", load_keyring(path).checks, utc_now())
    shown = say("key", "status").output
    assert re.search(r"k1 +primary +[0-9a-f]{16}  [\d-]+ +3  yes +1 of 1 servers", shown), shown
    assert re.search(r"k2 +staged", shown)
    assert "Next: telecabin key rewrap" in say("key", "promote", "k2").output
    assert say("key", "retire", "k1").exit_code == 1
    done = say("key", "rewrap")
    assert (done.exit_code, "3 patient keys are under k2 now" in done.output) == (0, True)
    waits = say("key", "retire", "k1", "--drop")
    assert (waits.exit_code, "It stays in the key file." in waits.output) == (1, True)
    assert say("key", "retire", "k1", "--drop", "--no-backup-needs-it").exit_code == 0
    assert list(load_keyring(path).master) == ["k2"]
    again = tmp_path / "again.json"
    assert say("key", "recover", f"{path}.recovery", again, stdin="\n".join(shares[:3]) + "\n\n").exit_code == 0
    assert load_keyring(again).checks == load_keyring(path).checks, "the old shares open the newest copy"
    assert "Nothing to do." in say("key", "status").output
    await database.close()


async def test_patients_own_keys_are_renewed_by_name_or_by_age(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    say("key", "init", path, "--no-shares")
    database = Database(f"sqlite:///{tmp_path}/a.db")
    village, vault = await settle(database), await unlock(database, path, utc_now)
    async with database.transaction() as tx:
        patients = [await add_patient(tx, vault, village, utc_now) for _ in range(2)]
    one = say("key", "renew", patients[0])
    assert (one.exit_code, "1 patients: 1 rows are sealed anew." in one.output) == (0, True), one.output
    assert "“telecabin key renew” ends them" in one.output
    assert "1 patients: 0 rows" in say("key", "renew").output
    assert "2 patients: 1 rows" in say("key", "renew", "--made-before", "2100-01-01").output
    nobody = say("key", "renew", village.site)
    assert (nobody.exit_code, "unknown here, or shredded" in nobody.output) == (1, True)
    await database.close()


async def test_two_accounts_shred_and_one_does_not(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    say("key", "init", path, "--no-shares")
    database = Database(f"sqlite:///{tmp_path}/a.db")
    village, vault = await settle(database), await unlock(database, path, utc_now)
    async with database.transaction() as tx:
        patient = await add_patient(tx, vault, village, utc_now)
    for login, role in (("mairie", "coordinator"), ("dpo", "admin")):
        made = say("account", "add", login, "--role", role, "--name", login, "--password", PASSWORD)
        assert made.exit_code == 0, made.output
    ask = ["key", "shred", "ask", patient, "--reason", "essai", "--login", "mairie", "--password"]
    assert say(*ask, "another password").exit_code == 1
    asked = say(*ask, PASSWORD)
    wish = asked.output.split()[-1]
    assert (asked.exit_code, "Nothing is destroyed yet" in asked.output) == (0, True)
    alone = say("key", "shred", "confirm", wish, "--login", "mairie", "--password", PASSWORD)
    assert (alone.exit_code, "Une autre personne" in alone.output) == (1, True)
    done = say("key", "shred", "confirm", wish, "--login", "dpo", "--password", PASSWORD)
    assert (done.exit_code, f"The keys of patient {patient} are destroyed (1)" in done.output) == (0, True)
    async with database.reading() as tx:
        assert await store.keys_in_need(tx) == {}
    await database.close()


def test_without_a_key_or_with_an_odd_one_each_command_says_so(say: Say, tmp_path: Path) -> None:
    none = say("key", "status", TELECABIN_KEK_FILE="")
    assert none.exit_code == 78
    absent = say("key", "add")
    assert (absent.exit_code, "No such file" in absent.output) == (78, True)
    odd = say("key", "status", TELECABIN_KEK_FILE="vault:transit")
    assert (odd.exit_code, "unknown provider" in odd.output) == (78, True)
    env = say("key", "init", "env:KEYS")
    assert (env.exit_code, "only a file or pkcs11:" in env.output) == (78, True)
    hsm = say("key", "init", f"pkcs11:{tmp_path}/hsm.json", "--library", "/nowhere.so")
    assert hsm.exit_code == 78


def test_an_hsm_that_falls_silent_is_told_in_a_sentence(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_words: object) -> None:
        raise KeysAway("DeviceError")

    monkeypatch.setattr(key_commands, "init_hsm", silent)
    ended = say("key", "init", f"pkcs11:{tmp_path}/hsm.json")
    assert (ended.exit_code, "does not answer (DeviceError). What was done stays done" in ended.output) == (78, True)
