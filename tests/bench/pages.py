"""What pages weigh and what the server takes: kiosk home cold and warm, GP desk cold, start, memory at idle.

Weights are bytes on the wire, headers included, as Chromium counts them (`Network.loadingFinished`).
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page

from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from server.village.sign_ins import PASSWORD
from tests import components
from tests.bench import Figure, at_most, quantile
from tests.flows.conftest import settle
from tests.processes import Server, serving

STARTS = 5
AS_INSTALLED = 'import sys; sys.modules["rich"] = None'
"""What a library takes along where it is there, and the product does not install: only the tests' own tools do."""
FONT_WITHIN = 120  # s: the typeface is cut once, beside the first requests
KB = 1000.0


async def _signed_in(browser: Browser, server: Server, door: str, login: str) -> BrowserContext:
    context = await browser.new_context(locale="fr-FR")
    form = {"login": login, "password": PASSWORD}
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = await context.request.post(f"{server.origin}/signin/{door}", form=form, headers=headers)
    assert answer.ok, answer.status
    return context


async def _weighed(page: Page, url: str) -> float:
    """The bytes of everything that one visit of `url` brings over the wire, in kB."""
    heard: list[float] = []
    wire = await page.context.new_cdp_session(page)
    await wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: heard.append(event["encodedDataLength"]))
    await page.goto(url, wait_until="networkidle")
    await wire.detach()
    return sum(heard) / KB


async def _with_font(page: Page, url: str) -> None:
    """Come back until the typeface is ready: weights count it."""
    deadline = time.monotonic() + FONT_WITHIN
    while "plex-latin" not in (await (await page.context.request.get(url)).text()):
        if time.monotonic() > deadline:
            raise TimeoutError("the typeface was not cut")
        await asyncio.sleep(0.5)


async def _weights(server: Server) -> list[Figure]:
    async with components.chromium() as browser:
        cabin = await _signed_in(browser, server, "cabin", "cabine-saint-fiacre")
        page = await cabin.new_page()
        await _with_font(page, f"{server.origin}/cabin")
        cold = await _weighed(page, f"{server.origin}/cabin")
        warm = await _weighed(page, f"{server.origin}/cabin")
        desk = await _signed_in(browser, server, "desk", "aubin")
        gp = await _weighed(await desk.new_page(), f"{server.origin}/desk")
    return [
        at_most("kiosk home, cold", cold, "kB", 60),
        at_most("kiosk home, warm", warm, "kB", 8),
        at_most("GP desk, cold", gp, "kB", 90),
    ]


def _resident(server: Server) -> float:
    """The resident memory of the server in MB."""
    assert server.child
    status = Path(f"/proc/{server.child.pid}/status").read_text()
    return float(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e6


async def run() -> list[Figure]:
    """Measure start, memory and weights on one village."""
    with tempfile.TemporaryDirectory(prefix="telecabin-pages-") as name:
        folder = Path(name)
        url, key_file = f"sqlite:///{folder}/telecabin.db", init_key(folder / "keys.json").path
        await settle(url, key_file, utc_now())
        starts = []
        for _ in range(STARTS):
            began = time.monotonic()
            with serving(folder, database_url=url, kek_file=str(key_file)) as server:
                starts.append(time.monotonic() - began)
        with serving(folder, database_url=url, kek_file=str(key_file)) as server:
            weights = await _weights(server)
        with serving(folder, prelude=AS_INSTALLED, database_url=url, kek_file=str(key_file)) as server:
            await asyncio.sleep(5)
            idle = _resident(server)
    return [
        *weights,
        at_most("server start to first answer, median", quantile(starts, 0.5), "s", 2),
        at_most("resident memory at idle", idle, "MB", 120),
    ]
