"""Three windows, three voices: the patient's yes, the doctor's word, a reload and a lost socket; and a no."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.clinic_ui.readers import faults as read_by_axe
from tests.e2e.screens import WITHIN, CabinScreen, DeskScreen, Screen, cabin_screen, desk_screen, watched
from tests.running import Running
from tests.services import ContextFactory

pytestmark = pytest.mark.browser

REMEMBER = """
globalThis.connections = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) { super(configuration); globalThis.connections.push(this); }
};
globalThis.sockets = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(...told) { super(...told); globalThis.sockets.push(this); }
};
"""
LOUD = """
async () => {
  const energies = [];
  for (const one of connections) {
    if (one.connectionState !== "connected") continue;
    let energy = 0;
    for (const row of (await one.getStats()).values()) {
      if (row.type === "inbound-rtp" && row.kind === "audio") energy += row.totalAudioEnergy;
    }
    energies.push(energy);
  }
  return energies;
}
"""
CUT = "() => sockets.filter((one) => one.readyState === 1).forEach((one) => one.close(4999))"
NAME = "Amina Benali"


async def _louder(screen: Screen, lines: int) -> None:
    """Wait until voice was heard on so many lines, and no more, since now."""
    before: list[float] = []
    async with asyncio.timeout(WITHIN / 1000):
        while True:
            now = await screen.page.evaluate(LOUD)
            if len(now) == lines == len(before) and all(b > a for a, b in zip(before, now, strict=True)):
                return
            before = now if len(now) != len(before) else before
            await asyncio.sleep(0.2)


async def _people(new_context: ContextFactory, origin: str, **more: object) -> tuple[CabinScreen, DeskScreen, Any]:
    async def window(**options: object) -> Any:
        context = await new_context(**options, **more)
        await context.add_init_script(REMEMBER)
        return context

    desk = await desk_screen(window, origin)
    cabin = await cabin_screen(window, origin)
    await cabin.waits("258036", "La tête me tourne le matin.")
    await desk.take("Odette Lavergne")
    assert await desk.frames() > 0
    assert await cabin.frames() > 0
    return cabin, desk, window


async def invite(desk: DeskScreen) -> str:
    """« Inviter »: the code that the doctor reads out."""
    if not await desk.page.locator("#sheet-guest").is_visible():
        await desk.press("Inviter")
    await desk.page.get_by_role("button", name="Créer un code").click()
    code = desk.page.locator("[data-guest-code]")
    await expect(code).to_have_text(re.compile(r"\d{4}\s\d{4}"), timeout=WITHIN)
    return re.sub(r"\D", "", await code.inner_text())


async def guest_screen(window: Any, origin: str, code: str) -> Screen:
    """Somebody opens the link and says their name."""
    context = await window(base_url=origin, viewport={"width": 1024, "height": 768}, locale="fr-FR")
    page: Page = await context.new_page()
    page.set_default_timeout(WITHIN)
    faults = watched(page)
    await page.goto(f"/invite#{code}")
    await expect(page.get_by_label("Le code que le médecin vous a lu")).to_have_value(code)
    assert page.url.endswith("/invite")
    await page.get_by_label("Votre nom").fill(NAME)
    await page.get_by_role("button", name="Demander à entrer").click()
    guest = Screen(page, faults)
    await guest.shows("On demande à la personne si vous pouvez entrer.")
    return guest


async def test_three_voices_flow_between_three_windows_until_the_doctor_sends_the_third_out(
    village: Running, new_context: ContextFactory
) -> None:
    cabin, desk, window = await _people(new_context, village.origin)
    code = await invite(desk)
    guest = await guest_screen(window, village.origin, code)
    await cabin.shows("veut entrer dans l’appel.")
    await desk.shows(f"{NAME} demande à entrer.")
    for screen, lines in ((cabin, 1), (desk, 1), (guest, 0)):  # nothing of the guest flows before the yes
        assert len(await screen.page.evaluate(LOUD)) == lines
    await cabin.press("Oui, d’accord")
    for screen in (cabin, desk, guest):
        await _louder(screen, 2)
    await guest.shows("Vous êtes dans l’appel.")
    await expect(guest.page.get_by_text("vous entend")).to_have_count(2, timeout=WITHIN)
    assert "Odette" not in await guest.page.content()
    await desk.page.locator("#sheet-guest").get_by_role("button", name="Fermer").click()

    await guest.page.reload()
    for screen in (guest, cabin, desk):
        await _louder(screen, 2)
    await cabin.page.evaluate(CUT)  # the media does not notice, and the sockets come back
    for screen in (guest, cabin, desk):
        await _louder(screen, 2)

    await desk.page.locator(".third").get_by_role("button", name="Faire sortir").click()
    await guest.shows("L’appel est fini pour vous. Merci.")
    for screen, lines in ((cabin, 1), (desk, 1)):
        await _louder(screen, lines)
    await expect(cabin.page.locator(".third")).to_be_hidden()
    assert cabin.faults + desk.faults + guest.faults == []


async def _patient_changes_their_mind(cabin: CabinScreen, desk: DeskScreen, guest: Screen) -> None:
    """Yes to another code; both show their small pictures; and then « Faire sortir » on the kiosk."""
    await guest.page.get_by_label("Le code que le médecin vous a lu").fill(await invite(desk))
    await guest.page.get_by_role("button", name="Demander à entrer").click()
    await cabin.press("Oui, d’accord")
    await guest.page.locator("[data-act=camera]").click(timeout=WITHIN)
    for screen, pictures in ((cabin, 1), (desk, 1), (guest, 2)):
        small = screen.page.locator(":is(.third, .third-room__others) video:not([hidden])")
        await expect(small).to_have_count(pictures, timeout=WITHIN)
    await desk.page.locator("#sheet-guest").get_by_role("button", name="Fermer").click()
    for screen in (cabin, desk, guest):
        assert await read_by_axe(screen.page) == []
    await cabin.page.locator(".third").get_by_role("button", name="Faire sortir").click()
    await guest.shows("L’appel est fini pour vous. Merci.")
    await desk.page.locator(".third").wait_for(state="hidden")


async def test_a_no_keeps_the_third_out_and_a_used_code_opens_nothing_and_every_screen_can_be_read(
    village: Running, new_context: ContextFactory
) -> None:
    cabin, desk, window = await _people(new_context, village.origin, bypass_csp=True)
    code = await invite(desk)
    guest = await guest_screen(window, village.origin, code)
    await cabin.shows("veut entrer dans l’appel.")
    for screen in (cabin, desk, guest):
        assert await read_by_axe(screen.page) == []
    await cabin.page.keyboard.press("Escape")
    await cabin.shows("veut entrer dans l’appel.")  # only yes and no answer
    await cabin.page.locator("[data-guest-no]").click()
    await guest.shows("La personne préfère continuer sans vous.")
    await desk.shows(f"La personne a dit non à {NAME}.")
    for screen, lines in ((cabin, 1), (desk, 1), (guest, 0)):
        assert len(await screen.page.evaluate(LOUD)) == lines
    await guest.page.goto("/invite")
    assert await read_by_axe(guest.page) == []
    await guest.page.get_by_label("Le code que le médecin vous a lu").fill(code)
    await guest.page.get_by_label("Votre nom").fill(NAME)
    await guest.page.get_by_role("button", name="Demander à entrer").click()
    await guest.shows("Ce code n’ouvre rien")
    await _patient_changes_their_mind(cabin, desk, guest)
    assert cabin.faults + desk.faults + guest.faults == []
