"""Entries get their places in order, each once, whoever writes beside and whoever dies on the way."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from server.audit import sequencer as sequencing
from server.audit.rules import Action
from server.audit.sequencer import Sequencer, signer_of
from server.audit.store import log as log_store
from server.audit.store import record
from server.audit.verify import Verdict, verify_log
from server.database.engine import Database
from server.kernel.sealing import Vault
from tests.clock import FakeClock
from tests.server.audit.logs import SIGNER, a_log, as_administrator


async def _verdict(database: Database) -> Verdict:
    async with database.reading() as tx:
        await log_store.one_moment(tx)
        return await verify_log(tx, SIGNER.verifier)


async def _act(database: Database, clock: FakeClock, about: str = "note:1") -> None:
    async with database.transaction() as tx:
        await record(tx, None, Action.NOTE_READ, at=clock(), record=about)


async def test_a_log_is_sound_and_its_head_signed(database: Database, clock: FakeClock) -> None:
    await a_log(database, clock, 600, at_once=7)
    verdict = await _verdict(database)
    assert (verdict.sound, verdict.entries, verdict.size, verdict.waiting, verdict.unsigned) == (True, 600, 600, 0, 0)
    assert verdict.checkpoints > 5


async def test_on_sqlite_nothing_is_ever_without_place_or_signature(
    sqlite_database: Database, clock: FakeClock
) -> None:
    Sequencer(sqlite_database, SIGNER, clock)
    for number in range(5):
        await _act(sqlite_database, clock, f"note:{number}")
        async with sqlite_database.reading() as tx:
            head = await log_store.head(tx)
            assert head is not None
            assert head.note is not None
            assert SIGNER.verifier.open(head.note).size == number + 1 == await log_store.last_place(tx)


@pytest.mark.postgres
async def test_on_postgresql_many_writers_and_two_sequencers_number_each_entry_once(
    postgres_database: Database, clock: FakeClock
) -> None:
    one, other = Sequencer(postgres_database, SIGNER, clock), Sequencer(postgres_database, SIGNER, clock)
    writers = [asyncio.create_task(_act(postgres_database, clock, f"note:{number}")) for number in range(120)]
    while not all(writer.done() for writer in writers):
        await asyncio.gather(one.number_waiting(), other.number_waiting())
    await asyncio.gather(*writers)
    await asyncio.gather(one.settle(), other.settle())
    verdict = await _verdict(postgres_database)
    assert (verdict.sound, verdict.entries, verdict.waiting) == (True, 120, 0)


@pytest.mark.postgres
async def test_the_background_sequencer_is_stirred_by_a_write_and_ends_with_the_server(
    postgres_database: Database, clock: FakeClock
) -> None:
    sequencer = Sequencer(postgres_database, SIGNER, clock)
    await sequencer.start()
    await _act(postgres_database, clock)
    async with asyncio.timeout(20):
        while (await _verdict(postgres_database)).size < 1:  # noqa: ASYNC110 - the sequencer tells nobody
            await asyncio.sleep(0.02)
    await _act(postgres_database, clock)
    await sequencer.stop()
    verdict = await _verdict(postgres_database)
    assert (verdict.sound, verdict.size, verdict.waiting, verdict.unsigned) == (True, 2, 0, 0)


async def test_a_sequencer_that_dies_in_its_turn_leaves_nothing_half_done(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_log(database, clock, 3)
    await as_administrator(database, "UPDATE audit_event SET idx = NULL WHERE idx = 2", "DELETE FROM audit_head")
    await as_administrator(database, "UPDATE audit_event SET idx = NULL", "DELETE FROM audit_checkpoint")
    sequencer = Sequencer(database, SIGNER, clock)

    async def dies(*_: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(sequencing.log_store, "number", dies)
        with pytest.raises(OSError, match="killed"):
            await sequencer.number_waiting()
    verdict = await _verdict(database)
    assert (verdict.size, verdict.waiting, verdict.sound) == (0, 3, True)
    await sequencer.settle()
    verdict = await _verdict(database)
    assert (verdict.size, verdict.waiting, verdict.sound) == (3, 0, True)


async def test_two_processes_on_one_sqlite_file_grow_one_tree(sqlite_database: Database, clock: FakeClock) -> None:
    other = Database(sqlite_database.url)
    try:
        for database in (sqlite_database, other):
            Sequencer(database, SIGNER, clock)
        for _ in range(3):
            await _act(sqlite_database, clock)
            await _act(other, clock)
            await _act(other, clock)
    finally:
        await other.close()
    verdict = await _verdict(sqlite_database)
    assert (verdict.sound, verdict.size) == (True, 9)


async def test_after_a_commit_that_failed_the_tree_goes_on(database: Database, clock: FakeClock) -> None:
    sequencer = await a_log(database, clock, 2)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the transaction is what is tested
        async with database.transaction() as tx:
            await record(tx, None, Action.NOTE_SAVED, at=clock())
            await tx.commit()
            raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with database.transaction() as tx:
            await tx.run_sync(lambda session: sequencing.grow(session, sequencer._ledger, [bytes(32)], clock()))
            raise ZeroDivisionError
    await _act(database, clock)
    await sequencer.settle()
    verdict = await _verdict(database)
    assert (verdict.sound, verdict.size) == (True, 4)


async def test_what_a_savepoint_took_back_is_not_logged(database: Database, clock: FakeClock) -> None:
    sequencer = Sequencer(database, SIGNER, clock)
    async with database.transaction() as tx:
        await record(tx, None, Action.NOTE_READ, at=clock(), record="kept")
        with pytest.raises(ZeroDivisionError):  # noqa: PT012
            async with tx.begin_nested():
                await record(tx, None, Action.NOTE_READ, at=clock(), record="undone")
                async with tx.begin_nested():
                    await record(tx, None, Action.NOTE_READ, at=clock(), record="undone too")
                raise ZeroDivisionError
        async with tx.begin_nested():
            await record(tx, None, Action.NOTE_READ, at=clock(), record="kept too")
    await sequencer.settle()
    async with database.reading() as tx:
        found = await tx.scalars(text("SELECT record FROM audit_event WHERE idx IN (0, 1)"))
        assert sorted(found) == ["kept", "kept too"]  # PostgreSQL's sequencer orders a millisecond as it likes


async def test_a_head_that_nobody_signed_is_signed_at_start(sqlite_database: Database, clock: FakeClock) -> None:
    await _act(sqlite_database, clock)
    async with sqlite_database.reading() as tx:
        head = await log_store.head(tx)
    assert head is not None
    assert head.note is None
    await Sequencer(sqlite_database, SIGNER, clock).start()
    verdict = await _verdict(sqlite_database)
    assert (verdict.sound, verdict.unsigned, verdict.checkpoints) == (True, 0, 1)


def test_the_signing_key_is_made_of_the_index_key() -> None:
    class Blind:
        def __init__(self, key: bytes) -> None:
            self.key = key

        def blind(self, table: str, field: str, normalised: str) -> bytes:
            assert (table, field) == ("audit", "signing-key")
            return bytes([self.key[0] + int(normalised)]) * 16

    def name(key: bytes) -> str:
        vault: Vault = Blind(key)  # type: ignore[assignment]
        return signer_of(vault).verifier.name

    assert name(b"\x01") == name(b"\x01") != name(b"\x02")


@pytest.mark.postgres
async def test_a_second_turn_at_the_same_time_does_nothing(postgres_database: Database, clock: FakeClock) -> None:
    await _act(postgres_database, clock)
    async with postgres_database.transaction() as tx:
        assert await log_store.take_turn(tx)
        assert await Sequencer(postgres_database, SIGNER, clock).number_waiting() == 0
    assert await Sequencer(postgres_database, SIGNER, clock).number_waiting() == 1
