"""T11: every role asks every route for patients in every relation; only the reviewed cells of the matrix open."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import aiohttp
from sqlalchemy import select, update

from server.accounts.rules import NewAccount
from server.encounters.rules import CONSENT_VERSION, Accompanied, Reason, RedFlag
from server.encounters.service import Beginning, Placement
from server.kernel.access import DOOR_OF, RULES, Act, Door, Identity, Role
from server.kernel.ids import EncounterId, PatientId, PractitionerId, new_id
from server.kernel.policy import ROUTES
from server.people.access.finding import Sought
from server.people.access.gate import Gate
from server.people.access.glass import Breaking
from server.people.access.glass_rules import GlassReason, Verdict
from server.people.access.tables import ReferralRow
from server.people.rules import Sex, Traits
from server.people.tables import CareRelation, PractitionerRow
from server.records.rules.background import BackgroundBody
from server.records.rules.measures import MeasureName, Reading
from server.records.rules.note import FollowUpWish, Modality, NoteBody
from server.scheduler.tables import Appointment
from tests.clinic_ui.front_office.village import PASSWORD, Village, village_in
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock
from tests.trust.claims import times
from tests.trust.matrix import CASES, DOCTOR_READS, ELSEWHERE, FOR_WHO_WAITS, NAMES_NOBODY, TABLE, Case

ID = "T11"
CLAIM = "Of every route × role × relation, only the reviewed cells open; the coordination sees no name and no word"

BORN = date(1947, 4, 5)
CANARIES = ("Zanzibarine", "canari-conclusion", "canari-conseil", "canari-allergie", "canari-motif", "canari-mots")
PLACES = re.compile(r"\{(\w+)\}")
REFUSED = {401, 403, 404, 429}
NOTHING = ('{"guest":null}', '"no-guest"')  # a visit of others answers as one that has no guest
CHOICE = {"starts_at": "2026-03-09T09:00:00Z", "practitioner_id": str(new_id())}
CALL = {"id": str(new_id()), "seconds": {}, "weak": {}, "cuts": 0, "cut_for": 0}
FORMS: dict[str, dict[str, str]] = {
    "/referrals": {"to": str(new_id()), "until_on": "09/03/2026"},
    "/background": {"record_id": str(new_id()), "version": "1", "row_ver": "1"},
    "/appointments/{appointment_id}/seen": {"version": "1"},
}
BODIES: dict[str, Any] = {
    "/observations": {"readings": [{"measure": "weight", "value": 60}]},
    "/background": {"body": {}, "row_ver": 0},
    "/documents": {"size": 1000},
    "/note": {"body": {}, "row_ver": 0},
    "/addenda": {"words": "x"},
    "/note/strike": {"reason": "other"},
    "/sign": {"row_ver": 1},
    "/prescription": {"body": {}, "row_ver": 0},
    "/incidents": {"kind": "other"},
    "/quality": {**CALL, "delay": [0, 0], "jitter": [0, 0], "lost": [0, 0], "hidden": [0, 0]},
    "/book": CHOICE,
    "/hold": CHOICE,
    "/confirm": {"version": 1},
    "/let-go": {"version": 1},
    "/move": {"version": 1, "choice": CHOICE},
    "/guest": {"part": "family"},
    "/guest/seat": {"towards": "patient"},
    "/cancel": {"version": 1},
    "/miss": {"version": 1},
    "/late": {"version": 1, "minutes": 10},
}


@dataclass(frozen=True)
class Bundle:
    """What belongs to one patient: the values of the places of an address."""

    patient_id: UUID
    encounter_id: UUID
    observation_id: UUID
    promise_id: UUID
    appointment_id: UUID
    document_id: UUID

    def address(self, template: str) -> str:
        """Return an address of this patient's things."""
        return template.format(**{name: getattr(self, name) for name in self.__dataclass_fields__})


