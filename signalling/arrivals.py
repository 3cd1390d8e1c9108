"""Seats that come here from another server (PROTOCOL.md §6): who is expected, and what was said too early for them.

    expect ─▶ our own word comes back: arrived, from here on words of the call are kept ─▶ settled: they are heard
                                                                                        └▶ refused: they are dropped
Both ends of a call may come at once: what is kept belongs to the call, and the first that settles hears it.
"""

from collections.abc import Callable

from signalling.words import CallWords


class Arrivals:
    """What one switchboard waits for."""

    def __init__(self) -> None:
        self._calls: dict[str, str] = {}  # by connection
        self._early: dict[str, list[CallWords]] = {}  # by call: heard before the former server told what was

    def expect(self, connection: str, call: str) -> None:
        self._calls[connection] = call

    def expects(self, connection: str, call: str) -> bool:
        return self._calls.get(connection) == call

    def keep_early(self, call: str) -> None:
        """From now on the call's words wait."""
        self._early.setdefault(call, [])

    def keep(self, word: CallWords) -> bool:
        """Let a word wait, if those of its call do."""
        if (early := self._early.get(word.call)) is None:
            return False
        early.append(word)
        return True

    def settle(self, connection: str) -> list[CallWords] | None:
        """It is there: return what waited for it; None when nothing had to."""
        return self._early.pop(self._calls.pop(connection), None)

    def refuse(self, which: Callable[[str, str], bool]) -> list[tuple[str, str]]:
        """Expect those of a connection and a call no more; return them."""
        refused = [(connection, call) for connection, call in self._calls.items() if which(connection, call)]
        for connection, _ in refused:
            del self._calls[connection]
        return refused

    def leave(self, connection: str, call: str) -> None:
        """Its seat is free: nothing waits for it, only for another end that comes."""
        if not any(one != connection and expected == call for one, expected in self._calls.items()):
            self._early.pop(call, None)
