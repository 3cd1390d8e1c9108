"""The waiting list at the front office, and the link by which somebody says yes to an earlier moment."""

from __future__ import annotations

import re

import aiohttp

from server.scheduler.reminders.letters import keys_of
from server.scheduler.reminders.rules import Channel
from tests.clinic_ui.front_office.village import Village, Visitor, visitor_of


async def _offered(village: Village, sylvie: Visitor) -> None:
    """Odette waits for a moment, and the doctor has one."""
    clinic, nurse = village.clinic, village.who["sylvie"]
    mine = await village.promised("Odette")
    await sylvie.open(f"/office/promises/{mine}/waiting")
    await sylvie.send(f"/office/promises/{mine}/waiting", until_on="01/01/2020")
    assert sylvie.status == 422
    await sylvie.post(f"/office/promises/{mine}/waiting", from_on="2026-03-03", until_on="2026-04-30", weekday="1")
    assert sylvie.path == "/office/waiting?done=added"
    assert "mardi" in sylvie.words
    await clinic.reminders.choose(nurse, village.patients["Odette"], [Channel.EMAIL], "", "odette@example.org", "fr")
    assert await clinic.offering.look() == 1
    assert await clinic.offering.work() == 1


async def test_somebody_is_put_on_the_list_asked_and_says_no_at_the_desk(village: Village, sylvie: Visitor) -> None:
    await _offered(village, sylvie)
    await sylvie.open("/office/waiting")
    assert "On leur propose un moment 1" in sylvie.words
    action = re.findall(r'action="(/office/waiting/offers/[\w-]+)"', sylvie.text)[0]
    async with visitor_of(village, "nolwenn") as elsewhere:
        await elsewhere.open("/office/waiting")
        assert "Personne n’attend." in elsewhere.words
        await elsewhere.open("/office/promises")
        await elsewhere.post(action, yes="true")
        assert elsewhere.status == 404
    await sylvie.send(action, yes="false")
    assert "C’est noté : non." in sylvie.words
    await sylvie.post(action, yes="true")
    assert sylvie.status == 409
    await sylvie.open("/office/waiting")
    withdraw = re.findall(r'action="(/office/waiting/[\w-]+/withdraw)"', sylvie.text)[0]
    await sylvie.send(withdraw)
    await sylvie.send(withdraw.replace("withdraw", "restore"))
    assert "De nouveau sur la liste" in sylvie.words
    await sylvie.open("/office/promises")
    assert "Liste d’attente" in sylvie.words


async def test_who_has_the_link_takes_the_moment_and_learns_nothing_else(village: Village, sylvie: Visitor) -> None:
    await _offered(village, sylvie)
    clinic = village.clinic
    (asked,) = [line for line in await clinic.waiting.lines(village.who["sylvie"]) if line.offered]
    assert asked.offered is not None
    (message,) = await clinic.reminders.of_appointment(village.who["sylvie"], asked.offered.id)
    link = f"/rdv/{keys_of(clinic.vault, message.id).token}"
    async with aiohttp.ClientSession() as session:
        visitor = Visitor(session, village.running.origin)
        await visitor.open(link)
        assert "Oui, je prends ce moment" in visitor.words
        assert "Lavergne" not in visitor.text
        await visitor.post(link, answer="yes")
        assert "C’est réservé pour vous." in visitor.words
        await visitor.post(link, answer="no")
        assert visitor.status == 409
    await sylvie.open(village.odette + "/follow-ups")
    assert "Prévu" in sylvie.words