class World:
    """The village, with one patient for each way of standing to Dr Aubin, all of them seen by Dr Nedjar."""

    def __init__(self, village: Village) -> None:
        self.village, self.clinic, self.clock = village, village.clinic, village.clock
        self.nedjar = PractitionerId(new_id())
        self.bundles: dict[Case, Bundle] = {}

    async def settle(self) -> None:
        """Bring in who is missing, and let everybody be seen once."""
        village = self.village
        row = {"specialty": "MG", "place": "-", "phone": "-"}
        async with self.clinic.database.transaction() as tx:
            tx.add(PractitionerRow(id=self.nedjar, name="Dr Samir Nedjar", rpps="10000000002", **row))
            await tx.flush()
            for login, role, link in (
                ("nedjar", Role.GP, {"practitioner_id": self.nedjar}),
                ("admin", Role.ADMIN, {}),
                ("booth", Role.CABIN, {"cabin_id": village.cabin, "site_id": village.site}),
            ):
                await self.clinic.accounts.create(tx, NewAccount(login, PASSWORD, role, login, **link))
        for login, door in (("nedjar", Door.DESK), ("admin", Door.COORDINATION), ("booth", Door.CABIN)):
            signed = await self.clinic.accounts.sign_in(login, PASSWORD, door, "127.0.0.8")
            village.tokens[login], village.who[login] = signed.token, signed.who
        await village.open_hours()
        for number, case in enumerate(case for case in Case if case is not Case.THERE):
            self.bundles[case] = await self._seen(case, number)
        self.bundles[Case.THERE] = self.bundles[Case.HERE]
        await self._relate()

    async def _seen(self, case: Case, number: int) -> Bundle:
        """Somebody is measured, seen and asked to come back."""
        clinic, nurse, gp = self.clinic, self.village.who["sylvie"], self.village.who["nedjar"]
        async with clinic.database.transaction() as tx:
            traits = Traits("Zanzibarine", (f"Canari{number}",), BORN, Sex.FEMALE)
            patient = (await clinic.people.enrol(tx, traits, self.village.site, who=None, fictitious=True)).patient_id
        await clinic.background.save(nurse, patient, BackgroundBody(allergies=("canari-allergie",)), 0)
        (taken,) = await clinic.measures.take(nurse, patient, (Reading(MeasureName.WEIGHT, 60),))
        visit = await self.waiting(patient)
        await clinic.queue.claim(gp, visit)
        await clinic.calls.connected(gp, visit)
        self.clock.advance(minutes=2)
        await clinic.calls.hang_up(gp, visit)
        wish = FollowUpWish(7, Modality.REMOTE, True, "canari-motif") if case is Case.HERE else None
        body = NoteBody(
            conclusion="canari-conclusion", none_prescribed=True, no_incident=True, advice="canari-conseil",
            follow_up=wish,
        )  # fmt: skip
        await clinic.closing.sign(gp, visit, await clinic.notes.save(gp, visit, body, 0))
        await clinic.intake.goodbye(self.village.who["booth"])
        promise, booked = await self._booked(patient) if case is Case.HERE else (new_id(), new_id())
        return Bundle(patient, visit, taken.id, promise, booked, new_id())

    async def _booked(self, patient: PatientId) -> tuple[UUID, UUID]:
        """Somebody chooses when to come back; for the others ids of nobody do, for the site alone reaches these."""
        nurse, follow_ups = self.village.who["sylvie"], self.clinic.follow_ups
        (promise,) = [one for one in await follow_ups.due(nurse) if one.patient_id == patient]
        found = await follow_ups.proposals(nurse, promise.id)
        await follow_ups.book(nurse, promise.id, found.choices[0].choice, "a-key-of-ours")
        async with self.clinic.database.reading() as tx:
            booked = (await tx.scalars(select(Appointment.id).where(Appointment.patient_id == patient))).one()
        return promise.id, booked

    async def waiting(self, patient: PatientId) -> EncounterId:
        """Put somebody into the booth, with all answers."""
        none = dict.fromkeys(RedFlag, False)
        beginning = Beginning(patient, Accompanied.WITH_HEALTH_WORKER)
        placement = Placement(
            beginning, self.village.cabin, Reason.PAIN, True, CONSENT_VERSION, "canari-mots", flags=none
        )
        return await self.clinic.front_office.put_in_queue(self.village.who["sylvie"], placement)

    def _patient(self, case: Case) -> PatientId:
        return PatientId(self.bundles[case].patient_id)

    async def _relate(self) -> None:
        """Let Dr Aubin stand to each as the case says."""
        aubin, nedjar, now = self.village.who["aubin"], self.village.who["nedjar"], self.clock()
        access, me = self.clinic.access, self.village.aubin
        for case, until in ((Case.OWN, None), (Case.EXPIRED, now)):
            relation = {"patient_id": self._patient(case), "practitioner_id": me, "treating": until is None}
            async with self.clinic.database.transaction() as tx:
                tx.add(CareRelation(since=now - timedelta(days=90), until=until, **relation))
        for case in (Case.REFERRED, Case.REVOKED, Case.REFERRAL_EXPIRED):
            await access.referrals.refer(nedjar, self._patient(case), me, now.date() + timedelta(days=9))
        async with self.clinic.database.transaction() as tx:
            gone = ReferralRow.patient_id == self._patient(Case.REFERRAL_EXPIRED)
            await tx.execute(update(ReferralRow).where(gone).values(until=now))
        (given,) = await access.referrals.mine(nedjar, self._patient(Case.REVOKED))
        await access.referrals.revoke(nedjar, given.id)
        await self._break(aubin, Case.GLASS_OVER)
        self.clock.advance(minutes=61)
        await self.village.sign_in()
        mine = await access.glasses.mine(self.village.who["aubin"])
        assert mine is not None
        await access.glasses.review(self.village.who["mairie"], mine[0].id, Verdict.CONFIRMED)
        await self._break(self.village.who["aubin"], Case.GLASS)
        visit = await self.waiting(self._patient(Case.VISIT))
        await self.clinic.queue.claim(self.village.who["aubin"], visit)
        self.bundles[Case.VISIT] = replace(self.bundles[Case.VISIT], encounter_id=visit)

    async def _break(self, who: Identity, case: Case) -> None:
        async with self.clinic.database.reading() as tx:
            patient = await self.clinic.people.allowed(tx, self.village.who["sylvie"], self._patient(case))
        sought = Sought(name="Zanzibarine", given_name=patient.traits.given_names[0], born_on=BORN)
        said = Breaking(sought, GlassReason.LIFE_AT_RISK, "canari-mots: une urgence", PASSWORD)
        assert await self.clinic.access.glasses.break_one(who, said) == self._patient(case)


