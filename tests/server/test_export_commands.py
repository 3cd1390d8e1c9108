"""`telecabin export …` and `telecabin import` as a person types them."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from server import export_commands
from server.cli import main
from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from server.village.sign_ins import PASSWORD as DEMO_PASSWORD
from tests.clinic_ui.paper.reading import read_pdf
from tests.flows.conftest import settle

Say = Callable[..., Result]
PASSWORD = "mot de passe assez long"


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Type a command, in a small village."""
    monkeypatch.setattr(export_commands, "harden", lambda: None)  # this process also runs the other tests
    url, key_file = f"sqlite:///{tmp_path}/a.db", init_key(tmp_path / "keys.json").path
    environ = {"TELECABIN_DATABASE_URL": url, "TELECABIN_KEK_FILE": str(key_file)}
    asyncio.run(settle(url, key_file, utc_now()))

    def typed(*words: object, **settings: str) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], env=environ | settings, catch_exceptions=False)

    return typed


def _rows(folder: Path, table: str) -> list[dict[str, Any]]:
    lines = (folder / "tables" / f"{table}.ndjson").read_bytes().splitlines()
    return [msgspec.json.decode(line) for line in lines]


def test_a_site_leaves_by_an_admin_and_arrives_elsewhere(say: Say, tmp_path: Path) -> None:
    made = say("account", "add", "mairie", "--role", "admin", "--name", "Mairie", "--password", PASSWORD)
    assert made.exit_code == 0, made.output
    folder, asked = tmp_path / "export", ("--login", "mairie", "--password")
    assert say("export", "site", folder, *asked, "another password").exit_code == 1
    left = say("export", "site", folder, *asked, PASSWORD)
    assert (left.exit_code, "not protected" in left.output) == (0, True)
    assert (folder.stat().st_mode & 0o777, len(list((folder / "patients").iterdir())) > 5) == (0o700, True)
    again = say("export", "site", folder, *asked, PASSWORD)
    assert (again.exit_code, "exists" in again.output) == (1, True)

    patient = next((folder / "patients").iterdir()).stem
    no_worker = say("export", "patient", patient, tmp_path / "p.zip", *asked, PASSWORD)
    assert (no_worker.exit_code, (tmp_path / "p.zip").exists()) == (1, False)

    worker = next(one for one in _rows(folder, "account") if one["login"] == "sylvie")
    seen = {one["patient_id"] for one in _rows(folder, "note")} & {
        one["patient_id"] for one in _rows(folder, "observation")
    }
    mine = next(
        one["id"] for one in _rows(folder, "patient") if one["site_id"] == worker["site_id"] and one["id"] in seen
    )
    copied = say("export", "patient", mine, tmp_path / "p.zip", "--login", "sylvie", "--password", DEMO_PASSWORD)
    assert copied.exit_code == 0, copied.output
    with zipfile.ZipFile(tmp_path / "p.zip") as file:
        paper = read_pdf(file.read("dossier.pdf"))
        assert b"Composition" in file.read("dossier.fhir.json")
    assert all(words in paper.text for words in ("Qui vous êtes", "Comptes rendus", "Signé par", "Mesures"))

    assert msgspec.json.decode((folder / "manifest.json").read_bytes())["patients"] > 5
    key_file = init_key(tmp_path / "others.json").path
    elsewhere = {"TELECABIN_DATABASE_URL": f"sqlite:///{tmp_path}/b.db", "TELECABIN_KEK_FILE": str(key_file)}
    assert say("import", folder, **elsewhere).exit_code == 78, "not migrated"
    assert say("migrate", **elsewhere).exit_code == 0
    arrived = say("import", folder, **elsewhere)
    assert (arrived.exit_code, "given anew" in arrived.output) == (0, True), arrived.output
    assert say("import", folder, **elsewhere).exit_code == 1
    assert say("audit", "verify", "--records", **elsewhere).exit_code == 0
