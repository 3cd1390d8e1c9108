"""`telecabin backup …` and `telecabin restore` as a person types them: codes, words, and a site that comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server import backup_commands
from server.cli import main
from server.database.engine import Database
from server.database.migrate import migrate
from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from tests.server.records.village import add_patient, settle

Say = Callable[..., Result]


async def _settle(url: str, key_file: Path) -> None:
    database = Database(url)
    await migrate(database)
    village, vault = await settle(database), await unlock(database, key_file, utc_now)
    async with database.transaction() as tx:
        await add_patient(tx, vault, village, utc_now)
    await database.close()


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Type a command: `say(["backup", "make", folder])`, on a site with one patient."""
    monkeypatch.setattr(backup_commands, "harden", lambda: None)  # this process also runs the other tests
    environ = {"TELECABIN_DATABASE_URL": f"sqlite:///{tmp_path}/a.db", "TELECABIN_KEK_FILE": f"{tmp_path}/keys.json"}
    asyncio.run(_settle(environ["TELECABIN_DATABASE_URL"], init_key(tmp_path / "keys.json").path))

    def typed(words: Sequence[object], **settings: str) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], env=environ | settings, catch_exceptions=False)

    return typed


def test_a_site_comes_back_and_what_is_wrong_is_said_with_its_own_code(say: Say, tmp_path: Path) -> None:
    key, where = tmp_path / "backup.age", tmp_path / "backups"
    recipient = say(["backup", "key", key]).output.split()[-1]
    assert (recipient[:4], key.stat().st_mode & 0o777) == ("age1", 0o600)
    assert say(["backup", "key", key]).exit_code == 78, "a key is never overwritten"
    nobody = say(["backup", "make", where, "--to", "age1nobody"])
    assert (nobody.exit_code, "not an age recipient" in nobody.output) == (2, True)
    made = say(["backup", "make", where, "--to", recipient, "--every", "1"])
    (folder,) = where.iterdir()
    assert (made.exit_code, f"Wrote {folder}" in made.output, "1 sealed fields opened" in made.output) == (
        0,
        True,
        True,
    )

    sound = say(["backup", "verify", folder, "--identity", key])
    assert (sound.exit_code, "would bring the site back" in sound.output) == (0, True)
    away = say(["backup", "verify", folder, "--identity", key], TELECABIN_KEK_FILE="")
    assert away.exit_code == 78
    no_key = say(["backup", "verify", folder, "--identity", folder / "manifest.json"])
    assert (no_key.exit_code, "no age key" in no_key.output) == (2, True)

    full = say(["restore", folder, "--identity", key])
    assert (full.exit_code, "not empty" in full.output, "Nothing was changed" in full.output) == (2, True, True)
    empty = {"TELECABIN_DATABASE_URL": f"sqlite:///{tmp_path}/b.db"}
    back = say(["restore", folder, "--identity", key], **empty)
    assert (back.exit_code, "Restored." in back.output) == (0, True)
    assert say(["restore", folder, "--identity", key], **empty).exit_code == 2

    with (folder / "records.age").open("ab") as file:
        file.write(b".")
    altered = say(["backup", "verify", folder, "--identity", key])
    assert (altered.exit_code, "REFUSED: records.age has" in altered.output) == (1, True)
