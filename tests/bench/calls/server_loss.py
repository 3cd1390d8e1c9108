"""A call goes on while its sockets are lost, and while its server is dead."""

from __future__ import annotations

import asyncio
import time

from tests.bench import Figure, at_least, at_most
from tests.bench.calls.cuts import cut
from tests.bench.calls.windows import LONGEST_GAP, SEATED_AFTER, Windows

SOCKETS, KILLS = 3, 3
WATCHED = 4.0  # s
DEAD = 6.0  # s without a server: the pages' pauses have become as long as they get
CALM = 5.0
BACK_WITHIN = 30_000  # ms; then it is given up
UFRAG = (
    "() => connections.findLast(one => one.connectionState === 'connected').localDescription.sdp.match(/ufrag:(.*)/)[1]"
)


async def _gap(windows: Windows, since: float) -> float:
    """The longest time without a new picture on either side, ms."""
    return max([float(await page.evaluate(LONGEST_GAP, since)) for page in windows.pages])


async def _seated(windows: Windows, since: float) -> float:
    """Wait until both pages have their seats again; ms since `since`."""
    waiting = [page.evaluate(SEATED_AFTER, [since, BACK_WITHIN]) for page in windows.pages]
    return float(max(await asyncio.gather(*waiting))) - since


async def _renegotiates(windows: Windows) -> bool:
    """Whether new ICE credentials can be exchanged: a short cut asks for them."""
    before = await windows.desk.page.evaluate(UFRAG)
    done = await cut(windows, 3.0)
    return done.back is not None and bool(await windows.desk.page.evaluate(UFRAG) != before)


async def measure(windows: Windows) -> list[Figure]:
    """Lose sockets, then the server, in a running call."""
    await asyncio.sleep(CALM)
    began = time.time() * 1000
    await asyncio.sleep(WATCHED * 2)
    calm = await _gap(windows, began)
    gaps, sockets, rooms, mended = [], [], [], 0
    for _ in range(SOCKETS):
        for page in windows.pages:
            began = time.time() * 1000
            await page.evaluate("sockets.at(-1).close(4000)")
            sockets.append(float(await page.evaluate(SEATED_AFTER, [began, BACK_WITHIN])) - began)
        await asyncio.sleep(WATCHED)
        gaps.append(await _gap(windows, began))
    for _ in range(KILLS):
        began = time.time() * 1000
        windows.server.kill()
        await asyncio.sleep(DEAD)
        await asyncio.to_thread(windows.server.start)
        rooms.append(await _seated(windows, time.time() * 1000))
        await asyncio.sleep(CALM)
        gaps.append(await _gap(windows, began))
        mended += await _renegotiates(windows)
    return [
        at_most(
            "socket lost, server killed: longest time without a picture / without a fault",
            max(gaps) / calm, "ratio", 2, {"longest ms": max(gaps), "calm ms": calm, "rounds": len(gaps)},
        ),
        at_most("socket lost: seat again after, worst", max(sockets), "ms", 1000, {"times": len(sockets)}),
        at_most("server killed: both seats again after it answers, worst", max(rooms), "ms", 1000, {"kills": KILLS}),
        at_least("renegotiations that work after a dead server", mended / KILLS, "share", 1, {"kills": KILLS}),
    ]  # fmt: skip