LOGINS = {Role.GP: "aubin", Role.CABIN: "booth", Role.COORDINATOR: "mairie", Role.ADMIN: "admin"}


@dataclass(frozen=True)
class Asker:
    """Somebody's browser: with their own session, at whichever door the route stands."""

    session: aiohttp.ClientSession
    who: Identity
    token: str

    async def ask(self, method: str, template: str, path: str) -> tuple[int, str]:
        """Return the status and the text; a way to the sign-in page is a 401."""
        door = DOOR_OF[self.who.role].value if path.startswith("/api/") else path.split("/")[1]
        headers = {"Sec-Fetch-Site": "same-origin", "X-TC": door, "Cookie": f"tc-{door}={self.token}"}
        sent: dict[str, Any] = {}
        if method != "GET":
            form = {"csrf": self.who.csrf, **_for(FORMS, template)}
            sent = {"json": _for(BODIES, template)} if path.startswith("/api/") else {"data": form}
            headers["Idempotency-Key"] = str(new_id())
        async with self.session.request(method, path, headers=headers, allow_redirects=False, **sent) as answer:
            away = answer.status == 303 and answer.headers["Location"].startswith("/signin")
            return 401 if away else answer.status, await answer.text(errors="replace")


def _asker(world: World, session: aiohttp.ClientSession, role: Role, case: Case) -> Asker:
    worker = "nolwenn" if case is Case.THERE else "sylvie"
    login = worker if role is Role.HEALTH_WORKER else LOGINS[role]
    return Asker(session, world.village.who[login], world.village.tokens[login])


