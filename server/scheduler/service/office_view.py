"""What the front office reads of one follow-up, one appointment, or one patient's plan. All readings are logged."""

from dataclasses import dataclass
from datetime import timedelta

from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import NotFound
from server.kernel.ids import AppointmentId, PatientId, PromiseId, SiteId
from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.people import store as people_store
from server.people.service import People
from server.records.rules.note import FOLLOW_UP_MAX_DAYS
from server.scheduler import store
from server.scheduler.rules.units import local_day
from server.scheduler.service.views import AppointmentLine, PromiseLine
from server.scheduler.service.worklists import TO_DO, Worklists

LOOK_BACK = timedelta(days=365)
LOOK_AHEAD = timedelta(days=FOLLOW_UP_MAX_DAYS + 60)
_NOT_YOURS = N_("Ce rendez-vous n’existe pas, ou il n’est pas à votre site.")


@dataclass(frozen=True, slots=True)
class ToBook:
    """How many follow-ups of a site still need a moment, and for how many of them the window is over."""

    due: int
    late: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned for a patient: promises without a moment, and appointments of the last year and to come."""

    promises: tuple[PromiseLine, ...]
    appointments: tuple[AppointmentLine, ...]


class OfficeView:
    """Reads follow-ups for the health workers of a site, and only of that site."""

    def __init__(self, database: Database, people: People, vault: Vault, now: Clock) -> None:
        self._database = database
        self._people = people
        self._now = now
        self._worklists = Worklists(database, people, vault, now)

    async def to_book(self, who: Identity) -> ToBook:
        """Return the two numbers of the worklist; nothing of any patient is opened."""
        require(who, Act.DAY_SHEET)
        async with self._database.reading() as tx:
            place = await people_store.site(tx, _site_of(who))
            rows = await store.promises(tx, TO_DO, site_id=place.id)
        today = local_day(self._now(), place.zone)
        return ToBook(len(rows), sum(today > row.latest_on for row in rows))

    async def promise(self, who: Identity, promise_id: PromiseId) -> PromiseLine:
        """Return one follow-up of the caller's site, in whatever state it is; from then on it is read there."""
        require(who, Act.FOLLOW_UP_BOOK)
        async with self._database.transaction() as tx:
            row = await store.promise(tx, promise_id)
            if row.site_id != _site_of(who):
                raise NotFound(_NOT_YOURS)
            lines = await self._worklists.promise_lines(tx, who, [row])
            await self._worklists.opened(tx, who, lines)
        return lines[0]

    async def appointment(self, who: Identity, appointment_id: AppointmentId) -> AppointmentLine:
        """Return one appointment of the caller's site, in whatever state it is."""
        require(who, Act.DAY_SHEET)
        async with self._database.transaction() as tx:
            row = await store.appointment(tx, appointment_id)
            if row.site_id != _site_of(who):
                raise NotFound(_NOT_YOURS)
            return (await self._worklists.appointment_lines(tx, who, [row]))[0]

    async def plan(self, who: Identity, patient_id: PatientId) -> Plan:
        """Return what is planned at the caller's site for one of its patients, the latest appointment first."""
        require(who, Act.DAY_SHEET)
        begin, end = self._now() - LOOK_BACK, self._now() + LOOK_AHEAD
        async with self._database.transaction() as tx:
            await self._people.allowed(tx, who, patient_id)
            site_id = _site_of(who)
            open_here = await store.promises(tx, TO_DO, site_id=site_id)
            booked = await store.appointments(tx, begin, end, site_id=site_id, patient_id=patient_id)
            records = await people_store.same_ids(tx, patient_id)
            own = [row for row in open_here if row.patient_id in records]
            promises = await self._worklists.promise_lines(tx, who, own)
            appointments = await self._worklists.appointment_lines(tx, who, list(reversed(booked)))
        return Plan(tuple(promises), tuple(appointments))


def _site_of(who: Identity) -> SiteId:
    if who.site_id is None:
        raise NotFound(N_("Votre compte n’est rattaché à aucun site."))
    return who.site_id
