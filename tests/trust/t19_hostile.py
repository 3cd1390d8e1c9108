"""T19: who dribbles, never reads or says too much harms nobody else, and costs no more than its bound."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from tests.bench import quantile
from tests.bench.exchange.hosts import Crowd, Host, crowd, host, python, raise_file_limit, without
from tests.trust.claims import times
from tests.trust.hostile import Hostile

ID = "T19"
CLAIM = "500 who dribble, 500 who never read and frames far too long cost others at most a fifth, and memory its bound"

EACH, FEW = 500, 20
ROOMS = 50  # of people who do no harm
PACED = 300  # messages a second that they say
SLICES, FEW_SLICES, SLICE_FOR = 20, 2, 1.0  # s
SLOWER, LOOSELY = 1.2, 5.0  # p99 of the attacked server ÷ a quiet one's, median of seconds; few of them say little
VOLLEYS, FEW_VOLLEYS = 26, 5  # a second each, of offers to the pages that do not read
OFFERS, FEW_OFFERS = 6, 30  # in a volley, of 26 KB each: more in all than kernel, socket and outbox hold back together
DRAINED_WITHIN = 30.0  # s: who does not read has megabytes before them when they do at last
OUTBOX_KB = 256 + 128  # what one page that does not read may hold back: its outbox, and its socket's buffer
SPARE_KB = 40_000
DRIBBLES = 250  # moments of a second at which some of those who dribble do
# The defence: what waits for a page has a bound, beyond which it is closed (4408); a frame has one too (1009).
BOUNDLESS = """
import signalling.gateway, signalling.outbox
signalling.outbox.CHARS = signalling.outbox.FRAMES = 10**9
signalling.gateway.FRAME_BYTES = 0
"""


async def _fill(hostile: Hostile, here: Host, each: int) -> tuple[float, list[int]]:
    """Talk to pages that never read, until they are closed or were told megabytes; the memory that it took."""
    before = here.resident()
    await hostile.never_read(each)
    peak = 0.0
    for _ in range(times(VOLLEYS, FEW_VOLLEYS)):
        for share in range(20):  # a few at a time: the flood of one who may speak is not what is tried here
            hostile.talk(share, 20, times(OFFERS, FEW_OFFERS))
            await asyncio.sleep(SLICE_FOR / 20)
        peak = max(peak, here.resident() - before)
    return peak, await hostile.ends(hostile.deaf, DRAINED_WITHIN)


async def _steady(hostile: Hostile, turn: int) -> None:
    """One second of it: a byte on each dribbling request, a word to a few of the deaf, frames far too long.

    One after the other: those who harm do not know of each other.
    """
    await hostile.shout(2)
    for share in range(DRIBBLES):
        hostile.dribble_on(share, DRIBBLES)
        if share % 10 == 0:
            hostile.whisper(turn * DRIBBLES + share, 10 * DRIBBLES)
        await asyncio.sleep(SLICE_FOR * 0.8 / DRIBBLES)


async def _slices(
    quiet: Crowd, attacked: Crowd, hostile: Hostile, seconds: int
) -> list[tuple[list[float], list[float]]]:
    """How late messages were on both servers, second by second."""
    late: list[tuple[list[float], list[float]]] = []
    for turn in range(seconds):
        both = (quiet.do("paced", rate=PACED, seconds=SLICE_FOR), attacked.do("paced", rate=PACED, seconds=SLICE_FOR))
        first, second, _ = await asyncio.gather(*both, _steady(hostile, turn))
        late.append((first["late"], second["late"]))
        await asyncio.gather(quiet.do("confirm"), attacked.do("confirm"))
    return late


async def harm(each: int, seconds: int, defence: bool) -> list[bool]:
    """Attack one of two servers; what held."""
    command = python("ours", "{port}") if defence else without(BOUNDLESS, "ours", "{port}")
    async with AsyncExitStack() as opened:
        hosts: list[Host] = [opened.enter_context(host(*command)) for _ in range(2)]
        loads = [await opened.enter_async_context(crowd("ours", one.origin)) for one in hosts]
        for load in loads:
            await load.do("open", rooms=ROOMS)
        hostile = Hostile(hosts[1].origin)
        opened.callback(hostile.stop)
        peak, ended = await _fill(hostile, hosts[1], each)
        await hostile.dribble(each)
        await hostile.never_read(each)
        slices = await _slices(loads[0], loads[1], hostile, seconds)
        loud = await hostile.ends(hostile.loud, 5)
        alive = [(await load.do("confirm"))["open"] for load in loads]
    slower = quantile([quantile(attacked, 0.99) / quantile(quiet, 0.99) for quiet, attacked in slices], 0.5)
    print(f"    p99 ÷ quiet {slower:.2f}, memory +{peak / 1000:.0f} MB, closed {len(ended)} of {each}", flush=True)
    return [
        slower <= times(SLOWER, LOOSELY),
        peak <= each * OUTBOX_KB + SPARE_KB,
        len(ended) == each,
        loud == [1009] * (2 * seconds),
        alive == [2 * ROOMS] * 2,
        min(sum(map(len, late)) for late in zip(*slices, strict=True)) > 0.98 * PACED * seconds,
    ]


async def attempt(defence: bool) -> tuple[int, int]:
    """Attack in full; a few are enough to see that nobody stops them."""
    raise_file_limit(20_000)
    held = await (harm(times(EACH, FEW), times(SLICES, FEW_SLICES), True) if defence else harm(FEW, FEW_SLICES, False))
    return len(held), sum(held)
