"""What a doctor does with the queue: see it, take one patient, give back, ring again, and see who is taken."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.encounters import store
from server.encounters.quality_rules import of_visit
from server.encounters.rules import (
    ADULT_AT,
    Encounter,
    EncounterStatus,
    Move,
)
from server.encounters.service import guests
from server.encounters.service.ground import (
    NOT_YOURS,
    Exchange,
    Ground,
    Tickets,
    lines_of,
    practitioner_of,
    seat_holder,
)
from server.encounters.tables import ConsentRow, EncounterRow
from server.encounters.views import Consented, DeskVisit, Incident, QueueItem, QueueState
from server.kernel.access import Act, Identity, require
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import CabinId, EncounterId, PractitionerId, SiteId
from server.kernel.words import N_
from server.people import store as people_store
from server.people.rules import Cabin, Site, age, discreet_name, display_name


@dataclass(frozen=True, slots=True)
class ClaimGiven:
    """A claimed visit, and the single-use ticket of the practitioner's seat in its call."""

    encounter: Encounter
    ticket: str


@dataclass(frozen=True, slots=True)
class _Places:
    """The places and doctors that a queue speaks of."""

    cabins: dict[CabinId, Cabin]
    sites: dict[SiteId, Site]
    doctors: dict[PractitionerId, str]


