"""From the doctor's press to the first picture on both sides: cold, warm, and the floor of the same browser.

The floor: two RTCPeerConnections in one page, introduced by function calls, camera on before, from the first
`createOffer` to the first frame shown. A call: `claim` pressed on the desk to the first frame shown on the desk and in
the cabin. Warm: the pointer rested on the card before. Floors, cold and warm calls take turns.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, Page, expect

from tests.bench import Figure, at_most, quantile
from tests.bench.calls.windows import PATIENT, WITHIN, Windows

CALLS = 15
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
    video.requestVideoFrameCallback(() => seen(performance.timeOrigin + performance.now()));
  });
  window.pressed = new Promise(seen => {
    addEventListener("click", () => seen(performance.timeOrigin + performance.now()), {capture: true, once: true});
  });
}
"""
FIRST_FRAME, PRESSED, PRESS = "() => window.firstFrame", "() => window.pressed", "one => one.click()"
IS_WARM = "#workbench[data-warm]:not([data-warm=''])"


@dataclass
class Times:
    """Milliseconds to the first picture, on the desk and in the cabin."""

    desk: list[float] = field(default_factory=list)
    cabin: list[float] = field(default_factory=list)

    @property
    def both(self) -> list[float]:
        """Until the later side sees something."""
        return [max(pair) for pair in zip(self.desk, self.cabin, strict=True)]


async def _call(windows: Windows, times: Times, *, warm: bool) -> None:
    """Press « Prendre »; note the milliseconds to the first picture on the desk and in the cabin."""
    desk, cabin = windows.pages
    take = desk.get_by_role("button", name=f"Prendre {PATIENT}")
    await desk.mouse.move(0, 0)
    await expect(take).to_be_visible(timeout=WITHIN)
    if warm:
        await take.hover()
        await expect(desk.locator(IS_WARM)).to_be_attached(timeout=WITHIN)
    await asyncio.sleep(SETTLED)
    await asyncio.gather(desk.evaluate(ARM), cabin.evaluate(ARM))
    await take.evaluate(PRESS)
    began = await desk.evaluate(PRESSED)
    shown = await asyncio.gather(desk.evaluate(FIRST_FRAME), cabin.evaluate(FIRST_FRAME))
    times.desk.append(shown[0] - began)
    times.cabin.append(shown[1] - began)
    await desk.mouse.move(0, 0)
    await windows.give_back()


async def floor_page(context: BrowserContext, origin: str) -> Page:
    """A page in which the floor is measured."""
    page = await context.new_page()
    await page.goto(f"{origin}/")
    return page


async def measure(windows: Windows, floor: Page, calls: int = CALLS) -> list[Figure]:
    """Measure floors, cold calls and warm calls in turn."""
    floors: list[float] = []
    cold, warm = Times(), Times()
    for number in range(WARM_UP + calls):
        counts = number >= WARM_UP
        taken = await floor.evaluate(FLOOR)
        await _call(windows, cold if counts else Times(), warm=False)
        await _call(windows, warm if counts else Times(), warm=True)
        if counts:
            floors.append(taken)
    return [*_figures("cold", floors, cold, 1.3, 1.6), *_figures("warm", floors, warm, 1.0, 1.3)]


def _figures(which: str, floors: list[float], times: Times, median: float, slow: float) -> list[Figure]:
    floor, both = quantile(floors, 0.5), times.both
    beside = {
        "floor ms": floor,
        "desk ms": quantile(times.desk, 0.5),
        "cabin ms": quantile(times.cabin, 0.5),
        "calls": len(both),
    }
    name = f"{which}: press to first picture on both sides"
    p90 = {"floor p90 ms": quantile(floors, 0.9)}
    return [
        at_most(f"{name}, median / floor", quantile(both, 0.5) / floor, "ratio", median, beside),
        at_most(f"{name}, p90 / floor median", quantile(both, 0.9) / floor, "ratio", slow, p90),
    ]
