"""The bus: in one process, over a real Redis, and while Redis is dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.asyncio.client import Pipeline, PubSub

from signalling.bus import Bus, LocalBus
from signalling.redis_bus import RedisBus
from tests.signalling.exchange import ConnectBus, MortalRedis, until

Pair = tuple[Bus, Bus]


@pytest_asyncio.fixture(loop_scope="session", params=["local", pytest.param("redis", marks=pytest.mark.redis)])
async def pair(request: pytest.FixtureRequest, connect_bus: ConnectBus) -> AsyncIterator[Pair]:
    """Two ends of one bus."""
    if request.param == "local":
        bus = LocalBus()
        yield bus, bus
    else:
        url = request.getfixturevalue("redis_url")
        yield await connect_bus(url), await connect_bus(url)


class Ear:
    """Hears words."""

    def __init__(self) -> None:
        self.words: asyncio.Queue[bytes] = asyncio.Queue()

    def __call__(self, word: bytes) -> None:
        self.words.put_nowait(word)

    async def next(self) -> bytes:
        return await asyncio.wait_for(self.words.get(), 10)


async def test_words_arrive_in_order(pair: Pair) -> None:
    here, there = pair
    ear = Ear()
    await there.subscribe("line:a", ear)
    for number in range(200):
        here.publish("line:a", str(number).encode())
    assert [await ear.next() for _ in range(200)] == [str(number).encode() for number in range(200)]
    await there.unsubscribe("line:a", ear)


async def test_what_is_published_right_after_subscribing_is_heard(pair: Pair) -> None:
    here, there = pair
    for number in range(20):
        ear = Ear()
        await there.subscribe(f"call:{number}", ear)
        here.publish(f"call:{number}", b"now")
        assert await ear.next() == b"now"
        await there.unsubscribe(f"call:{number}", ear)


async def test_a_word_is_told_once_however_often_one_subscribed(pair: Pair) -> None:
    here, there = pair
    ear = Ear()
    await there.subscribe("line:a", ear)
    await there.subscribe("line:a", ear)
    here.publish("line:a", b"1")
    await there.unsubscribe("line:a", ear)
    here.publish("line:a", b"2")
    assert [await ear.next(), await ear.next()] == [b"1", b"2"]
    await there.unsubscribe("line:a", ear)


async def test_after_unsubscribing_nothing_is_heard(pair: Pair) -> None:
    here, there = pair
    gone, stays = Ear(), Ear()
    await there.subscribe("line:a", gone)
    await there.subscribe("line:a", stays)
    await there.unsubscribe("line:a", gone)
    here.publish("line:a", b"1")
    assert await stays.next() == b"1"
    assert gone.words.empty()
    await there.unsubscribe("line:a", stays)


async def test_a_channel_reaches_somebody_as_long_as_anybody_listens(pair: Pair) -> None:
    here, there = pair
    ear = Ear()
    assert not await here.reaches("node:a")
    await there.subscribe("node:a", ear)
    assert await here.reaches("node:a")
    await there.unsubscribe("node:a", ear)
    await there.subscribe("node:b", ear)  # Redis answers in order
    assert await here.reaches("node:b")
    assert not await here.reaches("node:a")
    await there.unsubscribe("node:b", ear)


async def test_of_many_who_take_one_gets_it(pair: Pair) -> None:
    here, there = pair
    await here.keep("k", b"v", 30)
    taken = await asyncio.gather(*(bus.take("k") for bus in pair for _ in range(5)))
    assert sorted(taken, key=str) == [None] * 9 + [b"v"] or taken.count(b"v") == 1
    assert await there.take("k") is None


async def test_a_local_value_is_forgotten_in_time() -> None:
    now = 0.0
    bus = LocalBus(lambda: now)
    await bus.keep("old", b"v", 30)
    now = 30.0
    await bus.keep("new", b"v", 30)
    assert await bus.take("old") is None
    assert await bus.take("new") == b"v"


# Losing Redis ------------------------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="session")
async def mortal(mortal_redis: MortalRedis) -> AsyncIterator[tuple[MortalRedis, RedisBus, RedisBus]]:
    await mortal_redis.start()
    buses = RedisBus(mortal_redis.url), RedisBus(mortal_redis.url)
    for bus in buses:
        await bus.start()
    yield mortal_redis, *buses
    for bus in buses:
        await bus.close()


@pytest.mark.redis
async def test_when_redis_comes_back_the_bus_says_so_and_words_pass_again(
    mortal: tuple[MortalRedis, RedisBus, RedisBus],
) -> None:
    redis, here, there = mortal
    ear, back = Ear(), asyncio.Event()
    there.on_return(back.set)
    await there.subscribe("line:a", ear)
    redis.kill()
    await until(lambda: not here.connected and not there.connected)
    here.publish("line:a", b"lost")
    await there.subscribe("line:b", ear)
    await redis.start()
    await asyncio.wait_for(back.wait(), 15)
    await until(lambda: here.connected)
    here.publish("line:a", b"a")
    here.publish("line:b", b"b")
    assert [await ear.next(), await ear.next()] == [b"a", b"b"]


@pytest.mark.redis
async def test_while_redis_is_lost_what_is_kept_here_is_taken_here(
    mortal: tuple[MortalRedis, RedisBus, RedisBus],
) -> None:
    redis, here, there = mortal
    redis.kill()
    await until(lambda: not here.connected)
    await here.keep("k", b"v", 30)
    assert await there.take("k") is None
    assert await here.take("k") == b"v"
    assert await here.take("k") is None


@pytest.mark.redis
async def test_a_server_starts_without_redis(mortal_redis: MortalRedis) -> None:
    bus = RedisBus(mortal_redis.url)
    await bus.start()
    ear = Ear()
    assert not bus.connected
    await bus.subscribe("line:a", ear)
    bus.publish("line:a", b"lost")
    await bus.unsubscribe("line:a", ear)
    await bus.close()


@pytest.mark.redis
async def test_a_word_that_nobody_understands_parts_no_server_from_the_others(
    connect_bus: ConnectBus, redis_url: str
) -> None:
    here, there = await connect_bus(redis_url), await connect_bus(redis_url)
    ear = Ear()

    def read(word: bytes) -> None:
        ear(str(int(word)).encode())

    await there.subscribe("call:words", read)
    for word in (b"1", b"of a later version", b"2"):
        here.publish("call:words", word)
    assert [await ear.next(), await ear.next()] == [b"1", b"2"]
    await there.unsubscribe("call:words", read)


@pytest.mark.redis
@pytest.mark.parametrize("broken", [(PubSub, "get_message"), (Pipeline, "execute")])
async def test_whatever_the_client_says_the_bus_comes_back(
    connect_bus: ConnectBus, redis_url: str, broken: tuple[type, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, ear, broke, back = await connect_bus(redis_url), Ear(), asyncio.Event(), asyncio.Event()
    await here.subscribe("call:odd", ear)
    here.on_return(back.set)

    async def odd(*_: object, **__: object) -> None:
        monkeypatch.undo()
        broke.set()
        raise RuntimeError("read() called while another coroutine is already waiting")

    monkeypatch.setattr(*broken, odd)
    async with asyncio.timeout(10):
        here.publish("call:odd", b"lost")  # or heard: whatever the client was at
        await broke.wait()
        here.publish("call:odd", b"lost")
        await back.wait()
        here.publish("call:odd", b"said again")
        while await ear.next() != b"said again":
            pass
    await here.unsubscribe("call:odd", ear)
