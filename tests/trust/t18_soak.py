"""T18: ten thousand pages stay connected for a minute, cost little, and leave nothing behind when they go."""

from __future__ import annotations

import asyncio
import time

from tests.bench.exchange.hosts import Crowd, Host, crowd, host, python, raise_file_limit, without
from tests.trust.claims import times

ID = "T18"
CLAIM = "Ten thousand sockets for a minute: none is dropped, none costs 40 KB, and nothing stays when they are gone"

SOCKETS, FEW = 10_000, 200
SEATED = 10  # one page of ten is in a call, the others listen
SOAK_FOR = 60  # s
PACED = 200  # messages a second
KB_EACH = 40.0
BACK = 1.10  # a second crowd finds the memory of the first free again
# The defence: a socket that ends is forgotten. Without it, its connection, its lines and its seat stay.
FORGETFUL = """
from signalling.cloakroom import Cloakroom
async def remember(self, connection): pass
Cloakroom.forget = remember
"""


async def _crowd_comes(here: Host, load: Crowd, sockets: int) -> tuple[bool, float]:
    """Whether everybody is in, and the resident memory then."""
    seated = sockets // SEATED
    told = await load.do("open", rooms=seated // 2)
    listen = await load.do("listen", pages=sockets - seated)
    await asyncio.sleep(1)
    return told["sockets"] + listen["sockets"] == sockets, here.resident()


async def _stays(load: Crowd, sockets: int, seconds: int) -> list[bool]:
    """Whether every message of the time was heard, and every socket is still open at the end."""
    until, heard = time.monotonic() + seconds, True
    while time.monotonic() < until:
        told = await load.do("paced", rate=PACED, seconds=min(5, seconds))
        heard = heard and told["messages"] == told["wanted"]
        alive = (await load.do("confirm"))["open"]
    return [heard, alive == sockets]


async def _forgotten(here: Host, files: int) -> bool:
    """Whether all sockets are closed on the server's side too, after a moment."""
    for _ in range(50):
        if here.files() <= files + 2:
            return True
        await asyncio.sleep(0.1)
    return False


async def soak(sockets: int, seconds: int, defence: bool) -> list[bool]:
    """Open, stay, leave and come again; what held."""
    command = python("ours", "{port}") if defence else without(FORGETFUL, "ours", "{port}")
    with host(*command) as here:
        async with crowd("ours", here.origin) as load:
            await load.do("open", rooms=10)
            await load.do("leave")
            files, memory = here.files(), here.resident()
            all_sit, first = await _crowd_comes(here, load, sockets)
            held = [all_sit, (first - memory) / sockets <= KB_EACH, *await _stays(load, sockets, seconds)]
            peak = here.resident()
            await load.do("leave")
            held += [await _forgotten(here, files), here.remembers() == 0]
            sit_again, _ = await _crowd_comes(here, load, sockets)
            held += [sit_again, here.resident() <= peak * BACK]
            await load.do("leave")
    return held


async def attempt(defence: bool) -> tuple[int, int]:
    """Soak with the full crowd; a few are enough to see what is left behind."""
    raise_file_limit(20_000)
    held = await (soak(times(SOCKETS, FEW), times(SOAK_FOR, 1), defence) if defence else soak(FEW, 1, defence))
    return len(held), sum(held)
