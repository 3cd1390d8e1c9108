"""Builds what the cabin's screen shows of the visit that sits in it: the step, the place in line, an honest wait."""

from datetime import timedelta
from statistics import median

from sqlalchemy.ext.asyncio import AsyncSession

from server.encounters import store
from server.encounters.rules import (
    DUTY_FOR,
    USUAL_MINUTES,
    EncounterStatus,
    State,
    is_abandoned,
    lacks,
    next_step,
    wait,
)
from server.encounters.service.ground import Ground
from server.encounters.tables import EncounterRow
from server.encounters.views import CabinVisit, doctor
from server.people import store as people_store
from server.people.rules import discreet_name

FEWEST_MEASURED = 5  # below, the clinic has not yet measured how long its visits take
RECENT = timedelta(days=30)


async def cabin_visit(tx: AsyncSession, ground: Ground, row: EncounterRow) -> CabinVisit:
    """Return the visit as its own cabin shows it."""
    answers = await ground.answers(tx, row)
    patient = await ground.people.opened(tx, await people_store.patient(tx, row.patient_id))
    on_duty = await store.on_duty(tx, ground.now() - DUTY_FOR)
    doctors = {known.id: doctor(known) for known in await people_store.practitioners(tx)}
    place = await _place(tx, row)
    return CabinVisit(
        encounter_id=row.id,
        step=next_step(State(row.status, row.call), answers, row.cancel_reason),
        status=row.status,
        call=row.call,
        name=discreet_name(patient.traits),
        locale=row.locale,
        accompanied=row.accompanied,
        reason=answers.reason,
        flags=answers.flags,
        lacks=lacks(answers, None) if row.status is EncounterStatus.ARRIVED else (),
        priority=row.priority,
        place=place,
        minutes=await honest_wait(tx, ground, place, len(on_duty)) if place else None,
        doctor=doctors[row.practitioner_id] if row.practitioner_id else None,
        doctors=tuple(doctors[one] for one in on_duty),
        summary_signed=row.status is EncounterStatus.FINISHED,
        cancel_reason=row.cancel_reason,
        abandoned=is_abandoned(row.status, row.arrived_at, ground.now()),
    )


async def _place(tx: AsyncSession, row: EncounterRow) -> int | None:
    """Return the place in line, 1 for the next; None for a visit that does not wait."""
    line = [waiting.id for waiting in await store.line(tx)]
    return line.index(row.id) + 1 if row.id in line else None


async def honest_wait(tx: AsyncSession, ground: Ground, place: int, doctors: int) -> tuple[int, int] | None:
    """Return the range of minutes for a place in line, from how long visits take here; None without a doctor."""
    recent = await store.minutes_of_visits(tx, ground.now() - RECENT)
    usual = median(recent) if len(recent) >= FEWEST_MEASURED else USUAL_MINUTES
    return wait(place - 1, len(await store.running(tx)), doctors, usual)
