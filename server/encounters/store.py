"""The named queries of visits, consents, incidents, duty and calls for help."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.encounters.access_rules import VisitTaken
from server.encounters.guest_rules import OPEN, GuestStatus
from server.encounters.help_rules import HelpCall
from server.encounters.quality_rules import Report, Side, Spread
from server.encounters.rules import CallStatus, Encounter, EncounterStatus
from server.encounters.tables import (
    CallQualityRow,
    ConsentRow,
    DutyRow,
    EncounterRow,
    GuestRow,
    HelpCallRow,
    IncidentRow,
)
from server.kernel.access import Identity
from server.kernel.errors import Conflict
from server.kernel.ids import CabinId, EncounterId, PatientId, PractitionerId, SiteId
from server.kernel.words import N_
from server.people.store import same_person
from server.people.tables import CabinRow, CareRelation, PatientRow, PractitionerRow
from signalling.ladder import Rung
from signalling.protocol import Seat

_S = EncounterStatus
BEFORE_THE_DOCTOR = (_S.ARRIVED, _S.TRIAGED, _S.ON_LEAVE)
SPREADS = ("delay", "jitter", "lost", "hidden")
MEASURED = 30  # the newest visits whose length says how long one takes
_LINE = (EncounterRow.priority.desc(), EncounterRow.triaged_at, EncounterRow.id)


async def tally(tx: AsyncSession) -> dict[tuple[EncounterStatus, CallStatus], int]:
    """Return how many visits wait or run, by state and by the state of their call."""
    query = select(EncounterRow.status, EncounterRow.call, func.count()).group_by(
        EncounterRow.status, EncounterRow.call
    )
    found = await tx.execute(query.where(EncounterRow.status.in_((_S.TRIAGED, _S.IN_PROGRESS))))
    return {(status, call): count for status, call, count in found}


async def recent_qualities(tx: AsyncSession, since: datetime) -> list[CallQualityRow]:
    """Return what ends of calls said since an instant, of any visit."""
    return list(await tx.scalars(select(CallQualityRow).where(CallQualityRow.at >= since)))


async def lock_cabin(tx: AsyncSession, cabin_id: CabinId) -> CabinRow:
    """Return the cabin and let nobody else change who sits in it until this transaction ends."""
    query = select(CabinRow).where(CabinRow.id == cabin_id).with_for_update(key_share=True)
    return (await tx.scalars(query)).one()


async def lock_patient(tx: AsyncSession, patient_id: PatientId) -> PatientRow:
    """Return the patient and let nobody else open a visit for them until this transaction ends."""
    query = select(PatientRow).where(PatientRow.id == patient_id).with_for_update(key_share=True)
    return (await tx.scalars(query)).one()


_CLAIM = (
    select(EncounterRow.patient_id, EncounterRow.practitioner_id, EncounterRow.status)
    .where(EncounterRow.id == bindparam("this_id"))
    .with_for_update(read=True)
)


async def claim_of(
    tx: AsyncSession, encounter_id: EncounterId
) -> tuple[PatientId, PractitionerId | None, EncounterStatus]:
    """Return the patient, the doctor and the status of a visit; the row cannot change until this ends."""
    row = (await tx.execute(_CLAIM, {"this_id": encounter_id})).one()
    return row.patient_id, row.practitioner_id, row.status


def held(visit: ColumnElement[UUID], doctor: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that `visit` is in progress and claimed by `doctor`, its row locked against a change."""
    mine = (EncounterRow.id == visit, EncounterRow.practitioner_id == doctor)
    running = EncounterRow.status == EncounterStatus.IN_PROGRESS
    return select(EncounterRow.id).where(*mine, running).with_for_update(read=True).exists()


async def visit(tx: AsyncSession, encounter_id: EncounterId) -> EncounterRow:
    """Return a visit, locked until this transaction ends."""
    query = select(EncounterRow).where(EncounterRow.id == encounter_id).with_for_update()
    return (await tx.scalars(query)).one()


async def look(tx: AsyncSession, encounter_id: EncounterId) -> EncounterRow:
    """Return a visit to look at."""
    return (await tx.scalars(select(EncounterRow).where(EncounterRow.id == encounter_id))).one()


