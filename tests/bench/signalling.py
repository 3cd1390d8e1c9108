"""What the exchange costs beside a bare aiohttp relay and one on Node's `ws`, in the same run and on the same machine.

Pairs of sockets; both ends of a room say candidates of 280 bytes, the next when they heard one. Ours checks tickets,
seats and every message, keeps what was not confirmed, and counts; the others carry texts for anybody. Of the largest
crowd a thousand sockets talk, and the others listen, as pages of free cabins do. Cost is what the
kernel says that the server's threads ran (Linux), so the load beside it on the same cores is not in it. Targets take
turns within each round, and ratios are taken round by round.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from tests import components
from tests.bench import Figure, at_least, at_most, quantile
from tests.bench.exchange.hosts import Crowd, Host, crowd, host, node_relay, python, raise_file_limit

SIZES = (200, 1000, 4000)
MIDDLE = 1000
ROUNDS = 15  # volleys of each target: the core's own speed wavers by a third from one to the next
PACED_ROUNDS = 3
PACED = 500  # messages a second, over all sockets: about 30 visits that begin in the same second
SECONDS = 1.5
PAUSE = 1.0  # s in which the pages' allowance of 20 messages a second grows again
STARTS = 5


@dataclass
class Seen:
    """What was measured of one target at one size."""

    idle: float = 0.0  # KB for each socket
    join: float = 0.0  # ms of CPU for each socket
    rates: list[float] = field(default_factory=list)  # messages for each CPU-second
    late: list[float] = field(default_factory=list)  # ms


async def run() -> list[Figure]:
    """Measure all sizes, then two servers, then how the exchange starts."""
    allowed = raise_file_limit(20_000)
    sizes = [size for size in SIZES if size + 200 < allowed]
    if sizes != list(SIZES):
        print(f"Only {allowed} files may be open here (ulimit -n): sizes {sizes}", file=sys.stderr)
    seen = {size: await _compared(size) for size in sizes}
    figures = [figure for size, targets in seen.items() for figure in _figures(size, targets)]
    flat = seen[sizes[-1]]["ours"].idle / seen[MIDDLE]["ours"].idle
    figures.append(at_most(f"memory of an idle socket at {sizes[-1]} ÷ at {MIDDLE}", flat, "×", 1.1))
    figures.append(await _two_servers())
    return [*figures, *await _start()]


async def _compared(size: int) -> dict[str, Seen]:
    """Open as many sockets on every target, then measure them in turn."""
    ws = node_relay()
    if ws is None:
        print("Node’s ws is not here and the registry neither: left out.", file=sys.stderr)
    commands = {"ours": python("ours", "{port}"), "bare": python("bare", "{port}")} | ({"ws": ws} if ws else {})
    seen = {name: Seen() for name in commands}
    async with AsyncExitStack() as opened:
        targets: dict[str, tuple[Host, Crowd]] = {}
        for name, command in commands.items():
            here = opened.enter_context(host(*command))
            load = await opened.enter_async_context(crowd("ours" if name == "ours" else "room", here.origin))
            targets[name] = here, load
            await _open(here, load, size, seen[name])
        for number in range(ROUNDS + 1):  # the first warms up
            for name, (here, load) in targets.items():
                await _volley(here, load, seen[name] if number else Seen())
            await asyncio.sleep(PAUSE)
        for _ in range(PACED_ROUNDS):
            for name, (_here, load) in targets.items():
                await asyncio.sleep(PAUSE)  # all pages confirmed at once, as none do: let that be over
                seen[name].late += (await load.do("paced", rate=PACED, seconds=SECONDS))["late"]
                await load.do("confirm")
    return seen


async def _open(here: Host, load: Crowd, size: int, seen: Seen) -> None:
    await load.do("open", rooms=10)  # code is loaded, pools are filled
    memory, cpu = here.resident(), here.cpu()
    talk = min(size, MIDDLE)
    told = await load.do("open", rooms=talk // 2)
    seen.join = 1000 * (here.cpu() - cpu) / talk
    idle = await load.do("listen", pages=size - talk)
    await asyncio.sleep(PAUSE)
    seen.idle = (here.resident() - memory) / size
    if told["sockets"] + idle["sockets"] != size + 20:
        raise RuntimeError(f"{told['sockets']} + {idle['sockets']} sockets of {size + 20}")


async def _volley(here: Host, load: Crowd, seen: Seen) -> None:
    cpu = here.cpu()
    told = await load.do("volley", each=16)
    seen.rates.append(told["messages"] / (here.cpu() - cpu))
    left = (await load.do("confirm"))["open"]
    if told["messages"] != told["wanted"]:
        raise RuntimeError(f"{here.origin}: {told['messages']} messages of {told['wanted']}, {left} sockets left")


def _figures(size: int, seen: dict[str, Seen]) -> list[Figure]:
    ours, bare = seen["ours"], seen["bare"]

    def beside(read: Callable[[Seen], float]) -> dict[str, float]:
        return {name: read(one) for name, one in seen.items()}

    def share(values: list[float], others: list[float]) -> float:
        return quantile([mine / its for mine, its in zip(values, others, strict=True)], 0.5)

    def p99(one: Seen) -> float:
        return quantile(one.late, 0.99)

    return [
        at_least(
            f"{size} sockets: messages per CPU-second ÷ bare aiohttp, median of {ROUNDS} rounds",
            share(ours.rates, bare.rates), "×", 0.85, beside(lambda one: quantile(one.rates, 0.5)),
        ),
        at_most(f"{size} sockets: p99 at {PACED} messages a second ÷ bare", p99(ours) / p99(bare), "×", 2, beside(p99)),
        at_most(f"{size} sockets: memory of an idle one", ours.idle, "KB", 20, beside(lambda one: one.idle)),
        at_most(f"{size} sockets: CPU of a join, tickets included", ours.join, "ms", 0.7, beside(lambda one: one.join)),
    ]  # fmt: skip


# --- several servers ------------------------------------------------------------------------------------------


async def _rate(hosts: list[Host], load: Crowd) -> float:
    """Messages for each CPU-second of one server, times the servers: each has a core of its own."""
    rates = []
    for number in range(ROUNDS + 1):
        cpu = [one.cpu() for one in hosts]
        told = await load.do("volley", each=16)
        spent = [one.cpu() - before for one, before in zip(hosts, cpu, strict=True)]
        if number:
            rates.append(told["messages"] / max(spent))  # the busier one is full first
        await load.do("confirm")
        await asyncio.sleep(PAUSE)
    return quantile(rates, 0.5)


async def _two_servers() -> Figure:
    """What two servers on one Redis carry before the busier one is full, beside one server alone."""
    rooms = 200
    with components.service_folder() as folder, components.redis(folder) as port:
        redis_url = f"redis://127.0.0.1:{port}/0"
        async with AsyncExitStack() as opened:
            alone = opened.enter_context(host(*python("ours", "{port}")))
            pair = [opened.enter_context(host(*python("ours", "{port}", redis_url))) for _ in range(2)]
            origins = [one.origin for one in pair]
            loads = (
                await opened.enter_async_context(crowd("ours", alone.origin)),
                await opened.enter_async_context(crowd("ours", *origins)),
                await opened.enter_async_context(crowd("ours", *origins, across=True)),
            )
            rates = []
            for load, hosts in zip(loads, ([alone], pair, pair), strict=True):
                await load.do("open", rooms=rooms)
                rates.append(await _rate(hosts, load))
                await load.do("close")
    one, same, across = rates
    beside = {"one": one, "two, each call on one": same, "two, every call across both": across}
    return at_least("two servers on one Redis ÷ one, calls on one server each", same / one, "×", 1.7, beside)


# --- how it begins ----------------------------------------------------------------------------------------------


async def _start() -> list[Figure]:
    """CPU from nothing to the first answer, and resident memory after some idle seconds; the clinic's: AREA=pages."""
    cpu: dict[str, list[float]] = {"ours": [], "bare": []}
    resident: dict[str, float] = {}
    for number in range(STARTS):
        for name, spent in cpu.items():
            with host(*python(name, "{port}")) as here:
                spent.append(here.cpu())
                if number == STARTS - 1:
                    await asyncio.sleep(5)
                    resident[name] = here.resident() / 1000
    medians = {name: quantile(spent, 0.5) for name, spent in cpu.items()}
    return [
        at_most(
            "CPU to the first answer of the exchange ÷ bare aiohttp", medians["ours"] / medians["bare"], "×", 2, medians
        ),
        at_most("resident memory of the exchange at idle", resident["ours"], "MB", 90, resident),
    ]
