"""The settings."""

from pathlib import Path

import pytest

from server.config import load
from server.kernel.errors import ConfigError


def test_nothing_set_gives_the_defaults() -> None:
    config = load({"PATH": "/usr/bin"})
    assert config.database_url.startswith("sqlite:///")
    assert config.port == 8080
    assert not config.secure


def test_settings_are_read_with_their_types() -> None:
    config = load(
        {
            "TELECABIN_PORT": "9000",
            "TELECABIN_TURN_URLS": "turn:a:3478 turns:a:5349",
            "TELECABIN_KEK_FILE": "/run/keys.json",
            "TELECABIN_ORIGIN": "https://cabin.example",
        }
    )
    assert config.port == 9000
    assert config.turn_urls == ("turn:a:3478", "turns:a:5349")
    assert config.kek_file == Path("/run/keys.json")
    assert config.secure


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELECABIN_PROT", "9000"),
        ("TELECABIN_PORT", "ninety"),
        ("TELECABIN_PORT", "70000"),
        ("TELECABIN_ORIGIN", "cabin.example"),
        ("TELECABIN_ORIGIN", "https://cabin.example/"),
        ("TELECABIN_LOG_LEVEL", "loud"),
    ],
)
def test_a_misspelt_or_ill_typed_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load({name: value})


def test_all_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as stopped:
        load({"TELECABIN_X": "1", "TELECABIN_PORT": "x"})
    assert "TELECABIN_X" in str(stopped.value)
    assert "TELECABIN_PORT" in str(stopped.value)
