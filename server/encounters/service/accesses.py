"""« Qui a ouvert ce dossier ? »: for the patient in the cabin, and with the health worker at the desk of their site."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import store as accounts_store
from server.audit.rules import Action
from server.audit.store import log, record
from server.encounters import store
from server.encounters.access_rules import Entry, OpenedOn, by_day
from server.encounters.service.ground import Ground, cabin_of
from server.kernel.access import Act, Identity, require
from server.kernel.errors import NotFound
from server.kernel.ids import PatientId
from server.kernel.words import N_
from server.people import store as people_store
from server.people.access.glass import broken_of

READ_MOST = 3000
"""Log entries that one page is made of; a day is never told by half, unless it alone has more than that."""


@dataclass(frozen=True, slots=True)
class Accesses:
    """Some days, newest first. `older`: ask again with it for the days before; None when there are none."""

    days: tuple[OpenedOn, ...]
    older: date | None


class AccessBook:
    """Who opened a record. Reading it is an act on the record too, and stands in it the next time."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def of_patient(
        self, who: Identity, patient_id: PatientId, zone: ZoneInfo, before: date | None = None, *, days: int
    ) -> Accesses:
        """Return who opened the record of a patient of the caller's site."""
        require(who, Act.ACCESSES_READ)
        async with self._ground.database.transaction() as tx:
            await self._ground.people.allowed(tx, who, patient_id, Act.ACCESSES_READ)
            return await self._read(tx, who, patient_id, zone, (before, days))

    async def mine(self, who: Identity, zone: ZoneInfo, before: date | None = None, *, days: int) -> Accesses:
        """Return who opened the record of the patient who sits in this cabin."""
        require(who, Act.ACCESSES_READ)
        async with self._ground.database.transaction() as tx:
            row = await store.seated(tx, cabin_of(who))
            if row is None:
                raise NotFound(N_("Personne n’est dans la cabine pour le moment."), code="no-visit")
            return await self._read(tx, who, row.patient_id, zone, (before, days))

    async def _read(
        self,
        tx: AsyncSession,
        who: Identity,
        patient_id: PatientId,
        zone: ZoneInfo,
        page: tuple[date | None, int],
    ) -> Accesses:
        before, days = page
        limit = datetime.combine(before, time(), zone) if before else None
        records = await people_store.same_ids(tx, patient_id)
        found = await log.opened(tx, records, limit, READ_MOST)
        entries = [Entry(one.at, one.actor, one.role, one.action) for one in found]
        names = await accounts_store.names(tx, {one.actor for one in found if one.actor})
        glasses = await broken_of(tx, self._ground.vault, patient_id)
        told = by_day(entries, names, await store.visits_taken(tx, patient_id), zone, glasses)
        await record(tx, who, Action.ACCESSES_READ, at=self._ground.now(), patient_id=patient_id)
        more = len(found) == READ_MOST
        if more and len(told) > 1:
            told.pop()  # the last day may not be whole: it begins the next page
        shown = told[:days]
        last = shown[-1].on if shown else found[-1].at.astimezone(zone).date() if found else None
        return Accesses(tuple(shown), last if more or len(told) > days else None)
