"""The WebSocket of a page: one reader, one bounded outbox, and the one place where an error becomes a close code.

hello (5 s) ──▶ welcome ──▶ reader: bucket ─▶ protocol.read ─▶ switchboard
                            writer: outbox (64) ─▶ socket
                            whichever ends first ends both; then unplug, then close with the error's code
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Collection
from typing import Final, assert_never
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from signalling.errors import BadMessage, BadTicket, Flood, GoingAway, SignallingError, TooSlow
from signalling.protocol import (
    VERSION,
    Error,
    ErrorCode,
    FromExchange,
    FromPage,
    Hello,
    Join,
    Nudge,
    Ping,
    Pong,
    Welcome,
    read,
    write,
)
from signalling.switchboard import Switchboard
from signalling.tickets import LinePass, SeatPass, TicketOffice

log = logging.getLogger(__name__)

HELLO_WITHIN: Final = 5.0  # s: a ticket lives 30 s, and an open socket without one costs memory
HEARTBEAT: Final = 20.0  # s: below the 30–60 s after which middle boxes forget a quiet connection
OUTBOX: Final = 64  # frames: a whole call's setup is about 30
FRAME_BYTES: Final = 64 * 1024
RATE: Final = 20.0  # frames a second
BURST: Final = 60.0  # frames: trickled candidates come in one go
CLOSE_WITHIN: Final = 2.0  # s: for the close handshake; a dead line does not answer


class Bucket:
    """A token bucket: `spend` raises Flood when more than BURST frames come faster than RATE a second."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tokens = BURST
        self._at = now()

    def spend(self) -> None:
        now = self._now()
        self._tokens = min(BURST, self._tokens + (now - self._at) * RATE)
        self._at = now
        if self._tokens < 1:
            raise Flood
        self._tokens -= 1


class Socket:
    """A page's plug in the switchboard. Whoever has something to say puts it into the outbox and goes on."""

    def __init__(self, ws: web.WebSocketResponse) -> None:
        self.connection = secrets.token_urlsafe(12)
        self._ws = ws
        self._outbox: asyncio.Queue[str | Nudge | SignallingError] = asyncio.Queue(OUTBOX)
        self._nudged: set[str] = set()
        self._full = asyncio.Event()

    def say(self, message: FromExchange) -> None:
        self._put(write(message))

    def forward(self, frame: str) -> None:
        self._put(frame)

    def nudge(self, line: str) -> None:
        """A line that is nudged again before the page heard the first is one nudge."""
        if line not in self._nudged:
            self._nudged.add(line)
            self._put(Nudge(line))

    def end(self, error: SignallingError) -> None:
        """Close once everything said before is sent."""
        self._put(error)

    def _put(self, item: str | Nudge | SignallingError) -> None:
        try:
            self._outbox.put_nowait(item)
        except asyncio.QueueFull:
            self._full.set()

    async def overflow(self) -> None:
        """Wait until the outbox was full once: the page reads too slowly."""
        await self._full.wait()
        raise TooSlow

    async def write(self) -> None:
        """Send what is put into the outbox, until something in it says to close."""
        while True:
            item = await self._outbox.get()
            match item:
                case SignallingError():
                    raise item
                case Nudge(line):
                    self._nudged.discard(line)
                    await self._ws.send_str(write(item))
                case str():
                    await self._ws.send_str(item)
                case unsendable:
                    assert_never(unsendable)


class Gateway:
    """Opens sockets for pages. `origins`: those allowed besides the request's own host, as `https://name`."""

    def __init__(self, switchboard: Switchboard, tickets: TicketOffice, *, origins: Collection[str] = ()) -> None:
        self._switchboard = switchboard
        self._tickets = tickets
        self._origins = frozenset(origins)
        self._sockets: set[Socket] = set()

    async def open_socket(self, request: web.Request) -> web.WebSocketResponse:
        """GET /signal"""
        self._check_origin(request)
        ws = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=FRAME_BYTES, compress=False, timeout=CLOSE_WITHIN)
        await ws.prepare(request)
        socket = Socket(ws)
        self._sockets.add(socket)
        try:
            await self._serve(ws, socket)
        except SignallingError as error:  # the one place that knows close codes
            log.info("socket closed", extra={"close_code": error.close_code})
            await _close(ws, error, request.transport)
        finally:
            self._sockets.discard(socket)
            await self._switchboard.unplug(socket)
        return ws

    async def close(self) -> None:
        """Tell every page that this server goes away. For `app.on_shutdown`, before the connections are cut."""
        for socket in tuple(self._sockets):
            socket.end(GoingAway())

    def _check_origin(self, request: web.Request) -> None:
        """A browser always says where its page came from; a page of another site may not speak for the user."""
        origin = request.headers.get("Origin", "")
        if origin not in self._origins and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="this page may not open a socket here")

    async def _serve(self, ws: web.WebSocketResponse, socket: Socket) -> None:
        """Run the reader and the writer until one of them ends; raise what ended it, if it was an error."""
        tasks = {asyncio.ensure_future(end) for end in (self._read(ws, socket), socket.write(), socket.overflow())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for ended in done:
            with contextlib.suppress(ConnectionError):  # the page left while we were talking
                ended.result()

    async def _read(self, ws: web.WebSocketResponse, socket: Socket) -> None:
        bucket = Bucket(asyncio.get_running_loop().time)
        try:
            first = await asyncio.wait_for(ws.receive(), HELLO_WITHIN)
        except TimeoutError:
            raise BadTicket from None
        if first.type is not WSMsgType.TEXT:
            return _refuse_binary(first.type)
        await self._welcome(read(first.data), socket)
        async for frame in ws:
            bucket.spend()
            if frame.type is not WSMsgType.TEXT:
                return _refuse_binary(frame.type)
            await self._answer(read(frame.data), frame.data, socket)

    async def _welcome(self, message: FromPage, socket: Socket) -> None:
        if not isinstance(message, Hello) or message.version != VERSION:
            raise BadMessage
        pass_ = await self._tickets.redeem(message.ticket, LinePass)
        socket.say(Welcome(VERSION, socket.connection, "", False, 0))
        await self._switchboard.plug_in(socket, pass_)

    async def _answer(self, message: FromPage, frame: str, socket: Socket) -> None:
        match message:
            case Hello():
                raise BadMessage
            case Ping():
                socket.say(Pong(0))
            case Join(ticket, page):
                try:
                    pass_ = await self._tickets.redeem(ticket, SeatPass)
                except BadTicket:  # not worth the page's lines: it asks for another
                    socket.say(Error(ErrorCode.BAD_TICKET, "unknown, expired or used"))
                    return
                await self._switchboard.take_seat(socket, pass_, page)
            case for_peer:
                await self._switchboard.from_seat(socket, for_peer, frame)


def _refuse_binary(kind: WSMsgType) -> None:
    if kind is WSMsgType.BINARY:
        raise BadMessage


async def _close(ws: web.WebSocketResponse, error: SignallingError, transport: asyncio.Transport | None) -> None:
    """Say why and close; a page that does not read is not waited for."""
    try:
        await asyncio.wait_for(ws.close(code=error.close_code, message=type(error).__name__.encode()), CLOSE_WITHIN)
    except (TimeoutError, ConnectionError):
        if transport is not None:
            transport.abort()  # `close` would wait for a full buffer to drain
