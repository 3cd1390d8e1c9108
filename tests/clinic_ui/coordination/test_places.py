"""Places by hand: a site, its cabin and a nurse from three forms; what is wrong is said; accounts are closed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from server.kernel.access import Door
from tests.clinic_ui.front_office.village import Village, Visitor, village_in, visitor_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock

PAGE = "/coordination/places"
SITE: dict[str, Any] = {
    "name": "Mairie de Plouray", "kind": "town-hall", "commune": "Plouray", "insee": "56170", "postcode": "56770",
    "address": "1 place de l’Église", "phone": "02 97 00 00 00", "samu_phone": "02 97 00 00 15", "latitude": "48.14",
    "longitude": "-3.38", "zone": "Europe/Paris", "aed": "",
}  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def village(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Village]:
    async with village_in(tmp_path, clock, cache_dir=KEPT) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def mayor(village: Village) -> AsyncIterator[Visitor]:
    async with visitor_of(village, "mairie", Door.COORDINATION) as visitor:
        yield visitor


async def test_a_site_a_cabin_and_a_nurse_are_made_and_the_nurse_signs_in_with_what_was_shown(
    village: Village, mayor: Visitor
) -> None:
    await mayor.open(f"{PAGE}/site")
    await mayor.send(f"{PAGE}/site", **SITE)
    assert (mayor.status, "Mairie de Plouray" in mayor.words) == (200, True)
    await mayor.open(f"{PAGE}/cabin")
    await mayor.send(
        f"{PAGE}/cabin", name="Cabine de Plouray", site="mairie-de-plouray", login="cabine-plouray", in_service="yes"
    )
    assert "Premier mot de passe" in mayor.words
    await mayor.open(f"{PAGE}/health-worker")
    await mayor.send(
        f"{PAGE}/health-worker", name="Anne", site="mairie-de-plouray", profession="Infirmière", login="anne"
    )
    shown = re.search(r"anne ([a-z]{4}(?:-[a-z]{4}){4})", mayor.words)
    assert shown
    signed = await village.clinic.accounts.sign_in("anne", shown[1], Door.OFFICE, "127.0.0.1")
    assert signed.who.name == "Anne"
    await mayor.open(PAGE)
    assert shown[1] not in mayor.text
    await mayor.send(f"{PAGE}/accounts/anne/close")
    assert await village.clinic.accounts.identify(signed.token, Door.OFFICE) is None
    await mayor.send(f"{PAGE}/accounts/anne/open")
    await mayor.send(f"{PAGE}/accounts/anne/password")
    assert "Premier mot de passe" in mayor.words


async def test_what_is_wrong_is_said_and_a_change_keeps_what_never_changes(village: Village, mayor: Visitor) -> None:
    await mayor.open(f"{PAGE}/practitioner")
    wrong: dict[str, Any] = {
        "rpps": "12345678901",
        "name": "Dr X",
        "specialty": "Médecin",
        "place": "Ici",
        "phone": "02 97 00 00 00",
    }
    await mayor.send(f"{PAGE}/practitioner", **wrong)
    assert (mayor.status, "Ce numéro RPPS n’existe pas" in mayor.words) == (422, True)
    assert 'value="Dr X"' in mayor.text
    await mayor.open(PAGE)
    href = re.search(rf'href="({PAGE}/cabin\?key=[^"]+)">Cabine de la mairie', mayor.text)
    assert href
    await mayor.open(href[1])
    assert mayor.status == 200
    site = re.search(r'<option value="([^"]+)" selected', mayor.text)
    assert site
    await mayor.send(href[1], name="Cabine du bourg", site=site[1], phone="", access_notes="")
    assert "Cabine du bourg Hors service" in mayor.words
    await mayor.open(f"{PAGE}/cabin?key=personne")
    assert mayor.status == 404
    await mayor.open(f"{PAGE}/chateau")
    assert mayor.status == 404


async def test_nobody_else_comes_in(village: Village) -> None:
    async with visitor_of(village, "sylvie") as nurse:
        await nurse.open(PAGE)
        assert nurse.path.startswith("/signin/coordination")
