"""The other servers: who was heard lately, and who is dead. A lease in time, nothing more.

every 4 s: alive ─▶ bus ─▶ the others: hear      10 s of silence: dead, once ─▶ bury
whoever could not hear for a while does not judge: everybody has a full lease again
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from signalling import words
from signalling.bus import Bus

BEAT: Final = 4.0  # s between two signs of life: two may be lost
LATE: Final = 0.5  # s that a beat may come late; beyond that this server was held up, and their words wait unread
LEASE: Final = 10.0  # s of silence after which a server is dead: with a page's own 15 s nobody sits longer than that


class Neighbours:
    """`now` is monotonic, in seconds. Whoever is not heard for LEASE is told dead once."""

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}

    def hear(self, node: str, now: float) -> None:
        """A server lives."""
        self._heard[node] = now

    def meet(self, node: str, now: float) -> None:
        """A server was spoken of: it has a full lease from here, unless it is known."""
        self._heard.setdefault(node, now)

    def forget(self, node: str) -> None:
        """A server said that it stops."""
        self._heard.pop(node, None)

    def dead(self, now: float) -> list[str]:
        """Return those whose lease is over, and forget them."""
        gone = [node for node, heard in self._heard.items() if now - heard > LEASE]
        for node in gone:
            del self._heard[node]
        return gone

    def pardon(self, now: float) -> None:
        """We could not hear anybody for a while: everybody has a full lease again."""
        self._heard = dict.fromkeys(self._heard, now)


class Vigil:
    """Says to the others that this server lives, and notices when one of them does not.

    `bury` is called with each dead server's name, `be_back` when this server itself was stopped for a while, or its
    bus: then it may have missed anything, and others may have buried it.
    """

    def __init__(self, bus: Bus, node: str, bury: Callable[[str], None], be_back: Callable[[], None]) -> None:
        self._bus = bus
        self._node = node
        self._bury = bury
        self._be_back = be_back
        self._neighbours = Neighbours()
        self._beating: asyncio.Task[None] | None = None
        bus.on_return(self._back)

    async def start(self) -> None:
        await self._bus.subscribe(words.EVERY_NODE, self._hear)
        self._beating = asyncio.create_task(self._beat(), name="vigil")

    async def stop(self) -> None:
        """Tell the other servers at once that this one is no more."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
            self._bus.publish(words.EVERY_NODE, words.write(words.Alive(self._node, ends=True)))
            await self._bus.unsubscribe(words.EVERY_NODE, self._hear)
            self._beating = None

    def meet(self, node: str) -> None:
        """A seat on that server was spoken of."""
        if node != self._node:
            self._neighbours.meet(node, time.monotonic())

    def _hear(self, word: bytes) -> None:
        alive = words.read_to_all(word)
        if alive.node == self._node:
            return
        if alive.ends:
            self._neighbours.forget(alive.node)
            self._bury(alive.node)
        else:
            self._neighbours.hear(alive.node, time.monotonic())

    async def _beat(self) -> None:
        last = time.monotonic()
        while True:
            self._bus.publish(words.EVERY_NODE, words.write(words.Alive(self._node)))
            await asyncio.sleep(BEAT)
            now = time.monotonic()
            if now - last > LEASE:
                self._back()
            elif now - last > BEAT + LATE:
                self._neighbours.pardon(now)
            elif self._bus.connected:
                for node in self._neighbours.dead(now):
                    self._bury(node)
            last = now

    def _back(self) -> None:
        self._neighbours.pardon(time.monotonic())
        self._be_back()
