"""The commands that run a clinic: what they say, and with which code they end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.records.seal.keyring import init_key

EX_CONFIG = 78


def _telecabin(*words: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TELECABIN_")}
    environment |= {f"TELECABIN_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-c", "from server.cli import main; main()", *words],
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


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
    assert stopped.returncode == EX_CONFIG
    assert told in stopped.stderr
    assert "Traceback" not in stopped.stderr


def test_a_missing_or_wrong_master_key_stops_the_start_with_78(tmp_path: Path, key_file: Path) -> None:
    url = f"sqlite:///{tmp_path}/telecabin.db"
    assert _telecabin("migrate", database_url=url).returncode == 0
    without = _telecabin("serve", database_url=url)
    assert without.returncode == EX_CONFIG
    assert "no master key: run “telecabin key init”" in without.stderr
    account = ("account", "add", "mairie", "--role", "coordinator", "--name", "La mairie")
    added = _telecabin(*account, given="une phrase assez longue\n" * 2, database_url=url, kek_file=str(key_file))
    assert added.returncode == 0, added.stderr
    init_key(tmp_path / "other.json")
    wrong = _telecabin("serve", database_url=url, kek_file=str(tmp_path / "other.json"))
    assert wrong.returncode == EX_CONFIG
    assert "is not the key that sealed this database" in wrong.stderr
    key_file.chmod(0o644)
    shown = _telecabin("serve", database_url=url, kek_file=str(key_file))
    assert shown.returncode == EX_CONFIG
    assert "can be read by others" in shown.stderr
    assert "Traceback" not in without.stderr + wrong.stderr + shown.stderr


def test_a_database_that_was_not_migrated_stops_the_start(tmp_path: Path, key_file: Path) -> None:
    stopped = _telecabin("serve", database_url=f"sqlite:///{tmp_path}/new.db", kek_file=str(key_file))
    assert stopped.returncode == EX_CONFIG
    assert "telecabin migrate" in stopped.stderr


def test_a_short_password_is_refused_in_words(tmp_path: Path, key_file: Path) -> None:
    url = f"sqlite:///{tmp_path}/telecabin.db"
    _telecabin("migrate", database_url=url)
    account = ("account", "add", "mairie", "--role", "admin", "--name", "La mairie")
    refused = _telecabin(*account, given="court\n" * 2, database_url=url, kek_file=str(key_file))
    assert refused.returncode == 1
    assert "12" in refused.stderr