async def seated(tx: AsyncSession, cabin_id: CabinId, *, lock: bool = False) -> EncounterRow | None:
    """Return the visit that sits in a cabin."""
    query = select(EncounterRow).where(
        EncounterRow.cabin_id == cabin_id, EncounterRow.seated_at.is_not(None), EncounterRow.left_at.is_(None)
    )
    return (await tx.scalars(query.with_for_update() if lock else query)).one_or_none()


async def open_of_patient(tx: AsyncSession, patient_id: PatientId) -> EncounterRow | None:
    """Return the visit of a patient who has not seen the doctor yet.

    Not locked: two patients who change cabins at once would wait for each other. Its version refuses the second.
    """
    query = select(EncounterRow).where(
        EncounterRow.patient_id.in_(same_person(patient_id)), EncounterRow.status.in_(BEFORE_THE_DOCTOR)
    )
    return (await tx.scalars(query.order_by(EncounterRow.arrived_at.desc()))).first()


async def visits_taken(tx: AsyncSession, patient_id: PatientId) -> list[VisitTaken]:
    """Return the visits of a patient that a doctor took."""
    theirs = EncounterRow.patient_id.in_(same_person(patient_id))
    query = select(EncounterRow).where(theirs, EncounterRow.claimed_by.is_not(None))
    rows = (await tx.scalars(query)).all()
    return [
        VisitTaken(row.claimed_by, row.claimed_at, row.finished_at)
        for row in rows
        if row.claimed_by is not None and row.claimed_at is not None
    ]


async def next_for_cabin(tx: AsyncSession, cabin_id: CabinId) -> EncounterRow | None:
    """Return who waits for this cabin and is first in line."""
    query = select(EncounterRow).where(
        EncounterRow.cabin_id == cabin_id, EncounterRow.status == _S.TRIAGED, EncounterRow.seated_at.is_(None)
    )
    return (await tx.scalars(query.order_by(*_LINE).with_for_update())).first()


async def claim(tx: AsyncSession, encounter_id: EncounterId, who: Identity, at: datetime) -> EncounterRow | None:
    """Give one waiting, seated visit to one practitioner: one statement decides, and one of many wins.

    Returns None to all others; raises Conflict when the practitioner already has a running visit.
    """
    taken = (
        update(EncounterRow)
        .where(
            EncounterRow.id == encounter_id,
            EncounterRow.status == _S.TRIAGED,
            EncounterRow.seated_at.is_not(None),
            EncounterRow.left_at.is_(None),
        )
        .values(
            status=_S.IN_PROGRESS,
            call=CallStatus.RINGING,
            practitioner_id=who.practitioner_id,
            claimed_by=who.account_id,
            fence=EncounterRow.fence + 1,
            claimed_at=at,
            live_at=None,
            ended_at=None,
            version=EncounterRow.version + 1,
        )
        .returning(EncounterRow)
        .execution_options(synchronize_session=False)
    )
    try:
        return (await tx.scalars(taken)).one_or_none()
    except IntegrityError:  # uq_encounter_running: the only unique index that this statement can meet
        raise Conflict(
            N_("Vous avez déjà une visite en cours. Terminez-la ou rendez-la avant d’en prendre une autre."),
            code="already-busy",
        ) from None


async def line(tx: AsyncSession) -> list[EncounterRow]:
    """Return everybody who waits for a doctor, the first first."""
    query = select(EncounterRow).where(EncounterRow.status == _S.TRIAGED).order_by(*_LINE)
    return list(await tx.scalars(query))


async def running(tx: AsyncSession) -> list[EncounterRow]:
    """Return all visits that a practitioner has claimed and not closed."""
    query = select(EncounterRow).where(EncounterRow.status == _S.IN_PROGRESS).order_by(EncounterRow.claimed_at)
    return list(await tx.scalars(query))


async def running_of(tx: AsyncSession, practitioner_id: PractitionerId) -> EncounterRow | None:
    """Return the visit that this practitioner has claimed and not closed."""
    query = select(EncounterRow).where(
        EncounterRow.practitioner_id == practitioner_id, EncounterRow.status == _S.IN_PROGRESS
    )
    return (await tx.scalars(query)).one_or_none()


async def has_taken(tx: AsyncSession, practitioner_id: PractitionerId, patient_id: PatientId) -> bool:
    """Return whether this practitioner has claimed a visit of the patient and not closed it."""
    query = select(EncounterRow.id).where(
        EncounterRow.practitioner_id == practitioner_id,
        EncounterRow.patient_id.in_(same_person(patient_id)),
        EncounterRow.status == _S.IN_PROGRESS,
    )
    return (await tx.scalars(query)).first() is not None


