"""Two sites: one with a nurse, a cabin, a doctor and three villagers; another whose nurse must see none of them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from html import unescape
from pathlib import Path

import aiohttp
from yarl import URL

from server.accounts.rules import NewAccount
from server.clinic import Clinic
from server.encounters.rules import CONSENT_VERSION, Accompanied, Reason, RedFlag
from server.encounters.service import Beginning, Placement
from server.kernel.access import Door, Identity, Role
from server.kernel.ids import (
    AppointmentId,
    CabinId,
    EncounterId,
    HealthWorkerId,
    PatientId,
    PractitionerId,
    PromiseId,
    SiteId,
    new_id,
)
from server.people.rules import Sex, SiteKind, Traits
from server.people.tables import CabinRow, HealthWorkerRow, PractitionerRow, SiteRow
from server.records.rules.note import FollowUpWish, Modality, NoteBody
from server.scheduler.rules.openings import ResourceKind, WeeklyRule
from tests.clock import FakeClock
from tests.running import Running
from tests.settled import settled_in

PASSWORD = "un mot de passe de douze lettres"
ZONE = "Europe/Paris"
DOORS = {"aubin": Door.DESK, "sylvie": Door.OFFICE, "nolwenn": Door.OFFICE, "mairie": Door.COORDINATION}


@dataclass
class Village:
    """What one test plays with: the served product, who is who, and the tokens of their sessions."""

    running: Running
    clock: FakeClock
    site: SiteId = field(default_factory=lambda: SiteId(new_id()))
    elsewhere: SiteId = field(default_factory=lambda: SiteId(new_id()))
    cabin: CabinId = field(default_factory=lambda: CabinId(new_id()))
    aubin: PractitionerId = field(default_factory=lambda: PractitionerId(new_id()))
    nurse: HealthWorkerId = field(default_factory=lambda: HealthWorkerId(new_id()))
    tokens: dict[str, str] = field(default_factory=dict)
    who: dict[str, Identity] = field(default_factory=dict)
    patients: dict[str, PatientId] = field(default_factory=dict)

    @property
    def clinic(self) -> Clinic:
        """What is open inside the server."""
        return self.running.clinic

    @property
    def odette(self) -> str:
        """The address of Odette's sheet."""
        return f"/office/patients/{self.patients['Odette']}"

    async def settle(self) -> None:
        """Write the places, the people and their accounts, and sign everybody in."""
        async with self.clinic.database.transaction() as tx:
            tx.add_all([_site(self.site, "Saint-Fiacre-des-Prés"), _site(self.elsewhere, "Locarn")])
            await tx.flush()
            tx.add(CabinRow(id=self.cabin, site_id=self.site, name="Cabine de la mairie", access_notes="Code 12",
                            phone="02 99 00 00 02", in_service=True))  # fmt: skip
            tx.add(PractitionerRow(id=self.aubin, name="Dr Claire Aubin", specialty="Médecin généraliste",
                                   rpps="10000000001", place="Carhaix", phone="02 99 00 00 03"))  # fmt: skip
            tx.add(HealthWorkerRow(id=self.nurse, site_id=self.site, name="Sylvie Le Goff", profession="Infirmière",
                                   phone="-"))  # fmt: skip
            await tx.flush()
            for given, name, born_on, sex, site in (
                ("Odette", "Lavergne", date(1945, 3, 3), Sex.FEMALE, self.site),
                ("Yvon", "Le Bras", date(1950, 7, 9), Sex.MALE, self.site),
                ("Marcel", "Quéré", date(1950, 1, 2), Sex.MALE, self.elsewhere),
            ):
                traits = Traits(name, (given,), born_on, sex, phone="02 99 00 11 22", address="3 rue du Lavoir")
                new = await self.clinic.people.enrol(tx, traits, site, who=None, fictitious=True)
                self.patients[given] = new.patient_id
            for login, role, name, link in (
                ("aubin", Role.GP, "Dr Claire Aubin", {"practitioner_id": self.aubin}),
                ("sylvie", Role.HEALTH_WORKER, "Sylvie", {"health_worker_id": self.nurse, "site_id": self.site}),
                ("nolwenn", Role.HEALTH_WORKER, "Nolwenn", {"site_id": self.elsewhere}),
                ("mairie", Role.COORDINATOR, "La mairie", {}),
            ):
                await self.clinic.accounts.create(tx, NewAccount(login, PASSWORD, role, name, **link))  # type: ignore[arg-type]
        await self.sign_in()

    async def sign_in(self) -> None:
        """Give everybody a fresh session: those of an earlier day are over."""
        for login, door in DOORS.items():
            signed = await self.clinic.accounts.sign_in(login, PASSWORD, door, "127.0.0.1")
            self.tokens[login], self.who[login] = signed.token, signed.who

    async def open_hours(self) -> None:
        """Cabin, doctor and nurse are there on all days from 8 to 18."""
        rules = [WeeklyRule(day, 8 * 60, 18 * 60) for day in range(7)]
        async with self.clinic.database.transaction() as tx:
            for kind, subject in (
                (ResourceKind.CABIN, self.cabin),
                (ResourceKind.PRACTITIONER, self.aubin),
                (ResourceKind.HEALTH_WORKER, self.nurse),
            ):
                await self.clinic.agenda.open_weekly(tx, None, kind, subject, ZONE, rules)

    async def waiting(self, given: str = "Odette") -> EncounterId:
        """Somebody waits in the cabin."""
        placement = Placement(
            Beginning(self.patients[given], Accompanied.WITH_HEALTH_WORKER), self.cabin, Reason.PAIN, True,
            CONSENT_VERSION, "J’ai mal au genou.", dict.fromkeys(RedFlag, False),
        )  # fmt: skip
        return await self.clinic.front_office.put_in_queue(self.who["sylvie"], placement)

    async def promised(self, given: str = "Odette", in_days: int = 7, wish: FollowUpWish | None = None) -> PromiseId:
        """The doctor has seen somebody, signed, and asks to see them again."""
        await self.open_hours()
        gp, encounter = self.who["aubin"], await self.waiting(given)
        await self.clinic.queue.claim(gp, encounter)
        await self.clinic.calls.connected(gp, encounter)
        self.clock.advance(minutes=9)
        await self.clinic.calls.hang_up(gp, encounter)
        wish = wish or FollowUpWish(in_days, Modality.REMOTE, True, "Contrôle de la tension")
        body = NoteBody(
            conclusion="Gonalgie.", none_prescribed=True, no_incident=True, advice="Marchez.", follow_up=wish
        )
        version = await self.clinic.notes.save(gp, encounter, body, 0)
        await self.clinic.closing.sign(gp, encounter, version)
        (line,) = await self.clinic.follow_ups.due(self.who["sylvie"])
        return line.id

    async def another_doctor(self) -> PractitionerId:
        """A colleague of Dr Aubin."""
        doctor = PractitionerId(new_id())
        async with self.clinic.database.transaction() as tx:
            tx.add(PractitionerRow(id=doctor, name="Dr Yves Haddad", specialty="Médecin généraliste",
                                   rpps="10000000002", place="Rostrenen", phone="02 99 00 00 04"))  # fmt: skip
        return doctor

    async def expected_now(self) -> AppointmentId:
        """Odette has an appointment, and it begins now."""
        promise, nurse = await self.promised(in_days=1), self.who["sylvie"]
        found = await self.clinic.follow_ups.proposals(nurse, promise)
        choice = found.choices[0].choice
        booked = await self.clinic.follow_ups.book(nurse, promise, choice, "une-cle-de-test")
        self.clock.set(choice.starts_at)
        await self.sign_in()
        return booked


