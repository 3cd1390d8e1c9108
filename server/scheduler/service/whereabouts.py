"""Where a doctor sees people in person: at their own place, or in the village while they have hours there."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import PractitionerId, SiteId
from server.people.rules import Practitioner, Site
from server.records.rules.note import Modality
from server.scheduler import store
from server.scheduler.rules.units import unit_from, unit_of
from server.scheduler.tables import Appointment


@dataclass(frozen=True, slots=True)
class Sitting:
    """A doctor sees somebody of a site in person, between two instants."""

    practitioner_id: PractitionerId
    site_id: SiteId
    starts_at: datetime
    ends_at: datetime


def sitting_of(row: Appointment) -> Sitting:
    """Return the sitting that an appointment is."""
    return Sitting(row.practitioner_id, row.site_id, row.starts_at, row.ends_at)


async def in_the_village(tx: AsyncSession, rows: Collection[Appointment]) -> frozenset[Sitting]:
    """Return those in person for which the doctor comes to the site; all others are at the doctor's own place."""
    asked = [sitting_of(row) for row in rows if row.modality is Modality.IN_PERSON]
    if not asked:
        return frozenset()
    span = range(unit_of(min(one.starts_at for one in asked)), unit_from(max(one.ends_at for one in asked)))
    doctors = {one.practitioner_id for one in asked}
    calendars = await store.calendars(tx, doctors, span, taken=False)
    return frozenset(
        one
        for one in asked
        if (calendar := calendars.get(one.practitioner_id))
        and calendar.comes_to(one.site_id, range(unit_of(one.starts_at), unit_from(one.ends_at)), Modality.IN_PERSON)
    )


def village_of(site: Site) -> str:
    """Return a site's name with its commune, once."""
    return site.name if site.commune in site.name else f"{site.name}, {site.commune}"


def found_at(doctor: Practitioner, site: Site) -> Practitioner:
    """Return the doctor as found at this site."""
    return replace(doctor, place=village_of(site))
