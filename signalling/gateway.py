"""The WebSocket of a page: who may open it, what is read, and the one place where an error becomes a close code.

hello (5 s) ─▶ connection (new, or resumed) ─▶ welcome ─▶ reader: bucket ─▶ protocol.read ─▶ switchboard
                                                          writer: outbox ─▶ socket, while there is something to send
the socket ends ─▶ closed by its page, or for a fault: forget the connection; otherwise keep it for the next socket
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from aiohttp import WSMessage, WSMsgType, web

from signalling import errors
from signalling.cloakroom import Cloakroom
from signalling.connection import Connection
from signalling.errors import BadMessage, BadTicket, GoingAway, SignallingError, TooSlow
from signalling.leases import Leases
from signalling.pace import Bucket, Pace
from signalling.protocol import (
    VERSION,
    Asked,
    Error,
    ErrorCode,
    FromPage,
    Hello,
    Join,
    Ping,
    Pong,
    Reconnect,
    Replaced,
    Welcome,
    read,
    write,
)
from signalling.switchboard import Switchboard
from signalling.tickets import LinePass, SeatPass, TicketOffice

log = logging.getLogger(__name__)

HELLO_WITHIN: Final = 5.0  # s: a ticket lives 30 s, and an open socket without one costs memory
FRAME_BYTES: Final = 64 * 1024
RATE: Final = 20.0  # frames a second
BURST: Final = 60.0  # frames: trickled candidates come in one go
AT_ONCE: Final = 8 * 1024  # bytes that a transport may hold: it asks to pause at 64 KiB, until there are 16 again
CLOSE_WITHIN: Final = 2.0  # s: for the close handshake; a dead line does not answer
OVER: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})
LEFT: Final = (1000, 1001)  # close codes of a page that goes by itself
SOON_FOR: Final = 1.0  # s over which pages in a call come back when a server stops
NOTICED_WITHIN: Final = 1.0  # s until whoever asks /readyz sends nobody here any more
LINGER: Final = 2.0  # s: for those who come back at the very end of the spread


def text_frame(payload: bytes) -> bytes:
    """One whole unmasked text message (RFC 6455 §5.2), as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


