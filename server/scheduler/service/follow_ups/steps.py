"""What the acts on follow-ups stand on: whose promise it is, who could serve, locks in one order, log and nudge."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.encounters.service.ground import Nudger
from server.encounters.store import seated
from server.kernel.access import Identity, Role
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import AppointmentId, PromiseId
from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.people.service import People
from server.people.store import same_ids
from server.scheduler import store
from server.scheduler.live.proposer import Proposer
from server.scheduler.live.service import LiveIndex
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.service import asking
from server.scheduler.service.asking import Bench
from server.scheduler.service.intents import Intents
from server.scheduler.service.views import (
    Choice,
)
from server.scheduler.service.worklists import Worklists
from server.scheduler.store import Held
from server.scheduler.tables import Appointment, FollowUpPromise
from server.scheduler.zones import zones_release

NOT_YOURS = N_("Ce suivi n’existe pas, ou il n’est pas à vous.")


class Steps:
    """The shared steps of promising, proposing and booking."""

    def __init__(
        self,
        database: Database,
        people: People,
        vault: Vault,
        now: Clock,
        nudger: Nudger,
        live: LiveIndex | None = None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._now = now
        self._nudger = nudger
        self._zones_release = zones_release()
        self._intents = Intents(now)
        self._live = live or LiveIndex(database, now)
        self._proposer = Proposer(database, self._live, now)
        self._worklists = Worklists(database, people, vault, now)

    async def listen(self) -> None:
        """Read the coming weeks, and hear from now on what other processes book."""
        await self._live.listen()

    def tell_index(self, units: Iterable[Held]) -> None:
        """After a commit that no page shows: tell the index what was taken or freed."""
        self._live.changed(units)

    async def _bench(self, tx: AsyncSession, who: Identity | None, row: FollowUpPromise, choice: Choice) -> Bench:
        """Load who was chosen. Beyond the clinical window only a health worker may book, or the list they wrote."""
        wide = who is None or who.role is Role.HEALTH_WORKER
        return await asking.bench(tx, row, self._now(), wide=wide, only=choice.serving)

    async def _allowed(
        self, tx: AsyncSession, who: Identity, promise_id: PromiseId, *, lock: bool = False
    ) -> FollowUpPromise:
        """Return a promise that is the caller’s: of who sits in this cabin, of this site, or asked by this doctor."""
        row = await store.promise(tx, promise_id, lock=lock)
        if who.role is Role.CABIN and who.cabin_id is not None:
            visit = await seated(tx, who.cabin_id)
            own = visit is not None and row.patient_id in await same_ids(tx, visit.patient_id)
        elif who.role is Role.HEALTH_WORKER:
            own = who.site_id == row.site_id
        else:
            own = who.practitioner_id is not None and who.practitioner_id == row.practitioner_id
        if not own:
            raise NotFound(NOT_YOURS)
        return row

    async def _promise_of(self, appointment_id: AppointmentId) -> PromiseId:
        async with self._database.reading() as tx:
            row = await store.appointment(tx, appointment_id)
        if row.promise_id is None:
            raise NotFound(NOT_YOURS)
        return row.promise_id

    async def _booked(
        self, tx: AsyncSession, who: Identity, promise_id: PromiseId, appointment_id: AppointmentId, version: int
    ) -> tuple[FollowUpPromise, Appointment]:
        """Return a booked appointment at this version with its promise, both locked in this order."""
        await self._allowed(tx, who, promise_id)
        promise, booked = await self._locked(tx, promise_id, appointment_id)
        if booked.version != version or booked.status is not AppointmentStatus.BOOKED:
            raise Conflict(
                N_("Ce rendez-vous a changé entre-temps. Rien n’a été modifié. Rechargez la page."),
                code="appointment-moved",
            )
        return promise, booked

    @staticmethod
    async def _locked(
        tx: AsyncSession, promise_id: PromiseId, appointment_id: AppointmentId
    ) -> tuple[FollowUpPromise, Appointment]:
        promise = await store.promise(tx, promise_id, lock=True)
        return promise, await store.appointment(tx, appointment_id, lock=True)

    async def _audit(
        self, tx: AsyncSession, who: Identity | None, action: Action, row: Appointment, reason: str | None = None
    ) -> None:
        about = f"appointment:{row.id}"
        await record(tx, who, action, at=self._now(), patient_id=row.patient_id, record=about, reason=reason)

    async def _nudge(self, row: FollowUpPromise, choice: Choice, units: Iterable[Held]) -> None:
        """After a commit: tell the index what was taken or freed, then the pages to come and look."""
        self._live.changed(units)
        lines = [f"site:{row.site_id}"]
        if choice.cabin_id is not None:
            lines.append(f"cabin:{choice.cabin_id}")
        await self._nudger.nudge(*lines)
