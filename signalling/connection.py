"""What the exchange knows of one page, whether it has a socket at this moment or lost it."""

from collections.abc import Callable
from typing import Protocol

from signalling.call import Call
from signalling.errors import SignallingError, TooSlow
from signalling.outbox import Outbox
from signalling.pace import Pace
from signalling.protocol import FromExchange, write
from signalling.tickets import LinePass


class Socket(Protocol):
    """A WebSocket, as a connection sees it. None but `ping` may wait."""

    def wake(self) -> None:
        """There is something to send."""

    def hurry(self) -> None:
        """Send what waits now, if the line takes it."""

    @property
    def takes(self) -> bool:
        """Whether the line takes a frame at this moment, and nothing is being sent."""

    def send(self, frame: str) -> None:
        """Send a frame now, on a line that takes it."""

    def end(self, error: SignallingError) -> None:
        """Close once everything said before is sent."""

    def cut(self, error: SignallingError | None) -> None:
        """Close at once: the page does not read, or is not there."""

    async def ping(self) -> None:
        """Ask the browser, not the page, whether it lives."""


HandOver = Callable[["Connection", str, Call | None, int, dict[str, int]], None]


class Connection:
    """A plug of the switchboard. Whoever has something to say puts it into the outbox and goes on."""

    __slots__ = (
        "alive_at",
        "broken",
        "connection",
        "ended",
        "heard",
        "on_taken",
        "outbox",
        "pace",
        "pass_",
        "socket",
        "used",
    )

    def __init__(self, connection: str, pass_: LinePass, on_taken: HandOver) -> None:
        self.connection = connection
        self.pass_ = pass_
        self.on_taken = on_taken
        self.outbox = Outbox()
        self.socket: Socket | None = None
        self.heard = 0  # the page's counted frames
        self.pace: Pace | None = None  # once it says something to the other seat: most pages only listen
        self.alive_at = 0.0  # monotonic: the page's last sign of life
        self.broken = False  # something is gone that the page did not hear: it cannot go on as if nothing were
        self.ended: SignallingError | None = None  # why no socket may go on with it
        self.used = ""  # the hash of the resume ticket that was shown last

    def say(self, message: FromExchange) -> None:
        self.forward(write(message))

    def forward(self, frame: str) -> None:
        socket = self.socket
        if socket is not None and not self.broken and socket.takes and self.outbox.pass_on(frame):
            return socket.send(frame)
        if self._fits(self.outbox.put(frame)) and self.socket:
            self.socket.hurry()

    def nudge(self, frame: str) -> None:
        """A line that is nudged again before the page heard the first is one nudge: so it waits a turn."""
        if self._fits(self.outbox.put_once(frame)) and self.socket:
            self.socket.wake()

    def end(self, error: SignallingError) -> None:
        self.ended = error
        if self.socket:
            self.socket.end(error)

    def hand_over(self, node: str, believes: Call | None, said: int, numbers: dict[str, int]) -> None:
        self.on_taken(self, node, believes, said, numbers)

    def _fits(self, fits: bool) -> bool:
        """Return whether nothing was lost so far; a socket that lost something is cut."""
        if not fits:
            self.broken = True
            self.outbox = Outbox()
        if self.broken and self.socket:
            self.socket.cut(TooSlow())
        return not self.broken

    def cut(self) -> None:
        """Leave a socket that hangs, without a word: the page has another one."""
        former, self.socket = self.socket, None
        if former:
            former.cut(None)
