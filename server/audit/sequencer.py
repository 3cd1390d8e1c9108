"""Gives entries their places in the tree and signs its head, in the background of a serving process.

SQLite       places are given where the entry is written; here only what came before the tree, at start
PostgreSQL   every process runs this; an advisory lock lets one of them number at a time. Killed between two
             commits, it leaves nothing half done: the next turn finds the same entries without a place
"""

import asyncio
import logging
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from server.audit.checkpoint import Signer
from server.audit.store import log as log_store
from server.audit.store.writing import LEDGER, Ledger, grow
from server.audit.tree import Growth
from server.database.engine import Database
from server.kernel.clock import Clock
from server.kernel.sealing import Vault

PAUSE = 0.25
"""Seconds between two turns: how long at most an entry of PostgreSQL is without a place."""
LOOK_EVERY = 5.0
"""Seconds after which to look without being told: other processes write too."""
BATCH = 5000
log = logging.getLogger(__name__)


def signer_of(vault: Vault) -> Signer:
    """Return the signing key of this log: made from the index key, so that it is kept, backed up and missed with it.

    The index key is the one key that a database keeps for life; a new one would be a new log, and witnesses say so.
    """
    halves = (vault.blind("audit", "signing-key", half) for half in ("1", "2"))
    return Signer(b"".join(halves))


class Sequencer:
    """Numbers the entries of one database."""

    def __init__(self, database: Database, signer: Signer, now: Clock) -> None:
        self._database = database
        self._now = now
        self._signer = signer
        self._ledger = Ledger(signer)
        self._task: asyncio.Task[None] | None = None
        self._ends = False
        database.carried[LEDGER] = self._ledger

    async def settle(self) -> None:
        """Number all that waits, and sign a head that has no signature of its own."""
        while await self.number_waiting() == BATCH:
            pass
        async with self._database.transaction() as tx:
            head = await log_store.head(tx)
            if head is None or (head.note or "").split("\n")[1:2] == [str(head.size)]:
                return
            root = Growth.of(head.size, head.peaks).root()
            await log_store.keep_note(tx, head.size, self._signer.sign(head.size, root, self._now()))

    async def number_waiting(self) -> int:
        """Take one turn; return how many entries got a place. None when another process has the turn."""
        async with self._database.transaction() as tx:
            if not await log_store.take_turn(tx):
                return 0
            waiting = await log_store.unnumbered(tx, BATCH)
            if waiting:
                leaves, now = [leaf for _id, leaf in waiting], self._now()
                first = await tx.run_sync(lambda session: grow(session, self._ledger, leaves, now))
                await log_store.number(tx, [one for one, _leaf in waiting], first)
        return len(waiting)

    async def start(self) -> None:
        """Settle, and on PostgreSQL go on in the background until `stop`."""
        await self.settle()
        if not self._database.is_sqlite:
            self._task = asyncio.create_task(self._run(), name="audit sequencer")

    async def stop(self) -> None:
        """Number what still waits, and end."""
        if self._task is None:
            return
        self._ends = True  # not cancelled: a transaction that is cut looks like a database that does not answer
        self._ledger.stirred.set()
        await self._task
        with suppress(SQLAlchemyError, OSError):  # the database is gone: the next start numbers what waits
            await self.settle()

    async def _run(self) -> None:
        while not self._ends:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ledger.stirred.wait(), LOOK_EVERY)
            await asyncio.sleep(PAUSE)  # who stirred commits meanwhile, and others join
            self._ledger.stirred.clear()
            try:
                while await self.number_waiting() == BATCH:
                    pass
            except (SQLAlchemyError, OSError):
                log.exception("audit entries wait for the database")
