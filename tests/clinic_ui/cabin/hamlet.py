"""A hamlet with one cabin, two doctors, a nurse and two villagers, in the whole product served on the loopback."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import aiohttp
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from yarl import URL

from server.accounts.rules import NewAccount
from server.clinic import Clinic
from server.database.rows import Row
from server.encounters.rules import CONSENT_VERSION, Accompanied, Reason, RedFlag
from server.encounters.service import Beginning, ConsentSaid, Placement
from server.kernel.access import Door, Identity, Role
from server.kernel.ids import (
    AppointmentId,
    CabinId,
    EncounterId,
    HealthWorkerId,
    PatientId,
    PractitionerId,
    SiteId,
    new_id,
)
from server.people.rules import Sex, SiteKind, Traits
from server.people.tables import CabinRow, HealthWorkerRow, PractitionerRow, SiteRow
from server.records.rules.note import FollowUpWish, Modality, NoteBody
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.openings import ResourceKind, WeeklyRule
from server.scheduler.rules.units import unit_of
from server.scheduler.service.cabin_view import CabinView
from server.scheduler.tables import Appointment, BusyUnit, Resource
from tests.clock import FakeClock
from tests.running import Running
from tests.settled import settled_in

PASSWORD = "un mot de passe de douze lettres"
ZONE = "Europe/Paris"
ADVICE = "Buvez de l’eau plusieurs fois par jour.\nPrenez votre comprimé le matin.\nAppelez si la fièvre revient."


@dataclass
class Hamlet:
    """What one test plays with: the served product, who is who, and the tokens of their sessions."""

    running: Running
    clock: FakeClock
    site: SiteId = field(default_factory=lambda: SiteId(new_id()))
    cabin_id: CabinId = field(default_factory=lambda: CabinId(new_id()))
    aubin: PractitionerId = field(default_factory=lambda: PractitionerId(new_id()))
    nedjar: PractitionerId = field(default_factory=lambda: PractitionerId(new_id()))
    nurse: HealthWorkerId = field(default_factory=lambda: HealthWorkerId(new_id()))
    tokens: dict[str, str] = field(default_factory=dict)
    who: dict[str, Identity] = field(default_factory=dict)
    odette: PatientId = field(init=False)
    yvon: PatientId = field(init=False)
    code: str = field(init=False)

    @property
    def clinic(self) -> Clinic:
        """What is open inside the server."""
        return self.running.clinic

    @property
    def cabin(self) -> Identity:
        return self.who["cabin"]

    @property
    def gp(self) -> Identity:
        return self.who["aubin"]

    async def settle(self) -> None:
        """Write the places, the people and their accounts, and sign everybody in."""
        async with self.clinic.database.transaction() as tx:
            tx.add(self._site())
            await tx.flush()
            tx.add_all(self._people_of_the_site())
            await tx.flush()
            self.odette, self.code = await self._enrol(tx, "Lavergne", "Odette", date(1945, 3, 3), Sex.FEMALE)
            self.yvon, _ = await self._enrol(tx, "Le Bras", "Yvon", date(1950, 7, 9), Sex.MALE)
            for login, role, name, link in (
                ("cabin", Role.CABIN, "Cabine de la mairie", {"cabin_id": self.cabin_id, "site_id": self.site}),
                ("aubin", Role.GP, "Dr Claire Aubin", {"practitioner_id": self.aubin}),
                ("sylvie", Role.HEALTH_WORKER, "Sylvie", {"health_worker_id": self.nurse, "site_id": self.site}),
            ):
                await self.clinic.accounts.create(tx, NewAccount(login, PASSWORD, role, name, **link))
        for login, door in (("cabin", Door.CABIN), ("aubin", Door.DESK), ("sylvie", Door.OFFICE)):
            signed = await self.clinic.accounts.sign_in(login, PASSWORD, door, "127.0.0.1")
            self.tokens[login], self.who[login] = signed.token, signed.who

    def _site(self) -> SiteRow:
        return SiteRow(
            id=self.site,
            name="Saint-Fiacre-des-Prés",
            kind=SiteKind.TOWN_HALL,
            commune="Saint-Fiacre-des-Prés",
            insee="22999",
            postcode="22110",
            address="2 place de la Mairie",
            phone="02 99 00 00 01",
            samu_phone="02 99 00 00 15",
            aed="Sous le porche de la mairie",
            zone=ZONE,
            latitude=48.2,
            longitude=-3.2,
        )

    def _people_of_the_site(self) -> list[Row]:
        place = {"specialty": "Médecin généraliste", "place": "Maison de santé de Carhaix", "phone": "02 99 00 00 03"}
        place["email"] = "medecin@saint-fiacre.example"
        booth = {"name": "Cabine de la mairie", "access_notes": "Code 12", "phone": "02 99 00 00 02"}
        return [
            CabinRow(id=self.cabin_id, site_id=self.site, in_service=True, **booth),
            PractitionerRow(id=self.aubin, name="Dr Claire Aubin", rpps="10000000001", **place),
            PractitionerRow(id=self.nedjar, name="Dr Samir Nedjar", rpps="10000000002", **place),
            HealthWorkerRow(
                id=self.nurse, site_id=self.site, name="Sylvie Le Goff", profession="Infirmière", phone="-"
            ),
        ]

    async def _enrol(self, tx: AsyncSession, name: str, given: str, born_on: date, sex: Sex) -> tuple[PatientId, str]:
        traits = Traits(name, (given,), born_on, sex)
        new = await self.clinic.people.enrol(tx, traits, self.site, who=None, fictitious=True)
        return new.patient_id, new.code

    async def open_hours(self) -> None:
        """Cabin, doctors and nurse are there on all days from 8 to 18."""
        rules = [WeeklyRule(day, 8 * 60, 18 * 60) for day in range(7)]
        async with self.clinic.database.transaction() as tx:
            for kind, subject in (
                (ResourceKind.CABIN, self.cabin_id),
                (ResourceKind.PRACTITIONER, self.aubin),
                (ResourceKind.PRACTITIONER, self.nedjar),
                (ResourceKind.HEALTH_WORKER, self.nurse),
            ):
                await self.clinic.agenda.open_weekly(tx, None, kind, subject, ZONE, rules)

    async def doctor_is_there(self) -> None:
        await self.clinic.duty.here(self.gp)

    async def arrived(self, patient: PatientId | None = None) -> EncounterId:
        return await self.clinic.intake.arrive(self.cabin, Beginning(patient or self.odette))

    async def answered(self, patient: PatientId | None = None) -> EncounterId:
        """Somebody sits here who has answered all but the consent."""
        encounter = await self.arrived(patient)
        await self.clinic.intake.say_reason(self.cabin, Reason.PAIN, "J’ai mal au genou.")
        await self.clinic.intake.answer_flags(self.cabin, dict.fromkeys(RedFlag, False))
        return encounter

    async def waiting(self, patient: PatientId | None = None) -> EncounterId:
        encounter = await self.answered(patient)
        await self.clinic.intake.consent(self.cabin, ConsentSaid(True, CONSENT_VERSION))
        return encounter

    async def in_call(self) -> EncounterId:
        encounter = await self.waiting()
        await self.clinic.queue.claim(self.gp, encounter)
        return encounter

    async def hung_up(self) -> EncounterId:
        encounter = await self.in_call()
        await self.clinic.calls.connected(self.cabin)
        self.clock.advance(minutes=9)
        await self.clinic.calls.hang_up(self.gp, encounter)
        return encounter

    async def signed(self, *, in_days: int | None = 7) -> EncounterId:
        """The doctor has signed, and asks to see the patient again."""
        encounter = await self.hung_up()
        wish = FollowUpWish(in_days, Modality.REMOTE, True, "Tension") if in_days else None
        body = NoteBody(conclusion="Gonalgie.", none_prescribed=True, no_incident=True, advice=ADVICE, follow_up=wish)
        version = await self.clinic.notes.save(self.gp, encounter, body, 0)
        await self.clinic.closing.sign(self.gp, encounter, version)
        return encounter

    async def booked_and_gone(self) -> None:
        """Odette has seen the doctor, chosen when to come back, and left."""
        await self.signed()
        follow_up = await CabinView(self.clinic.database, self.clock).follow_up(self.cabin)
        assert follow_up is not None
        proposals = await self.clinic.follow_ups.proposals(self.cabin, follow_up.promise_id)
        await self.clinic.follow_ups.book(
            self.cabin, follow_up.promise_id, proposals.choices[0].choice, "a-key-of-ours"
        )
        await self.clinic.intake.goodbye(self.cabin)

    async def put_in_queue(self) -> None:
        """The nurse has asked Odette all and put her in the queue."""
        sylvie = self.who["sylvie"]
        none = dict.fromkeys(RedFlag, False)
        beginning = Beginning(self.odette, Accompanied.WITH_HEALTH_WORKER)
        placement = Placement(beginning, self.cabin_id, Reason.FEVER, True, CONSENT_VERSION, flags=none)
        await self.clinic.front_office.put_in_queue(sylvie, placement)

    async def take(self, starts_at: str, subject: UUID | None = None) -> None:
        """Somebody else books a moment of the cabin, or of whoever is named."""
        unit = unit_of(datetime.fromisoformat(starts_at))
        async with self.clinic.database.transaction() as tx:
            booth = (await tx.scalars(select(Resource).where(Resource.subject_id == (subject or self.cabin_id)))).one()
            other = Appointment(
                id=AppointmentId(new_id()),
                patient_id=self.yvon,
                promise_id=None,
                site_id=self.site,
                practitioner_id=self.nedjar,
                cabin_id=self.cabin_id,
                health_worker_id=None,
                status=AppointmentStatus.BOOKED,
                modality=Modality.REMOTE,
                starts_at=datetime.fromisoformat(starts_at),
                ends_at=datetime.fromisoformat(starts_at),
                wall_time="-",
                zone=ZONE,
                zone_version="-",
                booked_at=self.clock(),
                booked_by=None,
                cancelled_at=None,
                cancel_reason=None,
            )
            tx.add(other)
            await tx.flush()
            tx.add(BusyUnit(resource_id=booth.id, unit=unit, lane=0, appointment_id=other.id))

    async def next_appointment(self) -> datetime:
        """When the doctor's next appointment begins."""
        return (await self.clinic.follow_ups.upcoming(self.gp))[0].starts_at

    async def sign_in_again(self, login: str) -> None:
        """A week later sessions are over."""
        signed = await self.clinic.accounts.sign_in(login, PASSWORD, Door.CABIN, "127.0.0.1")
        self.tokens[login], self.who[login] = signed.token, signed.who


