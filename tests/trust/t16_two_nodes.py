"""T16: two nodes and their Redis are killed, cut, frozen and started again; no frame is lost without a word."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle

import aiohttp

from signalling.protocol import Seat
from tests.signalling.exchange import MortalRedis
from tests.trust.claims import times
from tests.trust.node import Node, asked
from tests.trust.pages import Page

ID = "T16"
CLAIM = "Two nodes and their Redis, killed, cut, frozen and restarted 200 times: no seat twice, no frame lost untold"

ROUNDS, FEW = 200, 10
CALLS = 3
SAY_EVERY = 0.08  # s between two numbers of a page: an exchange takes 20 frames a second
HEALED_WITHIN = 30.0  # s: a loaded machine with two cores; then the round is lost
# The defence: what a page did not hear is kept, and said again on its next socket.
FORGETFUL = """
from signalling.outbox import Outbox
def forgetful(self, heard):
    self._kept.clear()
    self._waiting.clear()
    self._sent = heard
    return True
Outbox.rewind = forgetful
"""


class Proxy:
    """What stands between the nodes and Redis, and may be cut."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self._open = True
        self.port = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            if self._open:
                there, back = await asyncio.open_connection("127.0.0.1", self._behind)
                ends.append(back)
                self._lines.update(ends)
                await asyncio.gather(_pour(reader, back), _pour(there, writer))
        except (OSError, asyncio.CancelledError):
            pass  # Redis is not there, or the line was cut, or all is over
        finally:
            for end in ends:
                self._lines.discard(end)
                end.close()

    async def cut(self, seconds: float) -> None:
        """Lose every line, and let nobody through for a while."""
        self._open = False
        for line in tuple(self._lines):
            line.transport.abort()
        await asyncio.sleep(seconds)
        self._open = True

    def close(self) -> None:
        """Stop."""
        if self._server is not None:
            self._server.close()
        for line in tuple(self._lines):
            line.transport.abort()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while words := await reader.read(65_536):
            writer.write(words)
            await writer.drain()
    writer.close()


class Stage:
    """Two nodes, one Redis, some calls whose ends are on different nodes, and everybody talks all the time."""

    def __init__(self, redis: MortalRedis, proxy: Proxy, nodes: list[Node], client: aiohttp.ClientSession) -> None:
        self.redis, self.proxy, self.nodes, self.client = redis, proxy, nodes, client
        ends = list(enumerate((Seat.PATIENT, Seat.PRACTITIONER)))
        self.pages = [self._page(f"call-{call}", seat, at) for call in range(CALLS) for at, seat in ends]
        self.chance = random.Random(16)
        self.holes = 0

    def _page(self, call: str, seat: Seat, at: int) -> Page:
        turns = cycle([self.nodes[at % 2], self.nodes[(at + 1) % 2]])

        async def line(origin: str) -> str:
            return str((await asked(self.client, origin, "line?line=queue"))[0])

        async def sit(origin: str) -> str:
            return str((await asked(self.client, origin, f"seat?call={call}&seat={seat}"))[0])

        return Page(seat, lambda: next(turns).origin, line, sit)

    async def talk(self) -> None:
        """Everybody says numbers, until cancelled."""
        while True:
            for page in self.pages:
                await page.say()
            await asyncio.sleep(SAY_EVERY)

    # --- what may go wrong --------------------------------------------------------------------------------

    async def kill_a_node(self) -> None:
        node = self.chance.choice(self.nodes)
        node.kill()
        await asyncio.sleep(self.chance.uniform(0, 0.2))
        await node.start()

    async def restart_both(self) -> None:
        for node in self.nodes:
            node.kill()
        for node in self.nodes:
            await node.start()

    async def freeze_a_node(self) -> None:
        node = self.chance.choice(self.nodes)
        node.signal(signal.SIGSTOP)
        await asyncio.sleep(self.chance.uniform(0.1, 0.8))
        node.signal(signal.SIGCONT)

    async def kill_redis(self) -> None:
        self.redis.kill()
        await asyncio.sleep(self.chance.uniform(0, 0.2))
        await self.redis.start()

    async def cut_redis(self) -> None:
        await self.proxy.cut(self.chance.uniform(0.05, 0.4))

    async def lose_sockets(self) -> None:
        for page in self.pages:
            if self.chance.random() < 0.7:
                page.lose()

    # --- what must hold ---------------------------------------------------------------------------------------

    async def healed(self) -> bool:
        """Whether everybody met again and hears what is said from now on, and nobody missed anything untold."""
        try:
            async with asyncio.timeout(HEALED_WITHIN):
                while not (self._all_met() and await self._one_on_each_seat()):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                said = [page.total() for page in self.pages]
                while any(page.total() <= before for page, before in zip(self.pages, said, strict=True)):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        except TimeoutError:
            return False
        before, self.holes = self.holes, sum(page.holes() for page in self.pages)
        return self.holes == before  # since the last look: what came late is found in the next round

    def _all_met(self) -> bool:
        return all(page.connected and page.met.is_set() for page in self.pages)

    async def _one_on_each_seat(self) -> bool:
        try:
            seated = [one for node in self.nodes for one in await asked(self.client, node.origin, "seats")]
        except (aiohttp.ClientError, TimeoutError):
            return False
        places = [(call, seat) for call, seat, _ in seated]
        return len(places) == len(set(places)) == len(self.pages)


@asynccontextmanager
async def _staged(prelude: str) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as opened:
        redis = MortalRedis()
        await redis.start()
        opened.callback(redis.kill)
        proxy = Proxy(redis.port)
        await proxy.start()
        opened.callback(proxy.close)
        nodes = [Node(f"redis://127.0.0.1:{proxy.port}/0", prelude) for _ in range(2)]
        for node in nodes:
            opened.callback(node.kill)
            await node.start()
        stage = Stage(redis, proxy, nodes, await opened.enter_async_context(aiohttp.ClientSession()))
        works = [asyncio.create_task(work) for work in (*(page.run() for page in stage.pages), stage.talk())]
        try:
            yield stage
        finally:
            for task in works:
                task.cancel()
            await asyncio.gather(*works, return_exceptions=True)


async def attempt(defence: bool) -> tuple[int, int]:
    """Break something, again and again, and look what was lost."""
    rounds = times(ROUNDS, FEW) if defence else FEW
    async with _staged("" if defence else FORGETFUL) as stage:
        faults: list[Callable[[], Awaitable[None]]] = [
            stage.lose_sockets,
            stage.kill_a_node,
            stage.freeze_a_node,
            stage.kill_redis,
            stage.cut_redis,
            stage.restart_both,
        ]
        held = int(await stage.healed())
        for number in range(rounds):
            await faults[number % len(faults)]()
            held += await stage.healed()
        return rounds + 1, held
