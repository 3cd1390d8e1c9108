"""A patient's key renewed on real databases: everything is sealed anew and opens, beside writers, across cuts."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from server.audit.records import verify_records
from server.audit.tables import AuditEvent
from server.audit.verify import Verdict
from server.database.engine import Database
from server.database.rows import Row
from server.encounters.rules import CallStatus, EncounterStatus
from server.encounters.tables import EncounterRow
from server.kernel.errors import CannotOpen
from server.kernel.ids import AccountId, EncounterId, MergeId, PatientId, new_id
from server.kernel.sealing import Place
from server.people.tables import PatientMerge
from server.records.places import place_of
from server.records.renewal import store as renewal_store
from server.records.renewal.service import ENDS_AFTER, Renewal
from server.records.rules.background import BackgroundBody
from server.records.rules.note import NoteBody
from server.records.seal.rotation import NotNow
from server.records.seal.shred import Shredder
from server.records.seal.vault import CACHED_FOR, PatientVault
from server.records.service import Background, Notes
from tests.clock import FakeClock
from tests.server.records.everything import CONTENT, Whose, add_note, fill
from tests.server.records.seal.test_shred import MAYOR, OFFICER, WHY
from tests.server.records.village import Village, add_patient, add_visit

FAST = 1_000_000
ANY_SCHEMA = """import asyncio
from server import cli, key_commands
key_commands.refuse_other_schema = lambda _: asyncio.sleep(0)"""
"""The tables of a test bear no revision."""


def renewal_of(database: Database, vault: PatientVault, clock: FakeClock) -> Renewal:
    return Renewal(database, PatientVault(vault.keyring, clock, ended_too=True), clock)


@pytest.fixture
def renewal(database: Database, vault: PatientVault, clock: FakeClock) -> Renewal:
    return renewal_of(database, vault, clock)


async def whole_record(database: Database, vault: PatientVault, village: Village, clock: FakeClock) -> PatientId:
    """A patient with a row in every sealed table."""
    async with database.transaction() as tx:
        patient = await add_patient(tx, vault, village, clock)
        visit = await add_visit(tx, vault, village, patient, clock())
        await tx.flush()
        whose = Whose(patient, visit, village.gp, village.site)
        await add_note(tx, vault, whose, clock)
        await fill(tx, vault, whose, clock)
        over = {"status": EncounterStatus.FINISHED, "call": CallStatus.ENDED, "left_at": clock()}
        await tx.execute(update(EncounterRow.__table__).values(over))  # type: ignore[arg-type]
    return patient


async def everything(database: Database, vault: PatientVault, patient: PatientId) -> dict[tuple[str, str], list[bytes]]:
    """Every sealed value of a patient in clear, by table and column; and the version of the key beside it is true."""
    found: dict[tuple[str, str], list[bytes]] = {}
    async with database.reading() as tx:
        for table in renewal_store.sealed_tables():
            theirs = select(table).where(renewal_store.of_patient(table, patient))
            for row in (await tx.execute(theirs)).mappings():
                for column in renewal_store.sealed_columns(table):
                    place = place_of(table.name, column, row, patient)
                    if column == renewal_store.HEAD:
                        opener = await vault.document_opener(tx, place, row[column])
                        chunks = await renewal_store.chunks(tx, row["id"])
                        words = b"".join(opener.add(one) for one in chunks) + opener.end()
                    else:
                        words = await vault.open(tx, place, row[column])
                        assert row.get("key_ver", row[column][3]) == row[column][3]
                    found.setdefault((table.name, column), []).append(words)
    return found


async def test_every_sealed_value_is_sealed_anew_and_opens_and_the_older_key_ends(
    database: Database, vault: PatientVault, village: Village, renewal: Renewal, clock: FakeClock
) -> None:
    patient = await whole_record(database, vault, village, clock)
    before = await everything(database, vault, patient)
    columns = {(table.name, column) for table in renewal_store.sealed_tables()
               for column in renewal_store.sealed_columns(table)}  # fmt: skip
    assert (before.keys(), before["document", "sealed_head"]) == (columns, [CONTENT])
    async with database.reading() as tx:
        old = (await tx.execute(select(Row.metadata.tables["patient"].c.sealed_traits))).scalar_one()
    steps: list[int] = []
    done = await renewal.renew([patient], FAST, steps.append)
    assert (done.patients, done.refused, done.rows) == (1, 0, sum(steps))
    assert done.ends_at == clock() + ENDS_AFTER
    async with database.reading() as tx:
        assert await renewal_store.count_older(tx, patient, 2) == 0
        assert await vault.open(tx, Place("patient", "sealed_traits", patient, patient, 1), old), "still believed"
    assert await everything(database, vault, patient) == before
    clock.advance(ENDS_AFTER)
    again = await renewal.renew(await renewal.chosen([], None), FAST)
    assert (again.patients, again.rows, again.ends_at) == (1, 0, None)
    vault.forget()
    async with database.reading() as tx:
        with pytest.raises(CannotOpen):
            await vault.open(tx, Place("patient", "sealed_traits", patient, patient, 1), old)
        acts = list(await tx.scalars(select(AuditEvent.action).where(AuditEvent.action.like("key:%"))))
    assert await everything(database, vault, patient) == before
    assert acts == ["key:renewed", "key:ended"]
    assert await renewal.chosen([], None) == []


async def test_what_the_services_wrote_stays_what_the_log_says_and_goes_on_under_the_new_key(
    database: Database, vault: PatientVault, village: Village, background: Background, notes: Notes,
    patient: PatientId, visit: EncounterId, renewal: Renewal, clock: FakeClock,
) -> None:  # fmt: skip
    doctor = village.doctor()
    await background.save(doctor, patient, BackgroundBody(("iode",)), 0)
    await notes.save(doctor, visit, NoteBody(conclusion="Angine"), 0)
    assert (await renewal.renew([patient], FAST)).refused == 0
    clock.advance(CACHED_FOR)
    await notes.save(doctor, visit, NoteBody(conclusion="Angine blanche"), 1)
    assert await background.save(doctor, patient, BackgroundBody(("iode", "latex")), 1) == 2, "nobody noticed"
    assert [one.body.allergies for one in await background.versions(doctor, patient)][-1] == ("iode",)
    verdict = Verdict()
    async with database.reading() as tx:
        await verify_records(tx, verdict)
        key_ver = (await tx.execute(text("SELECT key_ver FROM note"))).scalar_one()
    assert ([one.line() for one in verdict.findings], key_ver) == ([], 2)


async def test_a_signed_note_may_only_be_sealed_anew_under_a_newer_key_with_all_else_as_it_was(
    database: Database, vault: PatientVault, village: Village, renewal: Renewal, clock: FakeClock
) -> None:
    patient = await whole_record(database, vault, village, clock)
    await renewal.renew([patient], FAST)
    for table in ("note", "prescription"):
        for harm in (
            "key_ver = 3",  # the patient has no third key
            "key_ver = 2",  # the words of now, once more
            "key_ver = 1",
        ):
            with pytest.raises(DBAPIError, match="never changes"):
                async with database.transaction() as tx:
                    await tx.execute(text(f"UPDATE {table} SET sealed_body = patient_id_bytes, {harm}".replace(
                        "patient_id_bytes", "x'00'" if database.is_sqlite else "'\\x00'::bytea")))  # fmt: skip
    async with database.transaction() as tx:
        await renewal._vault.renew_key(tx, patient, 3)
    with pytest.raises(DBAPIError, match="never changes"):
        async with database.transaction() as tx:
            await tx.execute(text("UPDATE note SET key_ver = 3, row_ver = 2"))


async def test_a_person_of_two_records_is_renewed_whole_and_parted_again_each_has_its_own(
    database: Database, vault: PatientVault, village: Village, renewal: Renewal, clock: FakeClock
) -> None:
    first, second = [await whole_record(database, vault, village, clock) for _ in range(2)]
    async with database.transaction() as tx:
        link = {"patient_id": second, "into_id": first, "root_id": first, "merged_at": clock()}
        tx.add(PatientMerge(id=MergeId(new_id()), **link, merged_by=AccountId(new_id())))
    assert sorted(await renewal.chosen([second], None)) == sorted([first, second])
    assert (await renewal.renew(await renewal.chosen([second], None), FAST)).patients == 2
    async with database.transaction() as tx:
        parted = {"parted_at": clock(), "parted_by": AccountId(new_id())}
        await tx.execute(update(PatientMerge.__table__).values(parted))  # type: ignore[arg-type]
    clock.advance(ENDS_AFTER)
    assert (await renewal.renew(await renewal.chosen([first], None), FAST)).ends_at is None
    vault.forget()
    async with database.reading() as tx:
        for patient in (first, second):
            assert await renewal_store.count_older(tx, patient, 2) == 0
    assert await everything(database, vault, first)


async def test_who_is_shredded_stays_shredded_also_in_the_middle_of_a_renewal(
    database: Database, vault: PatientVault, village: Village, renewal: Renewal, clock: FakeClock
) -> None:
    patient = await whole_record(database, vault, village, clock)
    shredder = Shredder(database, clock)
    wish = await shredder.ask(MAYOR, patient, WHY)
    shredded = asyncio.Event()

    async def shred() -> None:
        await shredder.confirm(OFFICER, wish)
        shredded.set()

    tasks: list[asyncio.Task[None]] = []
    with pytest.raises(NotNow, match="shredded"):
        await renewal.renew([patient], 40, lambda _more: tasks or tasks.append(asyncio.create_task(shred())))
    await asyncio.gather(*tasks)
    with pytest.raises(NotNow, match="Nothing of theirs was changed"):
        await renewal.renew([patient], FAST)
    vault.forget()
    with pytest.raises(CannotOpen):
        await everything(database, vault, patient)
    async with database.reading() as tx:
        living = await tx.execute(text("SELECT count(*) FROM patient_key WHERE wrapped IS NOT NULL"))
    assert living.scalar_one() == 0


async def test_a_row_that_does_not_open_is_left_counted_and_keeps_the_older_key(
    database: Database, vault: PatientVault, village: Village, renewal: Renewal, clock: FakeClock
) -> None:
    patient = await whole_record(database, vault, village, clock)
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE observation SET taken_at = taken_at, row_ver = 7"))
    done = await renewal.renew([patient], FAST)
    assert done.refused == 1
    clock.advance(ENDS_AFTER)
    assert (await renewal.renew([patient], FAST)).ends_at == clock(), "not yet: something needs the older key"


async def test_killed_in_the_middle_it_goes_on_where_it_was(
    database: Database, vault: PatientVault, village: Village, clock: FakeClock, key_file: Path
) -> None:
    patients = [await whole_record(database, vault, village, clock) for _ in range(3)]
    before = [await everything(database, vault, one) for one in patients[:1]]
    url = database.url.replace("+aiosqlite", "").replace("+asyncpg", "")
    settings = {"TELECABIN_DATABASE_URL": url, "TELECABIN_KEK_FILE": str(key_file)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TELECABIN_")} | settings
    words = ["key", "renew", "--made-before", "2100-01-01", "--rate", "30"]
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{ANY_SCHEMA}\ncli.main({words})", env=environment
    )
    try:
        async with asyncio.timeout(60):
            while not await _renewed(database):  # noqa: ASYNC110 - another process is awaited
                await asyncio.sleep(0.02)
    finally:
        running.kill()
        await running.wait()
    renewal = renewal_of(database, vault, clock)
    async with database.reading() as tx:
        left = sum([await renewal_store.count_older(tx, one, 2) for one in patients])
    assert left, "it was killed in the middle"
    done = await renewal.renew(await renewal.chosen(patients, None), FAST)
    assert (done.rows, done.refused) == (left, 0)
    vault.forget()
    assert [await everything(database, vault, one) for one in patients[:1]] == before


async def _renewed(database: Database) -> int:
    async with database.reading() as tx:
        query = select(AuditEvent.id).where(AuditEvent.action == "record:resealed").limit(1)
        return len((await tx.execute(query)).all())