class Visitor:
    """A browser without scripts: follows links and redirects, sends forms with their hidden fields."""

    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self._session = session
        self._origin = origin
        self.status = 0
        self.path = ""
        self.text = ""
        self.headers: dict[str, str] = {}

    async def sit(self, token: str) -> None:
        """Carry another session from now on."""
        self._session.cookie_jar.update_cookies({"tc-cabin": token}, URL(self._origin))

    async def open(self, path: str) -> str:
        """Go to an address, and return the page where one ends up."""
        async with self._session.get(self._origin + path) as answer:
            return await self._keep(answer)

    async def send(self, action: str, **fields: object) -> str:
        """Send the form of the present page that goes to `action`, with these answers."""
        form = next(
            (f for f in re.findall(r"<form.*?</form>", self.text, re.DOTALL) if f'action="{action}"' in f), None
        )
        assert form is not None, f"no form to {action} on {self.path}"
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        return await self.post(action, **{**hidden, **{name: str(value) for name, value in fields.items()}})

    async def post(self, action: str, **fields: str) -> str:
        """Send a form that may not be on the page: with the token of any form there."""
        token = re.search(r'name="csrf" value="([^"]*)"', self.text)
        sent = {"csrf": token[1] if token else "", **fields}
        headers = {"Origin": self._origin, "Sec-Fetch-Site": "same-origin"}
        async with self._session.post(self._origin + action, data=sent, headers=headers) as answer:
            return await self._keep(answer)

    async def _keep(self, answer: aiohttp.ClientResponse) -> str:
        self.status, self.path = answer.status, answer.url.path_qs
        self.headers = dict(answer.headers)
        self.text = await answer.text()
        return self.text

    @property
    def words(self) -> str:
        """What the page says in its room: no tags, no dialogs, single spaces."""
        return self._said(r"<main.*?</main>")

    @property
    def called(self) -> str:
        """What the page says of a call for help, above its room."""
        return self._said(r"<tc-live class=\"called\".*?</tc-live>")

    def _said(self, where: str) -> str:
        part = re.search(where, self.text, re.DOTALL)
        bare = re.sub(r"<[^>]+>", " ", part[0] if part else self.text)
        return " ".join(bare.replace("&#39;", "'").replace("\u00a0", " ").replace("&nbsp;", " ").split())


@asynccontextmanager
async def hamlet_in(folder: Path, clock: FakeClock, **settings: object) -> AsyncIterator[Hamlet]:
    """Serve a fresh hamlet until the block ends."""
    async with settled_in(Hamlet, folder, clock, **settings) as hamlet:
        yield hamlet


@asynccontextmanager
async def visitor_of(hamlet: Hamlet, login: str = "cabin") -> AsyncIterator[Visitor]:
    """A visitor who is signed in at their door."""
    jar = aiohttp.CookieJar(unsafe=True)
    jar.update_cookies({"tc-cabin": hamlet.tokens[login], "tc-lang": "fr"}, URL(hamlet.running.origin))
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Visitor(session, hamlet.running.origin)
