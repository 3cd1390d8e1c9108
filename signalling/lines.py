"""The lines: which page listens to which, on this server, and the nudges that cross to the others."""

from collections import defaultdict

from signalling import words
from signalling.bus import Bus
from signalling.connection import Connection
from signalling.protocol import Nudge, write


class Lines:
    """Listeners come from LinePasses alone."""

    def __init__(self, bus: Bus, node: str) -> None:
        self._bus = bus
        self._node = node
        self._lines_of: dict[str, tuple[str, ...]] = {}  # by connection
        self._listeners: defaultdict[str, dict[str, Connection]] = defaultdict(dict)

    async def listen(self, plug: Connection) -> None:
        """Begin to nudge this page about its lines."""
        lines = self._lines_of[plug.connection] = tuple(dict.fromkeys(plug.pass_.lines))
        for line in lines:
            self._listeners[line][plug.connection] = plug
        for line in lines:
            await self._bus.subscribe(words.line_channel(line), self._hear)

    async def unlisten(self, connection: str) -> None:
        """Nudge it no more."""
        for line in self._lines_of.pop(connection, ()):
            self._listeners[line].pop(connection)
            if not self._listeners[line]:
                del self._listeners[line]
            await self._bus.unsubscribe(words.line_channel(line), self._hear)

    def nudge(self, *lines: str) -> None:
        """Tell whoever listens to these lines, on any server, to come and look. Never waits, never fails."""
        for line in dict.fromkeys(lines):
            self._nudge_here(line)
            self._bus.publish(words.line_channel(line), words.write(words.Nudged(self._node, line)))

    def nudge_one(self, plug: Connection) -> None:
        """Tell one page to look at all of its lines."""
        for line in self._lines_of.get(plug.connection, ()):
            plug.nudge(write(Nudge(line)))

    def nudge_all_here(self) -> None:
        """This server may have missed nudges of the others."""
        for line in tuple(self._listeners):
            self._nudge_here(line)

    def _nudge_here(self, line: str) -> None:
        if listeners := self._listeners.get(line):
            frame = write(Nudge(line))  # once for all of them
            for plug in tuple(listeners.values()):
                plug.nudge(frame)

    def _hear(self, word: bytes) -> None:
        nudged = words.read_nudge(word)
        if nudged.node != self._node:
            self._nudge_here(nudged.line)
