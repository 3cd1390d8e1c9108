"""What carries words between servers, and keeps tickets for half a minute.

    publish ──▶ branch of the channel ──▶ Redis ──▶ branch ──▶ every subscribed deliver()

The bus is never the truth: whatever it loses costs a refresh or a second try. So nothing here waits for a
Redis that is lost, and `on_return` tells when it is back, for those who have something to say again. A single Redis
and one that sentinels watch over have one branch; a cluster has one for each server that owns a part of the channels.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from signalling.redis_address import read_address
from signalling.redis_branch import ALIVE, ANSWER_FOR, LOST, PREFIX, Branch, Site, open_site

log = logging.getLogger(__name__)

SWEEP_EVERY: Final = 1.0  # s between two looks for kept values whose time is over
FIND_AGAIN: Final = 1.0  # s between two questions where the servers of a cluster are
Deliver = Callable[[bytes], None]  # must not block and must not raise


class Bus(Protocol):
    """Publish and subscribe between servers, and keep and take between two requests."""

    @property
    def shared(self) -> bool:
        """Whether other servers may hear it."""

    @property
    def connected(self) -> bool:
        """Whether they would, at this moment."""

    def publish(self, channel: str, word: bytes) -> None:
        """Send a word to all subscribers of the channel, in order, some time. Never waits, never fails."""

    async def subscribe(self, channel: str, deliver: Deliver) -> None:
        """Have `deliver` called once with each word; what is published after this returns is heard."""

    async def unsubscribe(self, channel: str, deliver: Deliver) -> None:
        """Undo one `subscribe`: after as many of them, `deliver` is called no more."""

    async def keep(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds."""

    async def take(self, key: str) -> bytes | None:
        """Return the value and forget it, in one step: of two who ask, one gets it."""

    def on_return(self, tell: Callable[[], None]) -> None:
        """Have `tell` called when the bus is back after it was lost."""

    async def close(self) -> None:
        """Let go of everything."""


class Shelf:
    """Values kept in this process until their time is over."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._swept_at = now()

    def keep(self, key: str, value: bytes, seconds: float) -> None:
        self._forget_the_old()
        self._kept[key] = (self._now() + seconds, value)

    def take(self, key: str) -> bytes | None:
        until, value = self._kept.pop(key, (0.0, b""))
        return value if until > self._now() else None

    def _forget_the_old(self) -> None:
        """Look through everything at most once a second: in a rush of thousands of tickets each must stay cheap."""
        now = self._now()
        if now - self._swept_at < SWEEP_EVERY:
            return
        self._swept_at = now
        for key in [key for key, (until, _) in self._kept.items() if until <= now]:
            del self._kept[key]


class Subscribers:
    """Who hears which channel; each as many times as it asked, but told once."""

    def __init__(self) -> None:
        self._of: defaultdict[str, Counter[Deliver]] = defaultdict(Counter)

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __contains__(self, channel: str) -> bool:
        return channel in self._of

    def add(self, channel: str, deliver: Deliver) -> None:
        self._of[channel][deliver] += 1

    def remove(self, channel: str, deliver: Deliver) -> None:
        left = self._of[channel] - Counter([deliver])
        if left:
            self._of[channel] = left
        else:
            del self._of[channel]

    def deliver(self, channel: str, word: bytes) -> None:
        for deliver in tuple(self._of.get(channel, ())):
            deliver(word)


class LocalBus:
    """The bus of a single process: nothing to connect to, nothing to lose."""

    shared = False
    connected = True

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._shelf = Shelf(now)
        self._subscribers = Subscribers()

    def publish(self, channel: str, word: bytes) -> None:
        if channel in self._subscribers:
            asyncio.get_running_loop().call_soon(self._subscribers.deliver, channel, word)

    async def subscribe(self, channel: str, deliver: Deliver) -> None:
        self._subscribers.add(channel, deliver)

    async def unsubscribe(self, channel: str, deliver: Deliver) -> None:
        self._subscribers.remove(channel, deliver)

    async def keep(self, key: str, value: bytes, seconds: float) -> None:
        self._shelf.keep(key, value, seconds)

    async def take(self, key: str) -> bytes | None:
        return self._shelf.take(key)

    def on_return(self, tell: Callable[[], None]) -> None:
        """Never lost, so never back."""

    async def close(self) -> None:
        """Nothing was opened."""


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
            name: Branch(redis, self._site.sharded, self._channels_of(name), heard.__contains__, heard.deliver)
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
