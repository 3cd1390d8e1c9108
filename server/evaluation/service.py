"""Keeping a smiley at the end of a visit, and counting smileys without pointing at anybody."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.evaluation import store
from server.evaluation.rules import Satisfaction, check_face, satisfaction
from server.evaluation.tables import FeedbackRow
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.ids import CabinId, EncounterId, new_id


class Feedback:
    """What residents think of their visits. Fulfils `Opinions` of the encounters, whose goodbye brings the face."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def keep(
        self, tx: AsyncSession, who: Identity, encounter_id: EncounterId, cabin_id: CabinId, face: int
    ) -> None:
        """Keep a face, 1 (sad) to 3 (glad), in the caller's transaction; the first answer of a visit counts."""
        require(who, Act.FEEDBACK_GIVE)
        check_face(face)
        if await store.of_visit(tx, encounter_id) is not None:
            return
        now = self._now()
        tx.add(FeedbackRow(id=new_id(), encounter_id=encounter_id, cabin_id=cabin_id, face=face, at=now))
        await record(tx, who, Action.FEEDBACK_GIVEN, at=now, record=f"encounter:{encounter_id}")

    async def satisfaction(self, who: Identity, since: datetime, cabin_id: CabinId | None = None) -> Satisfaction:
        """Return how residents felt since an instant, in one cabin or in all; hidden below five answers."""
        require(who, Act.OVERVIEW_SEE)
        async with self._database.reading() as tx:
            return satisfaction(await store.faces(tx, since, cabin_id))
