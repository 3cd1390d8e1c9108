"""Nudges reach the listeners of a line, here and elsewhere, and one encoding serves them all."""

from __future__ import annotations

import asyncio

from signalling.bus import LocalBus
from signalling.connection import Connection
from signalling.lines import Lines
from signalling.tickets import LinePass


def listener(*lines: str) -> Connection:
    return Connection(f"c-{'-'.join(lines)}", LinePass(lines, "account"), lambda *_: None)


async def test_one_frame_is_written_for_all_listeners_of_a_line_and_crosses_to_other_servers() -> None:
    bus = LocalBus()
    here, there = Lines(bus, "here"), Lines(bus, "there")
    two, both, far = listener("queue"), listener("queue", "desk"), listener("queue", "queue")
    await here.listen(two)
    await here.listen(both)
    await there.listen(far)
    here.nudge("queue", "nobody")
    await asyncio.sleep(0)
    frames = [one.outbox.next() for one in (two, both, far)]
    assert frames == ['{"type":"nudge","line":"queue"}'] * 3
    assert frames[0] is frames[1]
    here.nudge_all_here()
    assert [both.outbox.next(), both.outbox.next(), both.outbox.next()].count(None) == 1
    there.nudge_one(far)
    assert far.outbox.next() == '{"type":"nudge","line":"queue"}'
    for lines, one in ((here, two), (here, both), (there, far)):
        await lines.unlisten(one.connection)
    assert not bus._subscribers._of
