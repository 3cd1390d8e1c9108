"""From the doctor's press to the first picture on both sides, beside the floor of the same browser and run.

The floor: two RTCPeerConnections in one page, introduced by function calls, camera on before, from the first
`createOffer` to the first frame shown. A call: `claim` pressed on the desk to the first frame shown on the desk and in
the cabin; two windows, the real server in a process of its own. Calls and floors take turns.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import BrowserContext, Page, expect

from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from tests import components
from tests.bench import Figure, at_most, quantile
from tests.e2e.screens import CabinScreen, DeskScreen, cabin_screen, desk_screen
from tests.flows.conftest import settle
from tests.processes import serving

CALLS = 17
WARM_UP = 2  # calls and floors: code is compiled, caches are filled
SETTLED = 1.5  # s between two measures, in which nothing happens
FLOOR = """
async () => {
  window.floorStream ??= await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 640, height: 360}});
  const [one, other] = [new RTCPeerConnection(), new RTCPeerConnection()];
  const video = Object.assign(document.createElement("video"), {autoplay: true, muted: true, playsInline: true});
  document.body.append(video);
  one.onicecandidate = event => other.addIceCandidate(event.candidate);
  other.onicecandidate = event => one.addIceCandidate(event.candidate);
  other.ontrack = event => { video.srcObject = event.streams[0]; };
  const shown = new Promise(seen => video.requestVideoFrameCallback(() => seen(performance.now())));
  for (const track of window.floorStream.getTracks()) one.addTrack(track, window.floorStream);
  const began = performance.now();
  await one.setLocalDescription(await one.createOffer());
  await other.setRemoteDescription(one.localDescription);
  await other.setLocalDescription(await other.createAnswer());
  await one.setRemoteDescription(other.localDescription);
  const taken = (await shown) - began;
  one.close(); other.close(); video.remove();
  return taken;
}
"""
ARM = """
() => {
  const video = document.querySelector("video[data-remote]");
  window.firstFrame = new Promise(seen => {
    const look = () => video.requestVideoFrameCallback(() => seen(performance.timeOrigin + performance.now()));
    look();
  });
  window.pressed = new Promise(seen => {
    addEventListener("click", () => seen(performance.timeOrigin + performance.now()), {capture: true, once: true});
  });
}
"""
FIRST_FRAME, PRESSED = "() => window.firstFrame", "() => window.pressed"


async def _call(desk: DeskScreen, cabin: CabinScreen) -> tuple[float, float]:
    """Press « Prendre »; return the milliseconds to the first picture on the desk and in the cabin."""
    take = desk.page.get_by_role("button", name="Prendre Odette Lavergne")
    await expect(take).to_be_visible(timeout=30_000)
    await asyncio.sleep(SETTLED)
    await asyncio.gather(desk.page.evaluate(ARM), cabin.page.evaluate(ARM))
    await take.click()
    began = await desk.page.evaluate(PRESSED)
    shown = await asyncio.gather(desk.page.evaluate(FIRST_FRAME), cabin.page.evaluate(FIRST_FRAME))
    return shown[0] - began, shown[1] - began


async def _give_back(desk: DeskScreen, cabin: CabinScreen) -> None:
    """Hang up and give the patient back to the queue: the same two can be joined anew."""
    await desk.press("Raccrocher")
    await desk.page.locator("[data-act=release]").click()
    async with cabin.page.expect_response("**/api/cabin/seat", timeout=30_000):
        await desk.page.locator("[data-release]").click()


async def _floor_page(context: BrowserContext, origin: str) -> Page:
    page = await context.new_page()
    await page.goto(f"{origin}/")
    return page


async def run() -> list[Figure]:
    """Measure calls and floors in turn."""
    floors: list[float] = []
    calls: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="telecabin-call-") as name:
        folder = Path(name)
        url, key_file = f"sqlite:///{folder}/telecabin.db", init_key(folder / "keys.json").path
        await settle(url, key_file, utc_now())
        with serving(folder, database_url=url, kek_file=str(key_file)) as server:
            async with components.chromium() as browser:

                async def window(**options: object) -> BrowserContext:
                    return await browser.new_context(permissions=["camera", "microphone"], **options)  # type: ignore[arg-type]

                desk = await desk_screen(window, server.origin)
                cabin = await cabin_screen(window, server.origin)
                floor = await _floor_page(await window(), server.origin)
                await cabin.intake("258036", "La tête me tourne.")
                for number in range(WARM_UP + CALLS):
                    measured = await floor.evaluate(FLOOR), await _call(desk, cabin)
                    await _give_back(desk, cabin)
                    if number >= WARM_UP:
                        floors.append(measured[0])
                        calls.append(measured[1])
    return _figures(floors, calls)


def _figures(floors: list[float], calls: list[tuple[float, float]]) -> list[Figure]:
    floor = quantile(floors, 0.5)
    both, desk, cabin = [max(call) for call in calls], [call[0] for call in calls], [call[1] for call in calls]
    beside = {"floor ms": floor, "desk ms": quantile(desk, 0.5), "cabin ms": quantile(cabin, 0.5)}
    return [
        at_most(
            "press to first picture on both sides, median / floor", quantile(both, 0.5) / floor, "ratio", 1.3, beside
        ),
        at_most(
            "the same, p90 / floor", quantile(both, 0.9) / floor, "ratio", 1.6, {"floor p90 ms": quantile(floors, 0.9)}
        ),
    ]
