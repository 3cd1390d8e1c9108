"""Writes what happened, through the services, each act at its moment: registrations, measures, visits, bookings.

register ─▶ (measures between visits) ─▶ visit: queue ─▶ claim ─▶ call ─▶ note signed ─▶ goodbye
                                           ▲                                   │ follow-up promised
                                           └──────────── booked ◀──────────────┘
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from server.encounters.rules import (
    CONSENT_VERSION,
    Accompanied,
    Answers,
    Decision,
    Move,
    RedFlag,
    lacks,
    refuse_lacking,
)
from server.encounters.service import Placement
from server.encounters.service.ground import Beginning, ConsentSaid, cabin_of
from server.encounters.store import lock_cabin
from server.kernel.access import Identity
from server.kernel.errors import Conflict
from server.kernel.ids import EncounterId, PatientId, PromiseId
from server.records.rules.background import BackgroundBody
from server.scheduler.service.views import Choice
from server.village import store
from server.village.clinic import Clinic
from server.village.illnesses import NAMES
from server.village.lines import reports
from server.village.places import WORKERS
from server.village.population import Person
from server.village.settling import Settled
from server.village.visits import Taking, Visit, readings
from signalling.protocol import Seat

NO_RED_FLAG = dict.fromkeys(RedFlag, False)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody becomes known; `asked` writes down their background too."""

    person: int
    at: datetime
    asked: bool


