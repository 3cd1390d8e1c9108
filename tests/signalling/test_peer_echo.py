"""The echo of the line check: what goes up comes down, it says what arrived, and neither it nor its room outgrows."""

from __future__ import annotations

import asyncio

import pytest
from aiortc import AudioStreamTrack, VideoStreamTrack

from signalling.peer_echo import EchoPeer, EchoRoom, EchoRoomFull
from signalling.peer_link import Link


async def test_what_goes_up_comes_down_and_is_counted_at_both_ends() -> None:
    tasks = asyncio.all_tasks()
    page, echo = Link(tracks=[AudioStreamTrack(), VideoStreamTrack()]), EchoPeer()
    try:
        await page.take(await echo.answer(await page.offer("echo")))
        await asyncio.wait_for(asyncio.gather(*(heard.flows.wait() for heard in page.heard.values())), 20)
        up, down = await echo.stats(), await page.stats()
        for stats in (up, down):
            assert stats.connected
            assert stats.audio.packets > 0
            assert (stats.video.width, stats.video.height) == (640, 480)
        while not page.send("1"):  # noqa: ASYNC110 -- aiortc tells nobody when the other end's channel opens
            await asyncio.sleep(0.01)
        assert await asyncio.wait_for(page.said.get(), 20) == "1"
    finally:
        await asyncio.gather(page.close(), echo.close())
    assert asyncio.all_tasks() <= tasks | {asyncio.current_task()}


async def test_a_page_that_only_sends_is_counted_too() -> None:
    page, echo = Link(tracks=[AudioStreamTrack()]), Link(echo=True)
    try:
        answer = await echo.answer((await page.offer()).replace("a=sendrecv", "a=sendonly"))
        assert "a=recvonly" in answer
        await page.take(answer)
        await asyncio.wait_for(echo.heard["audio"].flows.wait(), 20)
    finally:
        await asyncio.gather(page.close(), echo.close())


async def test_an_echo_ends_by_itself_when_its_time_is_over() -> None:
    echo = EchoPeer(lives_for=0.01)
    await asyncio.wait_for(echo.ended.wait(), 20)
    await echo.close()


async def test_a_room_holds_a_few_and_one_that_ended_makes_place() -> None:
    room = EchoRoom(most=2)
    try:
        first, _ = room.open(), room.open()
        with pytest.raises(EchoRoomFull):
            room.open()
        await first.close()
        third = room.open()
    finally:
        await room.close()
    assert third.ended.is_set()


@pytest.mark.parametrize("steps", [2, 5, 9])
async def test_an_echo_whose_page_has_gone_can_be_closed_while_it_ends(steps: int) -> None:
    page, echo = Link(tracks=[AudioStreamTrack()]), EchoPeer()
    await page.take(await echo.answer(await page.offer()))
    await asyncio.wait_for(page.heard["audio"].flows.wait(), 20)
    await page.close()
    await asyncio.wait_for(echo.ended.wait(), 20)
    for _ in range(steps):
        await asyncio.sleep(0)  # its own end is somewhere in the middle now
    await asyncio.wait_for(asyncio.gather(echo.close(), echo.close()), 20)
