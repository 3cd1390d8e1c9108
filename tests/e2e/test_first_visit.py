"""A first visit in real browsers with fake camera and microphone: the whole story, and what stays afterwards."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.screens import WITHIN, CabinScreen, DeskScreen, cabin_screen, desk_screen
from tests.running import Running
from tests.services import ContextFactory

pytestmark = pytest.mark.browser
STORED = """
async () => JSON.stringify({
  local: {...localStorage}, session: {...sessionStorage}, cookies: document.cookie,
  databases: (await indexedDB.databases()).map(one => one.name), caches: await caches.keys(),
  text: document.body.innerText,
})
"""


async def test_a_villager_sees_a_doctor_and_leaves_with_a_booked_follow_up(
    village: Running, new_context: ContextFactory
) -> None:
    aubin = await desk_screen(new_context, village.origin)
    haddad = await desk_screen(new_context, village.origin, "haddad")
    cabin = await cabin_screen(new_context, village.origin)
    await cabin.intake("258036", "La tête me tourne le matin.")

    for desk in (aubin, haddad):  # the newcomer appears without a reload
        await expect(desk.page.get_by_role("button", name="Prendre Odette Lavergne")).to_be_visible(timeout=WITHIN)
    await _both_press(aubin, haddad)
    winner, loser = await _winner(aubin, haddad)
    assert await winner.frames() > 0
    assert await cabin.frames() > 0
    assert await winner.hears()
    assert await cabin.hears()
    await expect(loser.page.locator("[data-trouble=refused]")).to_contain_text("Dr", timeout=WITHIN)

    await _written_and_signed(winner, cabin)
    await _booked(cabin)
    await _gone_without_a_trace(cabin)
    assert cabin.faults + aubin.faults + haddad.faults == []


async def _both_press(aubin: DeskScreen, haddad: DeskScreen) -> None:
    await asyncio.gather(aubin.take("Odette Lavergne"), haddad.take("Odette Lavergne"))


async def _winner(aubin: DeskScreen, haddad: DeskScreen) -> tuple[DeskScreen, DeskScreen]:
    """Who got the patient, and who was told that another was faster."""

    async def live(desk: DeskScreen) -> DeskScreen:
        await expect(desk.page.locator("#workbench[data-phase=live]")).to_be_attached(timeout=WITHIN)
        return desk

    waiting = {asyncio.ensure_future(live(desk)) for desk in (aubin, haddad)}
    done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    first = next(iter(done)).result()
    return (aubin, haddad) if first is aubin else (haddad, aubin)


async def _written_and_signed(desk: DeskScreen, cabin: CabinScreen) -> None:
    """The note is written during the call; the five items are shown; the cabin waits for the signature."""
    await desk.write(examination="Orientée, pas de chute.", conclusion="Vertiges positionnels probables.")
    await desk.page.check("#none_prescribed")
    await desk.page.check("#no_incident")
    await desk.page.get_by_text("Infirmière", exact=True).click()
    await desk.write(advice="Levez-vous doucement. Buvez un verre d’eau le matin.")
    await desk.press("Raccrocher")
    await cabin.shows("Le médecin termine d’écrire.")
    await desk.press("Relire et signer")
    await desk.press("Signer et terminer")
    await expect(desk.page.locator("[data-signed]")).to_be_visible(timeout=WITHIN)


async def _booked(cabin: CabinScreen) -> None:
    """The summary comes by itself; three moments are proposed; one is kept, and taken."""
    await cabin.shows("Levez-vous doucement.")
    await cabin.press("Choisir un rendez-vous")
    await cabin.shows("Choisissez un moment.")
    await expect(cabin.page.locator(".slot")).to_have_count(3)
    await cabin.page.locator(".slot button").first.click()
    await cabin.shows("Nous gardons ce moment cinq minutes.")
    await cabin.press("Oui, je le prends")
    await cabin.shows("Votre prochain rendez-vous")


async def _gone_without_a_trace(cabin: CabinScreen) -> None:
    """After the smiley and the goodbye: back, reload and storage show nothing of the visit."""
    await cabin.press("Continuer")
    await cabin.page.locator(".picture--face, [name=face]").first.click()
    await cabin.page.wait_for_url("**/cabin/au-revoir")
    await cabin.page.wait_for_url("**/cabin", timeout=WITHIN)
    for go in (cabin.page.go_back, cabin.page.reload, cabin.page.go_back):
        await go()
        await cabin.shows("Que voulez-vous faire ?")
    kept = await cabin.page.evaluate(STORED)
    for secret in ("Odette", "Lavergne", "doucement", "258036", "tourne"):
        assert secret not in kept