async def open_visits_of(tx: AsyncSession, patient_id: PatientId) -> list[EncounterRow]:
    """Return the visits of a patient that are not closed: they wait, or a doctor has them."""
    open_now = (*BEFORE_THE_DOCTOR, _S.IN_PROGRESS)
    theirs = EncounterRow.patient_id.in_(same_person(patient_id))
    query = select(EncounterRow).where(theirs, EncounterRow.status.in_(open_now))
    return list(await tx.scalars(query))


async def of_site(tx: AsyncSession, site_id: SiteId) -> list[EncounterRow]:
    """Return the visits of a site that are not closed, the oldest first."""
    open_now = (*BEFORE_THE_DOCTOR, _S.IN_PROGRESS)
    query = select(EncounterRow).where(EncounterRow.site_id == site_id, EncounterRow.status.in_(open_now))
    return list(await tx.scalars(query.order_by(EncounterRow.arrived_at)))


async def minutes_of_visits(tx: AsyncSession, since: datetime) -> list[float]:
    """Return how long the newest visits took, from claim to the end of the call."""
    query = (
        select(EncounterRow.claimed_at, EncounterRow.ended_at)
        .where(EncounterRow.status == _S.FINISHED, EncounterRow.ended_at > since)
        .order_by(EncounterRow.ended_at.desc())
        .limit(MEASURED)
    )
    pairs = (await tx.execute(query)).all()
    return [(ended - claimed) / timedelta(minutes=1) for claimed, ended in pairs if claimed and ended]


async def consent(tx: AsyncSession, encounter_id: EncounterId) -> ConsentRow | None:
    """Return the newest answer to the consent question."""
    query = select(ConsentRow).where(ConsentRow.encounter_id == encounter_id)
    return (await tx.scalars(query.order_by(ConsentRow.at.desc(), ConsentRow.id.desc()))).first()


async def incidents(tx: AsyncSession, encounter_id: EncounterId) -> list[IncidentRow]:
    """Return what went wrong in the call, in order."""
    query = select(IncidentRow).where(IncidentRow.encounter_id == encounter_id)
    return list(await tx.scalars(query.order_by(IncidentRow.at, IncidentRow.id)))


async def call_qualities(tx: AsyncSession, encounter_id: EncounterId) -> list[CallQualityRow]:
    """Return what the ends of a visit's calls reported of them."""
    query = select(CallQualityRow).where(CallQualityRow.encounter_id == encounter_id)
    return list(await tx.scalars(query.order_by(CallQualityRow.at, CallQualityRow.call)))


async def rung_seconds(tx: AsyncSession) -> dict[Rung, int]:
    """Return how many seconds all calls were on each rung, as the doctors' ends saw them."""
    sums = [func.coalesce(func.sum(getattr(CallQualityRow, f"{rung.value}_for")), 0) for rung in Rung]
    row = (await tx.execute(select(*sums).where(CallQualityRow.seat == Seat.PRACTITIONER))).one()
    return {rung: int(seconds) for rung, seconds in zip(Rung, row, strict=True)}


def report(row: CallQualityRow) -> Report:
    """Return the report that a row keeps."""
    spreads = {one: Spread(getattr(row, f"{one}_middle"), getattr(row, f"{one}_high")) for one in SPREADS}
    return Report(
        call=row.call,
        seconds={rung: getattr(row, f"{rung.value}_for") for rung in Rung},
        weak={side: getattr(row, f"weak_{side.value}_for") for side in Side},
        cuts=row.cuts,
        cut_for=row.cut_for,
        **spreads,
    )


def write_report(row: CallQualityRow, said: Report, at: datetime) -> None:
    """Put a report into a row, in place of what stood there."""
    row.at, row.cuts, row.cut_for = at, said.cuts, said.cut_for
    for rung in Rung:
        setattr(row, f"{rung.value}_for", said.seconds.get(rung, 0))
    for side in Side:
        setattr(row, f"weak_{side.value}_for", said.weak.get(side, 0))
    for one in SPREADS:
        spread: Spread = getattr(said, one)
        setattr(row, f"{one}_middle", spread.middle)
        setattr(row, f"{one}_high", spread.high)


