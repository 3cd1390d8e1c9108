"""A cabin that comes back finds the log that it knew, or raises an alarm that coordinators see and settle."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from server.audit.checkpoint import Checkpoint, Signer
from server.audit.rules import Action
from server.audit.service import Witnessing
from server.audit.store import record
from server.audit.tree import continues
from server.database.engine import Database
from server.kernel.access import Identity, Role
from server.kernel.errors import Conflict, NotAllowed, NotFound, Unavailable
from server.kernel.ids import AccountId, CabinId, new_id
from tests.clock import FakeClock
from tests.server.audit.logs import SIGNER, a_log, as_administrator

CABIN = Identity(AccountId(new_id()), Role.CABIN, "cabine", "Cabine", cabin_id=CabinId(new_id()))
MAYOR = Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "Mairie")


def _read(note: str) -> Checkpoint:
    return SIGNER.verifier.open(note)


@pytest.fixture
def witnessing(database: Database, clock: FakeClock) -> Witnessing:
    """The log as its witnesses see it."""
    return Witnessing(database, SIGNER.verifier, clock)


async def test_what_a_cabin_saw_is_proven_to_be_the_beginning(
    database: Database, clock: FakeClock, witnessing: Witnessing
) -> None:
    sequencer = await a_log(database, clock, 300, at_once=100)
    first = await witnessing.show(CABIN, None)
    assert (first.proof, first.forked) == ((), False)
    async with database.transaction() as tx:
        for _ in range(270):
            await record(tx, CABIN, Action.NOTE_READ, at=clock())
    await sequencer.settle()
    second = await witnessing.show(CABIN, first.checkpoint)
    old, new = _read(first.checkpoint), _read(second.checkpoint)
    assert (old.size, new.size) == (300, 570)
    assert continues(old.size, old.root, new.size, new.root, second.proof)
    assert (await witnessing.show(CABIN, second.checkpoint)).proof == ()
    assert await witnessing.alarms(MAYOR) == []


async def test_a_log_that_is_shorter_or_another_raises_one_alarm_until_it_is_settled(
    database: Database, clock: FakeClock, witnessing: Witnessing
) -> None:
    await a_log(database, clock, 20, at_once=20)
    seen = (await witnessing.show(CABIN, None)).checkpoint
    await as_administrator(
        database, "DELETE FROM audit_event", "DELETE FROM audit_head", "DELETE FROM audit_checkpoint"
    )
    sequencer = await a_log(database, clock, 15, at_once=15)
    for _ in range(2):
        shown = await witnessing.show(CABIN, seen)
        assert (shown.forked, shown.settled, shown.proof) == (True, False, ())
    await sequencer.settle()
    (alarm,) = await witnessing.alarms(MAYOR)
    assert (alarm.cabin_id, alarm.sizes) == (CABIN.cabin_id, (20, 15))
    await witnessing.settle(MAYOR, alarm.id)
    assert await witnessing.alarms(MAYOR) == []
    shown = await witnessing.show(CABIN, seen)
    assert (shown.forked, shown.settled) == (True, True)
    with pytest.raises(Conflict):
        await witnessing.settle(MAYOR, alarm.id)


async def test_a_cabin_that_does_not_believe_the_proof_is_heard(
    database: Database, clock: FakeClock, witnessing: Witnessing
) -> None:
    await a_log(database, clock, 5)
    seen = (await witnessing.show(CABIN, None)).checkpoint
    assert (await witnessing.show(CABIN, seen, forked=True)).forked
    assert len(await witnessing.alarms(MAYOR)) == 1


async def test_letters_of_another_log_accuse_nobody_unless_the_cabin_says_so(
    database: Database, clock: FakeClock, witnessing: Witnessing
) -> None:
    await a_log(database, clock, 5)
    foreign = Signer(bytes(32)).sign(3, bytes(32), clock())
    assert not (await witnessing.show(CABIN, foreign)).forked
    assert not (await witnessing.show(CABIN, "x" * 5000)).forked
    assert not (await witnessing.show(CABIN, "scribble", forked=True)).forked
    assert await witnessing.alarms(MAYOR) == []
    assert (await witnessing.show(CABIN, foreign, forked=True)).forked
    assert [alarm.sizes for alarm in await witnessing.alarms(MAYOR)] == [(3, 5)]


async def test_entries_that_are_gone_are_a_fork_too(
    database: Database, clock: FakeClock, witnessing: Witnessing
) -> None:
    await a_log(database, clock, 30, at_once=30)
    seen = (await witnessing.show(CABIN, None)).checkpoint
    await as_administrator(database, "DELETE FROM audit_event WHERE idx = 7")
    assert (await witnessing.show(CABIN, seen)).forked


async def test_who_is_no_witness_is_refused_and_an_unsigned_log_says_so(
    database: Database, clock: FakeClock, witnessing: Witnessing
) -> None:
    with pytest.raises(Unavailable):
        await witnessing.show(CABIN, None)
    await a_log(database, clock, 1)
    with pytest.raises(NotAllowed):
        await witnessing.show(MAYOR, None)
    with pytest.raises(NotAllowed):
        await witnessing.alarms(CABIN)
    with pytest.raises(NotFound):
        await witnessing.show(Identity(AccountId(new_id()), Role.CABIN, "cabine", "Cabine"), None)
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE audit_head SET note = 'scribble'"))
    with pytest.raises(Unavailable):
        await witnessing.show(CABIN, None)


def test_the_page_of_the_format_names_every_table_and_option() -> None:
    page = (Path(__file__).parents[3] / "server/audit/FORMAT.md").read_text(encoding="utf-8")
    words = ("audit_event", "audit_head", "audit_node", "audit_checkpoint", "audit_alarm", "--records", "--witness")
    assert [word for word in words if word not in page] == []
