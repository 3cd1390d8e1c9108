"""A small village with cabins, doctors, a nurse and patients, and the services of their visits over a fake exchange."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path

from sqlalchemy import func, select

from server.audit.rules import Action
from server.audit.tables import AuditEvent
from server.database.engine import Database
from server.encounters import store
from server.encounters.facts import EncounterFacts, has_taken
from server.encounters.rules import CONSENT_VERSION, Encounter, Reason, RedFlag
from server.encounters.service import (
    Beginning,
    Calls,
    ConsentSaid,
    Duty,
    Endings,
    FrontOffice,
    Ground,
    Intake,
    Placement,
    Queue,
)
from server.evaluation.service import Feedback
from server.kernel.access import Identity, Role
from server.kernel.ids import AccountId, CabinId, EncounterId, PatientId, PractitionerId, SiteId, new_id
from server.people.rules import Sex, SiteKind, Traits
from server.people.service import People
from server.people.tables import CabinRow, PractitionerRow, SiteRow
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from tests.clock import FakeClock

NO_FLAGS = dict.fromkeys(RedFlag, False)
AGREED = ConsentSaid(True, CONSENT_VERSION)
REFUSED = ConsentSaid(False, CONSENT_VERSION)
_numbers = count(1)


@dataclass
class FakeExchange:
    """The network to the telephone exchange: keeps what it was told."""

    nudged: list[str] = field(default_factory=list)
    closed: list[tuple[str, str]] = field(default_factory=list)
    admitted: list[tuple[str, str, str, str]] = field(default_factory=list)
    seats: list[tuple[str, str, str]] = field(default_factory=list)

    async def nudge(self, *lines: str) -> None:
        self.nudged += lines

    async def close_call(self, call: str, reason: str) -> None:
        self.closed.append((call, reason))

    async def admit(self, call: str, connection: str, page: str, who: str) -> None:
        self.admitted.append((call, connection, page, who))

    async def issue_seat(self, call: str, seat: str, who: str) -> str:
        self.seats.append((call, seat, who))
        return f"ticket-{len(self.seats)}"


@dataclass
class Village:
    """Services, places and people of one test."""

    database: Database
    clock: FakeClock
    people: People
    exchange: FakeExchange
    ground: Ground
    intake: Intake
    queue: Queue
    calls: Calls
    duty: Duty
    office: FrontOffice
    endings: Endings
    facts: EncounterFacts
    site: SiteId = field(default_factory=lambda: SiteId(new_id()))
    cabin: Identity = field(init=False)
    other_cabin: Identity = field(init=False)
    nurse: Identity = field(init=False)
    gp: Identity = field(init=False)
    other_gp: Identity = field(init=False)

    async def settle(self) -> None:
        """Build the site with two cabins and bring in two doctors."""
        words = dict.fromkeys(("name", "postcode", "address", "phone"), "-")
        async with self.database.transaction() as tx:
            tx.add(
                SiteRow(
                    id=self.site,
                    kind=SiteKind.TOWN_HALL,
                    insee="22999",
                    zone="Europe/Paris",
                    latitude=48,
                    longitude=-3,
                    commune="Saint-Elme",
                    samu_phone="02 99 00 00 15",
                    aed="porch",
                    **words,
                )
            )
        self.cabin = await self.add_cabin("Cabine de la mairie")
        self.other_cabin = await self.add_cabin("Cabine du bourg")
        self.gp = await self.add_doctor("Dr Claire Aubin")
        self.other_gp = await self.add_doctor("Dr Samir Nedjar")
        self.nurse = _who(Role.HEALTH_WORKER, "Louise Perrin", site_id=self.site)

    async def add_cabin(self, name: str, site: SiteId | None = None) -> Identity:
        """Put up a booth, and return its own account."""
        cabin = CabinId(new_id())
        async with self.database.transaction() as tx:
            tx.add(
                CabinRow(
                    id=cabin,
                    site_id=site or self.site,
                    name=name,
                    access_notes="code 12",
                    phone="02 99 00 00 01",
                    in_service=True,
                )
            )
        return _who(Role.CABIN, name, cabin_id=cabin, site_id=site or self.site)

    async def add_doctor(self, name: str) -> Identity:
        """Bring in a doctor, and return their account."""
        practitioner = PractitionerId(new_id())
        rpps = f"{next(_numbers):011d}"
        async with self.database.transaction() as tx:
            tx.add(
                PractitionerRow(id=practitioner, name=name, specialty="MG", rpps=rpps, place="Saint-Elme", phone="-")
            )
        return _who(Role.GP, name, practitioner_id=practitioner)

    async def patient(self, given_name: str = "Odette", born_on: date = date(1945, 3, 3)) -> PatientId:
        """Register somebody of the village."""
        traits = Traits(f"Lavergne {next(_numbers)}", (given_name,), born_on, Sex.FEMALE)
        async with self.database.transaction() as tx:
            new = await self.people.enrol(tx, traits, self.site, who=None, fictitious=True)
        return new.patient_id

    async def arrived(self, cabin: Identity | None = None, given_name: str = "Odette") -> EncounterId:
        """Somebody new sits down in a cabin."""
        return await self.intake.arrive(cabin or self.cabin, Beginning(await self.patient(given_name)))

    async def waiting(self, cabin: Identity | None = None, flags: dict[RedFlag, bool] | None = None) -> EncounterId:
        """Somebody new sits in a cabin and waits for a doctor."""
        cabin = cabin or self.cabin
        encounter_id = await self.arrived(cabin)
        await self.intake.say_reason(cabin, Reason.PAIN, "mal au genou")
        await self.intake.answer_flags(cabin, flags or NO_FLAGS)
        if flags:
            await self.intake.go_on(cabin)
        await self.intake.consent(cabin, AGREED)
        return encounter_id

    async def in_call(self) -> EncounterId:
        """Dr Aubin and somebody in the cabin see each other."""
        encounter_id = await self.waiting()
        await self.queue.claim(self.gp, encounter_id)
        await self.calls.connected(self.gp, encounter_id)
        return encounter_id

    async def ended(self) -> EncounterId:
        """The call is over; the note is not signed."""
        encounter_id = await self.in_call()
        await self.calls.hang_up(self.gp, encounter_id)
        return encounter_id

    async def finished(self) -> EncounterId:
        """The visit is signed and closed; the patient still sits in the cabin."""
        encounter_id = await self.ended()
        async with self.database.transaction() as tx:
            await self.endings.finish(self.gp, tx, encounter_id)
        return encounter_id

    async def placement(self, cabin: Identity | None = None, **changes: object) -> Placement:
        """Somebody new for the queue, with everything answered."""
        cabin_id = (cabin or self.cabin).cabin_id
        assert cabin_id is not None
        words: dict[str, object] = {
            "beginning": Beginning(await self.patient("Marcel")),
            "cabin_id": cabin_id,
            "reason": Reason.RENEWAL,
            "consent_given": True,
            "text_version": CONSENT_VERSION,
            "flags": NO_FLAGS,
        }
        return Placement(**{**words, **changes})  # type: ignore[arg-type]

    async def look(self, encounter_id: EncounterId) -> Encounter:
        """The visit as it is in the database."""
        async with self.database.reading() as tx:
            return store.encounter(await store.look(tx, encounter_id))

    async def logged(self, action: Action) -> int:
        """How often the log has an act."""
        query = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == action.value)
        async with self.database.reading() as tx:
            return int(await tx.scalar(query) or 0)


async def settle(database: Database, clock: FakeClock, folder: Path) -> Village:
    """Build a village in a fresh database, with a key file in `folder`."""
    vault = await unlock(database, init_key(folder / "keys.json").path, clock)
    exchange, people = FakeExchange(), People(database, vault, clock, has_taken)
    ground = Ground(database, people, vault, clock, exchange)
    village = Village(
        database,
        clock,
        people,
        exchange,
        ground,
        Intake(ground, Feedback(database, clock)),
        Queue(ground, exchange, exchange),
        Calls(ground, exchange, exchange),
        Duty(ground),
        FrontOffice(ground),
        Endings(ground),
        EncounterFacts(ground),
    )
    await village.settle()
    return village


def _who(role: Role, name: str, **links: object) -> Identity:
    account = AccountId(new_id())
    return Identity(account, role, "login", name, session_hash=account.bytes, **links)  # type: ignore[arg-type]
