"""The bus of several servers, over Redis.

    publish ──▶ branch of the channel ──▶ Redis ──▶ branch ──▶ every subscribed deliver()

Nothing here waits for a Redis that is lost. A single Redis and one that sentinels watch over have one branch; a
cluster has one for each server that owns a part of the channels.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from signalling.bus import Deliver, Shelf, Subscribers
from signalling.redis_address import read_address
from signalling.redis_branch import ALIVE, ANSWER_FOR, LOST, PREFIX, Branch, Site, open_site

log = logging.getLogger(__name__)

FIND_AGAIN: Final = 1.0  # s between two questions where the servers of a cluster are


class RedisBus:
    """The bus of several servers. While Redis is lost it is a LocalBus that only this process hears."""

    shared = True

    def __init__(self, url: str) -> None:
        """`url` as in PROTOCOL.md §6; raises BadAddress for anything else."""
        self._site: Site = open_site(read_address(url))
        self._shelf = Shelf()
        self._subscribers = Subscribers()
        self._branches: dict[str, Branch] = {}
        self._returns: list[Callable[[], None]] = []
        self._layout: object = None
        self._moved = asyncio.Event()
        self._first = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return bool(self._branches) and all(branch.connected for branch in self._branches.values())

    async def start(self) -> None:
        """Begin to connect, and wait for it for a moment: without Redis the server starts all the same."""
        self._keeping = asyncio.create_task(self._keep_branches(), name="bus")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._first.wait(), ANSWER_FOR)

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._site.close()

    def on_return(self, tell: Callable[[], None]) -> None:
        self._returns.append(tell)

    def publish(self, channel: str, word: bytes) -> None:
        if branch := self._branch(channel):
            branch.publish(channel, word)

    async def subscribe(self, channel: str, deliver: Deliver) -> None:
        self._subscribers.add(channel, deliver)
        if branch := self._branch(channel):
            await branch.ask(channel)
            await branch.until_heard(channel)

    async def unsubscribe(self, channel: str, deliver: Deliver) -> None:
        self._subscribers.remove(channel, deliver)
        if branch := self._branch(channel):
            await branch.ask(channel)

    async def reaches(self, channel: str) -> bool:
        branch = self._branch(channel)
        return branch is None or await branch.reaches(channel)

    async def keep(self, key: str, value: bytes, seconds: float) -> None:
        try:
            if not self.connected:
                raise ConnectionError  # the builtin: an OSError
            await self._site.client.set(PREFIX + key, value, px=int(seconds * 1000))
        except LOST:
            self._shelf.keep(key, value, seconds)  # this server alone will know it; that is often enough

    async def take(self, key: str) -> bytes | None:
        """Redis' GETDEL is the one step; a value kept here while Redis was lost is looked for first."""
        here = self._shelf.take(key)
        if not self.connected:
            return here
        try:
            there = await self._site.client.getdel(PREFIX + key)
        except LOST:
            return here
        return there if isinstance(there, bytes) and here is None else here

    def _branch(self, channel: str) -> Branch | None:
        return self._branches.get(self._site.owner(PREFIX + channel))

    async def _keep_branches(self) -> None:
        """Hold one branch to each server that owns channels, and look again for the owners when they moved."""
        try:
            while True:
                self._moved.clear()
                await self._find_branches()
                await self._moved.wait()
        finally:
            await self._drop_branches()

    async def _find_branches(self) -> None:
        while not await self._site.find():
            log.warning("bus not there")
            await asyncio.sleep(FIND_AGAIN)
        layout = self._site.layout()
        if layout == self._layout:
            return  # each branch comes back by itself
        self._layout = layout
        await self._drop_branches()
        heard = self._subscribers
        self._branches = {
            name: Branch(
                redis,
                self._site.sharded,
                self._site.counts,
                self._channels_of(name),
                heard.__contains__,
                heard.deliver,
            )
            for name, redis in self._site.servers().items()
        }
        for branch in self._branches.values():
            branch.start(self._say_it_is_back, self._moved.set)

    def _channels_of(self, name: str) -> Callable[[], list[str]]:
        """What this branch listens to, and always something: without a channel it would not know that it lives."""
        some = (f"{ALIVE}-{number}" for number in range(10_000))
        alive = next((channel for channel in some if self._site.owner(PREFIX + channel) == name), ALIVE)
        return lambda: [
            alive,
            *(channel for channel in self._subscribers if self._site.owner(PREFIX + channel) == name),
        ]

    async def _drop_branches(self) -> None:
        branches, self._branches = self._branches, {}
        await asyncio.gather(*(branch.close() for branch in branches.values()))

    def _say_it_is_back(self) -> None:
        if not self.connected:
            return
        log.info("bus connected")
        back = self._first.is_set()
        self._first.set()
        if back:
            for tell in self._returns:
                tell()
