"""Moments that are proposed for a promise, and the lists of promises and appointments."""

from collections.abc import Collection
from datetime import date

from server.kernel.access import Act, Identity, Role, require
from server.kernel.errors import Conflict
from server.kernel.ids import PatientId, PromiseId
from server.scheduler.rules.search import PartOfDay
from server.scheduler.service import asking
from server.scheduler.service.follow_ups.steps import Steps
from server.scheduler.service.views import (
    AppointmentLine,
    Expected,
    PromiseLine,
    Proposals,
    SlotTaken,
)
from server.scheduler.tables import FollowUpPromise


class Proposing(Steps):
    """Proposes moments and reads lists."""

    async def proposals(
        self,
        who: Identity,
        promise_id: PromiseId,
        part_of_day: PartOfDay | None = None,
        after: str | None = None,
        *,
        wide: bool = False,
    ) -> Proposals:
        """Return up to three moments, or none and why. `after` is `more` of the answer before (“other days”).

        `wide` is for the health worker's patient who comes late: twice the tolerance, and beyond today.
        """
        require(who, Act.FOLLOW_UP_SEE)
        seen = asking.days_seen(after)
        async with self._database.reading() as tx:
            row = await self._allowed(tx, who, promise_id)
        may_widen = who.role is Role.HEALTH_WORKER
        return await self._proposer.proposals(row, wide=wide and may_widen, part=part_of_day, seen=seen)

    async def proposals_for_list(
        self, row: FollowUpPromise, part: PartOfDay | None, seen: Collection[date]
    ) -> Proposals:
        """Return what the search proposes to somebody on the waiting list: beyond their window too, on other days."""
        return await self._proposer.proposals(row, wide=True, part=part, seen=seen)

    async def of_visit(self, who: Identity) -> PromiseLine | None:
        """Return the follow-up that the doctor asked for in the visit that sits in this cabin."""
        require(who, Act.FOLLOW_UP_SEE)
        return await self._worklists.of_visit(who)

    async def due(self, who: Identity) -> list[PromiseLine]:
        """Return the follow-ups without a moment: of the health worker's site, or that this doctor asked for."""
        require(who, Act.FOLLOW_UP_SEE)
        return await self._worklists.due(who)

    async def open_worklist(self, who: Identity) -> list[PromiseLine]:
        """Return `due` to somebody who has it before their eyes: from then on it is read, by the site or the doctor."""
        require(who, Act.PROMISE_TEND)
        return await self._worklists.due(who, opening=True)

    async def day_sheet(self, who: Identity, on: date) -> list[AppointmentLine]:
        """Return the appointments of the health worker's site on a day, in order."""
        require(who, Act.DAY_SHEET)
        return await self._worklists.day_sheet(who, on)

    async def upcoming(self, who: Identity) -> list[AppointmentLine]:
        """Return the practitioner's appointments from this morning on, for two weeks."""
        require(who, Act.FOLLOW_UP_ASK)
        return await self._worklists.upcoming(who)

    async def for_cabin(self, who: Identity, patient_id: PatientId | None = None) -> Expected | None:
        """Return today's appointment here of a person whom this cabin has recognised, or who sits in it."""
        require(who, Act.VISIT_INTAKE)
        return await self._worklists.for_cabin(who, patient_id)

    async def _with_fresh(self, who: Identity, promise_id: PromiseId, refused: Conflict) -> Conflict:
        """Return the refusal; one of a taken moment brings fresh proposals with it."""
        if refused.code != SlotTaken.code:
            return refused
        return SlotTaken(await self.proposals(who, promise_id))