def _site(site_id: SiteId, name: str) -> SiteRow:
    return SiteRow(
        id=site_id, name=name, kind=SiteKind.TOWN_HALL, commune=name, insee="22999", postcode="22110",
        address="2 place de la Mairie", phone="02 99 00 00 01", samu_phone="02 99 00 00 15", aed="Sous le porche",
        zone=ZONE, latitude=48.2, longitude=-3.2,
    )  # fmt: skip


class Visitor:
    """A browser without scripts: opens pages, sends forms with their hidden fields."""

    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self._session = session
        self._origin = origin
        self.status = 0
        self.path = ""
        self.text = ""

    async def open(self, path: str) -> str:
        """Go to an address, and return the page where one ends up."""
        async with self._session.get(self._origin + path) as answer:
            return await self._keep(answer)

    async def send(self, action: str, which: int = 0, **fields: object) -> str:
        """Send the form of the present page that goes to `action`, with these answers."""
        forms = [f for f in re.findall(r"<form.*?</form>", self.text, re.DOTALL) if f'action="{action}"' in f]
        assert forms, f"no form to {action} on {self.path}"
        hidden = re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', forms[which])
        kept = {name: unescape(value) for name, value in hidden}
        return await self.post(action, **{**kept, **{name.replace("__", "-"): value for name, value in fields.items()}})

    async def post(self, action: str, **fields: object) -> str:
        """Send a form that may not be on the page: with the token of any form there."""
        token = re.search(r'name="csrf" value="([^"]*)"', self.text)
        sent = {"csrf": token[1] if token else "", **{name: str(value) for name, value in fields.items()}}
        headers = {"Origin": self._origin, "Sec-Fetch-Site": "same-origin"}
        async with self._session.post(self._origin + action, data=sent, headers=headers) as answer:
            return await self._keep(answer)

    async def _keep(self, answer: aiohttp.ClientResponse) -> str:
        self.status, self.path = answer.status, answer.url.path_qs
        self.text = await answer.text()
        return self.text

    @property
    def words(self) -> str:
        """What the page says in its middle: no tags, single spaces."""
        middle = re.search(r"<main.*?</main>", self.text, re.DOTALL)
        bare = re.sub(r"<[^>]+>", " ", middle[0] if middle else self.text)
        return " ".join(unescape(bare).replace("\u00a0", " ").split())


@asynccontextmanager
async def village_in(folder: Path, clock: FakeClock, **settings: object) -> AsyncIterator[Village]:
    """Serve a fresh village until the block ends."""
    async with settled_in(Village, folder, clock, **settings) as village:
        yield village


@asynccontextmanager
async def visitor_of(village: Village, login: str, door: Door = Door.OFFICE) -> AsyncIterator[Visitor]:
    """A visitor who is signed in at a door."""
    jar = aiohttp.CookieJar(unsafe=True)
    jar.update_cookies({f"tc-{door.value}": village.tokens[login], "tc-lang": "fr"}, URL(village.running.origin))
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Visitor(session, village.running.origin)
