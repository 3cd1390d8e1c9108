"""The browser walks the ladder as Python does, and over a real bad line it walks down and up again."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

from server.encounters.api import QualitySaid
from signalling.ladder import LADDER, RUNGS, Limit, Sample, Stand, Step, Table, look, table, together
from signalling.protocol import Seat
from tests.clock import FakeClock
from tests.line import Line, Weather
from tests.signalling.test_call_in_browser import CSP, ROOM, House, couple, heard

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

THIN = Weather(rate=60_000)
WALK = """
async (text) => {
  const [table, lines, pairs] = JSON.parse(text);
  const { begin, look, together } = await import("/js/ladder.js");
  const walks = lines.map((line) => {
    let stand = begin(table);
    return line.map((sample) => (stand = look(table, stand, sample)).rung + " " + stand.patience);
  });
  return JSON.stringify([walks, pairs.map(([mine, theirs]) => together(table, mine, theirs))]);
}
"""
SILENCED = "connections.every((pc) => pc.getSenders().every(({track}) => track?.kind !== 'audio' || !track.enabled))"


def hurried(step: Step) -> Step:
    """The same rung, left after one bad second and two good ones, so that a test need not wait for a village."""
    down = tuple(
        replace(one, limit=Limit("silent", 5.0) if one.limit.of == "silent" else one.limit, seconds=1)
        for one in step.down
    )
    stills = step.stills and replace(step.stills, every=1, bytes_most=4_000, rate_least=30_000)
    return replace(step, down=down, up=step.up and replace(step.up, seconds=2), stills=stills)


class HurriedHouse(House):
    """The same server; its pages have a ladder that is walked faster."""

    async def room(self, _: web.Request) -> web.Response:
        head, tail = ROOM.split("id=ladder>")
        fast = msgspec.json.encode(Table(ladder=tuple(hurried(step) for step in LADDER), settles_in=2)).decode()
        text = f"{head}id=ladder>{fast}</script>{tail.split('</script>', 1)[1]}"
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": CSP})


@pytest_asyncio.fixture(loop_scope="session")
async def house(clock: FakeClock) -> AsyncIterator[HurriedHouse]:
    house = HurriedHouse(clock)
    async with TestServer(house.app) as server:
        house.url = str(server.make_url("/room"))  # type: ignore[attr-defined]
        yield house


def _lines(chance: random.Random) -> list[list[Sample]]:
    """Lines that stay, break, swing and heal: each second is near the one before it, or somewhere else."""
    lines = []
    for _ in range(100):
        line, sample = [], Sample(available=400_000)
        for _ in range(100):
            if chance.random() < 0.15:
                sample = Sample(
                    chance.choice([None, chance.uniform(20_000, 500_000)]),
                    chance.choice([0, 0, chance.random()]),
                    chance.choice([0, 0, chance.uniform(0, 0.4)]),
                    chance.choice([0, 0, chance.uniform(0, 1)]),
                    chance.choice([0, 0, 0, 20, 80]),
                )
            line.append(sample)
        lines.append(line)
    return lines


def _walk(line: list[Sample]) -> list[str]:
    stand, rungs = Stand(), []
    for sample in line:
        stand = look(stand, sample)
        rungs.append(f"{stand.rung} {stand.patience}")
    return rungs


async def test_the_browser_walks_every_line_as_python_does(clock: FakeClock, new_page: Callable[..., Any]) -> None:
    lines, pairs = _lines(random.Random(3)), [(mine, theirs) for mine in RUNGS for theirs in RUNGS]
    async with TestServer(House(clock).app) as server:
        page: Page = await new_page()
        await page.goto(str(server.make_url("/js/ladder.js")))
        given = json.dumps([table(), [[asdict(one) for one in line] for line in lines], pairs])
        walks, shared = json.loads(await page.evaluate(WALK, given))
    for line, walked in zip(lines, walks, strict=True):
        assert walked == _walk(line)
    assert [json.dumps(one) for one in shared] == [json.dumps(asdict(together(*pair))) for pair in pairs]
    assert {walk.split(" ")[0] for line in walks for walk in line} == set(RUNGS)


async def reaches(page: Page, rung: str, whose: str = "rung") -> None:
    await page.evaluate(f"soon(() => heard.findLast(({{type}}) => type === 'line')?.{whose} === '{rung}')")


async def test_over_a_bad_line_a_call_goes_down_and_up_and_a_muted_microphone_stays_muted(
    house: HurriedHouse, new_page: Callable[..., Awaitable[Page]]
) -> None:
    async with Line("patient", "practitioner") as line, couple(house, new_page, line) as (cabin, doctor):
        await cabin.evaluate("call.setMuted(true)")
        line.set(THIN, "patient")
        await reaches(doctor, "still", "theirs")
        assert await cabin.evaluate("encodings().video.active") is False
        assert await doctor.evaluate("until('still')")
        for page, weak in ((cabin, "mine"), (doctor, "theirs")):
            assert {one["weak"] for one in await heard(page, "line") if one["rung"] == "still"} >= {weak}
        assert await cabin.evaluate("connections.length") == 1  # the voice in longer packets asked for no new one
        assert await cabin.evaluate(SILENCED)
        with line.cut():
            for page in (cabin, doctor):
                await reaches(page, "telephone")
            assert await cabin.evaluate(SILENCED)
        line.set(Weather())
        for page in (cabin, doctor):
            await reaches(page, "video")
        assert await cabin.evaluate("encodings().video.active") is True
        assert await doctor.evaluate("nextFrame()") > 0
        assert await cabin.evaluate(SILENCED)
        told = await doctor.evaluate("call.report")
        assert told["seconds"]["still"] > 0
        assert told["weak"]["theirs"] > 0
        assert told["cuts"] >= 1
        assert msgspec.convert(told, QualitySaid).report(Seat.PRACTITIONER).lasted > 0
        assert await heard(doctor, "ended") == []


async def test_packets_lost_on_the_way_are_carried_twice_until_none_are_lost(
    house: HurriedHouse, new_page: Callable[..., Awaitable[Page]]
) -> None:
    first = "connections.at(-1).remoteDescription.sdp.match(/red\\/48000/) && "
    red = first + "connections.at(-1).remoteDescription.sdp.match(/m=audio \\S+ \\S+ (\\d+)/)[1] === "
    red += "connections.at(-1).remoteDescription.sdp.match(/rtpmap:(\\d+) red/)[1]"
    async with Line("patient", "practitioner") as line, couple(house, new_page, line) as (cabin, doctor):
        assert not await cabin.evaluate(red)
        line.set(Weather(loss=0.1), "patient")
        await cabin.evaluate(f"soon(() => {red})")
        assert not await doctor.evaluate(red)
        assert await doctor.evaluate("connections.length") == 1
        assert await doctor.evaluate("nextFrame()") > 0