class PageSocket:
    """One WebSocket. Its writer is a task that lives only while something waits: idle pages have none."""

    __slots__ = ("_connection", "_listens", "_reader", "_transport", "_writer", "_ws", "bucket", "error", "left")

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self._ws = ws
        self._transport = transport
        self._connection: Connection | None = None
        self._writer: asyncio.Task[None] | None = None
        self._reader = asyncio.current_task()
        self._listens = False  # whether the reader waits for the page at this moment
        self.error: SignallingError | None = None  # why the exchange closes it
        self.left = False  # its page closed it, on purpose
        self.bucket = Bucket(time.monotonic(), RATE, BURST)

    def attach(self, connection: Connection) -> None:
        """From now on this connection's words go through this socket."""
        self._connection = connection
        connection.socket = self
        self.wake()

    def wake(self) -> None:
        if self._writer is None and self._connection is not None and self._connection.outbox.is_waiting:
            self._writer = asyncio.create_task(self._write(self._connection))

    @property
    def takes(self) -> bool:
        return (
            self._writer is None and self._transport is not None and self._transport.get_write_buffer_size() < AT_ONCE
        )

    def hurry(self) -> None:
        while (connection := self._connection) is not None and self.takes:
            if (frame := connection.outbox.next()) is None:
                return
            self.send(frame)
        self.wake()

    def send(self, frame: str) -> None:
        """Send without a task, which would cost as much as the sending: with so little waiting it never pauses."""
        if self._transport is not None and not self._ws.closed:
            self._transport.write(text_frame(frame.encode()))

    def end(self, error: SignallingError) -> None:
        self.error = self.error or error
        if self._writer is None:
            self.cut(error)

    def cut(self, error: SignallingError | None) -> None:
        self.error = self.error or error
        if error is None and self._transport is not None:
            self._transport.abort()
        elif self._listens and self._reader is not None:
            self._reader.cancel()  # whoever reads closes: two cannot do it at once
        elif self._transport is not None:
            asyncio.get_running_loop().call_later(CLOSE_WITHIN, self._transport.abort)

    async def ping(self) -> None:
        """Ask the browser, not the page, whether it lives."""
        with contextlib.suppress(ConnectionError):
            await self._ws.ping()

    async def listen(self, hear: Callable[[str], Asked | None]) -> Asked | WSMessage | None:
        """Let `hear` have each text. Return what it wants answered, or what is no text; None when the page closed.

        Raises what the exchange closes the socket for.
        """
        while True:
            if self.error is not None:
                raise self.error
            self._listens = True
            try:
                frame = await self._ws.receive()
            except asyncio.CancelledError:
                if self.error is None or self._reader is None:
                    raise
                self._reader.uncancel()
                raise self.error from None
            finally:
                self._listens = False
            if frame.type is WSMsgType.TEXT:
                if (asked := hear(frame.data)) is not None:
                    return asked
            elif frame.type in OVER:
                self.left = frame.type is WSMsgType.CLOSE and frame.data in LEFT
                return None
            else:
                return frame

    async def _write(self, connection: Connection) -> None:
        try:
            while connection.socket is self and (frame := connection.outbox.next()) is not None:
                await self._ws.send_str(frame)
        except ConnectionError:
            return  # the reader sees it too
        finally:
            self._writer = None
        if self.error is not None:
            self.cut(self.error)

    async def close(self, error: SignallingError) -> None:
        """Say why and close; a page that does not read is not waited for."""
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                if isinstance(error, errors.Replaced):
                    await self._ws.send_str(write(Replaced()))
                if isinstance(error, GoingAway):
                    await self._ws.send_str(write(Reconnect(error.after)))
                await self._ws.close(code=error.close_code, message=type(error).__name__.encode())
        except (TimeoutError, ConnectionError):
            if self._transport is not None:
                self._transport.abort()  # `close` would wait for a full buffer to drain

    async def stop(self) -> None:
        """It is over: leave no task behind."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)


class Gateway:
    """Opens sockets for pages. `origins`: those allowed besides the request's own host, as `https://name`."""

    def __init__(
        self, switchboard: Switchboard, tickets: TicketOffice, cloakroom: Cloakroom, *, origins: Collection[str] = ()
    ) -> None:
        self._switchboard = switchboard
        self._tickets = tickets
        self._cloakroom = cloakroom
        self._meter = switchboard.meter = tickets.meter
        self._origins = frozenset(origins)
        self._sockets: set[PageSocket] = set()
        self._connections: dict[PageSocket, Connection] = {}
        self._leases = Leases(switchboard)
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether this server is about to stop: it opens no more sockets."""
        return self._draining

    async def open_socket(self, request: web.Request) -> web.WebSocketResponse:
        """GET /signal"""
        self._check_origin(request)
        if self._draining:
            refusal = web.HTTPServiceUnavailable(text="this server stops; another one will answer")
            refusal.force_close()  # a balancer gives connections to servers: the next attempt must not come here again
            raise refusal
        ws = web.WebSocketResponse(max_msg_size=FRAME_BYTES, compress=False, timeout=CLOSE_WITHIN, autoping=False)
        await ws.prepare(request)
        socket = PageSocket(ws, request.transport)
        self._sockets.add(socket)
        self._meter.sockets_opened += 1
        try:
            await self._serve(ws, socket)
        except SignallingError as error:  # the one place that knows close codes
            socket.error = socket.error or error
            log.info("socket closed", extra={"close_code": socket.error.close_code})
            await self._part(socket)  # first: the other seat does not wait for a close handshake
            await socket.close(socket.error)
        finally:
            self._sockets.discard(socket)
            self._meter.closes[socket.error.close_code if socket.error else ws.close_code or 0] += 1
            await self._part(socket)
            await socket.stop()
        return ws

    async def drain(self, spread: float) -> None:
        """Tell every page to come back within `spread` seconds, and stay for them until they did.

        Pages in a call come first: they are few. Where no other server shares the bus, nobody is waited for.
        """
        self._draining = True
        for socket, connection in tuple(self._connections.items()):
            within = min(SOON_FOR, spread) if self._switchboard.is_seated(connection) else spread
            socket.end(GoingAway(int(random.uniform(0, within) * 1000)))
        if self._switchboard.shared:
            try:
                async with asyncio.timeout(spread + LINGER):
                    await asyncio.sleep(min(NOTICED_WITHIN, spread))
                    await self._cloakroom.until_empty()
            except TimeoutError:
                log.info("pages did not come back")

    async def close(self) -> None:
        """Tell every page that this server goes away. For `app.on_shutdown`, before the connections are cut."""
        self._draining = True
        for socket in tuple(self._sockets):
            socket.end(GoingAway())

    def _check_origin(self, request: web.Request) -> None:
        """A browser always says where its page came from; a page of another site may not speak for the user."""
        origin = request.headers.get("Origin", "")
        if origin not in self._origins and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="this page may not open a socket here")

    async def _part(self, socket: PageSocket) -> None:
        """The socket is over: keep its connection for the next one, unless it left by itself or is at fault."""
        connection = self._connections.pop(socket, None)
        if connection is None or connection.socket is not socket:
            return
        connection.socket = None
        if connection.broken:
            self._switchboard.leave(connection.connection, "gone")  # it cannot go on: the other seat need not wait
        blameless = socket.error is None or isinstance(socket.error, TooSlow | GoingAway | errors.Replaced)
        if blameless and not socket.left:
            self._cloakroom.leave(connection)
        else:
            await self._cloakroom.forget(connection)
        self._leases.watch(connection)  # if it still has a seat

    async def _serve(self, ws: web.WebSocketResponse, socket: PageSocket) -> None:
        try:
            first = await asyncio.wait_for(ws.receive(), HELLO_WITHIN)
        except TimeoutError:
            raise BadTicket from None
        if first.type is not WSMsgType.TEXT:
            return _refuse_binary(first)
        connection, resumed = await self._greet(read(first.data))
        self._connections[socket] = connection
        self._meter.resumed += resumed
        welcome = Welcome(VERSION, connection.connection, self._cloakroom.ticket(connection), resumed, connection.heard)
        try:
            await ws.send_str(write(welcome))
        except ConnectionError:
            connection.socket = socket  # it is lost again: `_part` keeps the connection
            return
        socket.attach(connection)
        connection.alive_at = time.monotonic()
        self._leases.watch(connection)
        hear = partial(self._hear, socket, connection)
        while (asked := await socket.listen(hear)) is not None:
            if isinstance(asked, Asked):
                await self._answer(asked, ws, connection)
            else:
                await self._hear_other(asked, ws, socket, connection)

    def _hear(self, socket: PageSocket, connection: Connection, text: str) -> Asked | None:
        """Forward what a seat says, without waiting: most frames go so. Return what is for the exchange itself."""
        now = connection.alive_at = time.monotonic()
        socket.bucket.spend(now)
        self._meter.frames += 1
        message = read(text)
        if isinstance(message, (Ping, Join, Hello)):
            return message
        connection.heard += 1
        if connection.pace is None:
            connection.pace = Pace(now)
        connection.pace.spend(message, now)
        self._switchboard.from_seat(connection, message, text)
        return None

    async def _greet(self, message: FromPage) -> tuple[Connection, bool]:
        if not isinstance(message, Hello) or message.version != VERSION:
            raise BadMessage
        match message.ticket, message.resume:
            case str(ticket), None:
                return await self._cloakroom.admit(await self._tickets.redeem(ticket, LinePass)), False
            case None, str(resume):
                return await self._cloakroom.fetch(resume, message.heard)
            case str(ticket), str(resume):
                try:
                    return await self._cloakroom.fetch(resume, message.heard)
                except BadTicket:
                    return await self._cloakroom.admit(await self._tickets.redeem(ticket, LinePass)), False
            case _:
                raise BadMessage

    async def _hear_other(
        self, frame: WSMessage, ws: web.WebSocketResponse, socket: PageSocket, connection: Connection
    ) -> None:
        now = connection.alive_at = time.monotonic()
        if frame.type is WSMsgType.PONG:
            return
        socket.bucket.spend(now)
        self._meter.frames += 1
        if frame.type is WSMsgType.PING:
            await ws.pong(frame.data)
        else:
            _refuse_binary(frame)

    async def _answer(self, message: Asked, ws: web.WebSocketResponse, connection: Connection) -> None:
        match message:
            case Hello():
                raise BadMessage
            case Ping(heard):
                connection.outbox.confirm(heard)
                await ws.send_str(write(Pong(connection.heard)))
            case Join(ticket, page):
                connection.heard += 1
                await self._join(connection, ticket, page)

    async def _join(self, connection: Connection, ticket: str, page: str) -> None:
        try:
            pass_ = await self._tickets.redeem(ticket, SeatPass)
        except BadTicket:  # not worth the page's lines: it asks for another
            connection.say(Error(ErrorCode.BAD_TICKET, "unknown, expired or used"))
            return
        await self._switchboard.take_seat(connection, pass_, page)
        self._meter.joins += 1
        self._leases.watch(connection)


def _refuse_binary(frame: WSMessage) -> None:
    if frame.type is WSMsgType.BINARY:
        raise BadMessage
