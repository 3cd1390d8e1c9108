"""The last move of a visit: signing the note finishes it, in one transaction with the note itself."""

from sqlalchemy.ext.asyncio import AsyncSession

from server.encounters import store
from server.encounters.rules import CARE_FOR, Encounter, EncounterStatus, Move
from server.encounters.service.ground import NOT_YOURS, Ground, lines_of, practitioner_of
from server.kernel.access import Act, Identity, require
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import EncounterId
from server.kernel.words import N_


class Endings:
    """Finishes visits inside of the transaction that signs their notes."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def finish(self, who: Identity, tx: AsyncSession, encounter_id: EncounterId) -> Encounter:
        """Finish the caller's visit, and leave its record open to them for the questions that follow.

        Raises NotFound for others', Conflict `call-running` before hanging up.
        """
        require(who, Act.NOTE_SIGN)
        row = await store.visit(tx, encounter_id)
        if row.practitioner_id != practitioner_of(who):
            raise NotFound(NOT_YOURS)
        if row.status is EncounterStatus.IN_PROGRESS and row.ended_at is None:
            raise Conflict(N_("L’appel est encore en cours. Raccrochez avant de signer."), code="call-running")
        await self._ground.move(tx, who, row, Move.FINISH)
        row.finished_at = now = self._ground.now()
        await store.extend_care(tx, practitioner_of(who), row.patient_id, now, now + CARE_FOR)
        await tx.flush()
        return store.encounter(row)

    async def tell(self, who: Identity, encounter_id: EncounterId) -> None:
        """Nudge the pages of a finished visit; after the commit."""
        require(who, Act.NOTE_SIGN)
        async with self._ground.database.reading() as tx:
            row = await store.look(tx, encounter_id)
            lines = ["queue", *lines_of(row), *await self._ground.queue_lines(tx)]
        await self._ground.nudge(lines)
