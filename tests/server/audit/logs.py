"""A log to test with: some acts, a signing key, and what a database administrator can do to it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from server.audit.checkpoint import Signer
from server.audit.rules import Action
from server.audit.sequencer import Sequencer
from server.audit.store import record
from server.audit.tables import TREE_TRIGGERS, TRIGGERS
from server.database.engine import Database
from server.kernel.ids import PatientId
from tests.clock import FakeClock

SIGNER = Signer(bytes(range(32)))
PATIENT = PatientId(UUID(int=2))


async def a_log(database: Database, clock: FakeClock, acts: int, *, at_once: int = 1) -> Sequencer:
    """Write `acts` entries, `at_once` in a transaction and as many seconds apart; everything has its place."""
    sequencer = Sequencer(database, SIGNER, clock)
    for first in range(0, acts, at_once):
        async with database.transaction() as tx:
            for number in range(first, min(first + at_once, acts)):
                await record(tx, None, Action.NOTE_READ, at=clock(), patient_id=PATIENT, record=f"note:{number}")
        clock.advance(timedelta(seconds=at_once))
        if not database.is_sqlite:
            await sequencer.number_waiting()
    await sequencer.settle()
    return sequencer


async def as_administrator(database: Database, *statements: str) -> None:
    """Change what nobody may: take the triggers away first, as whoever owns the database can."""
    names = [statement.split()[2] for statement in (*TRIGGERS["sqlite"], *TREE_TRIGGERS["sqlite"])]
    off = (
        [f"DROP TRIGGER IF EXISTS {name}" for name in names]
        if database.is_sqlite
        else ["SET LOCAL session_replication_role = replica"]
    )
    async with database.transaction() as tx:
        for statement in (*off, *statements):
            await tx.execute(text(statement))
