"""The village is there at once, whole, the same for the same seed, and everything that is sealed opens."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from server.accounts.passwords import Passwords
from server.accounts.service import Accounts
from server.accounts.tables import Account
from server.audit.tables import AuditEvent
from server.database.engine import Database
from server.database.rows import Row
from server.encounters.rules import EncounterStatus
from server.encounters.tables import EncounterRow
from server.kernel.access import Identity, Role
from server.kernel.errors import CannotOpen
from server.kernel.ids import AccountId, new_id
from server.people.rules import INS_TEST_OID, IdentityStatus, display_name
from server.people.tables import CabinRow, PatientRow
from server.records.places import place_of
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.records.seal.vault import PatientVault
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.tables import Appointment, FollowUpPromise
from server.village import seed, sign_ins, store
from tests.server.village.conftest import NOW, OTHERS, Settled, settled_in
from tests.server.village.test_cast import TEST_VECTORS
from tests.server.village.test_places import FICTION

SEALED = sorted(
    (table.name, column.name)
    for table in Row.metadata.sorted_tables
    for column in table.columns
    if column.name.startswith("sealed_")
)
NEVER_WRITTEN = {
    ("note_addendum", "sealed_body"),
    ("guest", "sealed_name"),
    ("broken_glass", "sealed_words"),
    ("prescription", "sealed_body"),
    ("document", "sealed_body"),
    ("document", "sealed_head"),
    ("document", "sealed_thumbnail"),
    ("document_chunk", "sealed_chunk"),
    ("document_piece", "sealed_piece"),
    ("document_upload", "sealed_title"),
    ("reminder_choice", "sealed_address"),
}


async def _opened(settled: Settled, table: str, column: str) -> list[bytes]:
    rows = Row.metadata.tables[table]
    texts = []
    async with settled.database.reading() as tx:
        for row in (await tx.execute(select(rows))).mappings():
            if row[column] is not None:
                texts.append(await settled.vault.open(tx, place_of(table, column, row), row[column]))
    return texts


@pytest.mark.parametrize(("table", "column"), SEALED)
async def test_every_sealed_column_of_the_village_opens(settled: Settled, table: str, column: str) -> None:
    texts = await _opened(settled, table, column)
    assert all(texts)
    assert bool(texts) != ((table, column) in NEVER_WRITTEN)


async def test_sealed_words_are_nowhere_in_clear(settled: Settled) -> None:
    path = settled.database.url.partition("///")[2]
    raw = b"".join(map(_bytes, (path, f"{path}-wal")))
    assert not [word for word in ("Lavergne", "énicilline", "Ramipril") if word.encode() in raw]


async def test_everybody_is_invented_and_provisional(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        rows = list(await tx.scalars(select(PatientRow)))
        traits = [(await settled.people.opened(tx, row)).traits for row in rows]
    assert len(rows) == OTHERS + 12
    assert {(row.fictitious, row.status) for row in rows} == {(True, IdentityStatus.PROV)}
    assert {one.ins for one in traits} - {""} <= TEST_VECTORS
    assert {one.ins_oid for one in traits if one.ins} == {INS_TEST_OID}
    assert [one.phone for one in traits if one.phone and not FICTION.fullmatch(one.phone)] == []


async def test_the_cabin_recognises_odette_by_the_code_in_the_readme(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        cabin = (await tx.scalars(select(CabinRow))).first()
    assert cabin is not None
    who = Identity(AccountId(new_id()), Role.CABIN, "cabine", "Cabine", cabin_id=cabin.id, site_id=cabin.site_id)
    odette = await settled.people.recognise_code(who, "258 036")
    assert display_name(odette.traits) == "Odette Lavergne"


async def test_every_sign_in_opens_its_door(settled: Settled) -> None:
    passwords = Passwords()
    accounts = Accounts(settled.database, passwords, settled.clock)
    for one in sign_ins.sign_ins().people:
        signed = await accounts.sign_in(one.login, sign_ins.PASSWORD, one.door, "127.0.0.1")
        assert (signed.who.name, signed.who.role) == (one.name, one.role)
    async with settled.database.reading() as tx:
        logins = set(await tx.scalars(select(Account.login)))
    assert logins == {one.login for one in sign_ins.sign_ins().people}
    passwords.close()


async def test_all_past_visits_are_over_and_every_cabin_is_free(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        rows = list(await tx.scalars(select(EncounterRow)))
    assert {row.status for row in rows} == {EncounterStatus.FINISHED}
    for row in rows:
        moments = (row.arrived_at, row.triaged_at, row.claimed_at, row.live_at, row.ended_at, row.finished_at)
        assert None not in moments
        assert sorted(m for m in moments if m) == list(moments)
        assert row.left_at is not None
        assert row.left_at < NOW


async def test_follow_ups_are_kept_booked_open_and_late(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        promises = list(await tx.scalars(select(FollowUpPromise)))
        odette = await settled.people.recognise_code(_anywhere(), "258036")
    statuses = Counter(one.status for one in promises)
    assert all(statuses[one] for one in (PromiseStatus.KEPT, PromiseStatus.BOOKED, PromiseStatus.DUE))
    assert any(one.status is PromiseStatus.DUE and one.latest_on < NOW.date() for one in promises)
    hers = [one for one in promises if one.patient_id == odette.id and one.status is PromiseStatus.DUE]
    assert len(hers) == 1
    assert hers[0].latest_on >= NOW.date()


async def test_somebody_is_expected_today(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        walls = list(await tx.scalars(select(Appointment.wall_time)))
    assert any(wall.startswith("2026-03-03") for wall in walls)


async def test_every_sealed_write_is_in_the_log(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        logged = Counter(await tx.scalars(select(AuditEvent.record).where(AuditEvent.ct_sha256.is_not(None))))
        notes = [f"note:{one}" for one in await tx.scalars(select(Row.metadata.tables["note"].c.id))]
        patients = [f"patient:{one}" for one in await tx.scalars(select(PatientRow.id))]
    assert all(logged[one] == 2 for one in notes)
    assert all(logged[one] == 1 for one in patients)


async def test_the_same_seed_makes_the_same_village(
    settled: Settled, sqlite_database: Database, tmp_path: Path
) -> None:
    again = await settled_in(sqlite_database, tmp_path / "keys.json")
    assert await _told(again) == await _told(settled)


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 3, 29, 22, 30, tzinfo=UTC),  # a Sunday night, after clocks sprang forward
        datetime(2026, 5, 1, 7, 0, tzinfo=UTC),  # a public holiday
        datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
    ],
)
async def test_a_village_can_be_made_on_any_day(now: datetime, sqlite_database: Database, tmp_path: Path) -> None:
    made = await settled_in(sqlite_database, tmp_path / "keys.json", now, number=now.month, others=8, past=15)
    async with made.database.reading() as tx:
        assert not await store.is_empty(tx)


async def test_a_village_can_be_made_on_both_databases(database: Database, tmp_path: Path) -> None:
    vault = await unlock(database, init_key(tmp_path / "keys.json").path, lambda: NOW)
    await seed.write(database, vault, 1, NOW, others=3, past=15)
    async with database.reading() as tx:
        assert len(list(await tx.scalars(select(PatientRow.id)))) == 15


async def test_who_settled_once_does_not_settle_again(sqlite_database: Database, tmp_path: Path) -> None:
    vault = await unlock(sqlite_database, init_key(tmp_path / "keys.json").path, lambda: NOW)
    await seed.write(sqlite_database, vault, 1, NOW, others=2, past=0)
    house = SimpleNamespace(database=sqlite_database, vault=vault, now=lambda: NOW)
    assert await seed.settle(house, 2) == sign_ins.sign_ins()
    async with sqlite_database.reading() as tx:
        assert len(list(await tx.scalars(select(PatientRow.id)))) == 14


async def test_a_village_that_cannot_be_finished_leaves_no_trace(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await unlock(sqlite_database, init_key(tmp_path / "keys.json").path, lambda: NOW)
    seal, left = PatientVault.seal, iter(range(30))

    async def breaks(*known: object) -> bytes:
        if next(left, None) is None:
            raise CannotOpen
        return await seal(*known)  # type: ignore[arg-type]

    monkeypatch.setattr(PatientVault, "seal", breaks)
    with pytest.raises(CannotOpen):
        await seed.write(sqlite_database, vault, 1, NOW, others=3, past=5)
    async with sqlite_database.reading() as tx:
        assert await store.is_empty(tx)


def _bytes(path: str) -> bytes:
    """The bytes of a file that may not be there."""
    return Path(path).read_bytes() if Path(path).exists() else b""


def _anywhere() -> Identity:
    return Identity(AccountId(new_id()), Role.CABIN, "cabine", "Cabine")


async def _told(village: Settled) -> tuple[list[bytes], list[bytes], list[str]]:
    """What the village says, without its ids."""
    async with village.database.reading() as tx:
        walls = sorted(await tx.scalars(select(Appointment.wall_time)))
    people, measures = await _opened(village, "patient", "sealed_traits"), await _opened(village, "note", "sealed_body")
    return sorted(people), sorted(measures), walls
