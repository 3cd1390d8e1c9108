"""The services of the past share one transaction and one clock."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from server.accounts.passwords import Passwords
from server.database.engine import Database
from server.people.rules import Sex, Traits
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.village import places, store
from server.village.clinic import open_clinic
from server.village.settling import Settling

LONG_AGO = datetime(2025, 3, 2, 12, tzinfo=UTC)


async def test_what_one_service_writes_the_next_one_finds_before_any_commit(
    sqlite_database: Database, tmp_path: Path
) -> None:
    vault = await unlock(sqlite_database, init_key(tmp_path / "keys.json").path, lambda: LONG_AGO)
    passwords = Passwords(time_cost=1, memory_kib=8)
    traits = Traits("Quéré", ("Marcel",), LONG_AGO.date().replace(year=1952), Sex.MALE)
    async with sqlite_database.transaction() as tx:
        clinic = open_clinic(sqlite_database, tx, vault, passwords, LONG_AGO)
        settled = await Settling(clinic, await passwords.hash("not of anybody")).settle()
        nurse = settled.who["sylvie"]
        registered = await clinic.people.register(nurse, traits, fictitious=True)
        assert (await clinic.people.read(nurse, registered.patient_id)).traits == traits
        assert clinic.then() == LONG_AGO
        assert not await store.is_empty(tx)
    passwords.close()
    assert set(settled.sites) == set(places.BY_KEY)
