"""The commands that run a clinic: what they say, and with which code they end."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from server.records.seal.keyring import init_key

EX_CONFIG = 78


def _telecabin(*words: str, given: str = "", **settings: str) -> Result:
    """Type a command; it has a loop of its own, on a thread of its own."""
    environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("TELECABIN_")}
    environment |= {f"TELECABIN_{name.upper()}": value for name, value in settings.items()}
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, main, list(words), input=given, env=environment).result()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A key file."""
    return init_key(tmp_path / "keys.json").path


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"prot": "80"}, "TELECABIN_PROT"),
        ({"database_url": "mysql://x"}, "mysql"),
        ({"port": "many"}, "TELECABIN_PORT"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_78_and_one_sentence(settings: dict[str, str], told: str) -> None:
    stopped = _telecabin("serve", **settings)
    assert stopped.exit_code == EX_CONFIG
    assert told in stopped.stderr
    assert "Traceback" not in stopped.stderr


def test_a_database_that_was_not_migrated_stops_a_real_start(tmp_path: Path, key_file: Path) -> None:
    """In a process of its own, as an operator starts it; the keys that are missing or wrong are T7's."""
    settings = {"TELECABIN_DATABASE_URL": f"sqlite:///{tmp_path}/new.db", "TELECABIN_KEK_FILE": str(key_file)}
    command = [sys.executable, "-c", "from server.cli import main; main(['serve'])"]
    others = {name: value for name, value in os.environ.items() if not name.startswith("TELECABIN_")}
    stopped = subprocess.run(command, env=others | settings, capture_output=True, text=True, check=False, timeout=120)
    assert stopped.returncode == EX_CONFIG
    assert "telecabin migrate" in stopped.stderr
    assert "Traceback" not in stopped.stderr


def test_an_account_is_made_and_a_short_password_is_refused_in_words(tmp_path: Path, key_file: Path) -> None:
    settings = {"database_url": f"sqlite:///{tmp_path}/telecabin.db", "kek_file": str(key_file)}
    assert _telecabin("migrate", **settings).exit_code == 0
    account = ("account", "add", "mairie", "--role", "coordinator", "--name", "La mairie")
    refused = _telecabin(*account, given="court\n" * 2, **settings)
    assert refused.exit_code == 1
    assert "12" in refused.stderr
    added = _telecabin(*account, given="une phrase assez longue\n" * 2, **settings)
    assert (added.exit_code, "mairie may sign in as coordinator." in added.output) == (0, True)
