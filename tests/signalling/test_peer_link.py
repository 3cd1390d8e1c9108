"""Two links in one process: media and messages flow, what makes no sense is refused, and nothing stays behind."""

from __future__ import annotations

import asyncio
import re
import threading

import pytest
from aiortc import AudioStreamTrack, VideoStreamTrack

from signalling.errors import BadMessage
from signalling.peer_link import CANDIDATES, Link


async def _connected(one: Link, other: Link) -> None:
    await one.take(await other.answer(await one.offer()))
    await asyncio.wait_for(asyncio.gather(one.connected.wait(), other.connected.wait()), 20)


async def test_media_flow_both_ways_and_are_counted() -> None:
    tasks = asyncio.all_tasks()
    one = Link(tracks=[AudioStreamTrack(), VideoStreamTrack()])
    other = Link(tracks=[AudioStreamTrack(), VideoStreamTrack()])
    try:
        await _connected(one, other)
        flows = [heard.flows.wait() for link in (one, other) for heard in link.heard.values()]
        await asyncio.wait_for(asyncio.gather(*flows), 20)
        stats = await one.stats()
        assert stats.connected
        assert stats.video.frames > 0
        assert (stats.video.width, stats.video.height) == (640, 480)
        assert stats.audio.packets > 0
        assert stats.audio.loudest == 0.0  # aiortc's own track is silent
        assert stats.bytes_in > 0
        while not other.send("36,6"):  # noqa: ASYNC110 -- aiortc tells nobody when the other end's channel opens
            await asyncio.sleep(0.01)
        assert await asyncio.wait_for(one.said.get(), 20) == "36,6"
    finally:
        await asyncio.gather(one.close(), other.close())
    await one.close()
    assert asyncio.all_tasks() <= tasks | {asyncio.current_task()}
    assert not [thread for thread in threading.enumerate() if "coder" in thread.name]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sdp: "",
        lambda sdp: "\n".join(line for line in sdp.splitlines() if "fingerprint" not in line),
        lambda sdp: sdp.replace("a=fingerprint:sha-", "a=fingerprint:md"),
        lambda sdp: sdp.replace("a=ice-ufrag", "a=nice-ufrag"),
        lambda sdp: re.sub(r"m=audio \d+", "m=audio nine", sdp),
        lambda sdp: sdp.replace("opus", "opium").replace("PCM", "PCB").replace("G722", "G7"),
        lambda sdp: sdp + "\r\n".join(["a=candidate:1 1 udp 1 10.0.0.1 1000 typ host"] * (CANDIDATES + 1)) + "\r\n",
    ],
    ids=["empty", "no fingerprint", "weak fingerprint", "no ICE", "no number", "no codec", "too many candidates"],
)
async def test_an_offer_that_makes_no_sense_is_refused_before_anything_runs(spoil) -> None:  # type: ignore[no-untyped-def]
    offerer, link = Link(tracks=[AudioStreamTrack()]), Link()
    try:
        offer = await offerer.offer()
        with pytest.raises(BadMessage):
            await link.answer(spoil(offer))
    finally:
        await asyncio.gather(offerer.close(), link.close())


async def test_a_candidate_that_makes_no_sense_is_dropped() -> None:
    offerer, link = Link(tracks=[AudioStreamTrack()]), Link()
    try:
        await link.take_candidate("candidate:1 1 udp 1 127.0.0.1 9 typ host", "0")  # before any offer
        await link.answer(await offerer.offer())
        for line in ("", "candidate:", "candidate:1 1 udp one 127.0.0.1 9 typ host", "nonsense"):
            await link.take_candidate(line, "0")
        await link.take_candidate("candidate:1 1 udp 1 127.0.0.1 9 typ host", None)
    finally:
        await asyncio.gather(offerer.close(), link.close())
