"""A bad line between two ends: a user-space UDP relay that loses, delays, narrows or cuts, one way or both.

    cabin ── stands for the desk ──▶ Way(cabin) ──▶ stands for the cabin ── desk
          ◀─ stands for the desk ── Way(desk)  ◀── stands for the cabin ──

Each address of an end gets a socket that stands for it. The other end is told that socket's address instead of the
true one, so both speak to the relay alone: pages by `put_between`, which rewrites the candidates that they hear.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, cast

from playwright.async_api import BrowserContext, Page

Address = tuple[str, int]


@dataclass(frozen=True)
class Weather:
    """What a line does to what one end sends. The default is a line that does nothing."""

    loss: float = 0.0
    """Share of packets that vanish, 0 to 1."""
    delay: float = 0.0
    """Seconds, one way."""
    jitter: float = 0.0
    """Seconds: each packet waits between 0 and twice as long again, and never overtakes another."""
    rate: float | None = None
    """Bits a second, headers of UDP and IP included; None is boundless."""
    queue: float = 0.5
    """Seconds of waiting before a narrow line drops, as a village modem does."""
    cut: bool = False
    """Nothing passes at all."""


FAIR = Weather()
OVERHEAD = 28  # bytes of UDP and IPv4 header, which a modem also carries


@dataclass
class Way:
    """One direction of a line. It decides when a packet arrives; it waits for nothing itself."""

    weather: Weather = FAIR
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    carried: int = 0
    lost: int = 0
    _free_at: float = 0.0
    _last_at: float = 0.0

    def arrives_at(self, now: float, size: int) -> float | None:
        """When a packet of `size` bytes that enters now comes out; None when it does not."""
        at = self._through(now, size)
        if at is None:
            self.lost += 1
            return None
        self.carried += 1
        self._last_at = at
        return at

    def _through(self, now: float, size: int) -> float | None:
        weather = self.weather
        if weather.cut or self.chance.random() < weather.loss:
            return None
        leaves = now
        if weather.rate is not None:
            began = max(now, self._free_at)
            if began - now > weather.queue:
                return None
            leaves = self._free_at = began + (size + OVERHEAD) * 8 / weather.rate
        return max(self._last_at, leaves + weather.delay + self.chance.uniform(0, 2 * weather.jitter))


class _Stand(asyncio.DatagramProtocol):
    """A socket that stands for one address of one end."""

    def __init__(self, hear: Callable[[_Stand, bytes, Address], None], end: str, true: Address) -> None:
        self._hear = hear
        self.end = end
        self.true = true
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, packet: bytes, source: Any) -> None:
        self._hear(self, packet, (str(source[0]), int(source[1])))

    @property
    def address(self) -> Address:
        """What the other end is told."""
        assert self.transport is not None
        host, port = self.transport.get_extra_info("sockname")[:2]
        return str(host), int(port)


class Line:
    """A line between two named ends; use it as `async with Line("cabin", "desk") as line`."""

    def __init__(self, one: str = "cabin", other: str = "desk", seed: int = 1) -> None:
        self._ends = one, other
        self.ways = {end: Way(chance=random.Random(f"{seed} {end}")) for end in self._ends}
        self._stands: dict[Address, _Stand] = {}
        self._opening = asyncio.Lock()
        self._firsts: set[asyncio.Task[None]] = set()
        self._open = True

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open = False
        for stand in self._stands.values():
            if stand.transport is not None:
                stand.transport.close()

    # --- the weather ----------------------------------------------------------------------------------------------

    def set(self, weather: Weather, *ends: str) -> None:
        """Let what these ends send meet this weather; both ends when none is named."""
        for end in ends or self._ends:
            self.ways[end].weather = weather

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Nothing passes, either way, until the block ends; then the former weather is back."""
        former = {end: way.weather for end, way in self.ways.items()}
        self.set(Weather(cut=True))
        try:
            yield
        finally:
            for end, weather in former.items():
                self.set(weather, end)

    @property
    def carried(self) -> int:
        """Packets that came through, both ways."""
        return sum(way.carried for way in self.ways.values())

    # --- the ends -------------------------------------------------------------------------------------------------

    async def stand_in(self, end: str, host: str, port: int) -> Address:
        """Where the other end finds this address of `end`."""
        return (await self._stand((host, port), end)).address

    async def put_between(self, where: Page | BrowserContext, end: str) -> None:
        """Let this window's calls go through the line, as `end`. Before its page is loaded."""
        far = self._other(end)

        async def through(_: object, host: str, port: int) -> list[object] | None:
            try:
                IPv4Address(host)
            except ValueError:  # IPv6, or a name that only mDNS knows: the line has no such road
                return None
            return list(await self.stand_in(far, host, port))

        await where.expose_binding("throughTheLine", through)
        await where.add_init_script(REWRITE)

    def _other(self, end: str) -> str:
        one, other = self._ends
        return other if end == one else one

    async def _stand(self, true: Address, end: str) -> _Stand:
        async with self._opening:
            if true not in self._stands:
                loop = asyncio.get_running_loop()
                made = await loop.create_datagram_endpoint(
                    lambda: _Stand(self._hear, end, true), local_addr=(true[0], 0)
                )
                self._stands[true] = made[1]
            return self._stands[true]

    # --- the packets ----------------------------------------------------------------------------------------------

    def _hear(self, at: _Stand, packet: bytes, source: Address) -> None:
        now = time.monotonic()
        arrives = self.ways[self._other(at.end)].arrives_at(now, len(packet))
        if arrives is None:
            return
        loop = asyncio.get_running_loop()
        back = self._stands.get(source)
        if back is None:  # its own candidate has not been told yet: stand in for it now
            first = loop.create_task(self._first(at, packet, source))
            self._firsts.add(first)
            first.add_done_callback(self._firsts.discard)
        elif arrives <= now:
            self._send(back, packet, at.true)
        else:
            loop.call_later(arrives - now, self._send, back, packet, at.true)

    async def _first(self, at: _Stand, packet: bytes, source: Address) -> None:
        self._send(await self._stand(source, self._other(at.end)), packet, at.true)

    def _send(self, stand: _Stand, packet: bytes, to: Address) -> None:
        if self._open and stand.transport is not None:
            stand.transport.sendto(packet, to)


REWRITE = """
(() => {
  const { addIceCandidate, setRemoteDescription } = RTCPeerConnection.prototype;
  const told = async (candidate) => {
    const words = candidate.split(" ");
    if (words[2].toLowerCase() !== "udp") return null;
    const stand = await globalThis.throughTheLine(words[4], Number(words[5]));
    return stand && [...words.slice(0, 4), ...stand, ...words.slice(6)].join(" ");
  };
  RTCPeerConnection.prototype.addIceCandidate = async function (said) {
    if (!said?.candidate) return addIceCandidate.call(this, said);
    const candidate = await told(said.candidate);
    const { sdpMid, sdpMLineIndex } = said;
    if (candidate) return addIceCandidate.call(this, { candidate, sdpMid, sdpMLineIndex });
  };
  RTCPeerConnection.prototype.setRemoteDescription = async function ({ type, sdp }) {
    const lines = sdp.split("\\r\\n").map((line) => (line.startsWith("a=candidate:") ? told(line) : line));
    const put = (await Promise.all(lines)).filter((line) => line !== null);
    return setRemoteDescription.call(this, { type, sdp: put.join("\\r\\n") });
  };
})();
"""
