"""Real servers on the loopback that play the providers: an SMS gateway, and a mail server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any, cast

from aiohttp import web
from aiosmtpd.controller import Controller

from tests.components import free_port


@dataclass
class Gateway:
    """Takes messages as our gateway does: the same id twice is one message."""

    url: str = ""
    effects: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    answer: int = 202
    authorised: set[str] = field(default_factory=set)
    became: str = "sent"
    took: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        """POST /: take a message."""
        body = await request.json()
        assert request.headers["Idempotency-Key"] == body["id"]
        self.calls[body["id"]] += 1
        self.authorised.add(request.headers.get("Authorization", ""))
        if self.answer >= 300:
            return web.json_response({}, status=self.answer)
        self.effects.setdefault(body["id"], body)
        self.took.set()
        return web.json_response({"ref": f"ref-{body['id']}"}, status=self.answer)

    async def tell(self, _request: web.Request) -> web.Response:
        """GET /{ref}: what became of a message."""
        return web.json_response({"status": self.became})


@asynccontextmanager
async def sms_gateway() -> AsyncIterator[Gateway]:
    """Serve until the block ends."""
    gateway = Gateway()
    app = web.Application()
    app.add_routes([web.post("/messages", gateway.take), web.get("/messages/{ref}", gateway.tell)])
    runner, port = web.AppRunner(app, access_log=None), free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    gateway.url = f"http://127.0.0.1:{port}/messages"
    try:
        yield gateway
    finally:
        await runner.cleanup()


@dataclass
class Mailbox:
    """What the mail server took."""

    url: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    answer: str = ""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        """Refuse a recipient when told to."""
        if self.answer:
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep a mail."""
        self.mails.append(cast("EmailMessage", BytesParser(policy=default).parsebytes(envelope.content)))
        return "250 taken"


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Serve until the block ends."""
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    box.url = f"smtp://127.0.0.1:{port}"
    try:
        yield box
    finally:
        controller.stop()
