"""The bad line of the tests does what its weather says, and nothing else."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from tests.line import OVERHEAD, Line, Way, Weather


class End(asyncio.DatagramProtocol):
    """A plain socket that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.address: tuple[str, int] = transport.get_extra_info("sockname")

    def datagram_received(self, packet: bytes, source: tuple[str, int]) -> None:
        self.heard.put_nowait((packet, source))


async def _end() -> End:
    made = await asyncio.get_running_loop().create_datagram_endpoint(End, local_addr=("127.0.0.1", 0))
    return made[1]


async def test_each_end_hears_the_other_from_where_it_was_told_and_a_cut_way_carries_nothing() -> None:
    cabin, desk = await _end(), await _end()
    async with Line("cabin", "desk") as line:
        desk_at, cabin_at = (
            await line.stand_in("desk", *desk.address),
            await line.stand_in("cabin", *cabin.address),
        )
        cabin.transport.sendto(b"hello", desk_at)
        assert await desk.heard.get() == (b"hello", cabin_at)
        line.set(Weather(cut=True), "cabin")
        cabin.transport.sendto(b"lost", desk_at)
        desk.transport.sendto(b"heard", cabin_at)
        assert await cabin.heard.get() == (b"heard", desk_at)
        line.set(Weather())
        cabin.transport.sendto(b"again", desk_at)
        assert await desk.heard.get() == (b"again", cabin_at)
        assert (line.carried, line.ways["cabin"].lost) == (3, 1)
    for end in (cabin, desk):
        end.transport.close()


async def test_an_end_whose_address_was_never_told_is_heard_and_can_be_answered() -> None:
    cabin, desk = await _end(), await _end()
    async with Line() as line:
        cabin.transport.sendto(b"hello", await line.stand_in("desk", *desk.address))
        packet, source = await desk.heard.get()
        desk.transport.sendto(b"answer", source)
        assert packet == b"hello"
        assert (await cabin.heard.get())[0] == b"answer"
    for end in (cabin, desk):
        end.transport.close()


async def test_the_weather_is_one_way_and_comes_back_after_a_cut() -> None:
    line = Line("cabin", "desk")
    line.set(Weather(loss=0.1), "cabin")
    with line.cut():
        assert all(way.weather.cut for way in line.ways.values())
    assert (line.ways["cabin"].weather, line.ways["desk"].weather) == (Weather(loss=0.1), Weather())


def test_a_share_is_lost_and_the_same_seed_loses_the_same() -> None:
    def lost() -> list[bool]:
        way = Way(Weather(loss=0.1))
        return [way.arrives_at(float(number), 100) is None for number in range(2000)]

    assert lost() == lost()
    assert sum(lost()) == pytest.approx(200, rel=0.2)


def test_packets_are_late_by_the_delay_and_the_jitter_and_never_overtake() -> None:
    way = Way(Weather(delay=0.1, jitter=0.03))
    late = [(number / 100, way.arrives_at(number / 100, 100) or 0.0) for number in range(500)]
    assert all(0.1 <= arrives - left <= 0.16 + 1e-9 for left, arrives in late)
    assert [arrives for _, arrives in late] == sorted(arrives for _, arrives in late)


def test_a_narrow_line_carries_its_rate_and_drops_what_waits_too_long() -> None:
    way = Way(Weather(rate=80_000, queue=0.5))
    arrived = [way.arrives_at(0.0, 1000 - OVERHEAD) for _ in range(20)]  # 10 a second pass
    assert [at for at in arrived if at is not None] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert way.lost == 14
    assert way.arrives_at(0.6, 1000 - OVERHEAD) == pytest.approx(0.7)
