"""Words cross a real cluster and follow a real failover; tickets are taken once there too."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from signalling.protocol import Candidate, PeerJoined, Seat
from signalling.redis_address import BadAddress, read_address
from signalling.redis_branch import open_site
from signalling.redis_bus import RedisBus
from tests.signalling.exchange import ConnectBus, OpenExchange, until
from tests.signalling.redis_sites import cluster, watched
from tests.signalling.test_bus import Ear

pytestmark = [pytest.mark.redis, pytest.mark.timeout(60)]


async def test_a_cluster_carries_each_channel_over_its_owner_alone(
    tmp_path: Path, connect_bus: ConnectBus, open_exchange: OpenExchange
) -> None:
    with cluster(tmp_path) as members:
        url = f"redis+cluster://127.0.0.1:{members[1].port},127.0.0.1:{members[2].port}"
        buses = [await connect_bus(url) for _ in range(2)]
        ears = {f"line:{number}": Ear() for number in range(30)}
        for channel, ear in ears.items():
            await buses[1].subscribe(channel, ear)
            buses[0].publish(channel, channel.encode())
        for channel, ear in ears.items():
            assert await ear.next() == channel.encode()
        listening = [member.says("PUBSUB SHARDCHANNELS").count(b"telecabin:line:") for member in members]
        assert sum(listening) == 30
        assert all(await asyncio.gather(*(buses[0].reaches(channel) for channel in ears)))
        assert not await buses[0].reaches("line:nobody")
        assert all(listening)
        assert all(member.says("PUBSUB CHANNELS *").count(b"line:") == 0 for member in members)
        await buses[0].keep("k", b"v", 30)
        taken = await asyncio.gather(*(bus.take("k") for bus in buses for _ in range(5)))
        assert sorted(taken, key=str) == [None] * 9 + [b"v"] or taken.count(b"v") == 1
        here, there = [await open_exchange(bus) for bus in buses]
        cabin, doctor = await here.seated(Seat.PATIENT), await there.page()
        joined = await there.sit(doctor, Seat.PRACTITIONER)
        await cabin.hear(PeerJoined)
        assert joined.present or await doctor.hear(PeerJoined)
        cabin.lose()
        await doctor.say(Candidate("candidate:1"))
        back = await there.resumed(cabin)
        assert await back.hear(Candidate) == Candidate("candidate:1")
        await _let_go_after_a_failure(url)
        await _meet_a_member_that_died(members, buses, ears)


async def _let_go_after_a_failure(url: str) -> None:
    """Whoever looked for the servers after a failed command leaves no connection behind."""
    site = open_site(read_address(url))
    assert await site.find()
    await site.client.aclose()  # as the client does by itself when a command fails
    await site.client.nodes_manager.initialize()
    known = site.client.nodes_manager
    nodes = [*known.nodes_cache.values(), *known.startup_nodes.values()]
    lines = [line for node in nodes for line in node._connections]
    assert any(line.is_connected for line in lines)
    await site.close()
    assert not any(line.is_connected for line in lines)


async def _meet_a_member_that_died(members: list, buses: list[RedisBus], ears: dict[str, Ear]) -> None:
    """A third of the channels is lost, and the others go on."""
    dead = members[0].says("PUBSUB SHARDCHANNELS")
    members[0].kill()
    await until(lambda: not any(bus.connected for bus in buses))
    for channel in (channel for channel in ears if f"telecabin:{channel}\r".encode() not in dead):
        buses[0].publish(channel, b"still")
        assert await ears[channel].next() == b"still"


async def test_a_bus_follows_the_master_that_sentinels_choose(tmp_path: Path, connect_bus: ConnectBus) -> None:
    with watched(tmp_path) as (port, (master, _)):
        buses = [await connect_bus(f"redis+sentinel://127.0.0.1:{port}/clinic") for _ in range(2)]
        ear, back = Ear(), asyncio.Event()
        await buses[1].subscribe("line:a", ear)
        buses[0].publish("line:a", b"1")
        assert await ear.next() == b"1"
        buses[1].on_return(back.set)
        master.kill()
        await asyncio.wait_for(back.wait(), 20)
        await until(lambda: all(bus.connected for bus in buses))
        await buses[0].keep("k", b"v", 30)
        assert await buses[1].take("k") == b"v"
        buses[0].publish("line:a", b"2")
        assert await ear.next() == b"2"


def test_a_bad_address_is_refused_at_once() -> None:
    with pytest.raises(BadAddress):
        RedisBus("redis+ring://a")
