"""Ends, beside the requests, the holds that nobody answered and nobody needed: a moment that is free looks free."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from server.scheduler.service.follow_ups import FollowUps

EVERY = 30.0  # seconds; nothing waits for it: whoever needs a moment ends what stands on it
log = structlog.get_logger(__name__)


class Sweeping:
    """Sweeps in every server: each hold is ended once, under its lock."""

    def __init__(self, follow_ups: FollowUps) -> None:
        self._follow_ups = follow_ups

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """Look every half minute while we serve."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._run(stop), name="holds")
        yield
        stop.set()  # not cancelled: a transaction that is cut may hold SQLite's lock
        await task

    async def _run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._follow_ups.sweep()
            except Exception:
                log.exception("holds not swept")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY)
