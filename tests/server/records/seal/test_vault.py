"""The vault on real databases: one key per patient, opened for five minutes, and one silent error outside."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from server.database.engine import Database
from server.kernel.errors import CannotOpen, Unavailable
from server.kernel.ids import PatientId, new_id
from server.kernel.sealing import Place, Vault
from server.records.seal.envelope import Suite
from server.records.seal.keyring import load_keyring
from server.records.seal.tables import KekVersion, PatientKey
from server.records.seal.vault import CACHED, KeyCache, PatientVault
from tests.clock import FakeClock
from tests.server.records.village import Village, add_patient

NOTE = b"Angine"


def place(patient_id: PatientId, row_ver: int = 1) -> Place:
    return Place("note", "sealed_body", new_id(), patient_id, row_ver)


async def cause(
    vault: PatientVault, database: Database, where: Place, sealed: bytes, log: pytest.LogCaptureFixture
) -> str:
    """Open, expect the one error outside, and return the named cause from the log."""
    log.clear()
    with log.at_level(logging.ERROR), pytest.raises(CannotOpen) as refused:
        async with database.reading() as tx:
            await vault.open(tx, where, sealed)
    assert (str(refused.value), refused.value.__cause__) == ("", None)
    (line,) = log.records
    return str(line.__dict__["outcome"])


async def test_what_was_sealed_opens_in_another_transaction(
    database: Database, vault: PatientVault, patient: PatientId
) -> None:
    protocol: Vault = vault
    where = place(patient)
    async with database.transaction() as tx:
        sealed = await protocol.seal(tx, where, NOTE)
    vault.forget()
    async with database.reading() as tx:
        assert await vault.open(tx, where, sealed) == NOTE


async def test_a_new_key_serves_its_own_transaction_and_never_outlives_a_rollback(
    database: Database, vault: PatientVault, village: Village, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with database.transaction() as tx:
        patient_id = await add_patient(tx, vault, village, clock)
        where = place(patient_id)
        sealed = await vault.seal(tx, where, NOTE)
        assert await vault.open(tx, where, sealed) == NOTE
        await tx.rollback()
    assert await cause(vault, database, where, sealed, caplog) == "missing-key"


async def test_a_patient_has_one_first_key(database: Database, vault: PatientVault, patient: PatientId) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await vault.make_key(tx, patient)


async def test_a_key_needs_its_patient_at_commit(database: Database, vault: PatientVault) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await vault.make_key(tx, PatientId(new_id()))


async def test_fields_moved_to_another_place_do_not_open(
    database: Database,
    vault: PatientVault,
    patient: PatientId,
    village: Village,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    where = place(patient, row_ver=3)
    async with database.transaction() as tx:
        other = await add_patient(tx, vault, village, clock)
        sealed = await vault.seal(tx, where, NOTE)
    moved = {
        "table": dataclasses.replace(where, table="observation"),
        "column": dataclasses.replace(where, column="sealed_reason"),
        "record": dataclasses.replace(where, record_id=new_id()),
        "patient": dataclasses.replace(where, patient_id=other),
        "version": dataclasses.replace(where, row_ver=2),
    }
    causes = {what: await cause(vault, database, to, sealed, caplog) for what, to in moved.items()}
    assert causes == dict.fromkeys(moved, "tampered")


async def test_inside_the_causes_have_names(
    database: Database,
    vault: PatientVault,
    patient: PatientId,
    village: Village,
    clock: FakeClock,
    key_file: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    where = place(patient)
    async with database.transaction() as tx:
        sealed = await vault.seal(tx, where, NOTE)
        other = await add_patient(tx, vault, village, clock)
    mine = PatientKey.patient_id == patient

    async def after(**changes: object) -> str:
        async with database.transaction() as tx:
            (before,) = await tx.execute(select(PatientKey.wrapped, PatientKey.commit_tag).where(mine))
            await tx.execute(update(PatientKey).where(mine).values(**changes))
        vault.forget()
        found = await cause(vault, database, where, sealed, caplog)
        async with database.transaction() as tx:
            await tx.execute(update(PatientKey).where(mine).values(**before._mapping))
        return found

    async with database.reading() as tx:
        theirs = (
            await tx.execute(select(PatientKey.wrapped, PatientKey.commit_tag).where(PatientKey.patient_id == other))
        ).one()
    assert await after(wrapped=None) == "missing-key"
    assert await after(wrapped=theirs.wrapped, commit_tag=theirs.commit_tag) == "tampered"
    assert await after(commit_tag=bytes(32)) == "wrong-key"
    assert await cause(vault, database, where, sealed[:20], caplog) == "truncated"
    assert await cause(vault, database, where, sealed[:2] + b"\0\x09" + sealed[4:], caplog) == "missing-key"
    async with database.transaction() as tx:
        await tx.execute(update(KekVersion).where(KekVersion.kid == "k1").values(kcv="0" * 16))
    vault.forget()
    assert await cause(vault, database, where, sealed, caplog) == "wrong-key"


async def test_the_log_names_the_place_and_nothing_of_the_patient(
    database: Database, vault: PatientVault, patient: PatientId, caplog: pytest.LogCaptureFixture
) -> None:
    where = place(patient)
    await cause(vault, database, where, bytes(40), caplog)
    assert caplog.records[0].__dict__["record_id"] == str(where.record_id)
    assert str(patient) not in str(caplog.records[0].__dict__)


async def test_the_other_suite_is_opened_by_the_same_vault(
    database: Database, vault: PatientVault, patient: PatientId, key_file: Path, clock: FakeClock
) -> None:
    pi = PatientVault(load_keyring(key_file), clock, suite=Suite.CHACHA20_POLY1305)
    where = place(patient)
    async with database.transaction() as tx:
        sealed = await pi.seal(tx, where, NOTE)
    assert sealed[1] == 2
    async with database.reading() as tx:
        assert await vault.open(tx, where, sealed) == NOTE


async def test_new_writes_use_the_newest_version_and_old_ones_still_open(
    database: Database, vault: PatientVault, patient: PatientId, key_file: Path, clock: FakeClock
) -> None:
    from server.records.seal import store
    from server.records.seal.envelope import FreshKey

    where = place(patient)
    async with database.transaction() as tx:
        old = await vault.seal(tx, where, NOTE)
    elsewhere = PatientVault(load_keyring(key_file), clock)
    async with database.transaction() as tx:
        fresh = FreshKey.make(load_keyring(key_file).master["k1"], patient, 2)
        await store.add_patient_key(tx, patient, "k1", fresh, clock())
    async with database.transaction() as tx:
        new = await elsewhere.seal(tx, where, NOTE)
    assert (old[2:4], new[2:4]) == (b"\0\x01", b"\0\x02")
    async with database.reading() as tx:  # the first vault's cache knows version 1 only: it looks again
        assert await vault.open(tx, where, new) == await vault.open(tx, where, old) == NOTE


async def test_a_primary_key_that_is_not_here_makes_no_patient_key(
    database: Database, vault: PatientVault, patient: PatientId, clock: FakeClock
) -> None:
    async with database.transaction() as tx:
        await tx.execute(update(KekVersion).where(KekVersion.kid == "k1").values(state="decrypt"))
        with pytest.raises(Unavailable) as refused:
            await vault.make_key(tx, PatientId(new_id()))
    assert refused.value.code == "sealed"


async def test_many_patients_are_warmed_in_few_queries(
    database: Database, vault: PatientVault, village: Village, clock: FakeClock
) -> None:
    async with database.transaction() as tx:
        patients = [await add_patient(tx, vault, village, clock) for _ in range(7)]
        places = [place(one) for one in patients]
        sealed = [await vault.seal(tx, where, NOTE) for where in places]
    async with database.reading() as tx:
        await vault.warm(tx, patients)
        await tx.execute(select(PatientKey.ver))
        assert len(vault._cache) == 7
        assert [await vault.open(tx, *pair) for pair in zip(places, sealed, strict=True)] == [NOTE] * 7


def test_the_cache_forgets_after_five_minutes_and_past_its_size(clock: FakeClock) -> None:
    cache = KeyCache(clock)
    first, *others = [PatientId(new_id()) for _ in range(CACHED + 1)]
    cache.put(first, {})
    clock.advance(minutes=4, seconds=59)
    assert cache.get(first) is not None
    clock.advance(seconds=1)
    assert cache.get(first) is None
    cache.put(first, {})
    for other in others:
        cache.put(other, {})
    assert (len(cache), cache.get(first)) == (CACHED, None)
    cache.clear()
    assert len(cache) == 0
    assert "PatientId" not in repr(cache)
