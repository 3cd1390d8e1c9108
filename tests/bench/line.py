"""The voice on bad lines: two windows, real RTP through a relay that narrows and loses, both ways.

Each line is fair for 6 s and bad for 30. What the worse end had to invent of the other's voice is counted over the last
20 s, and over the first 10 beside; `without` is the same line with a call that never leaves its first rung.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page

from signalling.ladder import LADDER, Redundancy, Table
from signalling.protocol import Seat
from tests import components
from tests.bench import Figure, at_least, at_most
from tests.clock import FakeClock
from tests.line import Line, Weather
from tests.signalling.test_call_in_browser import CSP, ROOM, House

ENDS = (Seat.PATIENT, Seat.PRACTITIONER)
FAIR_FOR, SETTLES, MEASURED = 6.0, 10.0, 20.0  # s
LINES = {
    "120 kbit/s, 8 % loss": (Weather(rate=120_000, loss=0.08), 4.0),
    "60 kbit/s": (Weather(rate=60_000), 3.0),
    "10 % loss": (Weather(loss=0.10), 4.0),
    "200 kbit/s, 10 % loss, 300 ms": (Weather(rate=200_000, loss=0.10, delay=0.15), 4.0),
}
HEAR = """
async () => {
  const rows = [...(await connections.at(-1).getStats()).values()].filter((row) => row.type === "inbound-rtp");
  const voice = rows.find((row) => row.kind === "audio");
  const picture = rows.find((row) => row.kind === "video");
  return [voice.concealedSamples - voice.silentConcealedSamples, voice.totalSamplesReceived, voice.packetsReceived,
    picture?.framesDecoded ?? 0];
}
"""
RUNG = "heard.findLast(({type}) => type === 'line')?.rung ?? 'video'"
STILLS = "heard.filter(({type}) => type === 'still').length"


class FlatHouse(House):
    """The same pages with a ladder of which no rung is ever left: what a call is without it."""

    async def room(self, _: web.Request) -> web.Response:
        flat = Table(tuple(replace(step, down=()) for step in LADDER), Redundancy(lost_on=1.0))
        head, tail = ROOM.split("id=ladder>")
        text = f"{head}id=ladder>{msgspec.json.encode(flat).decode()}</script>{tail.split('</script>', 1)[1]}"
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": CSP})


@dataclass(frozen=True)
class Heard:
    """What an end heard since the call began."""

    invented: int
    samples: int
    packets: int
    frames: int

    def since(self, before: Heard) -> float:
        """Per cent of the voice that had to be invented since then."""
        return 100 * (self.invented - before.invented) / max(1, self.samples - before.samples)


@dataclass(frozen=True)
class Course:
    """One bad line: per cent invented at the worse end, in the beginning and then; and where the call stood."""

    first: float
    then: float
    packets: int
    rung: str
    stills: int


@asynccontextmanager
async def _couple(browser: Browser, url: str, line: Line) -> AsyncIterator[list[Page]]:
    pages = []
    for seat in ENDS:
        context = await browser.new_context(permissions=["camera", "microphone"])
        page = await context.new_page()
        await line.put_between(page, seat)
        await page.goto(f"{url}?seat={seat}")
        pages.append(page)
    for page in pages:
        await page.evaluate("ready")
        await page.evaluate("until('live')")
    yield pages
    for page in pages:
        await page.context.close()


async def _ears(pages: list[Page]) -> list[Heard]:
    return [Heard(*await page.evaluate(HEAR)) for page in pages]


async def _course(browser: Browser, house: House, weather: Weather) -> Course:
    async with TestServer(house.app) as server, AsyncExitStack() as opened:
        line = await opened.enter_async_context(Line(*ENDS))
        line.set(Weather(delay=weather.delay))  # a far line is far on good days too
        pages = await opened.enter_async_context(_couple(browser, str(server.make_url("/room")), line))
        await asyncio.sleep(FAIR_FOR)
        line.set(weather)
        begun = await _ears(pages)
        await asyncio.sleep(SETTLES)
        settled = await _ears(pages)
        await asyncio.sleep(MEASURED)
        ended = await _ears(pages)
        rung = await pages[0].evaluate(RUNG)
        stills = [await page.evaluate(STILLS) for page in pages]
    return Course(
        first=max(now.since(then) for now, then in zip(settled, begun, strict=True)),
        then=max(now.since(then) for now, then in zip(ended, settled, strict=True)),
        packets=min(now.packets - then.packets for now, then in zip(ended, settled, strict=True)),
        rung=rung,
        stills=min(stills),
    )


async def run() -> list[Figure]:
    """Measure each line with the ladder and without."""
    figures: list[Figure] = []
    async with components.chromium() as browser:
        for name, (weather, goal) in LINES.items():
            ours = await _course(browser, House(FakeClock()), weather)
            without = await _course(browser, FlatHouse(FakeClock()), weather)
            print(f"  {name}: {ours.rung}, {ours.stills} photographs; without: {without.then:.1f} %", flush=True)
            beside = {"first 10 s": ours.first, "without": without.then, "without, first 10 s": without.first}
            figures.append(at_most(f"{name}: voice invented at the worse end", ours.then, "%", goal, beside))
            beside = {"photographs": ours.stills}
            figures.append(at_least(f"{name}: packets of voice a second", ours.packets / MEASURED, "1/s", 12, beside))
    return figures
