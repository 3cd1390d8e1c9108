"""A doctor chooses a moment at the desk, and adds somebody to one that is taken."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from server.scheduler.rules.overbooking import OverbookReason
from tests.clinic_ui.cabin.hamlet import Hamlet, Visitor
from tests.clinic_ui.desk.desk import second_doctor


@asynccontextmanager
async def at_the_desk(hamlet: Hamlet, token: str) -> AsyncIterator[Visitor]:
    """A doctor with a browser that has no scripts."""
    jar = aiohttp.CookieJar()
    jar.update_cookies({"tc-desk": token, "tc-lang": "fr"}, URL(hamlet.running.origin))
    async with aiohttp.ClientSession(hamlet.running.origin, cookie_jar=jar) as session:
        yield Visitor(session, hamlet.running.origin)


async def asked(hamlet: Hamlet) -> str:
    """Where a doctor chooses the moment of Odette's follow-up."""
    await hamlet.open_hours()
    await hamlet.signed()
    (line,) = await hamlet.clinic.follow_ups.due(hamlet.gp)
    return f"/desk/follow-ups/{line.id}"


def kept(visitor: Visitor, answer: str) -> str:
    """Where « Confirmer » or « Laisser » leads."""
    found = re.search(rf'action="(/desk/holds/[^"]+/{answer})"', visitor.text)
    assert found is not None
    return found[1]


async def test_a_doctor_keeps_a_moment_lets_it_go_and_confirms_another(hamlet: Hamlet) -> None:
    page = await asked(hamlet)
    async with at_the_desk(hamlet, hamlet.tokens["aubin"]) as aubin:
        await aubin.open("/desk/follow-ups")
        assert f'href="{page}/moments"' in aubin.text
        await aubin.open(f"{page}/moments")
        await aubin.send(f"{page}/hold")
        assert "Gardé jusqu’à" in aubin.words
        await aubin.send(kept(aubin, "let-go"))
        assert "Gardé jusqu’à" not in aubin.words
        await aubin.send(f"{page}/hold")
        yes = kept(aubin, "confirm")
        hamlet.clock.advance(minutes=6)
        await hamlet.clinic.follow_ups.sweep()
        await aubin.send(yes)
        assert aubin.status == 409
        assert "Ce moment n’est plus gardé pour vous." in aubin.words
        await aubin.send(f"{page}/hold")
        await aubin.send(kept(aubin, "confirm"))
        assert "C’est noté." in aubin.words
    assert len(await hamlet.clinic.follow_ups.upcoming(hamlet.gp)) == 1


async def test_a_doctor_adds_somebody_with_a_reason_and_only_to_their_own_promises(hamlet: Hamlet) -> None:
    page = await asked(hamlet)
    (line,) = await hamlet.clinic.follow_ups.due(hamlet.gp)
    shown = await hamlet.clinic.follow_ups.proposals(hamlet.gp, line.id)
    await hamlet.take(shown.choices[0].starts_at.isoformat(), hamlet.gp.practitioner_id)
    async with at_the_desk(hamlet, hamlet.tokens["aubin"]) as aubin:
        await aubin.open(f"{page}/moments")
        await aubin.send(f"{page}/overbook")
        assert aubin.status == 422
        assert await hamlet.clinic.follow_ups.upcoming(hamlet.gp) == []
        await aubin.send(f"{page}/overbook", reason="urgent")
        assert "C’est noté." in aubin.words
        await aubin.open("/desk/agenda")
        assert "En plus" in aubin.words
        assert "Cela ne peut pas attendre" in aubin.words
    (booked,) = await hamlet.clinic.follow_ups.upcoming(hamlet.gp)
    assert booked.overbooked is OverbookReason.URGENT
    _, token = await second_doctor(hamlet)
    async with at_the_desk(hamlet, token) as nedjar:
        await nedjar.open(f"{page}/moments")
        assert nedjar.status == 404
