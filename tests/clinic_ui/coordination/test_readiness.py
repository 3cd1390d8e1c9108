"""What the coordinator and the health worker read of a cabin's check: colour, hour, sentence, thirty days."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from server.kernel.access import Door, Role
from server.readiness.rules import Figures
from tests.clinic_ui.front_office.village import Village, Visitor, village_in, visitor_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock
from tests.server.readiness.figures import GOOD, but

CABINS = "/coordination/cabins"
BROKEN = but(camera="absent")


@pytest_asyncio.fixture(loop_scope="session")
async def village(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Village]:
    async with village_in(tmp_path, clock, cache_dir=KEPT) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def coordinator(village: Village) -> AsyncIterator[Visitor]:
    async with visitor_of(village, "mairie", Door.COORDINATION) as visitor:
        yield visitor


@pytest_asyncio.fixture(loop_scope="session")
async def nurse(village: Village) -> AsyncIterator[Visitor]:
    async with visitor_of(village, "sylvie") as visitor:
        yield visitor


async def _checked(village: Village, figures: Figures) -> None:
    booth = replace(village.who["sylvie"], role=Role.CABIN, cabin_id=village.cabin)
    await village.clinic.readiness.report(booth, None, figures, asked=True)


async def test_a_cabin_is_unchecked_then_red_with_whom_to_call_then_ready(
    village: Village, coordinator: Visitor
) -> None:
    await coordinator.open("/coordination")
    assert f'href="{CABINS}"' in coordinator.text
    await coordinator.open(CABINS)
    assert "Non vérifiée" in coordinator.words
    assert "0 jour vérifié sur 30" in coordinator.words
    await _checked(village, BROKEN)
    await coordinator.open(f"{CABINS}/now")
    for words in ("En panne", "Fermée aux rendez-vous", "La caméra n’est pas trouvée.", "demandé sur place"):
        assert words in coordinator.words
    assert "appelez l’accueil au 02 99 00 00 01" in coordinator.words
    assert "lundi 2 mars à 9 h" in coordinator.words
    assert coordinator.text.count('class="day day--danger"') == 1
    village.clock.advance(minutes=10)
    await _checked(village, GOOD)
    await coordinator.open(CABINS)
    assert "Prête" in coordinator.words
    assert "Fermée aux rendez-vous" not in coordinator.words
    assert "1 jour vérifié sur 30, dont 1 en panne." in coordinator.words  # the worst of the day stays
    assert "aller 2 000, retour 2 000 kbit/s" in coordinator.words.replace("\u202f", " ")


async def test_the_day_sheet_says_whether_the_cabin_is_ready_and_booking_says_why_not(
    village: Village, nurse: Visitor
) -> None:
    promise = await village.promised()
    await village.sign_in()
    await nurse.open("/office")
    assert "Non vérifiée" in nurse.words
    found = await village.clinic.follow_ups.proposals(village.who["sylvie"], promise)
    await nurse.open(f"/office/promises/{promise}")
    await _checked(village, BROKEN)
    choice = found.choices[0].choice
    fields = {name: getattr(choice, name) for name in ("practitioner_id", "cabin_id", "health_worker_id")}
    await nurse.post(
        f"/office/promises/{promise}/book", starts_at=choice.starts_at.isoformat(), key="une-cle-de-test", **fields
    )
    assert nurse.status == 409
    assert "La cabine est en panne depuis son contrôle. Rien n’a été réservé." in nurse.words
    assert "son dernier contrôle est rouge" in nurse.words
    await nurse.open("/office")
    for words in ("En panne", "Rebranchez la caméra ; sinon, appelez la coordination.", "On ne réserve plus"):
        assert words in nurse.words
