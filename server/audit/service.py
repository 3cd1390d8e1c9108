"""What witnesses and coordinators do with the log: compare checkpoints, raise alarms, and settle them.

    cabin ── the checkpoint it saw last ──▶ is it the beginning of ours? ── yes ──▶ ours, and the proof of it
                                                                          └─ no ──▶ ours, no proof, and an alarm

The cabin checks the proof by itself: a server that lies about the answer is caught by its own two signatures.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.checkpoint import Checkpoint, NotACheckpoint, Verifier
from server.audit.proofs import consistency, root_at
from server.audit.rules import Action
from server.audit.store import alarms, record
from server.audit.store import log as log_store
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound, Unavailable
from server.kernel.ids import CabinId
from server.kernel.words import N_

NOTE_LONGEST = 1000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest checkpoint, and the proof that it continues the one that was seen; `forked` when it does not.

    `settled`: somebody explained this fork (a backup was put back), and the witness may begin anew.
    """

    checkpoint: str
    proof: tuple[bytes, ...] = ()
    forked: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """A fork that nobody has explained yet. `sizes`: entries in the log that was seen, and in the one shown."""

    id: UUID
    at: datetime
    cabin_id: CabinId
    sizes: tuple[int, int]


class Witnessing:
    """The log as its witnesses see it."""

    def __init__(self, database: Database, verifier: Verifier, now: Clock) -> None:
        self._database = database
        self._verifier = verifier
        self._now = now

    async def show(self, who: Identity, seen: str | None, *, forked: bool = False) -> Shown:
        """Return the newest checkpoint, and the proof that it continues `seen`; keep an alarm when it does not.

        `forked`: the cabin itself found, from our answer before, that the two do not fit.
        """
        require(who, Act.LOG_WITNESS)
        if who.cabin_id is None:
            raise NotFound(N_("Ce compte n’est pas celui d’une cabine."))
        async with self._database.reading() as tx:
            note, now_at = await self._newest(tx)
            before = self._read(seen)
            if not forked and before is None:
                return Shown(note)
            if not forked and before is not None and await self._begins_with(tx, before, now_at):
                return Shown(note, tuple(await consistency(tx, before.size, now_at.size)))
        if not _looks_like_one(seen or ""):
            return Shown(note)
        return Shown(note, forked=True, settled=await self._alarm(who, who.cabin_id, seen or "", note))

    async def alarms(self, who: Identity) -> list[Alarm]:
        """Return the forks that nobody has explained yet."""
        require(who, Act.LOG_ALARMS)
        async with self._database.reading() as tx:
            return [
                Alarm(row.id, row.at, row.cabin_id, (_size(row.seen), _size(row.shown)))
                for row in await alarms.unsettled(tx)
            ]

    async def settle(self, who: Identity, alarm_id: UUID) -> None:
        """Note that the cause is known (a backup was put back): the cabin begins anew from the log as it is."""
        require(who, Act.LOG_ALARMS)
        async with self._database.transaction() as tx:
            if not await alarms.settle(tx, alarm_id, who.account_id, self._now()):
                raise Conflict(N_("Cette alarme est déjà réglée."), code="already-settled")
            await record(tx, who, Action.FORK_SETTLED, at=self._now(), record=f"audit_alarm:{alarm_id}")

    async def _newest(self, tx: AsyncSession) -> tuple[str, Checkpoint]:
        head = await log_store.head(tx)
        try:
            if head is not None and head.note is not None:
                return head.note, self._verifier.open(head.note)
        except NotACheckpoint:
            log.exception("the head of the audit log has no good signature")
        raise Unavailable(N_("Le journal des accès n’est pas signé pour le moment."), code="log-unsigned")

    def _read(self, seen: str | None) -> Checkpoint | None:
        """Return what the witness saw. Letters that this log never signed are not an accusation: begin anew."""
        if not seen or len(seen) > NOTE_LONGEST:
            return None
        try:
            return self._verifier.open(seen)
        except NotACheckpoint:
            log.warning("a witness brought a checkpoint that is not of this log")
            return None

    async def _begins_with(self, tx: AsyncSession, before: Checkpoint, now_at: Checkpoint) -> bool:
        if before.size > now_at.size:
            return False
        try:
            return await root_at(tx, before.size) == before.root
        except ValueError:  # entries are gone: no subtree can be folded
            return False

    async def _alarm(self, who: Identity, cabin_id: CabinId, seen: str, shown: str) -> bool:
        """Keep the alarm, once for each checkpoint that was seen; return whether it is settled."""
        async with self._database.transaction() as tx:
            kept = await alarms.alarm(tx, cabin_id, seen)
            if kept is not None:
                return kept.settled_at is not None
            await alarms.raise_alarm(tx, cabin_id, seen, shown, self._now())
            await record(tx, who, Action.FORK_SEEN, at=self._now(), record=f"cabin:{cabin_id}")
        log.error("a cabin saw another audit log", extra={"cabin_id": str(cabin_id)})
        return False


def _looks_like_one(note: str) -> bool:
    return len(note) <= NOTE_LONGEST and note.count("\n") >= 5 and note.split("\n")[1].isdecimal()


def _size(note: str) -> int:
    return int(note.split("\n")[1])
