"""A doctor at a desk of the hamlet: what a browser without scripts would fetch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from html import unescape

import aiohttp
from yarl import URL

from server.accounts.rules import NewAccount
from server.encounters.rules import CONSENT_VERSION, Accompanied, Reason, RedFlag
from server.encounters.service import Beginning, ConsentSaid
from server.kernel.access import Door, Identity, Role
from server.kernel.ids import EncounterId
from server.people.rules import Sex, Traits
from server.records.rules.background import BackgroundBody
from server.records.rules.measures import MeasureName, Reading
from tests.clinic_ui.cabin.hamlet import PASSWORD, Hamlet

HOSTILE = '<img src=x onerror="alert(1)">'


class Desk:
    """One signed-in session; `get` keeps the status and the headers of the last answer."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.status = 0
        self.headers: dict[str, str] = {}

    async def get(self, path: str, *, piece: bool = False) -> str:
        """Return the text at a path, asked for as a page or as fragment.js asks."""
        headers = {"X-Fragment": "1"} if piece else {}
        async with self._session.get(path, headers=headers, allow_redirects=False) as answer:
            self.status, self.headers = answer.status, dict(answer.headers)
            return await answer.text()

    async def paper(self, path: str) -> bytes:
        """Return the bytes of a PDF at a path."""
        async with self._session.get(path, allow_redirects=False) as answer:
            self.status, self.headers = answer.status, dict(answer.headers)
            return await answer.read()

    async def words(self, path: str) -> str:
        """Return a piece's text with its character references read, and single spaces."""
        return " ".join(unescape(await self.get(path, piece=True)).replace("\N{NO-BREAK SPACE}", " ").split())


@asynccontextmanager
async def desk_of(hamlet: Hamlet, token: str, door: Door = Door.DESK) -> AsyncIterator[Desk]:
    """Sit down at a desk with somebody's session."""
    jar = aiohttp.CookieJar()
    jar.update_cookies({f"tc-{door.value}": token, "tc-lang": "fr"}, URL(hamlet.running.origin))
    async with aiohttp.ClientSession(hamlet.running.origin, cookie_jar=jar) as session:
        yield Desk(session)


async def second_doctor(hamlet: Hamlet) -> tuple[Identity, str]:
    """Dr Nedjar signs in too."""
    async with hamlet.clinic.database.transaction() as tx:
        new = NewAccount("nedjar", PASSWORD, Role.GP, "Dr Samir Nedjar", practitioner_id=hamlet.nedjar)
        await hamlet.clinic.accounts.create(tx, new)
    signed = await hamlet.clinic.accounts.sign_in("nedjar", PASSWORD, Door.DESK, "127.0.0.2")
    return signed.who, signed.token


async def hostile_visit(hamlet: Hamlet) -> EncounterId:
    """Somebody whose names, words and allergies are markup waits, with a child's age and a red flag."""
    traits = Traits(HOSTILE, (HOSTILE,), date(2020, 1, 1), Sex.UNKNOWN)
    async with hamlet.clinic.database.transaction() as tx:
        new = await hamlet.clinic.people.enrol(tx, traits, hamlet.site, who=None, fictitious=True)
    sheet = BackgroundBody(allergies=(HOSTILE,), conditions=(HOSTILE,), medications=(HOSTILE,))
    await hamlet.clinic.background.save(hamlet.who["sylvie"], new.patient_id, sheet, 0)
    intake, cabin = hamlet.clinic.intake, hamlet.cabin
    visit = await intake.arrive(cabin, Beginning(new.patient_id, Accompanied.WITH_SOMEONE, HOSTILE))
    await intake.say_reason(cabin, Reason.SKIN, HOSTILE)
    await intake.answer_flags(cabin, {**dict.fromkeys(RedFlag, False), RedFlag.BREATHLESS: True})
    await intake.go_on(cabin)
    await intake.consent(cabin, ConsentSaid(True, CONSENT_VERSION))
    return visit


async def measured(hamlet: Hamlet) -> None:
    """Sylvie takes Odette's measures twice, a month apart, the newer ones high."""
    sylvie = hamlet.who["sylvie"]
    for high in (134.0, 158.0):
        readings = (
            Reading(MeasureName.SYSTOLIC, high),
            Reading(MeasureName.DIASTOLIC, 92.0 if high > 140 else 80.0),
            Reading(MeasureName.TEMPERATURE, 37.1),
            Reading(MeasureName.WEIGHT, 58.4),
        )
        await hamlet.clinic.measures.take(sylvie, hamlet.odette, readings)
        hamlet.clock.advance(minutes=5)
