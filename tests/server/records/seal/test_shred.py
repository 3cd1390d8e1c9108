"""Two people make a patient's records unreadable, for ever; one cannot; a restore does it again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from server.audit.tables import AuditEvent
from server.database.engine import Database
from server.kernel.access import Identity, Role
from server.kernel.errors import CannotOpen, Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import AccountId, PatientId, new_id
from server.kernel.sealing import Place
from server.people.tables import PatientKeyword, PatientRow
from server.records.seal import store
from server.records.seal.shred import Shredder, decoded, encoded, replay
from server.records.seal.tables import PatientKey
from server.records.seal.vault import PatientVault
from tests.clock import FakeClock
from tests.server.records.village import Village

MAYOR = Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "Mairie")
OFFICER = Identity(AccountId(new_id()), Role.ADMIN, "dpo", "Déléguée")
WHY = "fin de conservation"


@pytest.fixture
def shredder(database: Database, clock: FakeClock) -> Shredder:
    return Shredder(database, clock)


async def opens(database: Database, vault: PatientVault, place: Place, sealed: bytes) -> bool:
    vault.forget()
    try:
        async with database.reading() as tx:
            return bool(await vault.open(tx, place, sealed))
    except CannotOpen:
        return False


async def seal(database: Database, vault: PatientVault, patient: PatientId) -> tuple[Place, bytes]:
    place = Place("note", "sealed_body", new_id(), patient, 1)
    async with database.transaction() as tx:
        return place, await vault.seal(tx, place, b"Angine")


async def test_two_people_destroy_a_patients_keys_and_nothing_opens_any_more(
    database: Database, vault: PatientVault, patient: PatientId, shredder: Shredder, clock: FakeClock
) -> None:
    sealed = await seal(database, vault, patient)
    wish = await shredder.ask(MAYOR, patient, WHY)
    assert await opens(database, vault, *sealed), "asking destroys nothing"
    done = await shredder.confirm(OFFICER, wish)
    assert (done.patient_id, done.keys, (done.in_backups_until - clock()).days) == (patient, 1, 35)
    assert not await opens(database, vault, *sealed)
    async with database.reading() as tx:
        assert list(await tx.scalars(select(PatientKey.wrapped))) == [None]
        assert list(await tx.scalars(select(PatientKeyword.blind))) == []
        assert list(await tx.scalars(select(PatientRow.code_index))) == [None]
        acts = [
            *await tx.execute(select(AuditEvent.action, AuditEvent.actor).where(AuditEvent.action.contains("shred")))
        ]
    assert acts == [("shred:asked", MAYOR.account_id), ("shred:done", OFFICER.account_id)]
    (line,) = await shredder.ledger()
    assert (line.patient_id, line.reason, line.confirmed_by) == (patient, WHY, OFFICER.account_id)


async def test_one_person_cannot_do_it_alone_nor_twice(
    database: Database, vault: PatientVault, patient: PatientId, shredder: Shredder, village: Village
) -> None:
    sealed = await seal(database, vault, patient)
    wish = await shredder.ask(MAYOR, patient, WHY)
    with pytest.raises(Conflict) as alone:
        await shredder.confirm(MAYOR, wish)
    assert alone.value.code == "two-people"
    for who in (village.doctor(), village.worker(), village.cabin()):
        with pytest.raises(NotAllowed):
            await shredder.ask(who, patient, WHY)
        with pytest.raises(NotAllowed):
            await shredder.confirm(who, wish)
    assert await opens(database, vault, *sealed)
    await shredder.confirm(OFFICER, wish)
    with pytest.raises(Conflict, match="déjà"):
        await shredder.confirm(OFFICER, wish)


async def test_the_ledger_itself_refuses_one_person(
    database: Database, patient: PatientId, shredder: Shredder, clock: FakeClock
) -> None:
    wish = await shredder.ask(MAYOR, patient, WHY)
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await store.confirm_shred(tx, wish, MAYOR.account_id, clock())


async def test_an_unknown_patient_wish_or_reason_is_refused(patient: PatientId, shredder: Shredder) -> None:
    with pytest.raises(NotFound):
        await shredder.ask(MAYOR, PatientId(new_id()), WHY)
    with pytest.raises(NotFound):
        await shredder.confirm(OFFICER, new_id())
    for reason in ("", "  ", "x" * 201):
        with pytest.raises(Invalid):
            await shredder.ask(MAYOR, patient, reason)


async def test_a_restore_shreds_again_what_was_shredded_since(
    database: Database, vault: PatientVault, patient: PatientId, shredder: Shredder, clock: FakeClock
) -> None:
    """The keys are alive here, as in a backup from before; the ledger is newer."""
    sealed = await seal(database, vault, patient)
    done = store.Shredding(new_id(), patient, WHY, new_id(), clock(), new_id(), clock())
    only_asked = replace(done, id=new_id(), confirmed_by=None, confirmed_at=None)
    unknown = replace(done, id=new_id(), patient_id=PatientId(new_id()))
    newer = decoded(encoded([only_asked, unknown]))
    async with database.transaction() as tx:
        assert await replay(tx, newer) == 0
    assert await opens(database, vault, *sealed)
    async with database.transaction() as tx:
        assert await replay(tx, decoded(encoded([*newer, done]))) == 1
        assert await replay(tx, [done]) == 0, "once is enough"
    assert not await opens(database, vault, *sealed)
    assert {line.id for line in await shredder.ledger()} == {done.id, only_asked.id, unknown.id}


async def test_a_wish_in_the_backup_that_was_confirmed_since_is_done(
    database: Database, vault: PatientVault, patient: PatientId, shredder: Shredder, clock: FakeClock
) -> None:
    sealed = await seal(database, vault, patient)
    wish = await shredder.ask(MAYOR, patient, WHY)
    (asked,) = await shredder.ledger()
    confirmed = replace(asked, confirmed_by=OFFICER.account_id, confirmed_at=clock())
    async with database.transaction() as tx:
        assert await replay(tx, [confirmed]) == 1
    assert not await opens(database, vault, *sealed)
    assert [(line.id, line.confirmed_by) for line in await shredder.ledger()] == [(wish, OFFICER.account_id)]


async def test_the_file_of_sqlite_holds_no_byte_of_a_shredded_key(
    sqlite_database: Database, key_file: Path, tmp_path: Path, clock: FakeClock
) -> None:
    from server.records.seal.start import unlock
    from tests.server.records.village import add_patient, settle

    vault, village = await unlock(sqlite_database, key_file, clock), await settle(sqlite_database)
    async with sqlite_database.transaction() as tx:
        patient = await add_patient(tx, vault, village, clock)
    async with sqlite_database.reading() as tx:
        (wrapped,) = await tx.scalars(select(PatientKey.wrapped))

    def found() -> int:
        files = [path for path in tmp_path.iterdir() if path.name.startswith("telecabin.sqlite")]
        return sum((wrapped or b"")[:24] in path.read_bytes() for path in files)

    assert found() > 0
    shredder = Shredder(sqlite_database, clock)
    await shredder.confirm(OFFICER, await shredder.ask(MAYOR, patient, WHY))
    assert found() == 0
