"""`telecabin places import`: the example as it is shipped opens a commune; reading it again changes nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from server.database.engine import Database
from server.database.migrate import migrate
from server.records.seal.keyring import init_key
from tests.house.reading import ROOT

EXAMPLE = ROOT / "deploy/places.example.toml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A migrated, empty site that the settings name."""
    url = f"sqlite:///{tmp_path}/db.sqlite"
    monkeypatch.setenv("TELECABIN_DATABASE_URL", url)
    monkeypatch.setenv("TELECABIN_KEK_FILE", str(init_key(tmp_path / "keys.json").path))

    async def migrated() -> None:
        database = Database(url)
        await migrate(database)
        await database.close()

    asyncio.run(migrated())
    return tmp_path


def _import(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(main, ["places", "import", *words], input=answer)


def test_the_example_opens_a_commune_once_and_a_changed_line_is_shown_with_both_values(folder: Path) -> None:
    told = _import(str(EXAMPLE), "--dry-run")
    assert (told.exit_code, "+ site mairie: Mairie de Exempleville" in told.output) == (0, True)
    assert "First passwords" not in told.output
    assert "Done." not in _import(str(EXAMPLE), answer="n\n").output
    done = _import(str(EXAMPLE), "--yes")
    for words in ("~ hours of Cabine de la mairie", "+ lun 09:00-12:30", "+ mar 09:00-12:00 VR", "First passwords"):
        assert words in done.output
    again = _import(str(EXAMPLE))
    assert (again.exit_code, again.output) == (0, "6 of 6 lines need no change besides hours.\n")
    changed = folder / "changed.toml"
    text = (
        EXAMPLE.read_text()
        .replace("Cabine de la mairie", "Cabine du bourg")
        .replace('"lun-ven 09:00-12:30"', '"lun 09:00-12:30"')
    )
    changed.write_text(text)
    moved = _import(str(changed), "--yes")
    assert "    name: Cabine de la mairie → Cabine du bourg" in moved.output
    assert "    - ven 09:00-12:30" in moved.output


def test_a_file_with_faults_names_them_all_and_changes_nothing(folder: Path) -> None:
    bad = folder / "bad.toml"
    bad.write_text(EXAMPLE.read_text().replace('"22999"', '"229"').replace("lun-ven 09:00-12:00", "lundi matin"))
    told = _import(str(bad), "--yes")
    assert told.exit_code == 1
    assert "site “mairie”, insee" in told.output
    bad.write_text(EXAMPLE.read_text().replace("lun-ven 09:00-12:00", "lundi matin"))
    told = _import(str(bad), "--yes")
    assert (told.exit_code, "lundi matin" in told.output) == (1, True)
    assert "+ site mairie" in _import(str(EXAMPLE), "--dry-run").output
