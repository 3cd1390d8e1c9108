"""Every page of the front office says which cabin of the site calls for help, and takes « J’y vais »."""

from __future__ import annotations

import re
from html import unescape

import pytest

from server.encounters.help_rules import HelpKind
from server.kernel.access import Door, Identity, Role
from server.kernel.ids import AccountId, new_id
from tests.clinic_ui.front_office.village import Village, Visitor, visitor_of

PAGES = ("/office", "/office?on=2026-03-04", "/office/patients", "/office/patients/new", "/office/promises")


def _booth(village: Village) -> Identity:
    return Identity(AccountId(new_id()), Role.CABIN, "cabin", "Cabine", cabin_id=village.cabin, site_id=village.site)


def _alarm(visitor: Visitor) -> str:
    """What the page says of calls for help, above all else."""
    part = re.search(r'<tc-live class="alarms".*?</tc-live>', visitor.text, re.DOTALL)
    assert part is not None, visitor.path
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", part[0])).replace("\u00a0", " ").split())


@pytest.mark.parametrize(
    ("kind", "colour", "words"),
    [
        (HelpKind.HELP, "banner--warn", "Cabine de la mairie : on demande de l’aide depuis 2 min ."),
        (HelpKind.EMERGENCY, "banner--danger", "Urgence. Cabine de la mairie : un signe grave, depuis 2 min ."),
    ],
)
async def test_each_page_says_which_cabin_calls_and_since_when(
    village: Village, sylvie: Visitor, kind: HelpKind, colour: str, words: str
) -> None:
    for path in (*PAGES, village.odette):
        await sylvie.open(path)
        assert _alarm(sylvie) == ""
    await village.clinic.help_calls.ask(_booth(village), kind)
    village.clock.advance(minutes=2)
    for path in (*PAGES, village.odette):
        await sylvie.open(path)
        assert words in _alarm(sylvie)
        assert f"{colour} alarm" in sylvie.text


async def test_j_y_vais_is_said_to_the_cabin_and_stays_on_the_page_until_the_call_closes(
    village: Village, sylvie: Visitor
) -> None:
    booth = _booth(village)
    await village.clinic.help_calls.ask(booth)
    await sylvie.open("/office/patients")
    await sylvie.send(f"/office/help/{village.cabin}")
    assert sylvie.path == "/office"
    assert "Vous y allez." in _alarm(sylvie)
    seen = await village.clinic.help_calls.mine(booth)
    assert seen is not None
    assert seen.answered_by == "Sylvie"
    village.clock.advance(minutes=10)
    await sylvie.open("/office")
    assert _alarm(sylvie) == ""


async def test_another_worker_sees_who_goes(village: Village, sylvie: Visitor) -> None:
    await village.clinic.help_calls.ask(_booth(village))
    other = Identity(AccountId(new_id()), Role.HEALTH_WORKER, "t", "Thomas", site_id=village.site)
    await village.clinic.help_calls.answer(other, village.cabin)
    await sylvie.open("/office")
    assert "Quelqu’un y va." in _alarm(sylvie)
    assert "J’y vais" not in _alarm(sylvie)


async def test_a_call_that_is_over_is_said_so(village: Village, sylvie: Visitor) -> None:
    booth = _booth(village)
    await village.clinic.help_calls.ask(booth)
    await sylvie.open("/office")
    await village.clinic.help_calls.settle(booth)
    await sylvie.send(f"/office/help/{village.cabin}")
    assert sylvie.status == 409
    assert "la cabine ne demande plus d’aide" in sylvie.words


async def test_other_sites_neither_see_the_call_nor_answer_it(village: Village, nolwenn: Visitor) -> None:
    await village.clinic.help_calls.ask(_booth(village))
    await nolwenn.open("/office")
    assert _alarm(nolwenn) == ""
    await nolwenn.post(f"/office/help/{village.cabin}")
    assert nolwenn.status == 404
    (call,) = await village.clinic.help_calls.waiting(village.who["sylvie"])
    assert not call.is_answered


async def test_the_coordinator_sees_that_a_cabin_asks_for_help(village: Village) -> None:
    async with visitor_of(village, "mairie", Door.COORDINATION) as mairie:
        await village.clinic.help_calls.ask(_booth(village))
        await mairie.open("/coordination")
        assert "Demande de l’aide" in mairie.words
        await village.clinic.help_calls.ask(_booth(village), HelpKind.EMERGENCY)
        await mairie.open("/coordination/day")
        assert "Urgence" in mairie.words


async def test_an_appointment_prints_the_address_of_its_cabin_once(village: Village) -> None:
    booked = await village.expected_now()
    async with visitor_of(village, "sylvie") as sylvie:
        await sylvie.open(f"/office/appointments/{booked}")
        assert "2 place de la Mairie, 22110 Saint-Fiacre-des-Prés" in sylvie.words
