"""The plan by plain forms: the coordinator has one made and sees it in figures, the site books a line of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from server.kernel.access import Door
from tests.clinic_ui.front_office.village import Village, Visitor, village_in, visitor_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock

PAGE = "/coordination/planning"


@pytest_asyncio.fixture(loop_scope="session")
async def village(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Village]:
    async with village_in(tmp_path, clock, cache_dir=KEPT) as served:
        served.clinic.planning.seconds = 0.5
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def mayor(village: Village) -> AsyncIterator[Visitor]:
    async with visitor_of(village, "mairie", Door.COORDINATION) as visitor:
        yield visitor


@pytest_asyncio.fixture(loop_scope="session")
async def sylvie(village: Village) -> AsyncIterator[Visitor]:
    async with visitor_of(village, "sylvie") as visitor:
        yield visitor


async def test_a_plan_is_made_seen_in_figures_and_booked_line_by_line_by_the_site(
    village: Village, mayor: Visitor, sylvie: Visitor
) -> None:
    promise = await village.promised()
    await sylvie.open("/office/plan")
    assert "Pas encore de plan." in sylvie.words
    await mayor.open(PAGE)
    assert "Pas encore de plan." in mayor.words
    await mayor.send(PAGE, bus_half_days=3)
    assert (mayor.status, mayor.path) == (200, PAGE)
    await mayor.open(f"{PAGE}/now")
    assert "Le plan se prépare" in mayor.text
    assert 'data-next="2"' in mayor.text
    await mayor.open(PAGE)
    await mayor.send(PAGE)
    assert mayor.status == 409
    assert "Un plan est déjà en préparation." in mayor.words
    await village.clinic.planning.made()
    await mayor.open(PAGE)
    for words in ("1 suivi à placer.", "Suivis avec un moment 1 1 égal", "Saint-Fiacre-des-Prés", "Aucune halte"):
        assert words in mayor.words
    assert "Lavergne" not in mayor.text
    line = f"/office/plan/{promise}"
    await sylvie.open("/office/promises")
    assert 'href="/office/plan"' in sylvie.text
    await sylvie.open("/office/plan")
    for words in ("Odette Lavergne", "Dr Claire Aubin · Cabine de la mairie", "Contrôle de la tension"):
        assert words in sylvie.words
    await sylvie.post(f"{line}/accept", starts_at="2026-03-10T09:07:00+00:00")
    assert sylvie.status == 409
    assert "Cette proposition n’existe plus." in sylvie.words
    await sylvie.send(f"{line}/accept")
    assert sylvie.path == "/office/plan?done=accepted"
    assert "C’est réservé." in sylvie.words
    assert "Tout est vu." in sylvie.words
    await mayor.open(PAGE)
    assert "1 accepté par les sites." in mayor.words


async def test_half_days_that_no_week_has_are_refused(village: Village, mayor: Visitor) -> None:
    await mayor.open(PAGE)
    await mayor.send(PAGE, bus_half_days=99)
    assert mayor.status == 422
    assert (await village.clinic.planning.territory(village.who["mairie"])).running is None
