"""The rows of a new series, in the caller's transaction: the series itself, its further promises, and their windows."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.access import Identity
from server.kernel.ids import PromiseId, SeriesId, new_id
from server.people import store as people
from server.people.rules import Site
from server.records.rules.note import Modality
from server.scheduler import store
from server.scheduler.closings.rules import areas_of, closed_days
from server.scheduler.closings.store import said_by
from server.scheduler.rules.promise import Window
from server.scheduler.rules.units import day_units, local_day
from server.scheduler.series.rules import Cadence, windows
from server.scheduler.tables import FollowUpPromise, PromiseSeries


async def series_windows(
    tx: AsyncSession, first: FollowUpPromise, place: Site, first_on: date, cadence: Cadence, now: datetime
) -> list[Window]:
    """Return the window of each time of a series that begins on `first_on`, kept off the days when nobody is there."""
    today = local_day(now, place.zone)
    last = first_on + timedelta(days=cadence.step_days * cadence.times)
    places: list[UUID] = [first.practitioner_id]
    if first.modality is Modality.REMOTE:
        places = [one.id for one in await people.cabins(tx, place.id) if one.in_service]
    span = range(day_units(first_on, place.zone).start, day_units(last, place.zone).stop)
    known = list((await store.calendars(tx, places, span, taken=False)).values())
    areas = areas_of(place.zone, place.insee, place.id)
    holidays = closed_days(areas, await said_by(tx, areas))

    def closed(day: date) -> bool:
        there = day_units(day, place.zone)
        shut = bool(known) and not any(one.open_in(there, first.modality) for one in known)
        return day in holidays or shut

    return windows(first_on, cadence, closed, today + timedelta(days=1))


async def draw(
    tx: AsyncSession, who: Identity, first: FollowUpPromise, step_days: int, times: int, now: datetime
) -> SeriesId:
    """Write the series of which this promise is the first."""
    series_id = SeriesId(new_id())
    tx.add(
        PromiseSeries(
            id=series_id,
            patient_id=first.patient_id,
            encounter_id=first.encounter_id,
            site_id=first.site_id,
            step_days=step_days,
            times=times,
            created_at=now,
            created_by=who.account_id,
        )
    )
    await tx.flush()
    first.series_id, first.series_no = series_id, 1
    return series_id


def another(first: FollowUpPromise, number: int) -> FollowUpPromise:
    """Return the promise of a further time: the same people, its own number."""
    return FollowUpPromise(
        id=PromiseId(new_id()),
        patient_id=first.patient_id,
        encounter_id=first.encounter_id,
        series_id=first.series_id,
        series_no=number,
        site_id=first.site_id,
        practitioner_id=first.practitioner_id,
        health_worker_id=first.health_worker_id,
        with_health_worker=first.with_health_worker,
        modality=first.modality,
        instrument=first.instrument,
    )
