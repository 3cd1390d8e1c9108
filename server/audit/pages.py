"""Judges the log page by page: each line against its leaf; long logs on all cores at once.

    page of lines ─▶ leaf hash of each = the one kept? places without a gap? ─▶ leaves for the tree, and what is wrong

A page needs nothing of another page, so several processes may read; the tree over them grows in one place.
"""

import asyncio
import hashlib
import os
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.store import log as log_store
from server.database.engine import Database

PAGE = 8192
WORTH_IT = 100_000
"""Entries from which on other processes pay for their start."""


class _Line(msgspec.Struct, frozen=True):
    """The canonical line from text columns; its fields stand as in `rules.Entry`."""

    action: str
    actor: str | None
    at: str
    ct_sha256: bytes | None
    id: str
    patient_id: str | None
    reason: str | None
    record: str | None
    role: str | None
    row_ver: int | None
    salt: bytes


@dataclass(slots=True)
class Page:
    """A page after it was judged: its leaves as they are kept, the places that are altered, the gaps."""

    leaves: list[bytes] = field(default_factory=list)
    altered: list[tuple[int, str]] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)


def leaf_of(line: log_store.Line) -> bytes:
    """Return the leaf hash that a line must have."""
    return hashlib.sha256(b"\x00" + msgspec.json.encode(_Line(*line[2:]))).digest()


def judge(lines: Sequence[log_store.Line], place: int, end: int) -> Page:
    """Judge the lines that were found at the places from `place` up to `end`."""
    page, encode, sha256 = Page(), msgspec.json.encode, hashlib.sha256
    for line in lines:
        if line[0] != place:
            page.gaps.append((place, line[0]))
            place = line[0]
        if sha256(b"\x00" + encode(_Line(*line[2:]))).digest() != line[1]:
            page.altered.append((place, f"{line[2]} at {line[4]}"))
        page.leaves.append(line[1])
        place += 1
    if place != end:
        page.gaps.append((place, end))
    return page


Pool = ProcessPoolExecutor


@contextmanager
def processes(database: Database) -> Iterator[Pool]:
    """Give as many processes as there are cores, each with its own way into the database."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ProcessPoolExecutor(cores, get_context("spawn"), _Reader.open, (database.url,)) as pool:
        yield pool


async def pages(tx: AsyncSession, first: int, end: int, pool: Pool | None = None) -> AsyncIterator[Page]:
    """Give the judged pages in order; with a pool, some are read ahead. Entries with a place never change again."""
    places = range(first, end, PAGE)
    if pool is None:
        for place in places:
            stop = min(place + PAGE, end)
            yield judge(await log_store.lines(tx, place, stop), place, stop)
        return
    loop, ahead = asyncio.get_running_loop(), deque[asyncio.Future[Page]]()
    for place in places:
        ahead.append(loop.run_in_executor(pool, _Reader.page, place, min(place + PAGE, end)))
        if len(ahead) > 8:
            yield await ahead.popleft()
    while ahead:
        yield await ahead.popleft()


class _Reader:
    """The one reader of a process of the pool."""

    runner: asyncio.Runner
    database: Database

    @classmethod
    def open(cls, url: str) -> None:
        """Open this process's own way into the database."""
        cls.runner, cls.database = asyncio.Runner(), Database(url)

    @classmethod
    def page(cls, place: int, end: int) -> Page:
        """Read and judge one page."""
        return cls.runner.run(cls._page(place, end))

    @classmethod
    async def _page(cls, place: int, end: int) -> Page:
        async with cls.database.reading() as tx:
            return judge(await log_store.lines(tx, place, end), place, end)
