"""The queries of the log, on both databases: lines as they were hashed, subtrees, places, alarms."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from server.audit.pages import leaf_of
from server.audit.rules import Action
from server.audit.store import alarms, record
from server.audit.store import log as log_store
from server.audit.store.log import as_lines
from server.audit.tree import complete
from server.database.engine import Database
from server.kernel.ids import AccountId, CabinId, PatientId, new_id
from tests.clock import FakeClock
from tests.server.audit.logs import SIGNER, a_log

INSTANTS = (
    datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
    datetime(2026, 3, 2, 8, 0, 0, 500_000, tzinfo=UTC),
    datetime(2026, 3, 2, 8, 0, 0, 7, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)


async def test_a_line_is_read_back_exactly_as_it_was_hashed(database: Database) -> None:
    async with database.transaction() as tx:
        for at in INSTANTS:
            await record(tx, None, Action.NOTE_READ, at=at)
            await record(
                tx, None, Action.NOTE_SAVED, at=at, patient_id=new_id(), record="note:« é »\n\"\\/\u2028\x7f",
                row_ver=2**31 - 1, ct_sha256=bytes(32), reason="",
            )  # fmt: skip
    async with database.reading() as tx:
        lines = await (log_store.lines(tx, 0, 99) if database.is_sqlite else log_store.unplaced_lines(tx))
    assert len(lines) == 2 * len(INSTANTS)
    assert all(leaf_of(line) == line[1] for line in lines)


async def test_a_subtree_has_the_same_hash_from_rows_and_from_kept_hashes(database: Database, clock: FakeClock) -> None:
    await a_log(database, clock, 520, at_once=520)
    async with database.reading() as tx:
        leaves = [line[1] for line in await log_store.lines(tx, 0, 520)]
        assert await log_store.subtree(tx, (8, 1)) == complete(leaves[256:512])
        assert await log_store.subtree(tx, (9, 0)) == complete(leaves[:512])
        assert await log_store.subtree(tx, (3, 64)) == complete(leaves[512:520])
        assert await log_store.nodes(tx, 8, 0, 9) == {0: complete(leaves[:256]), 1: complete(leaves[256:512])}


async def test_the_acts_on_a_patient_come_newest_first_and_before_an_instant(
    database: Database, clock: FakeClock
) -> None:
    patient, other = PatientId(new_id()), PatientId(new_id())
    for one in (patient, other, patient):
        clock.advance(minutes=1)
        async with database.transaction() as tx:
            await record(tx, None, Action.PATIENT_READ, at=clock(), patient_id=one)
    async with database.reading() as tx:
        found = await log_store.opened(tx, {patient}, None, 9)
        assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
        assert len(found) == 2
        assert await log_store.opened(tx, {patient}, found[0].at, 9) == found[1:]
        assert await log_store.opened(tx, {patient}, None, 1) == found[:1]


async def test_an_alarm_is_found_again_and_settled_once(database: Database, clock: FakeClock) -> None:
    cabin, note = CabinId(new_id()), SIGNER.sign(1, bytes(32), clock())
    async with database.transaction() as tx:
        await alarms.raise_alarm(tx, cabin, note, note, clock())
    async with database.transaction() as tx:
        (row,) = await alarms.unsettled(tx)
        assert await alarms.settle(tx, row.id, AccountId(new_id()), clock())
        assert not await alarms.settle(tx, row.id, AccountId(new_id()), clock())
    async with database.reading() as tx:
        found = await alarms.alarm(tx, cabin, note)
        assert found is not None
        assert found.settled_at == clock()
        assert await alarms.alarm(tx, CabinId(new_id()), note) is None


def test_what_sqlite_keeps_is_written_as_the_line_has_it() -> None:
    number = UUID(int=7)
    row = (0, b"", "note:read", None, "2026-03-02 08:00:00.000000", None, number.hex, number.hex, *[None] * 5)
    (line,) = as_lines([row])
    assert line[3:8] == (None, "2026-03-02T08:00:00Z", None, str(number), str(number))
