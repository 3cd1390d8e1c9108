"""Secret calendar addresses: made and shown once, read by programs, taken back; and no patient's name in any of them.

make ─▶ token (shown once; only its hash is kept) ─▶ GET /calendar/{token} ─▶ the resource's appointments
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Identity
from server.kernel.clock import Clock
from server.kernel.errors import NotFound
from server.kernel.ids import new_id
from server.kernel.words import N_
from server.people import store as people_store
from server.people.rules import Cabin, Site
from server.records.rules.note import Modality
from server.scheduler.availability import store
from server.scheduler.availability.service import Availability
from server.scheduler.availability.subjects import require_hours, subject
from server.scheduler.availability.tables import CalendarFeed
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.service.whereabouts import in_the_village, sitting_of, village_of
from server.scheduler.tables import Appointment
from server.web.limits import Bucket

BEFORE, AHEAD = timedelta(days=30), timedelta(days=366)
_GONE = N_("Cette adresse de calendrier ne marche pas, ou plus.")
_SUMMARY = {
    Modality.REMOTE: "Téléconsultation",
    Modality.IN_PERSON: "Consultation sur place",
    Modality.HOME: "Consultation au domicile",
}
_OVER = (AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR)


@dataclass(frozen=True, slots=True)
class Feed:
    """An address that works, without its secret."""

    id: UUID
    made_at: datetime


class Feeds:
    """The calendars of cabins, doctors and health workers."""

    def __init__(self, database: Database, availability: Availability, now: Clock) -> None:
        self._database = database
        self._availability = availability
        self._now = now
        self._bucket = Bucket(now, per_minute=6, burst=12)

    async def of(self, who: Identity, subject_id: UUID) -> list[Feed]:
        """Return the addresses of a subject that work."""
        require_hours(who, subject_id)
        async with self._database.reading() as tx:
            row = await store.resource(tx, subject_id)
            rows = await store.feeds(tx, row.id) if row else []
        return [Feed(one.id, one.made_at) for one in rows]

    async def make(self, who: Identity, subject_id: UUID) -> str:
        """Return the secret of a new address: nobody can read it again."""
        require_hours(who, subject_id)
        token = secrets.token_urlsafe(32)
        async with self._database.transaction() as tx:
            one = await subject(tx, subject_id)
            row = await self._availability.set_zone(tx, who, one, await self._availability.zone_of(tx, one))
            fresh = CalendarFeed(
                id=new_id(),
                resource_id=row.id,
                token_hash=_hashed(token),
                made_at=self._now(),
                made_by=who.account_id,
            )
            tx.add(fresh)
            await record(tx, who, Action.FEED_MADE, at=self._now(), record=f"resource:{row.id}")
        return token

    async def revoke(self, who: Identity, subject_id: UUID, feed_id: UUID) -> None:
        """Take an address of a subject back, at once."""
        require_hours(who, subject_id)
        async with self._database.transaction() as tx:
            row = await store.resource(tx, subject_id)
            if row is not None and await store.revoke_feed(tx, row.id, feed_id, self._now()):
                await record(tx, who, Action.FEED_REVOKED, at=self._now(), record=f"resource:{row.id}")

    async def read(self, token: str) -> bytes:
        """Return the calendar of an address, or raise NotFound; TooMany for a program that asks all the time."""
        from server.scheduler.availability.ical import Coming, appointments_text  # a tenth of a second to read

        token_hash, now = _hashed(token), self._now()
        async with self._database.reading() as tx:
            feed = await store.feed(tx, token_hash)
            if feed is None:
                raise NotFound(_GONE)
            self._bucket.take(str(feed.id))
            row = await store.resource_by_id(tx, feed.resource_id)
            one = await subject(tx, row.subject_id)
            found = list(await store.appointments_of(tx, row.kind, row.subject_id, now - BEFORE, now + AHEAD))
            cabins = {cabin.id: cabin for cabin in await people_store.cabins(tx)}
            sites = {site.id: site for site in await people_store.sites(tx)}
            doctors = {doctor.id: doctor for doctor in await people_store.practitioners(tx)}
            here = await in_the_village(tx, found)
            coming = [
                Coming(
                    booked.id,
                    booked.version,
                    booked.starts_at,
                    booked.ends_at,
                    booked.cancelled_at or booked.booked_at,
                    booked.status in _OVER,
                    _summary(
                        booked, _booth(cabins.get(booked.cabin_id), sites[booked.site_id]) if booked.cabin_id else ""
                    ),
                    village_of(sites[booked.site_id])
                    if booked.modality is not Modality.IN_PERSON or sitting_of(booked) in here
                    else doctors[booked.practitioner_id].place,
                )
                for booked in found
            ]
        return appointments_text(one.name, coming)


def _summary(booked: Appointment, cabin: str) -> str:
    """Return « Téléconsultation – Cabine de la mairie »: no name, no reason."""
    return f"{_SUMMARY[booked.modality]} – {cabin}" if cabin else _SUMMARY[booked.modality]


def _booth(cabin: Cabin | None, site: Site) -> str:
    """Return the cabin's name; a cabin of elsewhere is the medicobus at a stop."""
    if cabin is None or cabin.site_id == site.id:
        return cabin.name if cabin else ""
    return N_("arrêt du médicobus, %(place)s") % {"place": site.name}


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
