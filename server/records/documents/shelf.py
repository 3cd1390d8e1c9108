"""Everything about documents in one hand: the services, their routes, and the hourly look for what nobody ended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import structlog
from aiohttp import web

from server.records.documents.api import DocumentsApi
from server.records.documents.ground import Ground
from server.records.documents.screening import Screening
from server.records.documents.service import Documents
from server.records.documents.uploads import Uploads
from server.web.routes import View

TIDY_EVERY = 3600.0  # seconds
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Documents that are kept, and files on their way."""

    documents: Documents
    uploads: Uploads

    @classmethod
    def on(cls, ground: Ground, scan: Sequence[str] = ()) -> "Shelf":
        """Build both; `scan` is the operator's scanner, if there is one."""
        return cls(Documents(ground), Uploads(ground, Screening(scan)))

    def routes(self) -> list[tuple[str, str, View]]:
        """Return what to mount."""
        return DocumentsApi(self.documents, self.uploads).routes()

    async def tidied(self, _app: web.Application) -> AsyncIterator[None]:
        """Throw away, at the start and every hour while we serve, what nobody ended."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._tidy(stop), name="uploads")
        yield
        stop.set()  # not cancelled: a transaction that is cut may hold SQLite's lock, or take the cut for a failure
        await task

    async def _tidy(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if gone := await self.uploads.purge():
                    log.info("uploads thrown away", count=gone)
            except Exception:
                log.exception("uploads not tidied")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TIDY_EVERY)
