"""A doctor's and a cabin's window on a real server in a process of its own, and what is seen in them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, expect

from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from tests.e2e.screens import CabinScreen, DeskScreen, cabin_screen, desk_screen
from tests.flows.conftest import settle
from tests.line import Line
from tests.processes import Server, serving

PATIENT, CODE = "Odette Lavergne", "258036"
WITHIN = 30_000  # ms
LISTEN = """
globalThis.sockets = [];
globalThis.told = [];
globalThis.connections = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(...all) {
    super(...all);
    globalThis.sockets.push(this);
    const note = ({ data }) => {
      const { type, resumed } = JSON.parse(data);
      globalThis.told.push({ type, resumed, at: performance.timeOrigin + performance.now() });
    };
    this.addEventListener("message", note);
  }
};
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...all) { super(...all); globalThis.connections.push(this); }
};
"""
SEATED_AFTER = """
([at, within]) => new Promise((seen, failed) => {
  const late = setTimeout(() => failed(new Error("no seat")), within);
  const look = () => {
    const seated = window.told.find((one) => one.at > at && (one.type === "joined" || one.resumed));
    if (!seated) return void setTimeout(look, 10);
    clearTimeout(late);
    seen(seated.at);
  };
  look();
})
"""
WATCH = """
() => {
  const now = () => performance.timeOrigin + performance.now();
  const seen = window.seen = { frames: [], banners: [] };
  const video = document.querySelector("video[data-remote]");
  const next = () => video.requestVideoFrameCallback(() => { seen.frames.push(now()); next(); });
  next();
  const banner = document.querySelector("[data-banner], [data-notice]");
  new MutationObserver(() => banner.hidden || seen.banners.push(now())).observe(banner, {attributes: true});
}
"""
FRAME_AFTER = """
([at, within]) => new Promise((seen, failed) => {
  const late = setTimeout(() => failed(new Error("no picture")), within);
  const look = () => {
    const frame = window.seen.frames.find((one) => one > at);
    if (frame === undefined) return void setTimeout(look, 10);
    clearTimeout(late);
    seen(frame);
  };
  look();
})
"""
BANNER_AFTER = "(at) => window.seen.banners.find((one) => one > at) ?? null"
LONGEST_GAP = """
(from) => {
  const frames = window.seen.frames.filter((one) => one >= from);
  return Math.max(...frames.slice(1).map((one, at) => one - frames[at]));
}
"""


@dataclass
class Windows:
    """Both screens of one call, the line between them, and the server behind them."""

    server: Server
    desk: DeskScreen
    cabin: CabinScreen
    line: Line

    @property
    def pages(self) -> tuple[Page, Page]:
        """Both pages."""
        return self.desk.page, self.cabin.page

    async def take(self) -> None:
        """Take the patient, and wait until both see each other."""
        await self.desk.take(PATIENT)
        await asyncio.gather(self.desk.frames(), self.cabin.frames())
        for page in self.pages:
            await page.evaluate(WATCH)

    async def give_back(self) -> None:
        """Hang up and give the patient back to the queue: the same two can be joined anew."""
        await self.desk.press("Raccrocher")
        await self.desk.page.locator("[data-act=release]").click()
        async with self.cabin.page.expect_response("**/api/cabin/seat", timeout=WITHIN):
            await self.desk.page.locator("[data-release]").click()

    async def waiting(self) -> None:
        """Wait until the patient is in the queue of the desk."""
        await expect(self.desk.page.get_by_role("button", name=f"Prendre {PATIENT}")).to_be_visible(timeout=WITHIN)


@asynccontextmanager
async def windows(browser: Browser, *, impaired: bool = False) -> AsyncIterator[Windows]:
    """A village, its server, and one waiting patient; `impaired` puts a line of ours between the two ends."""
    with tempfile.TemporaryDirectory(prefix="telecabin-call-") as name:
        folder = Path(name)
        url, key_file = f"sqlite:///{folder}/telecabin.db", init_key(folder / "keys.json").path
        await settle(url, key_file, utc_now())
        with serving(folder, database_url=url, kek_file=str(key_file)) as server:
            async with Line("cabin", "desk") as line:

                async def window(end: str, **options: object) -> BrowserContext:
                    context = await browser.new_context(permissions=["camera", "microphone"], **options)  # type: ignore[arg-type]
                    await context.add_init_script(LISTEN)
                    if impaired:
                        await line.put_between(context, end)
                    return context

                async def at_desk(**options: object) -> BrowserContext:
                    return await window("desk", **options)

                async def in_cabin(**options: object) -> BrowserContext:
                    return await window("cabin", **options)

                desk = await desk_screen(at_desk, server.origin)
                cabin = await cabin_screen(in_cabin, server.origin)
                await cabin.intake(CODE, "La tête me tourne.")
                yield Windows(server, desk, cabin, line)
                for page in (desk.page, cabin.page):
                    await page.context.close()
