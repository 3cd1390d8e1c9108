"""Has sheets drawn by a child process, off the event loop: one at a time, within a time limit, started when needed.

draw ─▶ child there? else start ─▶ question ─▶ pages
           └ too late, or it died: killed, the next one starts fresh      idle for a while: ended
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Any, Literal

import structlog
from aiohttp import web

from server.kernel.errors import Unavailable
from server.kernel.words import N_

Form = Literal["pdf", "svg"]
LIMIT = 10.0  # seconds for one sheet, the start of the child (0.4 s) among them
IDLE = 120.0  # seconds after which the child is ended: it holds 60 MB
SHEETS = 200  # drawn by one child before another takes over, so that its caches cannot grow
WAITING_MOST = 30
_log = structlog.get_logger()


class Press:
    """Draws sheets."""

    def __init__(self, limit: float = LIMIT, idle: float = IDLE) -> None:
        self._limit = limit
        self._idle = idle
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._child: Process | None = None
        self._drawn = 0
        self._bell: asyncio.TimerHandle | None = None

    async def draw(self, sheet: dict[str, Any], form: Form = "pdf") -> list[bytes]:
        """Return one PDF, or each page as SVG. Raises Unavailable when it cannot be drawn in time."""
        if self._waiting >= WAITING_MOST:
            raise _not_drawn()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limit), self._turn:
                return await self._asked({"form": form, "sheet": sheet})
        except (TimeoutError, OSError, EOFError) as error:
            _log.warning("sheet_not_drawn", error=type(error).__name__)
            raise _not_drawn() from None
        finally:
            self._waiting -= 1

    async def _asked(self, question: dict[str, Any]) -> list[bytes]:
        if self._bell:
            self._bell.cancel()
        try:
            pages = await self._exchange(await self._printer(), json.dumps(question).encode())
        except BaseException:
            await self.close()
            raise
        self._drawn += 1
        if self._drawn >= SHEETS:
            await self.close()
        elif self._child:
            self._bell = asyncio.get_running_loop().call_later(self._idle, self._end)
        if not pages:
            raise _not_drawn()
        return pages

    @staticmethod
    async def _exchange(child: Process, question: bytes) -> list[bytes]:
        asked, told = child.stdin, child.stdout
        if asked is None or told is None:
            raise EOFError
        asked.write(len(question).to_bytes(4, "big") + question)
        await asked.drain()
        count = int.from_bytes(await told.readexactly(4), "big")
        return [await told.readexactly(int.from_bytes(await told.readexactly(4), "big")) for _page in range(count)]

    async def _printer(self) -> Process:
        if self._child is None or self._child.returncode is not None:
            words = ("-m", "clinic_ui.paper.printer")
            env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "SYSTEMROOT") if name in os.environ}
            self._drawn = 0
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, *words, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=env
            )
        return self._child

    def _end(self) -> None:
        """Close the child's input: it ends by itself; the next sheet starts another."""
        child, self._child = self._child, None
        if child and child.stdin:
            child.stdin.close()

    async def close(self) -> None:
        """End the child at once."""
        if self._bell:
            self._bell.cancel()
        child, self._child = self._child, None
        if child is None:
            return
        if child.returncode is None:
            child.kill()
        await child.wait()


PRESS: web.AppKey[Press] = web.AppKey("press", Press)


def pdf_answer(pdf: bytes, name: str) -> web.Response:
    """Return a PDF to be read in the browser; `name` says its kind and day, and nothing of the person."""
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'inline; filename="{name}.pdf"',
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; plugin-types "
        "application/pdf; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(body=pdf, content_type="application/pdf", headers=headers)


def page_answer(svg: bytes) -> web.Response:
    """Return one page as a picture for a page that prints it."""
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(body=svg, content_type="image/svg+xml", headers=headers)


def _not_drawn() -> Unavailable:
    return Unavailable(N_("Le document n’a pas pu être dessiné. Rien n’est perdu : réessayez dans un instant."))
