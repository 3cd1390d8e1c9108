"""What carries words between servers, and keeps tickets for half a minute. The only module that knows Redis.

    publish ──▶ queue ──▶ writer task ──▶ Redis ──▶ reader task ──▶ every subscribed deliver()

The bus is never the truth: whatever it loses costs a refresh or a second try. So nothing here waits for a
Redis that is lost, and `on_return` tells when it is back, for those who have something to say again.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

Deliver = Callable[[bytes], None]  # must not block and must not raise

PREFIX: Final = "telecabin:"
ALIVE: Final = "alive"  # a channel that nobody speaks on, so that there is always one to listen to
WAITING: Final = 4096  # words that wait for a slow Redis; beyond that the newest are lost, as with a lost Redis
ANSWER_FOR: Final = 2.0  # s: a Redis that has not answered by then is lost
PAUSES: Final = (0.1, 5.0)  # s: from the first to the longest pause between two attempts to reconnect


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

    def keep(self, key: str, value: bytes, seconds: float) -> None:
        self._forget_the_old()
        self._kept[key] = (self._now() + seconds, value)

    def take(self, key: str) -> bytes | None:
        until, value = self._kept.pop(key, (0.0, b""))
        return value if until > self._now() else None

    def _forget_the_old(self) -> None:
        now = self._now()
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
        self._redis = Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),  # our own loop reconnects; a request must not wait for it
            socket_connect_timeout=ANSWER_FOR,
            socket_timeout=ANSWER_FOR,
            health_check_interval=5,
        )
        self._shelf = Shelf()
        self._subscribers = Subscribers()
        self._asked: dict[str, asyncio.Event] = {}  # channels asked of Redis; set when it said yes
        self._asking = asyncio.Lock()
        self._pubsub: PubSub | None = None
        self._outgoing: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(WAITING)
        self._returns: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> bool:
        return self._pubsub is not None

    async def start(self) -> None:
        """Begin to connect, and wait for it for a moment: without Redis the server starts all the same."""
        first = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._keep_listening(first), name="bus-reader"),
            asyncio.create_task(self._keep_writing(), name="bus-writer"),
        ]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(first.wait(), ANSWER_FOR)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()

    def on_return(self, tell: Callable[[], None]) -> None:
        self._returns.append(tell)

    def publish(self, channel: str, word: bytes) -> None:
        try:
            self._outgoing.put_nowait((channel, word))
        except asyncio.QueueFull:
            log.warning("bus word lost")

    async def subscribe(self, channel: str, deliver: Deliver) -> None:
        self._subscribers.add(channel, deliver)
        await self._ask(channel)
        if self.connected:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked[channel].wait(), ANSWER_FOR)

    async def unsubscribe(self, channel: str, deliver: Deliver) -> None:
        self._subscribers.remove(channel, deliver)
        await self._ask(channel)

    async def _ask(self, channel: str) -> None:
        """Bring Redis' list to ours, one command at a time; when that fails the reader sees it and begins anew."""
        async with self._asking:
            wanted, asked = channel in self._subscribers, channel in self._asked
            if self._pubsub is None or wanted == asked:
                return
            with contextlib.suppress(RedisError, OSError):
                if wanted:
                    self._asked[channel] = asyncio.Event()
                    await self._pubsub.subscribe(PREFIX + channel)
                else:
                    del self._asked[channel]
                    await self._pubsub.unsubscribe(PREFIX + channel)

    async def keep(self, key: str, value: bytes, seconds: float) -> None:
        try:
            if not self.connected:
                raise ConnectionError  # the builtin: an OSError
            await self._redis.set(PREFIX + key, value, px=int(seconds * 1000))
        except (RedisError, OSError):
            self._shelf.keep(key, value, seconds)  # this server alone will know it; that is often enough

    async def take(self, key: str) -> bytes | None:
        """Redis' GETDEL is the one step; a value kept here while Redis was lost is looked for first."""
        here = self._shelf.take(key)
        if not self.connected:
            return here
        try:
            there = await self._redis.getdel(PREFIX + key)
        except (RedisError, OSError):
            return here
        return there if isinstance(there, bytes) and here is None else here

    async def _keep_writing(self) -> None:
        while True:
            channel, word = await self._outgoing.get()
            if not self.connected:
                continue  # lost, as the reader saw; on_return makes up for it
            try:
                await self._redis.publish(PREFIX + channel, word)
            except (RedisError, OSError):
                log.warning("bus word lost")

    async def _keep_listening(self, first: asyncio.Event) -> None:
        shortest, longest = PAUSES
        pause = shortest
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._listen(pubsub, first)
            except (RedisError, OSError):
                log.warning("bus lost" if self.connected else "bus not there")
                pause = shortest if self.connected else pause
            finally:
                self._pubsub = None  # from here on nobody asks Redis anything, which would open it again
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, longest)

    async def _listen(self, pubsub: PubSub, first: asyncio.Event) -> None:
        """Subscribe to everything wanted, say that the bus is back, then deliver until it is lost."""
        async with self._asking:
            self._asked = {channel: asyncio.Event() for channel in (ALIVE, *self._subscribers)}
            missing = set(self._asked)
            await pubsub.subscribe(*(PREFIX + channel for channel in self._asked))
            self._pubsub = pubsub
        while True:
            message = await pubsub.get_message(timeout=ANSWER_FOR)  # None: quiet; the health check asks
            if message is None:
                continue
            channel = message["channel"].decode().removeprefix(PREFIX)
            if message["type"] == "message":
                self._subscribers.deliver(channel, message["data"])
            elif message["type"] == "subscribe" and channel in self._asked:
                self._asked[channel].set()
                if missing == {channel}:
                    self._say_it_is_back(first)
                missing.discard(channel)

    def _say_it_is_back(self, first: asyncio.Event) -> None:
        log.info("bus connected")
        back = first.is_set()
        first.set()
        if back:
            for tell in self._returns:
                tell()
