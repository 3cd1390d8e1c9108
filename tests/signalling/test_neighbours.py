"""A server that is not heard for ten seconds is dead, once; whoever could not hear does not judge."""

from __future__ import annotations

import asyncio
import time

import pytest

from signalling import neighbours, words
from signalling.bus import LocalBus
from signalling.neighbours import LEASE, Neighbours, Vigil


def test_whoever_is_silent_for_longer_than_its_lease_is_dead_once() -> None:
    others = Neighbours()
    others.hear("a", 0.0)
    others.meet("b", 5.0)
    others.meet("a", 9.0)  # it was only spoken of: that is no sign of life
    assert others.dead(LEASE) == []
    assert others.dead(LEASE + 0.1) == ["a"]
    assert others.dead(LEASE + 0.2) == []
    others.forget("b")
    assert others.dead(1000.0) == []


def test_after_a_time_of_deafness_everybody_has_a_full_lease() -> None:
    others = Neighbours()
    others.hear("a", 0.0)
    others.pardon(100.0)
    assert others.dead(100.0 + LEASE) == []
    assert others.dead(100.1 + LEASE) == ["a"]


async def test_servers_hear_each_other_live_stop_and_die(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BEAT", 0.02)
    monkeypatch.setattr(neighbours, "LEASE", 0.4)
    bus, buried, back = LocalBus(), asyncio.Queue[str](), asyncio.Event()
    here, there = Vigil(bus, "here", buried.put_nowait, back.set), Vigil(bus, "there", lambda _: None, lambda: None)
    await here.start()
    await there.start()
    here.meet("dead")
    here.meet("here")
    assert await asyncio.wait_for(buried.get(), 10) == "dead"  # and not the one that beats
    await there.stop()
    assert await asyncio.wait_for(buried.get(), 10) == "there"
    bus.publish(words.EVERY_NODE, words.write(words.Alive("here", ends=True)))
    await asyncio.sleep(0)
    await here.stop()
    assert buried.empty()
    assert not back.is_set()


async def test_a_server_that_was_stopped_for_a_while_says_that_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BEAT", 0.05)
    monkeypatch.setattr(neighbours, "LEASE", 0.01)
    back = asyncio.Event()
    vigil = Vigil(LocalBus(), "here", lambda _: None, back.set)
    await vigil.start()
    await asyncio.wait_for(back.wait(), 10)
    await vigil.stop()


async def test_a_server_that_was_held_up_believes_nobody_dead_before_it_listened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"BEAT": 0.2, "LEASE": 0.3, "LATE": 0.02}.items():
        monkeypatch.setattr(neighbours, name, value)
    bus, buried, beats = LocalBus(), asyncio.Queue[str](), asyncio.Queue[bytes]()
    vigil = Vigil(bus, "here", buried.put_nowait, lambda: None)
    await bus.subscribe(words.EVERY_NODE, beats.put_nowait)
    await vigil.start()
    vigil.meet("there")
    for _ in range(2):
        await asyncio.wait_for(beats.get(), 10)
    time.sleep(0.24)  # noqa: ASYNC251 -- shorter than a lease, but what the other said meanwhile waits unread
    await asyncio.wait_for(beats.get(), 10)
    assert buried.empty()
    await vigil.stop()
