"""Writes who and what is in the village: sites, cabins, doctors, health workers, their accounts and hours."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from server.accounts.rules import NewAccount
from server.kernel.access import Identity, Role
from server.kernel.ids import CabinId, HealthWorkerId, PractitionerId, SiteId
from server.records.rules.note import Modality
from server.scheduler.rules.openings import ResourceKind, WeeklyRule
from server.village import places, store
from server.village.clinic import Clinic
from server.village.places import Hours
from server.village.sign_ins import ADMIN, COORDINATOR, PASSWORD


@dataclass(slots=True)
class Settled:
    """The ids of places and people by key or login, and who signs in under which login."""

    sites: dict[str, SiteId] = field(default_factory=dict)
    cabins: dict[str, CabinId] = field(default_factory=dict)
    practitioners: dict[str, PractitionerId] = field(default_factory=dict)
    health_workers: dict[str, HealthWorkerId] = field(default_factory=dict)
    who: dict[str, Identity] = field(default_factory=dict)


class Settling:
    """Settles a village. All accounts have the demo's one password; it is hashed once: that takes 44 ms."""

    def __init__(self, clinic: Clinic, hashed: str) -> None:
        self._clinic = clinic
        self._hashed = hashed
        self.settled = Settled()

    async def settle(self) -> Settled:
        """Write all places, the people who work there, their accounts and their hours."""
        for village in places.VILLAGES:
            self.settled.sites[village.key] = await store.add_site(self._clinic.tx, village)
        await self._cabins()
        await self._doctors()
        await self._workers()
        for role, (login, name) in ((Role.COORDINATOR, COORDINATOR), (Role.ADMIN, ADMIN)):
            await self._account(NewAccount(login, PASSWORD, role, name))
        years = range(self._clinic.then().year, self._clinic.then().year + 3)
        await self._clinic.agenda.close_on_holidays(self._clinic.tx, places.ZONE, years)
        return self.settled

    async def _cabins(self) -> None:
        for booth in places.BOOTHS:
            site_id = self.settled.sites[booth.village]
            cabin_id = await store.add_cabin(self._clinic.tx, site_id, booth)
            self.settled.cabins[booth.login] = cabin_id
            new = NewAccount(booth.login, PASSWORD, Role.CABIN, booth.name, cabin_id=cabin_id, site_id=site_id)
            await self._account(new)
            await self._open(ResourceKind.CABIN, cabin_id, booth.hours)

    async def _doctors(self) -> None:
        for doctor in places.DOCTORS:
            practitioner_id = await store.add_practitioner(self._clinic.tx, doctor)
            self.settled.practitioners[doctor.login] = practitioner_id
            new = NewAccount(doctor.login, PASSWORD, Role.GP, doctor.name, practitioner_id=practitioner_id)
            await self._account(new)
            await self._open(ResourceKind.PRACTITIONER, practitioner_id, doctor.hours)

    async def _workers(self) -> None:
        for worker in places.WORKERS:
            site_id = self.settled.sites[worker.village]
            worker_id = await store.add_health_worker(self._clinic.tx, site_id, worker)
            self.settled.health_workers[worker.login] = worker_id
            new = NewAccount(
                worker.login, PASSWORD, Role.HEALTH_WORKER, worker.name, health_worker_id=worker_id, site_id=site_id
            )
            await self._account(new)
            await self._open(ResourceKind.HEALTH_WORKER, worker_id, worker.hours)

    async def _account(self, new: NewAccount) -> None:
        account_id = await self._clinic.accounts.create(self._clinic.tx, new, hashed=self._hashed)
        self.settled.who[new.login] = Identity(
            account_id=account_id,
            role=new.role,
            login=new.login,
            name=new.name,
            practitioner_id=new.practitioner_id,
            health_worker_id=new.health_worker_id,
            cabin_id=new.cabin_id,
            site_id=new.site_id,
        )

    async def _open(
        self, kind: ResourceKind, subject: CabinId | PractitionerId | HealthWorkerId, hours: Iterable[Hours]
    ) -> None:
        rules = [
            WeeklyRule(one.weekday, one.start_min, one.end_min, Modality(one.modality) if one.modality else None)
            for one in hours
        ]
        await self._clinic.agenda.open_weekly(self._clinic.tx, None, kind, subject, places.ZONE, rules)
