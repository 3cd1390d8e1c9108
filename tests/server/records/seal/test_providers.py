"""Where keys live: the setting names a provider, and each reads, looks and refuses in its own words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.kernel.errors import ConfigError
from server.records.seal.hsm import HsmProvider
from server.records.seal.keyring import init_key
from server.records.seal.providers import EnvProvider, FileProvider, KeyProvider, provider_of


@pytest.mark.parametrize("setting", ["file:/run/keys.json", "/run/keys.json", "var/a:b.json"])
def test_a_path_is_a_file_with_or_without_its_word(setting: str) -> None:
    provider = provider_of(setting)
    assert isinstance(provider, FileProvider)
    assert provider.path == Path(setting.removeprefix("file:"))


def test_the_setting_may_name_an_hsm_or_a_variable() -> None:
    assert isinstance(provider_of("pkcs11:/etc/telecabin/hsm.json"), HsmProvider)
    assert isinstance(provider_of("env:CLINIC_KEYS"), EnvProvider)


@pytest.mark.parametrize("setting", ["vault:transit/k1", "awskms:arn", "file:", "env:"])
def test_another_provider_is_refused_with_what_there_is(setting: str) -> None:
    with pytest.raises(ConfigError) as refused:
        provider_of(setting)
    assert str(refused.value) == (
        f"TELECABIN_KEK_FILE: unknown provider “{setting.split(':')[0]}”. Use file:/path/to/keys.json, env:NAME or "
        "pkcs11:/path/to/hsm.json. Nothing was changed."
    )


def test_a_file_looks_different_once_a_key_was_added_or_dropped(tmp_path: Path) -> None:
    provider: KeyProvider = FileProvider(init_key(tmp_path / "keys.json").path)
    before = provider.look()
    assert provider.look() == before
    made = provider.add()
    assert provider.look() != before
    assert list(provider.load().master) == ["k1", "k2"]
    assert provider.load().checks["k2"] == made.checks["k2"]
    provider.drop("k1")
    assert list(provider.load().master) == ["k2"]
    assert provider.add().checks.keys() == {"k3"}, "a number is not given twice"


def test_the_only_key_of_a_file_is_not_dropped(tmp_path: Path) -> None:
    provider = FileProvider(init_key(tmp_path / "keys.json").path)
    with pytest.raises(ConfigError, match="k1 is the only master key"):
        provider.drop("k1")
    assert list(provider.load().master) == ["k1"]


def test_a_file_that_goes_or_opens_itself_to_others_is_seen(tmp_path: Path) -> None:
    provider = FileProvider(init_key(tmp_path / "keys.json").path)
    provider.path.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others"):
        provider.look()
    provider.path.unlink()
    with pytest.raises(ConfigError, match="No such file"):
        provider.look()


def test_a_variable_holds_the_same_keys_for_development(tmp_path: Path) -> None:
    made = init_key(tmp_path / "keys.json")
    provider: KeyProvider = EnvProvider("CLINIC_KEYS", {"CLINIC_KEYS": made.path.read_text()})
    assert provider.load().checks == made.checks
    assert provider.look() == provider.look()
    for refused in (provider.add, lambda: provider.drop("k1")):
        with pytest.raises(ConfigError, match="for development"):
            refused()


def test_a_variable_that_is_absent_or_holds_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no environment variable CLINIC_KEYS"):
        EnvProvider("CLINIC_KEYS", {}).load()
    with pytest.raises(ConfigError, match="the variable CLINIC_KEYS is not a telecabin key file"):
        EnvProvider("CLINIC_KEYS", {"CLINIC_KEYS": json.dumps({"format": "other"})}).load()