async def lock_duty(tx: AsyncSession, practitioner_id: PractitionerId) -> DutyRow | None:
    """Return the duty of a practitioner, and let nobody else begin or end it until this transaction ends."""
    lock = select(PractitionerRow.id).where(PractitionerRow.id == practitioner_id).with_for_update(key_share=True)
    (await tx.scalars(lock)).one()
    return await duty(tx, practitioner_id)


async def duty(tx: AsyncSession, practitioner_id: PractitionerId) -> DutyRow | None:
    """Return the duty of a practitioner, also one that was not seen for long."""
    return (await tx.scalars(select(DutyRow).where(DutyRow.practitioner_id == practitioner_id))).one_or_none()


async def on_duty(tx: AsyncSession, seen_after: datetime) -> list[PractitionerId]:
    """Return the practitioners on duty, the longest first."""
    query = select(DutyRow.practitioner_id).where(DutyRow.seen_at > seen_after)
    return list(await tx.scalars(query.order_by(DutyRow.since, DutyRow.practitioner_id)))


async def end_duty(tx: AsyncSession, practitioner_id: PractitionerId) -> None:
    """Forget the duty of a practitioner."""
    await tx.execute(delete(DutyRow).where(DutyRow.practitioner_id == practitioner_id))


async def extend_care(
    tx: AsyncSession, practitioner_id: PractitionerId, patient_id: PatientId, since: datetime, until: datetime
) -> None:
    """Let the practitioner care for the patient until an instant at least; never shorten what is longer."""
    relation = await tx.get(CareRelation, (patient_id, practitioner_id))
    if relation is None:
        tx.add(
            CareRelation(
                patient_id=patient_id, practitioner_id=practitioner_id, since=since, until=until, treating=False
            )
        )
    elif relation.until is not None and relation.until < until:
        if relation.until <= since:
            relation.since = since
        relation.until = until


async def help_call(tx: AsyncSession, cabin_id: CabinId) -> HelpCallRow | None:
    """Return the last call for help of a cabin, open or not. Who changes it holds the cabin's lock."""
    return (await tx.scalars(select(HelpCallRow).where(HelpCallRow.cabin_id == cabin_id))).one_or_none()


async def help_calls(tx: AsyncSession, site_id: SiteId) -> list[HelpCallRow]:
    """Return the last call for help of each cabin of a site, open or not, the oldest first."""
    query = select(HelpCallRow).where(HelpCallRow.site_id == site_id).order_by(HelpCallRow.asked_at)
    return list(await tx.scalars(query))


async def open_guest(tx: AsyncSession, encounter_id: EncounterId) -> GuestRow | None:
    """Return the third person who is asked in, or in, now. Who changes it holds the visit."""
    query = select(GuestRow).where(GuestRow.encounter_id == encounter_id, GuestRow.status.in_(OPEN))
    return (await tx.scalars(query)).one_or_none()


async def last_guest(tx: AsyncSession, encounter_id: EncounterId) -> GuestRow | None:
    """Return the newest invitation of a visit, open or not."""
    query = select(GuestRow).where(GuestRow.encounter_id == encounter_id)
    return (await tx.scalars(query.order_by(GuestRow.invited_at.desc(), GuestRow.id.desc()))).first()


async def guests_admitted(tx: AsyncSession, encounter_id: EncounterId) -> list[GuestRow]:
    """Return the third persons who were in a visit, in order."""
    query = select(GuestRow).where(GuestRow.encounter_id == encounter_id, GuestRow.admitted_at.is_not(None))
    return list(await tx.scalars(query.order_by(GuestRow.admitted_at)))


async def guest_by_code(tx: AsyncSession, code_index: bytes, now: datetime) -> GuestRow | None:
    """Return the invitation that this code opens now."""
    valid = (GuestRow.status == GuestStatus.INVITED, GuestRow.expires_at > now)
    return (await tx.scalars(select(GuestRow).where(GuestRow.code_index == code_index, *valid))).one_or_none()


async def guest_by_token(tx: AsyncSession, token_hash: bytes) -> GuestRow | None:
    """Return the third person whose browser shows this token."""
    return (await tx.scalars(select(GuestRow).where(GuestRow.token_hash == token_hash))).one_or_none()


def called(row: HelpCallRow) -> HelpCall:
    """Return the call that a row keeps."""
    return HelpCall(row.kind, row.asked_at, row.answered_at, row.answered_by)


def encounter(row: EncounterRow) -> Encounter:
    """Return the visit as other subjects may know it."""
    return Encounter(**{name: getattr(row, name) for name in Encounter.__slots__})
