"""The command knows each of its words, and a word's code is read when it is asked for."""

import stat
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from server import key_commands
from server.cli import COMMANDS, main

EX_CONFIG = 78


@pytest.mark.parametrize("word", COMMANDS)
def test_every_word_has_its_code_and_says_what_it_does(word: str) -> None:
    assert main.get_command(click.Context(main), word) is not None
    said = CliRunner().invoke(main, [word, "--help"])
    assert said.exit_code == 0
    assert word in said.output


def test_an_unknown_word_is_refused_in_words() -> None:
    refused = CliRunner().invoke(main, ["sreve"])
    assert refused.exit_code == 2
    assert "sreve" in refused.output


def test_key_init_writes_a_private_file_once_and_never_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_commands, "harden", lambda: None)  # this process also runs the other tests
    path = tmp_path / "keys.json"
    made = CliRunner().invoke(main, ["key", "init", str(path)])
    assert made.exit_code == 0, made.stderr
    assert f"TELECABIN_KEK_FILE={path}" in made.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    again = CliRunner().invoke(main, ["key", "init", str(path)])
    assert again.exit_code == EX_CONFIG
    assert "exists" in again.stderr
    assert path.read_bytes() == before
