"""A silent line: new ICE credentials, a new connection, then the telephone at both ends; and the way back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.screens import WITHIN, cabin_screen, desk_screen
from tests.line import Line
from tests.running import Running
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

NOTED = """
globalThis.mended = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...all) { super(...all); mended.push("connection"); }
  createOffer(...all) {
    if (all[0]?.iceRestart) mended.push("restart");
    return super.createOffer(...all);
  }
};
const parse = JSON.parse; // the line is given up after 9 s of silence instead of 15: time for both ways to mend
JSON.parse = (...all) => {
  const read = parse(...all);
  const limits = read?.ladder?.flatMap((step) => step.down.map(({ limit }) => limit)) ?? [];
  for (const limit of limits) if (limit.of === "silent" && limit.at === 15) limit.at = 9;
  return read;
};
"""


async def _mended(page: Page) -> list[str]:
    noted: list[str] = await page.evaluate("mended")
    return noted


async def test_a_line_that_stays_silent_is_mended_in_turn_and_then_the_telephone_is_offered_at_both_ends(
    village: Running, new_context: ContextFactory
) -> None:
    async with Line("cabin", "desk") as line:

        def window(end: str) -> ContextFactory:
            async def opened(**options: Any) -> Any:
                context = await new_context(**options)
                await context.add_init_script(NOTED)
                await line.put_between(context, end)
                return context

            return opened

        desk = await desk_screen(window("desk"), village.origin)
        cabin = await cabin_screen(window("cabin"), village.origin)
        await cabin.intake("258036", "La tête me tourne.")
        await desk.take("Odette Lavergne")
        assert await desk.frames() > 0
        assert await cabin.frames() > 0
        telephone = desk.page.locator("a[data-phone]")
        await expect(telephone).to_be_hidden()
        before = len(await _mended(desk.page))
        with line.cut():
            await cabin.shows("La voix passe mal. Le médecin va vous téléphoner.")
            await expect(cabin.page.locator("[data-beyond=telephone] .beyond__number")).to_be_visible()
            await expect(telephone).to_be_visible(timeout=WITHIN)
            assert re.fullmatch(r"tel:\+?\d{4,}", await telephone.get_attribute("href") or "")
            assert (await _mended(desk.page))[before:][:2] == ["restart", "connection"]
        await expect(telephone).to_be_hidden(timeout=WITHIN)  # nobody pressed anything
        assert await desk.frames() > 0
        assert await cabin.frames() > 0
        assert cabin.faults + desk.faults == []
