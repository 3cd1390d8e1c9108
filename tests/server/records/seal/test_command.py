"""The command itself: with a key that is absent, wrong or badly kept, the service ends with 78 and one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.records.seal.keyring import init_key


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """An environment with a database of its own, and no key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TELECABIN_")}
    return {**kept, "TELECABIN_DATABASE_URL": f"sqlite:///{tmp_path}/a.db", "TELECABIN_PORT": "0"}


def telecabin(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from server.cli import main; main()", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_serve_does_not_start_without_the_right_key(settings: dict[str, str], tmp_path: Path) -> None:
    assert telecabin(settings, "migrate").returncode == 0
    public, link = init_key(tmp_path / "public.json").path, tmp_path / "there" / "keys.json"
    public.chmod(0o644)
    link.parent.mkdir()
    link.symlink_to(init_key(tmp_path / "good.json").path)
    cases = {
        "": "no master key: run “telecabin key init”, then set TELECABIN_KEK_FILE.",
        str(tmp_path / "none.json"): "No such file or directory.",
        str(public): "can be read by others (mode 0644).",
        str(link): "is a link that leaves its folder",
        "vault:transit/k1": "unknown provider “vault”.",
    }
    for setting, sentence in cases.items():
        ended = telecabin({**settings, **({"TELECABIN_KEK_FILE": setting} if setting else {})}, "serve")
        assert (ended.returncode, "Traceback" in ended.stderr) == (78, False)
        assert sentence in ended.stderr
        assert ended.stderr.rstrip().endswith("Nothing was changed.")


def test_key_init_shows_check_values_and_never_the_key(settings: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    made = telecabin(settings, "key", "init", str(path))
    assert made.returncode == 0
    again = telecabin(settings, "key", "init", str(path))
    assert (again.returncode, "Nothing was changed." in again.stderr) == (78, True)
    keys = [line.split('"')[3] for line in path.read_text().splitlines() if '"key"' in line]
    assert len(keys) == 2
    assert not any(key in made.stdout + again.stderr for key in keys)
