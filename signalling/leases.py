"""Signs of life: a page that says nothing is asked, then its socket is cut, then the seat that it had is free.

                      pinged after    socket cut after    seat free after
a page with a seat        6 s              10 s                15 s
any other                20 s              30 s
          ▲ anything said, and every pong, begins anew; time in which this server did not run is nobody's silence
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
IDLE_LOOK_EVERY: Final = 5.0
IDLE_PING_AFTER: Final = 20.0  # s: below the 30–60 s after which middle boxes forget a quiet connection
IDLE_SILENT_FOR: Final = 30.0
LATE: Final = 0.5  # s that a look may come late; beyond that this server was held up, and what was said waits unread


class Leases:
    """Looks after the pages of one server, each with a timer of its own."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard
        self._looks: dict[Connection, asyncio.TimerHandle] = {}
        self._works: set[asyncio.Task[None]] = set()

    def watch(self, connection: Connection) -> None:
        """Look after this page, as long as it has a socket or a seat."""
        if former := self._looks.pop(connection, None):
            former.cancel()
        seated = self._switchboard.is_seated(connection)
        if not seated and connection.socket is None:
            return
        silent, loop = time.monotonic() - connection.alive_at, asyncio.get_running_loop()
        wait = max(LOOK_EVERY, PING_AFTER - silent) if seated else max(IDLE_LOOK_EVERY, IDLE_PING_AFTER - silent)
        due = loop.time() + wait
        self._looks[connection] = loop.call_at(due, self._look_after, connection, due)

    def _look_after(self, connection: Connection, due: float) -> None:
        seated, socket = self._switchboard.is_seated(connection), connection.socket
        if (late := asyncio.get_running_loop().time() - due) > LATE:
            connection.alive_at += late
        silent = time.monotonic() - connection.alive_at
        if seated and silent > SEAT_FOR:
            connection.broken = True
            self._switchboard.leave(connection.connection, "gone")
        elif socket is not None and silent > (SILENT_FOR if seated else IDLE_SILENT_FOR):
            socket.cut(None)
        elif socket is not None and silent >= (PING_AFTER if seated else IDLE_PING_AFTER):
            self._work(socket.ping())
        self.watch(connection)

    def _work(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._works.discard)