class Queue:
    """The queue, as doctors see it."""

    def __init__(self, ground: Ground, tickets: Tickets, exchange: Exchange) -> None:
        self._ground = ground
        self._tickets = tickets
        self._exchange = exchange

    async def waiting(self, who: Identity) -> tuple[QueueItem, ...]:
        """Return my own visit, then who waits (urgent first, then by time), then who is with other doctors."""
        require(who, Act.QUEUE_SEE)
        async with self._ground.database.reading() as tx:
            rows = [*await store.line(tx), *await store.running(tx)]
            places = await _places(tx)
            items = [await self._item(tx, who, row, places) for row in rows]
        told = [row for row, item in zip(rows, items, strict=True) if item.state is not QueueState.WITH_OTHER]
        await self._note_reading(who, told)
        return tuple(sorted(items, key=lambda item: _ORDER[item.state]))

    async def claim(self, who: Identity, encounter_id: EncounterId, connection: str = "", page: str = "") -> ClaimGiven:
        """Give one waiting patient to one practitioner, open the record to them until they give back, and ring.

        Of many who ask at once, the database lets one through. The others get Conflict: `already-taken` (it names
        who was faster), `already-busy` (one visit at a time), `cabin-busy` (the patient does not sit in the cabin
        yet), `not-waiting`. `connection` and `page` are the exchange's names of the page that pressed: it sits down at
        once if its line is on this server, or stands in the lobby of this call. Whoever else stands there goes.
        """
        require(who, Act.ENCOUNTER_CLAIM)
        practitioner_id = practitioner_of(who)
        async with self._ground.database.transaction() as tx:
            row = await store.claim(tx, encounter_id, who, self._ground.now())
            if row is None:
                raise await self._why_not(tx, encounter_id, practitioner_id)
            await self._ground.note(tx, who, row, Action.ENCOUNTER_CLAIMED, f"fence {row.fence}")
        await self._exchange.admit(str(row.id), connection, page, str(who.account_id))
        async with self._ground.database.reading() as look:  # after the two who wait for each other
            lines = await self._ground.queue_lines(look, row)
        await self._ground.nudge(lines)
        ticket = await self._tickets.issue_seat(str(row.id), "practitioner", seat_holder(who))
        return ClaimGiven(store.encounter(row), ticket)

    async def release(self, who: Identity, encounter_id: EncounterId) -> None:
        """Give a claimed visit back: the patient waits again at their old place. Nothing may be signed yet."""
        require(who, Act.ENCOUNTER_CLAIM)
        async with self._ground.database.transaction() as tx:
            row = await self.mine(tx, who, encounter_id)
            _refuse_left(row)
            lines = lines_of(row)
            await self._ground.move(tx, who, row, Move.RELEASE)
            pairs = await guests.end(self._ground, tx, who, row)
            row.practitioner_id = row.claimed_by = row.claimed_at = row.live_at = row.ended_at = None
            lines += await self._ground.queue_lines(tx, row)
        for call in (str(encounter_id), *pairs):
            await self._exchange.close_call(call, "released")
        await self._ground.nudge(lines)

    async def ring(self, who: Identity, encounter_id: EncounterId) -> str:
        """Call again after hanging up; return a fresh ticket. The patient must still be in the cabin."""
        require(who, Act.ENCOUNTER_CLAIM)
        async with self._ground.database.transaction() as tx:
            row = await self.mine(tx, who, encounter_id)
            _refuse_left(row)
            await self._ground.move(tx, who, row, Move.RING)
            row.ended_at = None
        await self._ground.nudge(["queue", *lines_of(row)])
        return await self._tickets.issue_seat(str(encounter_id), "practitioner", seat_holder(who))

    async def desk_visit(self, who: Identity) -> DeskVisit | None:
        """Return the visit that the caller has claimed and not closed, or None."""
        require(who, Act.QUEUE_SEE)
        async with self._ground.database.reading() as tx:
            row = await store.running_of(tx, practitioner_of(who))
            if row is None:
                return None
            view = await self._desk_view(tx, row)
        await self._note_reading(who, [row])
        return view

    async def mine(self, tx: AsyncSession, who: Identity, encounter_id: EncounterId) -> EncounterRow:
        """Return the caller's running visit, locked; NotFound for everybody else's."""
        row = await store.visit(tx, encounter_id)
        if row.status is not EncounterStatus.IN_PROGRESS or row.practitioner_id != practitioner_of(who):
            raise NotFound(NOT_YOURS)
        return row

    async def _why_not(self, tx: AsyncSession, encounter_id: EncounterId, practitioner_id: PractitionerId) -> Conflict:
        row = await store.look(tx, encounter_id)
        if row.status is EncounterStatus.TRIAGED:
            return Conflict(
                N_("Cette personne attend que la cabine se libère. Elle n’y est pas encore."), code="cabin-busy"
            )
        if row.status is EncounterStatus.IN_PROGRESS and row.practitioner_id == practitioner_id:
            return Conflict(N_("Cette personne est déjà avec vous."), code="already-yours")
        if row.practitioner_id is not None:
            faster = await people_store.practitioner(tx, row.practitioner_id)
            return Conflict(
                N_("%(doctor)s a été plus rapide : cette personne n’attend plus."),
                code="already-taken",
                doctor=faster.name,
            )
        return Conflict(N_("Cette personne n’attend pas, ou n’attend plus."), code="not-waiting")

    async def _note_reading(self, who: Identity, rows: list[EncounterRow]) -> None:
        """Write into the log who read what, before the answer leaves."""
        unread = self._ground.unread(who, rows)
        if not unread:
            return
        async with self._ground.database.transaction() as tx:
            for row in unread:
                await self._ground.note(tx, who, row, Action.REASON_READ)
        self._ground.was_read(who, unread)

    async def _item(self, tx: AsyncSession, who: Identity, row: EncounterRow, places: _Places) -> QueueItem:
        state = _state(row, practitioner_of(who))
        told = state is not QueueState.WITH_OTHER
        patient = await self._ground.people.opened(tx, await people_store.patient(tx, row.patient_id))
        answers = await self._ground.answers(tx, row) if told else None
        years = age(patient.traits.born_on, _today(self._ground))
        return QueueItem(
            encounter_id=row.id,
            state=state,
            name=display_name(patient.traits) if told else discreet_name(patient.traits),
            age=years if told else None,
            sex=patient.traits.sex if told else None,
            commune=places.sites[row.site_id].commune,
            cabin=places.cabins[row.cabin_id].name,
            reason=answers.reason if answers else None,
            words=answers.words if answers else "",
            flags=tuple(flag for flag, yes in answers.flags.items() if yes) if answers else (),
            accompanied=row.accompanied,
            child=told and years < ADULT_AT,
            priority=row.priority,
            planned=row.appointment_id is not None,
            waiting_since=row.triaged_at or row.arrived_at,
            doctor=places.doctors[row.practitioner_id] if row.practitioner_id else None,
            fictitious=patient.fictitious,
        )

    async def _desk_view(self, tx: AsyncSession, row: EncounterRow) -> DeskVisit:
        patient = await self._ground.people.opened(tx, await people_store.patient(tx, row.patient_id))
        said = await store.consent(tx, row.id)
        return DeskVisit(
            encounter_id=row.id,
            status=row.status,
            call=row.call,
            fence=row.fence,
            patient=patient,
            age=age(patient.traits.born_on, _today(self._ground)),
            answers=await self._ground.answers(tx, row),
            accompanied=row.accompanied,
            locale=row.locale,
            priority=row.priority,
            planned=row.appointment_id is not None,
            arrived_at=row.arrived_at,
            triaged_at=row.triaged_at,
            claimed_at=row.claimed_at,
            live_at=row.live_at,
            ended_at=row.ended_at,
            patient_left=row.left_at is not None,
            consent=_consented(said) if said else None,
            quality=of_visit((one.seat, store.report(one)) for one in await store.call_qualities(tx, row.id)),
            incidents=tuple(Incident(one.at, one.kind, one.seconds) for one in await store.incidents(tx, row.id)),
            guests=await guests.participants(self._ground, tx, row),
            site=await people_store.site(tx, row.site_id),
            cabin=await people_store.cabin(tx, row.cabin_id),
        )


_ORDER = {QueueState.MINE: 0, QueueState.WAITING: 1, QueueState.CABIN_BUSY: 2, QueueState.WITH_OTHER: 3}


def _state(row: EncounterRow, practitioner_id: PractitionerId) -> QueueState:
    if row.practitioner_id is not None:
        return QueueState.MINE if row.practitioner_id == practitioner_id else QueueState.WITH_OTHER
    seated = row.seated_at is not None and row.left_at is None
    return QueueState.WAITING if seated else QueueState.CABIN_BUSY


async def _places(tx: AsyncSession) -> _Places:
    return _Places(
        {cabin.id: cabin for cabin in await people_store.cabins(tx)},
        {site.id: site for site in await people_store.sites(tx)},
        {one.id: one.name for one in await people_store.practitioners(tx)},
    )


def _consented(row: ConsentRow) -> Consented:
    return Consented(row.decision, row.at, row.text_version, row.locale, row.mode, row.witness)


def _today(ground: Ground) -> date:
    return ground.now().date()


def _refuse_left(row: EncounterRow) -> None:
    if row.left_at is not None:
        raise Conflict(N_("La personne a quitté la cabine."), code="patient-left")
