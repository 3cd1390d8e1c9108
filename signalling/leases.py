"""The lease of a seat: a page that says nothing is asked, then its socket is cut, then its seat is free.

said something ── 6 s ──▶ pinged ── 10 s ──▶ socket cut ── 15 s ──▶ seat free
     ▲                      │
     └──── anything ────────┘      time in which this server itself did not run is nobody's silence
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Final

from signalling.connection import Connection
from signalling.switchboard import Switchboard

LOOK_EVERY: Final = 1.0  # s between two looks at a page that is silent
PING_AFTER: Final = 6.0  # s of silence: pages in a call speak every 5
SILENT_FOR: Final = 10.0  # s after which the socket of a seat is dead
SEAT_FOR: Final = 15.0  # s that a seat is held after its page's last sign of life
LATE: Final = 0.5  # s that a look may come late; beyond that this server was held up, and what was said waits unread


class Leases:
    """Looks after the seats of one server, each with a timer of its own."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard
        self._watched: set[Connection] = set()
        self._works: set[asyncio.Task[None]] = set()

    def watch(self, connection: Connection) -> None:
        """Look after this page's seat, if it has one."""
        if connection in self._watched or not self._switchboard.is_seated(connection):
            return
        self._watched.add(connection)
        silent = time.monotonic() - connection.alive_at
        loop = asyncio.get_running_loop()
        due = loop.time() + max(LOOK_EVERY, PING_AFTER - silent)
        loop.call_at(due, self._look_after, connection, due)

    def _look_after(self, connection: Connection, due: float) -> None:
        self._watched.discard(connection)
        if not self._switchboard.is_seated(connection):
            return
        if (late := asyncio.get_running_loop().time() - due) > LATE:
            connection.alive_at += late
        silent, socket = time.monotonic() - connection.alive_at, connection.socket
        if silent > SEAT_FOR:
            connection.broken = True
            self._switchboard.leave(connection.connection, "gone")
            return
        if socket is not None and silent > SILENT_FOR:
            socket.cut(None)
        elif socket is not None and silent >= PING_AFTER:
            self._work(socket.ping())
        self.watch(connection)

    def _work(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._works.discard)