class Chronicle:
    """The past of a village, act by act."""

    def __init__(self, clinic: Clinic, settled: Settled, people: Sequence[Person], told_since: datetime) -> None:
        self._clinic = clinic
        self._settled = settled
        self._people = people
        self._told_since = told_since  # from then on both ends of a call told how it was
        self.patients: dict[int, PatientId] = {}
        self.promises: dict[int, PromiseId] = {}
        """The newest follow-up asked for each person, by number."""

    async def register(self, arrivals: Iterable[Arrival]) -> None:
        """Register people with a health worker of their village, in the order of time."""
        doctors = []
        for one in sorted(arrivals, key=lambda one: one.at):
            self._clinic.then.at = one.at
            person = self._people[one.person]
            patient_id = await self._enrol(one.person, person)
            if person.treated_by:
                doctors.append((patient_id, self._settled.practitioners[person.treated_by], one.at))
            if one.asked:
                await self._clinic.background.save(self.worker_of(one.person), patient_id, background(person), 0)
        await store.register_with(self._clinic.tx, doctors)

    async def _enrol(self, number: int, person: Person) -> PatientId:
        site_id, who = self._settled.sites[person.village], self.worker_of(number)
        registered = await self._clinic.people.enrol(
            self._clinic.tx, person.traits, site_id, who=who, fictitious=True, code=person.code
        )
        self.patients[number] = registered.patient_id
        return registered.patient_id

    async def take(self, taking: Taking) -> None:
        """Keep measures that a health worker took between two visits."""
        self._clinic.then.at = taking.taken_at
        who = self._settled.who[taking.worker.login]
        await self._clinic.measures.take(who, self.patients[taking.person], readings(taking.measured))

    async def book(self, visit: Visit, at: datetime) -> None:
        """Book, at a moment before, the visit that keeps the follow-up of the one before it."""
        self._clinic.then.at = at
        before = self._people[visit.person]
        choice = Choice(
            visit.arrived_at,
            self._settled.practitioners[visit.doctor.login],
            self._settled.cabins[visit.booth.login],
            self._settled.health_workers[visit.worker.login] if visit.worker and visit.with_worker else None,
        )
        key = f"past-{before.village}-{visit.person}-{visit.arrived_at:%Y%m%d}"
        try:
            async with self._clinic.tx.begin_nested():
                worker, promise_id = self.worker_of(visit.person), self.promises[visit.person]
                await self._clinic.follow_ups.book(worker, promise_id, choice, key)
        except Conflict:  # somebody sits there already: they come without an appointment, and the promise lapses
            self._clinic.tx.expunge_all()

    async def visit(self, visit: Visit) -> None:
        """Write a visit from the queue to the goodbye."""
        doctor, cabin = self._settled.who[visit.doctor.login], self._settled.who[visit.booth.login]
        self._clinic.then.at = visit.arrived_at
        encounter_id = await self._arrive(visit, cabin)
        if visit.measured is not None and visit.worker is not None:
            nurse = self._settled.who[visit.worker.login]
            patient = self.patients[visit.person]
            taken = readings(visit.measured)
            await self._clinic.measures.take(nurse, patient, taken, encounter_id=encounter_id)
        self._after(visit.wait_min)
        await self._clinic.queue.claim(doctor, encounter_id)
        await self._clinic.calls.connected(doctor, encounter_id)
        self._after(visit.call_min)
        if visit.arrived_at >= self._told_since:
            said = reports(visit, Random(f"{visit.booth.login}/{visit.arrived_at:%Y%m%d%H%M}"))
            await self._clinic.calls.quality(cabin, said[Seat.PATIENT])
            await self._clinic.calls.quality(doctor, said[Seat.PRACTITIONER], encounter_id)
        await self._clinic.calls.hang_up(doctor, encounter_id)
        row_ver = await self._clinic.notes.save(doctor, encounter_id, visit.scene.note, 0)
        self._after(2)
        closed = await self._clinic.closing.sign(doctor, encounter_id, row_ver)
        await self._clinic.intake.goodbye(cabin, visit.face)
        self.promises.pop(visit.person, None)
        if closed.promise_id is not None:
            self.promises[visit.person] = closed.promise_id

    def worker_of(self, number: int) -> Identity:
        """Return a health worker of the person's village."""
        village = self._people[number].village
        return self._settled.who[next(one.login for one in WORKERS if one.village == village)]

    async def _arrive(self, visit: Visit, cabin: Identity) -> EncounterId:
        beginning = Beginning(self.patients[visit.person], visit.accompanied, visit.companion)
        scene = visit.scene
        if visit.accompanied is Accompanied.WITH_HEALTH_WORKER and visit.worker is not None:
            placement = Placement(
                beginning,
                self._settled.cabins[visit.booth.login],
                scene.reason,
                consent_given=True,
                text_version=CONSENT_VERSION,
                words=scene.words,
                flags=NO_RED_FLAG,
            )
            return await self._clinic.front_office.put_in_queue(self._settled.who[visit.worker.login], placement)
        return await self._seat(visit, cabin, beginning)

    async def _seat(self, visit: Visit, cabin: Identity, beginning: Beginning) -> EncounterId:
        """Write what the cabin's screens ask one by one, in one go: each of them would draw its page again."""
        ground, tx = self._clinic.ground, self._clinic.tx
        answers = Answers(reason=visit.scene.reason, words=visit.scene.words, flags=NO_RED_FLAG)
        refuse_lacking(lacks(answers, Decision.GIVEN))
        row = await ground.begin(tx, cabin, await lock_cabin(tx, cabin_of(cabin)), beginning, answers)
        await ground.keep_consent(tx, cabin, row, ConsentSaid(True, CONSENT_VERSION))
        await ground.move(tx, cabin, row, Move.TRIAGE)
        row.triaged_at = row.seated_at = ground.now()
        await tx.flush()
        tx.expunge_all()
        return row.id

    def _after(self, minutes: int) -> None:
        self._clinic.then.at += minutes * _MINUTE


def background(person: Person) -> BackgroundBody:
    """Return what a health worker writes down of somebody's allergies, conditions and medicines."""
    return BackgroundBody(
        allergies=tuple(f"{one.substance} : {one.reaction}, {one.year}" for one in person.allergies),
        conditions=tuple(NAMES[one].label for one in person.conditions),
        medications=tuple(f"{one.name}, {one.dosage}" for one in person.medicines),
    )
