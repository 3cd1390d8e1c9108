"""The trunk between two seats on two servers: frames are numbered, so that a word that the bus lost is asked for again.

    say ─▶ number n, kept ─▶ bus ─▶ hear: n is the next? ─▶ the page
                 ▲                     │ later: words were lost ─▶ missed(heard) ──┐
                 └─────────────────────┼───────────────────────────────────────────┘
                                       └ earlier: heard already ─▶ nothing

The bus loses words when Redis is lost, and only then; each server then says again how many it said.
"""

from enum import Enum, auto
from typing import Final

from signalling.protocol import Seat
from signalling.words import Missed, Said, Sat

KEPT: Final = 128  # frames that may be asked for again: as many as wait for a page


class Speaker:
    """What one seat of this server said to other servers."""

    __slots__ = ("_kept", "said")

    def __init__(self, said: int = 0) -> None:
        self.said = said
        self._kept: list[str] = []

    @property
    def oldest(self) -> int:
        """The number of the first frame that may still be had."""
        return self.said - len(self._kept) + 1

    def say(self, frame: str) -> int:
        """Return the frame's number."""
        self.said += 1
        self._kept.append(frame)
        if len(self._kept) > KEPT:
            del self._kept[0]
        return self.said

    def after(self, heard: int) -> list[tuple[int, str]]:
        """Return what was said after that number, or what is kept of it, with the numbers."""
        first = max(heard + 1, self.oldest)
        return [(number, self._kept[number - self.oldest]) for number in range(first, self.said + 1)]


class Hearing(Enum):
    """What a frame is to a listener."""

    NEXT = auto()
    AGAIN = auto()
    LATER = auto()
    """Others before it were missed, and can be had."""
    ANEW = auto()
    """Others before it are lost for good; this one is the first that is left."""


class Listener:
    """What this server heard on a call: for each seat of another server, the number of the last frame."""

    __slots__ = ("_asked", "numbers")

    def __init__(self, numbers: dict[str, int] | None = None) -> None:
        self.numbers: dict[str, int] = numbers or {}
        self._asked: dict[str, int] = {}

    def begin(self, speaker: str, said: int) -> None:
        """A seat was taken anew: what it said before is not for us."""
        self._asked.pop(speaker, None)
        self.numbers[speaker] = said

    def meet(self, speaker: str, said: int) -> bool:
        """A seat that we know says how many frames it said; False when we missed some."""
        self._asked.pop(speaker, None)
        return self.numbers.setdefault(speaker, said) >= said

    def hear(self, speaker: str, number: int, oldest: int) -> Hearing:
        """Say what frame `number` is, when `oldest` is the first that may still be had."""
        heard = self.numbers.setdefault(speaker, number - 1)
        if number <= heard:
            return Hearing.AGAIN
        if number > max(heard + 1, oldest):
            return Hearing.LATER
        self.numbers[speaker] = number
        return Hearing.NEXT if number == heard + 1 else Hearing.ANEW

    def must_ask(self, speaker: str) -> bool:
        """Whether to ask for what was missed: once for each gap."""
        heard = self.numbers[speaker]
        if self._asked.get(speaker) == heard:
            return False
        self._asked[speaker] = heard
        return True


class Trunk:
    """The speakers of this server and what it heard from others. It answers with words for the call's channel."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._speakers: dict[str, Speaker] = {}  # by connection: those with a peer on another server
        self._listeners: dict[str, Listener] = {}  # by call

    def __len__(self) -> int:
        return len(self._speakers) + len(self._listeners)

    # --- what seats of this server say ------------------------------------------------------------------

    def said(self, connection: str) -> int:
        """How many frames it has said to other servers."""
        speaker = self._speakers.get(connection)
        return speaker.said if speaker else 0

    def say(self, call: str, seat: Seat, connection: str, frame: str) -> Said:
        speaker = self._speakers.setdefault(connection, Speaker())
        number = speaker.say(frame)
        return Said(self._node, call, seat, connection, number, speaker.oldest, frame)

    def say_again(self, missed: Missed, seat: Seat) -> list[Said]:
        speaker = self._speakers.get(missed.speaker)
        if speaker is None:
            return []
        return [
            Said(self._node, missed.call, seat, missed.speaker, number, speaker.oldest, frame)
            for number, frame in speaker.after(missed.heard)
        ]

    def go_on(self, connection: str, said: int) -> None:
        """A connection came from another server, where it had said so many."""
        if said:
            self._speakers[connection] = Speaker(said)

    def hush(self, connection: str) -> None:
        """It has no seat any more."""
        self._speakers.pop(connection, None)

    # --- what seats of other servers say --------------------------------------------------------------------

    def meet(self, sat: Sat, anew: bool) -> Missed | None:
        """A seat says how many frames it said: ask for those that we missed."""
        listener, speaker = self._listeners.setdefault(sat.call, Listener()), sat.claim.connection
        if anew:
            listener.begin(speaker, sat.said)
        elif not listener.meet(speaker, sat.said):
            return self._ask(listener, sat.call, speaker)
        return None

    def hear(self, said: Said) -> tuple[Hearing, Missed | None]:
        """Say what a frame is, and ask for those before it that we missed."""
        listener = self._listeners.setdefault(said.call, Listener())
        hearing = listener.hear(said.speaker, said.number, said.oldest)
        return hearing, self._ask(listener, said.call, said.speaker) if hearing is Hearing.LATER else None

    def heard(self, call: str) -> dict[str, int]:
        """The number of the last frame of each speaker of a call."""
        listener = self._listeners.get(call)
        return dict(listener.numbers) if listener else {}

    def listen(self, call: str, numbers: dict[str, int]) -> None:
        """Go on where another server stopped to listen."""
        self._listeners[call] = Listener(numbers)

    def forget(self, call: str) -> None:
        self._listeners.pop(call, None)

    def _ask(self, listener: Listener, call: str, speaker: str) -> Missed | None:
        return Missed(self._node, call, speaker, listener.numbers[speaker]) if listener.must_ask(speaker) else None
