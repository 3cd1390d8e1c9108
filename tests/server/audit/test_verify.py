"""Whoever owns the database changes the log: each change is found, named, and told where."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from server.audit.checkpoint import Checkpoint, Signer
from server.audit.findings import WORDS, Kind
from server.audit.rules import Action
from server.audit.store import log as log_store
from server.audit.store import record
from server.audit.tree import Growth
from server.audit.verify import FINDINGS_MOST, Verdict, verify_log
from server.database.engine import Database
from tests.clock import FakeClock
from tests.server.audit.logs import SIGNER, a_log, as_administrator


async def _verdict(database: Database, *seen: Checkpoint, since: Checkpoint | None = None) -> Verdict:
    async with database.reading() as tx:
        await log_store.one_moment(tx)
        return await verify_log(tx, SIGNER.verifier, seen=seen, since=since)


def _kinds(verdict: Verdict) -> set[Kind]:
    return {finding.kind for finding in verdict.findings}


async def _checkpoint(database: Database) -> Checkpoint:
    async with database.reading() as tx:
        head = await log_store.head(tx)
    assert head is not None
    assert head.note is not None
    return SIGNER.verifier.open(head.note)


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        ("UPDATE audit_event SET action = 'note:saved' WHERE idx = 40", {Kind.ALTERED}),
        ("UPDATE audit_event SET at = '2020-01-01 00:00:00.000000' WHERE idx = 40", {Kind.ALTERED}),
        ("UPDATE audit_event SET reason = 'because' WHERE idx = 40", {Kind.ALTERED}),
        ("UPDATE audit_event SET leaf = salt WHERE idx = 40", {Kind.ALTERED, Kind.TREE}),
        ("DELETE FROM audit_event WHERE idx = 40", {Kind.MISSING}),
        ("DELETE FROM audit_event WHERE idx >= 95", {Kind.HEAD, Kind.TREE}),
        ("DELETE FROM audit_event", {Kind.HEAD, Kind.TREE}),
        ("UPDATE audit_head SET size = 101", {Kind.HEAD}),
        ("UPDATE audit_head SET peaks = x'00'", {Kind.HEAD}),
        ("UPDATE audit_head SET note = NULL", {Kind.FORGED}),
        ("DELETE FROM audit_head", {Kind.HEAD}),
        ("UPDATE audit_head SET note = replace(note, '100', '099')", {Kind.FORGED}),
        ("UPDATE audit_checkpoint SET size = size + 1 WHERE size < 90", {Kind.FORGED}),
    ],
)
async def test_a_change_of_the_log_is_found(
    sqlite_database: Database, clock: FakeClock, attack: str, found: set[Kind]
) -> None:
    await a_log(sqlite_database, clock, 100, at_once=5)
    await as_administrator(sqlite_database, attack)
    assert _kinds(await _verdict(sqlite_database)) == found


@pytest.mark.postgres
async def test_on_postgresql_an_edit_and_a_deletion_are_found(postgres_database: Database, clock: FakeClock) -> None:
    await a_log(postgres_database, clock, 40, at_once=5)
    assert (await _verdict(postgres_database)).sound
    await as_administrator(postgres_database, "UPDATE audit_event SET role = 'gp' WHERE idx = 7")
    assert [finding.where for finding in (await _verdict(postgres_database)).findings] == ["entry 7"]
    await as_administrator(postgres_database, "DELETE FROM audit_event WHERE idx = 7")
    assert _kinds(await _verdict(postgres_database)) == {Kind.MISSING}


async def test_two_entries_that_changed_places_are_found_between_two_checkpoints(
    sqlite_database: Database, clock: FakeClock
) -> None:
    await a_log(sqlite_database, clock, 100, at_once=5)
    await as_administrator(
        sqlite_database,
        "UPDATE audit_event SET idx = -1 WHERE idx = 70",
        "UPDATE audit_event SET idx = 70 WHERE idx = 71",
        "UPDATE audit_event SET idx = 71 WHERE idx = -1",
    )
    verdict = await _verdict(sqlite_database)
    assert [(finding.kind, finding.where) for finding in verdict.findings] == [(Kind.TREE, "entries 65 to 99")]


async def test_an_entry_that_was_made_up_with_a_fitting_leaf_is_found(
    sqlite_database: Database, clock: FakeClock
) -> None:
    await a_log(sqlite_database, clock, 10)
    async with sqlite_database.transaction() as tx:
        tx.info.clear()  # as another program would: without our key
        await record(tx, None, Action.NOTE_READ, at=clock())
    verdict = await _verdict(sqlite_database)
    assert (verdict.sound, verdict.unsigned) == (True, 1)  # told as unsigned until the service signs or refuses
    await as_administrator(sqlite_database, "UPDATE audit_event SET idx = 99 WHERE idx = 10")
    assert Kind.MISSING in _kinds(await _verdict(sqlite_database))


async def test_a_log_rebuilt_with_another_key_is_forged(sqlite_database: Database, clock: FakeClock) -> None:
    await a_log(sqlite_database, clock, 10)
    async with sqlite_database.reading() as tx:
        head = await log_store.head(tx)
    assert head is not None
    other = Signer(bytes(32)).sign(10, Growth.of(10, head.peaks).root(), clock())
    async with sqlite_database.transaction() as tx:
        await tx.execute(text("UPDATE audit_head SET note = :note"), {"note": other})
    assert _kinds(await _verdict(sqlite_database)) == {Kind.FORGED}


async def test_a_log_that_was_cut_back_to_an_old_signature_is_found_by_its_witnesses_alone(
    sqlite_database: Database, clock: FakeClock
) -> None:
    await a_log(sqlite_database, clock, 10)
    async with sqlite_database.reading() as tx:
        old = await log_store.head(tx)
    assert old is not None
    clock.advance(timedelta(seconds=1))
    async with sqlite_database.transaction() as tx:
        await record(tx, None, Action.NOTE_READ, at=clock())
    seen = await _checkpoint(sqlite_database)
    assert (await _verdict(sqlite_database, seen)).sound
    await as_administrator(sqlite_database, "DELETE FROM audit_event WHERE idx = 10", "DELETE FROM audit_head")
    async with sqlite_database.transaction() as tx:
        put = "INSERT INTO audit_head VALUES (1, :size, :peaks, :note, :at)"
        values = {"size": old.size, "peaks": old.peaks, "note": old.note, "at": str(old.at)}
        await tx.execute(text(put), values)
    assert (await _verdict(sqlite_database)).sound
    assert _kinds(await _verdict(sqlite_database, seen)) == {Kind.FORKED}


async def test_since_a_trusted_checkpoint_only_the_rest_is_read(database: Database, clock: FakeClock) -> None:
    sequencer = await a_log(database, clock, 300, at_once=30)
    since = await _checkpoint(database)
    async with database.transaction() as tx:
        for number in range(20):
            await record(tx, None, Action.NOTE_READ, at=clock(), record=f"note:{number}")
    await sequencer.settle()
    verdict = await _verdict(database, since=since)
    assert (verdict.sound, verdict.entries, verdict.size) == (True, 20, 320)
    await as_administrator(database, "UPDATE audit_event SET leaf = salt WHERE idx = 280")
    verdict = await _verdict(database, since=since)
    assert verdict.entries == 320  # the old part does not lead to the trusted root: everything is read
    assert Kind.ALTERED in _kinds(verdict)


async def test_a_wrong_inner_hash_is_found(sqlite_database: Database, clock: FakeClock) -> None:
    await a_log(sqlite_database, clock, 520, at_once=130)
    await as_administrator(sqlite_database, "UPDATE audit_node SET hash = x'00' WHERE place = 1")
    verdict = await _verdict(sqlite_database)
    assert [(finding.kind, finding.where) for finding in verdict.findings] == [
        (Kind.INNER, "the kept hash over entries 256 to 511")
    ]


async def test_many_findings_are_counted_and_not_all_told(sqlite_database: Database, clock: FakeClock) -> None:
    await a_log(sqlite_database, clock, 150, at_once=50)
    await as_administrator(sqlite_database, "UPDATE audit_event SET reason = 'x'")
    verdict = await _verdict(sqlite_database)
    assert (verdict.found, len(verdict.findings)) == (150, FINDINGS_MOST)


async def test_an_empty_log_is_sound(database: Database) -> None:
    assert (await _verdict(database)).sound


async def test_an_entry_that_waits_for_its_place_is_verified_too(postgres_database: Database, clock: FakeClock) -> None:
    async with postgres_database.transaction() as tx:
        await record(tx, None, Action.NOTE_READ, at=clock(), reason="x")
    verdict = await _verdict(postgres_database)
    assert (verdict.sound, verdict.waiting) == (True, 1)
    await as_administrator(postgres_database, "UPDATE audit_event SET reason = 'y'")
    assert _kinds(await _verdict(postgres_database)) == {Kind.ALTERED}


def test_every_finding_has_words_and_says_what_to_do() -> None:
    assert WORDS.keys() == set(Kind)
    assert all(what and do for what, do in WORDS.values())
