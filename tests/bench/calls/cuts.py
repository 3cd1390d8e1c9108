"""The line between both ends is cut for a while; nobody presses anything."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass

from tests.bench import Figure, at_least, at_most, quantile
from tests.bench.calls.windows import BANNER_AFTER, FRAME_AFTER, Windows

CUTS = (1.0, 5.0, 20.0, 40.0, 60.0)  # s
LONG = 40.0  # s from which on coming back may take a second more
ROUNDS = int(os.environ.get("CUTS", "1"))  # of all five; ten are fifty cuts, and 25 minutes
CALM = 5.0  # s between two cuts in which media flow
GIVEN_UP = 20_000  # ms after which a call has not come back
SAID_WITHIN, BACK_WITHIN, BACK_WITHIN_LONG = 1500.0, 1500.0, 2500.0  # ms


@dataclass(frozen=True)
class Cut:
    """What one cut did: how long it lasted, when it was said, when the later side saw a picture again."""

    seconds: float
    said: float | None
    back: float | None

    @property
    def held(self) -> bool:
        """Whether it was said and came back in time."""
        within = BACK_WITHIN_LONG if self.seconds >= LONG else BACK_WITHIN
        said = self.said is not None and self.said <= SAID_WITHIN
        return self.back is not None and self.back <= within and (said or self.seconds * 1000 < SAID_WITHIN)


async def cut(windows: Windows, seconds: float) -> Cut:
    """Cut the line for so long, and watch both sides."""
    began = time.time() * 1000
    with windows.line.cut():
        await asyncio.sleep(seconds)
    whole = time.time() * 1000
    waiting = [page.evaluate(FRAME_AFTER, [whole, GIVEN_UP]) for page in windows.pages]
    frames = await asyncio.gather(*waiting, return_exceptions=True)
    banners = [await page.evaluate(BANNER_AFTER, began) for page in windows.pages]
    said = None if None in banners else max(banners) - began
    back = [frame - whole if isinstance(frame, float | int) else None for frame in frames]
    late = [None if banner is None else round(banner - began) for banner in banners]
    print(
        f"  cut {seconds:g} s: said after {late} ms, back after {[one and round(one) for one in back]} ms", flush=True
    )
    return Cut(seconds, said, None if None in back else max(frame for frame in back if frame is not None))


async def measure(windows: Windows, rounds: int = ROUNDS) -> list[Figure]:
    """Cut a running call, every length once a round."""
    done = []
    for _ in range(rounds):
        for seconds in CUTS:
            await asyncio.sleep(CALM)
            done.append(await cut(windows, seconds))
    return _figures(done)


def _figures(done: list[Cut]) -> list[Figure]:
    def back(cuts: list[Cut]) -> list[float]:
        return [cut.back if cut.back is not None else float(GIVEN_UP) for cut in cuts]

    short, long = [c for c in done if c.seconds < LONG], [c for c in done if c.seconds >= LONG]
    said = [c.said if c.said is not None else float(GIVEN_UP) for c in done if c.seconds * 1000 > SAID_WITHIN]
    each = {f"{s:g} s": quantile(back([c for c in done if c.seconds == s]), 0.99) for s in CUTS}
    return [
        at_most("line cut: said on both sides after, worst", max(said), "ms", SAID_WITHIN),
        at_most(
            "line back (cuts of 1, 5, 20 s): picture on both sides after, worst", max(back(short)), "ms", 1500, each
        ),
        at_most("line back (cuts of 40, 60 s): picture on both sides after, worst", max(back(long)), "ms", 2500),
        at_least(
            "cuts that healed unaided and in time",
            sum(c.held for c in done) / len(done),
            "share",
            1,
            {"cuts": len(done)},
        ),
    ]
