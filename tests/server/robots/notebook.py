"""What robots tell, kept for the tests to read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

WITHIN = 40.0  # s: a loaded machine with two cores


class Notebook:
    """Stands where the terminal is."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._told = asyncio.Event()

    def __call__(self, message: str, **params: object) -> None:
        self.said.append(message % params if params else message)
        self._told.set()

    async def hears(self, words: str) -> None:
        """Wait until these words are told."""
        async with asyncio.timeout(WITHIN):
            while words not in self:
                self._told.clear()
                await self._told.wait()

    def __contains__(self, words: str) -> bool:
        return any(words in one for one in self.said)


@asynccontextmanager
async def begun(work: Coroutine[None, None, None]) -> AsyncIterator[asyncio.Task[None]]:
    """A robot at work beside the test. It is stopped and gone when the block ends, whatever happened there."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