def _for(bodies: dict[str, Any], template: str) -> Any:
    """Return words that make sense, so that it is not they that are refused."""
    return bodies.get(max((end for end in bodies if template.endswith(end)), key=len, default=""), {})


def _refused(status: int, text: str) -> bool:
    return (status in REFUSED or any(one in text for one in NOTHING)) and not _leaks(text)


def _leaks(text: str) -> bool:
    return any(canary in text for canary in CANARIES)


def _cells() -> Iterator[tuple[Role, Case, tuple[str, str], bool]]:
    """Every cell; in the suite every eleventh, and all that a doctor may read."""
    cells = [(role, case, route) for role, cases in CASES.items() for case in cases for route in TABLE]
    for place, (role, case, route) in enumerate(cells):
        row = TABLE[route]
        if place % times(1, 11) == 0 or row is DOCTOR_READS:
            yield role, case, route, case in row.get(role, frozenset())


async def _try_matrix(world: World, session: aiohttp.ClientSession) -> list[str]:
    """Ask every cell: first all that must be refused, then what must be open for reading; return what was tried."""
    wrong: list[str] = []
    for role, case, (method, template), opens in sorted(_cells(), key=lambda cell: cell[3]):
        if opens and (method != "GET" or (method, template) in FOR_WHO_WAITS):
            continue  # it would change the world; its own tests do it
        status, text = await _asker(world, session, role, case).ask(
            method, template, world.bundles[case].address(template)
        )
        good = status == 200 if opens else _refused(status, text)
        wrong.append("" if good else f"{role} {case} {method} {template}: {status}")
    return wrong


async def _try_coordination(world: World, session: aiohttp.ClientSession) -> list[str]:
    """Read every page and every answer that coordinators and administrators reach: no name, no word."""
    wrong = []
    for role in (Role.COORDINATOR, Role.ADMIN):
        for (method, template), rule in ROUTES.items():
            reached = method == "GET" and isinstance(rule, Act) and role in RULES[rule] and "{" not in template
            if reached:
                status, text = await _asker(world, session, role, Case.NONE).ask(method, template, template)
                wrong.append("" if not _leaks(text) and status < 500 else f"{role} {template}: {status}")
    return wrong


def _unlisted() -> list[str]:
    known = TABLE.keys() | ELSEWHERE.keys()
    named = {route for route in ROUTES if set(PLACES.findall(route[1])) - NAMES_NOBODY}
    return [f"no row: {one}" for one in named - known] + [f"stale row: {one}" for one in known - named]


@contextmanager
def _open_gate() -> Iterator[None]:
    """Turn the defence off: every relation holds."""

    async def yes(*_: object) -> bool:
        return True

    with patch.object(Gate, "_holds", yes):
        yield


async def attempt(defence: bool) -> tuple[int, int]:
    """Build the world, ask every cell, and count what was as the table says."""
    with tempfile.TemporaryDirectory(prefix="telecabin-t11-") as name:
        async with village_in(Path(name), FakeClock(), cache_dir=KEPT) as village:
            world = World(village)
            await world.settle()
            async with aiohttp.ClientSession(village.running.origin, cookie_jar=aiohttp.DummyCookieJar()) as session:
                if defence:
                    told = await _try_matrix(world, session)
                else:
                    with _open_gate():
                        told = await _try_matrix(world, session)
                told += await _try_coordination(world, session)
    told += _unlisted()
    for one in filter(None, told):
        print(one)
    return len(told), told.count("")
