"""What carries words between servers, and keeps tickets for half a minute: what a bus is, and that of one process.

The bus is never the truth: whatever it loses costs a refresh or a second try. `on_return` tells when a bus that was
lost is back, for those who have something to say again.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Final, Protocol

SWEEP_EVERY: Final = 1.0  # s between two looks for kept values whose time is over
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

    async def reaches(self, channel: str) -> bool:
        """Whether anybody, on any server, subscribed to a channel; also when nobody can tell at this moment."""

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

    async def reaches(self, channel: str) -> bool:
        return channel in self._subscribers

    async def keep(self, key: str, value: bytes, seconds: float) -> None:
        self._shelf.keep(key, value, seconds)

    async def take(self, key: str) -> bytes | None:
        return self._shelf.take(key)

    def on_return(self, tell: Callable[[], None]) -> None:
        """Never lost, so never back."""

    async def close(self) -> None:
        """Nothing was opened."""
