"""A person's copy holds all that is kept about them; a site leaves and arrives elsewhere with nothing lost."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import select

from server.audit.records import verify_records
from server.audit.sequencer import signer_of
from server.audit.tables import AuditEvent
from server.audit.verify import verify_log
from server.database.engine import Database
from server.database.migrate import migrate
from server.interop import site, store
from server.interop.fhir.bundle import is_draft, verbatim
from server.interop.opening import opened, sealable, spoken
from server.interop.service import Copies
from server.kernel.access import Identity, Role
from server.kernel.clock import utc_now
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import AccountId, SiteId, new_id
from server.people.service import People
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.schema import METADATA
from tests.server.interop.conftest import SCAN, House

ADMIN = Identity(AccountId(new_id()), Role.ADMIN, "mairie", "Mairie")
AUDIT = {"audit_event", "audit_head", "audit_node", "audit_checkpoint"}


def _copies(house: House) -> Copies:
    return Copies(house.database, house.vault, People(house.database, house.vault, utc_now), utc_now)


async def test_a_copy_holds_every_row_about_the_person_and_is_an_act_they_see(house: House) -> None:
    copy = await _copies(house).of_patient(house.worker(), house.patient)
    rows = verbatim(msgspec.json.decode(msgspec.json.encode(copy.bundle)))
    async with house.database.reading() as tx:
        kept = await store.rows_of(tx, [house.patient])
        acts = select(AuditEvent.action).where(AuditEvent.patient_id == house.patient).order_by(AuditEvent.id.desc())
        assert (await tx.scalars(acts.limit(1))).one() == "record:copied"
    assert len(kept["encounter"]) > 0
    for table, found in kept.items():
        assert len(rows[table]) == len([row for row in found if not is_draft(table, row)]), table
    assert rows["guest"][0]["name"] == {"text": "Jeanne l’interprète"}
    assert base64.b64decode(rows["document"][0]["head"]) == SCAN
    measured = [one["resource"] for one in copy.bundle["entry"] if one["resource"]["resourceType"] == "Observation"]
    assert measured
    assert all(one["performer"][0]["display"] for one in measured)


def test_every_table_of_the_house_leaves_with_a_patient_with_the_site_or_for_a_reason_not() -> None:
    with_a_patient = {table.name for table in store.tables_about_a_patient()}
    with_the_site = {table.name for table in store.tables_of_the_site()}
    never = store.NEVER | store.ON_ITS_WAY | {store.IN_ITS_DOCUMENT}
    assert with_the_site | never == set(METADATA.tables)
    assert with_a_patient >= {"note", "observation", "guest", "consent", "feedback", "document", "audit_event"}


async def test_nobody_takes_a_copy_but_who_works_at_the_persons_site(house: House) -> None:
    with pytest.raises(NotFound):
        await _copies(house).of_patient(house.worker(SiteId(new_id())), house.patient)
    for role in (Role.GP, Role.COORDINATOR, Role.ADMIN, Role.CABIN):
        with pytest.raises(NotAllowed):
            await _copies(house).of_patient(Identity(AccountId(new_id()), role, "x", "x"), house.patient)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of another house's new database."""
    url = f"sqlite:///{tmp_path}/elsewhere.db"
    return url if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest_asyncio.fixture(loop_scope="session")
async def arrival(elsewhere: str) -> AsyncIterator[Database]:
    database = Database(elsewhere)
    await migrate(database)
    yield database
    await database.close()


def _tables(folder: Path) -> dict[str, list[Any]]:
    return {
        path.stem: [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
        for path in (folder / "tables").iterdir()
    }


async def test_a_site_that_arrives_elsewhere_under_other_keys_says_the_same_as_before(
    house: House, arrival: Database, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    steps: list[tuple[int, int]] = []
    made = await site.export_site(
        house.database, house.vault, ADMIN, first, utc_now, progress=lambda *one: steps.append(one)
    )
    assert steps[-1][0] == steps[-1][1]
    vault = await unlock(arrival, init_key(tmp_path / "others.json").path, utc_now)
    assert await site.import_site(arrival, vault, first, utc_now) == made
    vault.forget()
    await site.export_site(arrival, vault, ADMIN, second, utc_now)
    before, after = _tables(first), _tables(second)
    for table in set(before) - AUDIT:
        assert after[table] == before[table], table
    assert after["audit_event"][: len(before["audit_event"])] == before["audit_event"], "the old log goes on"
    assert any(row["traits"] == {"shredded": True} for row in after["patient"])
    assert not (second / "patients" / f"{house.shredded}.json").exists()
    bundles = [
        msgspec.json.decode((one / "patients" / f"{house.patient}.json").read_bytes()) for one in (first, second)
    ]
    said = [
        [entry for entry in one["entry"] if entry["resource"]["resourceType"] not in ("AuditEvent", "Binary")]
        for one in bundles
    ]
    assert said[0] == said[1]
    async with arrival.reading() as tx:
        verdict = await verify_log(tx, signer_of(vault).verifier)
        await verify_records(tx, verdict)
    assert (verdict.findings, verdict.records > 100, verdict.unsigned) == ([], True, verdict.unsigned)
    with pytest.raises(Conflict, match="pas vide"):
        await site.import_site(arrival, vault, first, utc_now)


def _said(folder: Path, house: House) -> list[Any]:
    """What other software reads of the person, but for the acts of the log, which went on."""
    found = msgspec.json.decode((folder / "patients" / f"{house.patient}.json").read_bytes())
    return [one for one in found["entry"] if one["resource"]["resourceType"] not in ("AuditEvent", "Binary")]


async def test_an_export_that_lost_lines_or_is_none_is_refused_and_nothing_is_written(
    house: House, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    await site.export_site(house.database, house.vault, ADMIN, folder, utc_now)
    with pytest.raises(NotAllowed):
        await site.export_site(house.database, house.vault, house.worker(), tmp_path / "mine", utc_now)
    notes = folder / "tables/note.ndjson"
    notes.write_bytes(notes.read_bytes().split(b"\n", 1)[1])
    database = Database(f"sqlite:///{tmp_path}/elsewhere.db")
    try:
        await migrate(database)
        vault = await unlock(database, init_key(tmp_path / "others.json").path, utc_now)
        with pytest.raises(Invalid, match="manque des lignes"):
            await site.import_site(database, vault, folder, utc_now)
        with pytest.raises(Invalid, match="pas l’export"):
            await site.import_site(database, vault, tmp_path, utc_now)
        async with database.reading() as tx:
            assert await store.patients(tx) == []
    finally:
        await database.close()


def test_what_was_opened_is_sealed_again_byte_by_byte() -> None:
    for words in (b'{"a":[1,"b"]}', "l’interprète".encode(), b"\xff\x00", b"12", b'"quoted"'):
        assert sealable(spoken(words)) == words


async def test_a_row_leaves_without_the_indexes_of_this_house(house: House) -> None:
    async with house.database.reading() as tx:
        (row,) = (await store.rows_of(tx, [house.patient]))["patient"]
        plain = await opened(tx, house.vault, "patient", row)
    assert "code_index" not in plain
    assert plain["traits"]["birth_name"]
