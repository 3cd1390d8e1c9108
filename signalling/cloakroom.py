"""The cloakroom: a page that lost its socket comes back with its resume ticket and finds everything as it left it.

    admit ─▶ connection ── leave ──▶ waits 60 s ──▶ forgotten
                 ▲                      │
                 └──────── fetch ───────┘   with the ticket: on this server, or on another one, which asks this one

Between two servers (PROTOCOL.md §6): asked ─▶ found ─▶ taken ─▶ handed. A server that does not answer is dead, and the
page begins anew.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Final

from signalling import words
from signalling.bus import Bus
from signalling.call import Call
from signalling.connection import Connection
from signalling.errors import BadTicket, Replaced
from signalling.outbox import Outbox
from signalling.switchboard import Switchboard
from signalling.tickets import LinePass
from signalling.words import Asked, Found, Handed, NodeWords, Refused, TakenOff

log = logging.getLogger(__name__)

KEPT_FOR: Final = 60.0  # s that a connection outlives its socket
ANSWER_WITHIN: Final = 2.0  # s for the word of another server that is there: a page must be back within 3 s


@dataclass(eq=False)
class _Coat:
    """A connection, the hash of its next ticket, and when it is forgotten."""

    connection: Connection
    hash: str = ""
    forgetting: asyncio.TimerHandle | None = None


class Cloakroom:
    """One per server, beside its switchboard."""

    def __init__(self, bus: Bus, switchboard: Switchboard) -> None:
        self._bus = bus
        self._switchboard = switchboard
        self._coats: dict[str, _Coat] = {}  # by connection
        self._by_hash: dict[str, _Coat] = {}  # by the next ticket's hash, and by the last one's
        self._answers: dict[str, asyncio.Future[NodeWords]] = {}
        self._works: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._coats)

    async def start(self) -> None:
        """Begin to answer other servers."""
        await self._bus.subscribe(words.node_channel(self._switchboard.node), self._hear)

    async def stop(self) -> None:
        """Forget everybody."""
        for coat in tuple(self._coats.values()):
            await self.forget(coat.connection)
        await asyncio.gather(*self._works, return_exceptions=True)
        await self._bus.unsubscribe(words.node_channel(self._switchboard.node), self._hear)

    async def until_empty(self) -> None:
        """Wait until every page resumed elsewhere or is forgotten."""
        await self._empty.wait()

    # --- for the gateway -------------------------------------------------------------------------------

    async def admit(self, pass_: LinePass) -> Connection:
        """Return a new connection that listens to the lines of its pass."""
        connection = self._keep(Connection(secrets.token_urlsafe(12), pass_, self._hand_over))
        await self._switchboard.plug_in(connection)
        return connection

    def ticket(self, connection: Connection) -> str:
        """Return its next resume ticket: this server's name and 256 random bits, of which the SHA-256 is kept."""
        ticket = f"{self._switchboard.node}.{secrets.token_urlsafe(32)}"
        coat = self._coats[connection.connection]
        coat.hash = _hash(ticket)
        self._by_hash[coat.hash] = coat
        return ticket

    def leave(self, connection: Connection) -> None:
        """Its socket is lost: it waits for the next one, for a minute."""
        if coat := self._coats.get(connection.connection):
            loop = asyncio.get_running_loop()
            coat.forgetting = loop.call_later(KEPT_FOR, lambda: self._later(connection))

    async def forget(self, connection: Connection) -> None:
        """It is gone: its seat is free, and no ticket opens it."""
        if self._drop(connection):
            await self._switchboard.unplug(connection)

    async def fetch(self, ticket: str, heard: int) -> tuple[Connection, bool]:
        """Return the connection that a resume ticket opens and True, or a new one of the same lines and False.

        Raises BadTicket, or Replaced when a newer connection took its seat meanwhile. The ticket is used up.
        """
        node, _, _ = ticket.partition(".")
        if node != self._switchboard.node:
            return await self._fetch_from(node, _hash(ticket), heard)
        connection = self._use(_hash(ticket))
        if await self._can_go_on(connection, heard):
            return connection, True
        return await self.admit(connection.pass_), False

    # --- tickets ----------------------------------------------------------------------------------------

    def _use(self, hashed: str) -> Connection:
        """Return the connection of a ticket, free of any socket, and use the ticket up."""
        coat = self._by_hash.get(hashed)
        if coat is None:
            raise BadTicket
        connection = coat.connection
        if hashed == connection.used:
            log.warning("resume ticket shown twice", extra={"who": connection.pass_.who})
            connection.end(BadTicket())
            self._later(connection)
            raise BadTicket
        self._by_hash.pop(connection.used, None)
        connection.used = hashed
        connection.cut()
        if connection.ended:
            raise Replaced if isinstance(connection.ended, Replaced) else BadTicket
        if coat.forgetting:
            coat.forgetting.cancel()
        return connection

    async def _can_go_on(self, connection: Connection, heard: int) -> bool:
        """Whether nothing that the page did not hear is lost; otherwise the connection is over."""
        if not connection.broken and connection.outbox.rewind(heard):
            return True
        await self.forget(connection)
        return False

    def _keep(self, connection: Connection) -> Connection:
        self._coats[connection.connection] = _Coat(connection)
        self._empty.clear()
        return connection

    def _drop(self, connection: Connection) -> bool:
        coat = self._coats.get(connection.connection)
        if coat is None or coat.connection is not connection:
            return False
        del self._coats[connection.connection]
        for hashed in (coat.hash, connection.used):
            self._by_hash.pop(hashed, None)
        if coat.forgetting:
            coat.forgetting.cancel()
        if not self._coats:
            self._empty.set()
        return True

    def _later(self, connection: Connection) -> None:
        self._work(self.forget(connection))

    # --- between servers ------------------------------------------------------------------------------------

    async def _fetch_from(self, node: str, hashed: str, heard: int) -> tuple[Connection, bool]:
        if not await self._bus.reaches(words.node_channel(node)):
            raise BadTicket  # that server is dead: nobody need wait for its word
        request = secrets.token_urlsafe(8)
        found = await self._ask(request, node, Asked(self._switchboard.node, request, hashed, heard))
        if isinstance(found, Refused) and found.replaced:
            raise Replaced
        if not isinstance(found, Found):
            raise BadTicket
        pass_ = LinePass(found.lines, found.who)
        if not found.resumed:
            return await self.admit(pass_), False
        connection = self._keep(Connection(found.connection, pass_, self._hand_over))
        try:
            await self._take_over(connection, node, found)
        except BaseException:
            await self.forget(connection)
            raise
        return connection, True

    async def _take_over(self, connection: Connection, node: str, found: Found) -> None:
        await self._switchboard.plug_in(connection)
        handing = self._expect(connection.connection)
        if found.place:
            await self._switchboard.adopt(connection, found.place)
        else:
            self._say(node, TakenOff(self._switchboard.node, connection.connection))
        handed = await self._answer(connection.connection, handing)
        if not isinstance(handed, Handed):
            raise BadTicket
        _, said_since = connection.outbox.hand_over()
        connection.outbox = Outbox.taken_over(handed.sent, [*handed.waiting, *said_since])
        connection.heard = handed.heard
        if found.place and not self._switchboard.settle(connection, found.place, handed):
            raise BadTicket
        self._switchboard.nudge_anew(connection)  # one that crossed the move may be lost: looking once more is harmless

    def _hear(self, word: bytes) -> None:
        heard = words.read_to_node(word)
        if isinstance(heard, Asked):
            self._work(self._be_asked(heard))
        elif isinstance(heard, TakenOff):
            coat = self._coats.get(heard.connection)
            if coat and not self._switchboard.is_seated(coat.connection):
                self._hand_over(coat.connection, heard.node, None, 0, {})
                self._work(self._switchboard.unplug(coat.connection))
        else:
            waited_for = heard.connection if isinstance(heard, Handed) else heard.request
            if (waiting := self._answers.get(waited_for)) and not waiting.done():
                waiting.set_result(heard)

    async def _be_asked(self, asked: Asked) -> None:
        """Another server has the page of one of our tickets: say what there is, and keep it until it takes over."""
        try:
            connection = self._use(asked.hash)
        except (BadTicket, Replaced) as refused:
            self._say(asked.node, Refused(self._switchboard.node, asked.request, isinstance(refused, Replaced)))
            return
        place = self._switchboard.place_of(connection.connection)
        resumed = await self._can_go_on(connection, asked.heard)
        if resumed:
            self.leave(connection)
        name, pass_ = connection.connection, connection.pass_
        found = Found(self._switchboard.node, asked.request, name, pass_.lines, pass_.who, place, resumed)
        self._say(asked.node, found)

    def _hand_over(
        self, connection: Connection, node: str, believes: Call | None, said: int, numbers: dict[str, int]
    ) -> None:
        """Send everything that we kept to the server that took this connection over, and forget it."""
        connection.cut()
        self._drop(connection)
        sent, waiting = connection.outbox.hand_over()
        claims = dict(believes.claims) if believes else {}
        me, name = self._switchboard.node, connection.connection
        self._say(node, Handed(me, name, connection.heard, sent, waiting, believes is not None, claims, said, numbers))

    async def _ask(self, request: str, node: str, asked: Asked) -> NodeWords | None:
        waiting = self._expect(request)
        self._say(node, asked)
        return await self._answer(request, waiting)

    def _expect(self, name: str) -> asyncio.Future[NodeWords]:
        waiting = self._answers[name] = asyncio.get_running_loop().create_future()
        return waiting

    async def _answer(self, name: str, waiting: asyncio.Future[NodeWords]) -> NodeWords | None:
        try:
            return await asyncio.wait_for(waiting, ANSWER_WITHIN)
        except TimeoutError:
            return None
        finally:
            self._answers.pop(name, None)

    def _say(self, node: str, word: NodeWords) -> None:
        self._bus.publish(words.node_channel(node), words.write(word))

    def _work(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._works.discard)


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode(errors="replace")).hexdigest()
