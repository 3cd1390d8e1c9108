"""Keys in an HSM (the real SoftHSM): they wrap and unwrap, never leave, and their absence is not a tampering."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from server.database.engine import Database
from server.kernel.clock import utc_now
from server.kernel.errors import ConfigError, Unavailable
from server.kernel.ids import new_id
from server.kernel.sealing import Place
from server.records.seal.envelope import FreshKey, KeysAway, Refused
from server.records.seal.hsm import HsmProvider, init_hsm
from server.records.seal.start import unlock
from tests import tools
from tests.server.records.village import add_patient, settle

TOKENS = [f"telecabin-{number}" for number in range(4)]


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """SoftHSM with a few empty tokens; the library reads where they are once in a process."""
    library, folder = tools.SOFTHSM.path(), tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    (folder / "pin").write_text("5678\n")
    (folder / "pin").chmod(0o600)
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    for token in TOKENS:
        make = ["softhsm2-util", "--init-token", "--free", "--label", token, "--so-pin", "1234", "--pin", "5678"]
        subprocess.run(make, check=True, capture_output=True)
    (folder / "library").write_text(str(library))
    yield folder
    del os.environ["SOFTHSM2_CONF"]


def hsm_file(tokens: Path, tmp_path: Path, number: int) -> Path:
    library = (tokens / "library").read_text()
    return init_hsm(tmp_path / "hsm.json", library, TOKENS[number], tokens / "pin").path


def test_keys_wrap_for_one_patient_and_are_never_in_the_file(tokens: Path, tmp_path: Path) -> None:
    provider = HsmProvider(hsm_file(tokens, tmp_path, 0))
    keyring = provider.load()
    patient = uuid4()
    fresh = FreshKey.make(keyring.newest, patient, 1)
    assert len(fresh.wrapped) == 60
    assert keyring.newest.unwrap(fresh.wrapped, patient, 1, fresh.commit_tag).ver == 1
    for wrong, tag in ((uuid4(), fresh.commit_tag), (patient, bytes(32))):
        with pytest.raises(Refused):
            keyring.newest.unwrap(fresh.wrapped, wrong, 1, tag)
    assert '"key"' not in provider.path.read_text()
    assert HsmProvider(provider.path).load().index.blind("t", "f", "x") == keyring.index.blind("t", "f", "x")


def test_a_key_is_added_and_dropped_and_the_index_key_follows(tokens: Path, tmp_path: Path) -> None:
    provider = HsmProvider(hsm_file(tokens, tmp_path, 1))
    before = provider.load()
    seen = provider.look()
    assert provider.add().checks.keys() == {"k2"}
    assert provider.look() != seen
    provider.drop("k1")
    after = provider.load()
    assert list(after.master) == ["k2"]
    assert after.index.blind("t", "f", "x") == before.index.blind("t", "f", "x")
    with pytest.raises(ConfigError, match="the only master key"):
        provider.drop("k2")


async def test_a_device_that_goes_shuts_the_records_and_is_not_called_tampering(
    tokens: Path, tmp_path: Path, sqlite_database: Database
) -> None:
    path = hsm_file(tokens, tmp_path, 2)
    vault = await unlock(sqlite_database, Path(f"pkcs11:{path}"), utc_now)
    village = await settle(sqlite_database)
    async with sqlite_database.transaction() as tx:
        patient = await add_patient(tx, vault, village, utc_now)
        place = Place("note", "sealed_body", new_id(), patient, 1)
        sealed = await vault.seal(tx, place, b"Angine")
    vault.forget()
    provider, away = HsmProvider(path), tokens / "away"
    provider.load()
    (tokens / "tokens").rename(away)
    try:
        with pytest.raises(KeysAway):
            provider.look()
        async with sqlite_database.reading() as tx:
            with pytest.raises(Unavailable) as refused:
                await vault.open(tx, place, sealed)
        assert (refused.value.code, vault.is_shut) == ("sealed", True)
        with pytest.raises(ConfigError, match="does not answer"):
            HsmProvider(path).load()
    finally:
        away.rename(tokens / "tokens")
    vault.use(provider.load())
    async with sqlite_database.reading() as tx:
        assert await vault.open(tx, place, sealed) == b"Angine"
        assert await vault.open(tx, place, sealed) == b"Angine"


def test_another_key_another_pin_or_another_token_is_refused(tokens: Path, tmp_path: Path) -> None:
    path = hsm_file(tokens, tmp_path, 3)
    good = json.loads(path.read_text())

    def refusal(**changes: object) -> str:
        path.write_text(json.dumps({**good, **changes}))
        with pytest.raises(ConfigError) as refused:
            HsmProvider(path).load()
        return str(refused.value)

    assert "is another one (check" in refusal(master=[{"id": "k1", "check": "0" * 16}])
    assert "lacks a key" in refusal(master=[{"id": "k7", "check": "0" * 16}])
    assert "does not answer" in refusal(token="elsewhere")
    assert "does not answer" in refusal(pin_file=str(tmp_path / "none"))
    assert "lists no master key" in refusal(master=[])
    assert "does not say which HSM" in refusal(more=1)
    assert "index key i1 is damaged" in refusal(index={**good["index"], "check": "0" * 16})
    path.write_text(json.dumps(good))
    with pytest.raises(ConfigError, match="it may name the only keys"):
        init_hsm(path, good["library"], TOKENS[3], tokens / "pin")
    with pytest.raises(ConfigError, match="holds a key telecabin-k1 already"):
        init_hsm(tmp_path / "second.json", good["library"], TOKENS[3], tokens / "pin")
