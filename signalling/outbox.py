"""What was said to one page: what waits to be sent, and what was sent but not confirmed, in case the socket is lost.

    put ─▶ waiting ── next ──▶ kept ── confirm ──▶ forgotten
              ▲                 │
              └──── rewind ─────┘   a new socket: all that the page has not heard waits again

Each frame has a number, its place from 1; no frame carries it, both sides count (PROTOCOL.md §3).
"""

from typing import Final

from signalling.errors import BadMessage

FRAMES: Final = 128  # a whole call's setup is about 30
CHARS: Final = 256 * 1024  # what one page that does not read may cost; SDP and candidates are ASCII


class Outbox:
    """One page's frames, in order. Two short lists: an idle page, and there are thousands, costs next to nothing."""

    __slots__ = ("_chars", "_kept", "_sent", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._kept: list[str] = []  # the last of those that were sent
        self._sent = 0  # the number of the last one that was sent
        self._chars = 0  # of both lists

    @property
    def sent(self) -> int:
        """How many frames were sent so far."""
        return self._sent

    @property
    def is_waiting(self) -> bool:
        return bool(self._waiting)

    def put(self, frame: str) -> bool:
        """Let a frame wait for its turn; False when too much waits already: the page reads too slowly."""
        self._waiting.append(frame)
        self._chars += len(frame)
        while self._kept and (len(self._kept) + len(self._waiting) > FRAMES or self._chars > CHARS):
            self._chars -= len(self._kept.pop(0))
        return len(self._waiting) <= FRAMES and (self._chars <= CHARS or len(self._waiting) == 1)

    def pass_on(self, frame: str) -> bool:
        """Count a frame as sent at once, which the caller then sends; False when others wait for their turn."""
        if self._waiting:
            return False
        self._kept.append(frame)
        self._sent += 1
        self._chars += len(frame)
        while len(self._kept) > FRAMES or self._chars > CHARS:
            self._chars -= len(self._kept.pop(0))
        return True

    def put_once(self, frame: str) -> bool:
        """Let a frame wait, unless the same one waits already: a nudge asks to look, once is enough."""
        return frame in self._waiting or self.put(frame)

    def next(self) -> str | None:
        """Return the frame whose turn it is; it counts as sent."""
        if not self._waiting:
            return None
        frame = self._waiting.pop(0)
        self._kept.append(frame)
        self._sent += 1
        return frame

    def confirm(self, heard: int) -> None:
        """Forget what the page heard; raise BadMessage if it claims more than was ever sent."""
        if heard > self._sent:
            raise BadMessage
        confirmed = len(self._kept) - (self._sent - heard)
        if confirmed > 0:
            self._chars -= sum(map(len, self._kept[:confirmed]))
            del self._kept[:confirmed]

    def rewind(self, heard: int) -> bool:
        """Begin again after the last frame that the page heard; False when some of the others are forgotten."""
        if heard > self._sent or self._sent - heard > len(self._kept):
            return False
        self.confirm(heard)
        self._waiting[:0] = self._kept
        self._kept.clear()
        self._sent = heard
        return True

    def hand_over(self) -> tuple[int, list[str]]:
        """Return how many frames were sent, and those that wait: another server's Outbox goes on with them."""
        return self._sent, list(self._waiting)

    @classmethod
    def taken_over(cls, sent: int, waiting: list[str]) -> "Outbox":
        """Return the Outbox that goes on where another one stopped."""
        outbox = cls()
        outbox._sent = sent
        outbox._waiting = list(waiting)
        outbox._chars = sum(map(len, waiting))
        return outbox
