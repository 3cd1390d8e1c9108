"""The one gate to a patient's record: people, records, visits and follow-ups all ask here, in their own transaction.

who, patient, act ─▶ relations that would open it (`relations`) ─▶ does one of them hold in the rows now? ─▶ yes, no
"""

from collections.abc import Awaitable, Callable
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.access import Act, Identity, Role
from server.kernel.clock import Clock
from server.kernel.ids import PatientId, PractitionerId
from server.people import store as people_store
from server.people.access import store
from server.people.access.relations import Relation, opens
from server.people.tables import PatientRow

InVisit = Callable[[AsyncSession, PractitionerId, PatientId], Awaitable[bool]]
"""Says whether a doctor has taken a visit of a patient and not closed it: visits stand above, and are handed in."""


async def no_visits(_tx: AsyncSession, _practitioner_id: PractitionerId, _patient_id: PatientId) -> bool:
    """A house without visits."""
    return False


class Gate:
    """Reads from the rows how somebody stands to a patient."""

    def __init__(self, now: Clock, in_visit: InVisit = no_visits) -> None:
        self._now = now
        self._in_visit = in_visit

    async def relation(self, tx: AsyncSession, who: Identity, row: PatientRow, act: Act | None) -> Relation | None:
        """Return the first relation that holds and opens `act`, or None: then there is no such patient for `who`."""
        for relation in Relation:
            if opens(who.role, relation, act) and await self._holds(tx, who, row, relation):
                return relation
        return None

    async def _holds(self, tx: AsyncSession, who: Identity, row: PatientRow, relation: Relation) -> bool:
        if relation is Relation.HERE:
            return who.role is Role.HEALTH_WORKER and row.site_id == who.site_id
        if who.practitioner_id is None:
            return False
        match relation:
            case Relation.CARE:
                return await people_store.cares_for(tx, who.practitioner_id, row.id, self._now())
            case Relation.VISIT:
                return await self._in_visit(tx, who.practitioner_id, row.id)
            case Relation.REFERRED:
                return await store.is_referred(tx, who.practitioner_id, row.id, self._now())
            case Relation.GLASS:
                return await store.looks_through(tx, who.account_id, row.id, self._now())
            case _:
                assert_never(relation)
