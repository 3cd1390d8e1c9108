"""The log over JSON: a cabin shows the checkpoint it kept, and gets the newest with its proof."""

import base64
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server.audit.service import NOTE_LONGEST, Witnessing
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import Wire, read, reply


class Seen(Wire, frozen=True):
    """What the cabin kept, if anything; `forked` when it found by itself that our last answer does not fit."""

    seen: Annotated[str, Meta(max_length=NOTE_LONGEST)] | None = None
    forked: bool = False


class AuditApi:
    """The log as its witnesses ask for it."""

    def __init__(self, witnessing: Witnessing) -> None:
        self._witnessing = witnessing

    def routes(self) -> Routes:
        """Return the routes of the log."""
        return [("POST", "/api/cabin/checkpoint", self.checkpoint)]

    async def checkpoint(self, request: web.Request) -> web.Response:
        """POST /api/cabin/checkpoint"""
        said = await read(request, Seen)
        shown = await self._witnessing.show(who_is(request), said.seen, forked=said.forked)
        return reply(
            {
                "checkpoint": shown.checkpoint,
                "proof": [base64.b64encode(one).decode() for one in shown.proof],
                "forked": shown.forked,
                "settled": shown.settled,
            }
        )
