"""T17: calls survive the death of the server that introduced them."""

from __future__ import annotations

import asyncio
import time

import aiohttp

from server.kernel.clock import utc_now
from signalling.bus import LocalBus
from signalling.peer_socket import Hear, PeerSocket
from signalling.protocol import Bye
from signalling.tickets import LinePass, Pass, SeatPass, TicketOffice
from tests.calls import Calls, open_calls
from tests.trust.claims import times
from tests.trust.node import Node, asked

ID = "T17"
CLAIM = "A server that introduced calls is killed: they all go on, and its pages are back in their seats within 3 s"

CALLS, FEW = 20, 3
KILLS, ONCE = 10, 1
BACK_WITHIN = 3.0  # s after the server answers again
GIVEN_UP = 20.0


class _FarOffice(TicketOffice):
    """The ticket office of the node, whichever life it lives."""

    def __init__(self, client: aiohttp.ClientSession, node: Node) -> None:
        super().__init__(LocalBus(), utc_now)
        self._client, self._node = client, node

    async def issue(self, pass_: Pass) -> str:
        """Ask the node for a ticket; its doors fail like any server's while it is dead."""
        match pass_:
            case LinePass():
                path = f"line?line={pass_.lines[0]}"
            case SeatPass():
                path = f"seat?call={pass_.call}&seat={pass_.seat}"
        return str((await asked(self._client, self._node.origin, path))[0])


async def _back(client: aiohttp.ClientSession, node: Node, seats: int) -> float:
    """Wait until everybody sits again; seconds."""
    began = now = time.monotonic()
    while now < began + GIVEN_UP and len(await asked(client, node.origin, "seats")) < seats:
        await asyncio.sleep(0.05)
        now = time.monotonic()
    return now - began


async def _flow(calls: Calls) -> bool:
    """Whether more arrives at every end; not when one of them gave up."""
    flowing = asyncio.create_task(calls.flow())
    ends = [asyncio.create_task(end.peer.ended.wait()) for pair in calls.ends for end in pair]
    await asyncio.wait({flowing, *ends}, return_when=asyncio.FIRST_COMPLETED)
    for task in (flowing, *ends):
        task.cancel()
    await asyncio.gather(flowing, *ends, return_exceptions=True)
    return not flowing.cancelled() and flowing.exception() is None


async def _one_kill(client: aiohttp.ClientSession, node: Node, calls: Calls) -> int:
    """Kill the node, start it again; how many calls did not notice."""
    node.kill()
    alone = await _flow(calls)  # while nobody answers
    await node.start()
    back = await _back(client, node, 2 * len(calls.ends)) if alone else GIVEN_UP
    if back > BACK_WITHIN or not await _flow(calls):
        return 0
    return sum(all(end.peer.links == 1 for end in pair) for pair in calls.ends)


def _carried_by_the_server() -> None:
    """Turn the defence off: who loses the server loses the call, as where media pass through it."""
    connect = PeerSocket._connect

    async def lost(self: PeerSocket, hear: Hear) -> int | None:
        try:
            return await connect(self, hear)
        finally:
            await hear(Bye("gone"))

    PeerSocket._connect = lost  # type: ignore[method-assign]


async def attempt(defence: bool) -> tuple[int, int]:
    """Kill a node under its calls, again and again."""
    count, kills = (times(CALLS, FEW), times(KILLS, ONCE)) if defence else (1, 1)
    connect, node, held = PeerSocket._connect, Node(), 0
    if not defence:
        _carried_by_the_server()
    try:
        await node.start()
        async with (
            aiohttp.ClientSession() as client,
            open_calls(node.origin, _FarOffice(client, node), count, picture=False) as calls,
        ):
            await calls.flow()
            for _ in range(kills):
                held += await _one_kill(client, node, calls)
    finally:
        PeerSocket._connect = connect  # type: ignore[method-assign]
        node.kill()
    return count * kills, held
