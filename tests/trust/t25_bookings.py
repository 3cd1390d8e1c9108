"""T25, for bookings: whatever people do, in whatever order, the rows are what a simple model says they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from unittest.mock import patch

from sqlalchemy import select

from server.database.engine import Database
from server.kernel.errors import Conflict
from server.kernel.ids import AppointmentId, CabinId, InstrumentId, PromiseId, ResourceId
from server.people.founding.rules import InstrumentKind
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler import store
from server.scheduler.rules.appointment import EXPECTED
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.service.asking import COSTS
from server.scheduler.service.follow_ups import FollowUps
from server.scheduler.service.views import CancelReason, Choice
from server.scheduler.tables import Appointment, BusyUnit, FollowUpPromise
from tests import components
from tests.clock import FakeClock
from tests.databases import create_all_tables
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic, an_ecg, open_clinic
from tests.server.scheduler.service.test_stops import STOPS_FOR, a_bus
from tests.trust.claims import times

ID = "T25"
CLAIM = "What the search offers can be booked, and after any booking, move or cancellation exactly its units are held"

PROGRAMS, PROGRAMS_IN_SMALL, STEPS = 20, 1, 50
PROGRAMS_ON_POSTGRES = 10
PROMISES = 9
HELD_FOR = timedelta(minutes=25)
WISHES = (
    FollowUpWish(7, Modality.REMOTE, with_health_worker=True),
    FollowUpWish(7, Modality.REMOTE, with_health_worker=False),
    FollowUpWish(7, Modality.IN_PERSON, with_health_worker=False),
    FollowUpWish(7, Modality.HOME),
    FollowUpWish(7, Modality.REMOTE, instrument=InstrumentKind.ECG),
    FollowUpWish(7, Modality.HOME, instrument=InstrumentKind.ECG),
)


@dataclass
class Program:
    """One run of people who book, and what the model says of it."""

    clinic: Clinic
    dice: Random
    desks: tuple[FollowUps, FollowUps]
    """Two processes: each has an index of its own, and neither hears the other."""
    promises: list[PromiseId] = field(default_factory=list)
    ecg: InstrumentId | None = None
    bus: CabinId | None = None
    """A cabin of elsewhere that stops here on the Monday."""
    booked: dict[PromiseId, tuple[AppointmentId, Choice]] = field(default_factory=dict)
    keys: int = 0

    async def step(self) -> bool:
        """Do one thing; whether it went as the model says, and the rows agree."""
        promise, desk = self.dice.choice(self.promises), self.dice.choice(self.desks)
        act = self.dice.choice((self._offered, self._offered, self._anything, self._cancelled, self._moved))
        return await act(desk, promise) and await self._agrees()

    async def _offered(self, desk: FollowUps, promise: PromiseId) -> bool:
        """Book what was proposed just now: nobody was faster, so it may not be refused."""
        if promise in self.booked:
            return True
        shown = await desk.proposals(self.clinic.nurse, promise)
        if not shown.choices:
            return True
        if any(one.cost != COSTS[one.why] + sum(each.cost for each in one.because) for one in shown.choices):
            return False  # what is said of a proposal is not what was weighed
        return await self._booked(desk, promise, self.dice.choice(shown.choices).choice)

    async def _anything(self, desk: FollowUps, promise: PromiseId) -> bool:
        """Book a moment at random: it is taken, or it is given and nobody else has it."""
        if promise not in self.booked:
            choice = self._somewhere()
            await self._booked(desk, promise, choice)
            return promise not in self.booked or self._stops_then(choice)
        return True

    async def _booked(self, desk: FollowUps, promise: PromiseId, choice: Choice) -> bool:
        self.keys += 1
        try:
            appointment = await desk.book(self.clinic.nurse, promise, choice, f"key-{promise}-{self.keys}"[-60:])
        except Conflict:
            return False
        self.booked[promise] = appointment, choice
        return self._stops_then(choice)

    def _stops_then(self, choice: Choice) -> bool:
        """Whether the bus is here for the whole of it, and is cleaned before it leaves; of any other cabin, always."""
        return choice.cabin_id != self.bus or NEXT_MONDAY <= choice.starts_at <= NEXT_MONDAY + STOPS_FOR - HELD_FOR

    async def _cancelled(self, desk: FollowUps, promise: PromiseId) -> bool:
        if promise in self.booked:
            appointment, _choice = self.booked.pop(promise)
            await desk.cancel(self.clinic.nurse, appointment, await self._version(appointment), CancelReason.OTHER)
        return True

    async def _moved(self, desk: FollowUps, promise: PromiseId) -> bool:
        """Move to a moment at random; refused, the appointment stays where it was."""
        if promise in self.booked:
            appointment, _choice = self.booked[promise]
            choice = self._somewhere()
            try:
                await desk.move(self.clinic.nurse, appointment, await self._version(appointment), choice)
            except Conflict:
                return True
            self.booked[promise] = appointment, choice
            return self._stops_then(choice)
        return True

    def _somewhere(self) -> Choice:
        village = self.clinic.village
        doctor = self.dice.choice([village.gp, village.other_gp]).practitioner_id
        cabin = self.dice.choice([village.cabin.cabin_id, village.other_cabin.cabin_id, self.bus])
        nurse = self.dice.choice([None, self.clinic.nurse.health_worker_id])
        ecg = self.dice.choice([None, self.ecg])
        at: datetime = NEXT_MONDAY + timedelta(minutes=15 * self.dice.randrange(12))
        return self.clinic.choice(at, practitioner_id=doctor, cabin_id=cabin, health_worker_id=nurse, instrument_id=ecg)

    async def _version(self, appointment: AppointmentId) -> int:
        async with self.clinic.database.reading() as tx:
            return (await store.appointment(tx, appointment)).version

    async def _agrees(self) -> bool:
        """Whether the rows hold what the model says: who is expected when, and their units, each once."""
        async with self.clinic.database.reading() as tx:
            expected = list(await tx.scalars(select(Appointment).where(Appointment.status.in_(EXPECTED))))
            units = list(await tx.execute(select(BusyUnit.resource_id, BusyUnit.unit, BusyUnit.appointment_id)))
            promises = list(await tx.scalars(select(FollowUpPromise)))
        at = {one.id: one.starts_at for one in expected}
        if at != {appointment: choice.starts_at for appointment, choice in self.booked.values()}:
            return False
        states = {one.id: one.status is PromiseStatus.BOOKED for one in promises}
        if any(states[one] != (one in self.booked) for one in self.promises):
            return False
        held: dict[tuple[ResourceId, int], AppointmentId] = {}
        for resource_id, unit, appointment_id in units:
            if (resource_id, unit) in held or appointment_id not in at:
                return False
            held[resource_id, unit] = appointment_id
        return len(held) == sum(_length(one) for one in expected)


def _length(one: Appointment) -> int:
    """How many units an appointment holds: of doctor, patient, cabin, and of who and what goes to a home and back."""
    goes = bool(one.health_worker_id) + bool(one.instrument_id)
    return 4 + 4 + (5 if one.cabin_id else 0) + goes * (3 + 4 + 3 if one.modality is Modality.HOME else 4)


def _place(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


async def _program(place: Path, url: str, number: int) -> list[bool]:
    database = Database(url or f"sqlite:///{place}/program.sqlite")
    try:
        await create_all_tables(database)
        clinic = await open_clinic(database, FakeClock(), place)
        desks = tuple(
            FollowUps(database, clinic.village.people, clinic.vault, clinic.clock, clinic.village.exchange)
            for _ in range(2)
        )
        bus, ecg = await a_bus(clinic, own_cabins=number % 2 == 1), await an_ecg(clinic)
        program = Program(clinic, Random(number), (desks[0], desks[1]), ecg=ecg, bus=bus.cabin.cabin_id)
        for n in range(PROMISES):
            program.promises.append(await clinic.promised(WISHES[n % len(WISHES)]))
        return [await program.step() for _ in range(STEPS)]
    finally:
        await database.close()


async def attempt(defence: bool) -> tuple[int, int]:
    """Run programs of fifty steps; without the defence, what a cancellation held is not let go."""
    with components.service_folder() as folder:
        if not defence:
            with patch.object(store, "let_go", _let_nothing_go):
                held = await _program(_place(folder, "0"), "", 0)
            return len(held), sum(held)
        held = []
        for number in range(times(PROGRAMS, PROGRAMS_IN_SMALL)):
            held += await _program(_place(folder, f"{number}"), "", number)
        if on_postgres := range(times(PROGRAMS_ON_POSTGRES, 0)):
            with components.postgres(folder) as cluster:
                for number in on_postgres:
                    url = cluster.url(await cluster.create())
                    held += await _program(_place(folder, f"postgres-{number}"), url, number)
    return len(held), sum(held)


async def _let_nothing_go(*_: object) -> None:
    """Keep every unit."""
