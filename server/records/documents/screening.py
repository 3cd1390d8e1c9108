"""Looks at a stranger's file before it is kept: type by content, the operator's scanner, PDFs read, pictures redrawn.

file ─▶ known type? ─▶ scanner (if there is one) ─▶ PDF: whole, open, no program   ─▶ kept as it came
                            └─ no ─▶ quarantined     picture: drawn anew in a child ─▶ the new one is kept
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
import structlog

from server.kernel.errors import Unavailable
from server.kernel.words import N_
from server.records.documents.rules import (
    EDGE,
    PIXELS_MAX,
    SIZE_MAX,
    THUMBNAIL,
    MediaType,
    RefusedFile,
    Wrong,
    media_type_of,
    refuse_bad_pdf,
)

DRAWN_MOST = 2 * SIZE_MAX  # bytes: a drawn PNG may be larger than the file that came
DRAWN_WITHIN = 30.0  # seconds by the wall; the child itself stops after ten of work
SCANNED_WITHIN = 60.0
AT_ONCE = 2  # files looked at together: each may take a gigabyte
CLEAN, FOUND = 0, 1  # what clamdscan and its like end with
_REDRAW = Path(__file__).with_name("redraw.py")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """A file that may be kept. `quarantined`: the scanner refused it, nobody may see it."""

    media_type: MediaType
    content: bytes
    width: int = 0
    height: int = 0
    small: bytes = b""
    quarantined: bool = False


class _Drawn(msgspec.Struct, frozen=True):
    width: int = 0
    height: int = 0
    picture: int = 0
    small: int = 0
    refused: str = ""


class Screening:
    """Looks at files, two at once. `scan`: the words of a command that reads a file from its stdin, if there is one."""

    def __init__(self, scan: Sequence[str] = (), redraw: Path = _REDRAW) -> None:
        self._scan = tuple(scan)
        self._redraw = redraw
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def look(self, content: bytes) -> Looked:
        """Return what to keep of a file; raises RefusedFile, and Unavailable when the scanner does not answer."""
        media_type = media_type_of(content)
        async with self._turns:
            if self._scan and not await self._is_clean(content):
                return Looked(media_type, content, quarantined=True)
            if media_type is MediaType.PDF:
                await asyncio.to_thread(refuse_bad_pdf, content)
                return Looked(media_type, content)
            return await self._draw(media_type, content)

    async def _draw(self, media_type: MediaType, content: bytes) -> Looked:
        words = (str(number) for number in (PIXELS_MAX, EDGE, THUMBNAIL))
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(self._redraw), *words, stdin=pipe, stdout=pipe,
            stderr=asyncio.subprocess.DEVNULL, env={}, cwd="/", limit=DRAWN_MOST,
        )  # fmt: skip
        try:
            async with asyncio.timeout(DRAWN_WITHIN):
                said = await _spoken(child, content)
        except TimeoutError:
            raise RefusedFile(Wrong.BROKEN) from None
        finally:
            await _ended(child)
        return _looked(media_type, said)

    async def _is_clean(self, content: bytes) -> bool:
        """Ask the scanner. No answer is no « yes »: the file waits, and may be ended again."""
        with _in_memory(content) as file:
            try:
                child = await asyncio.create_subprocess_exec(
                    *self._scan, stdin=file, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
                )
            except OSError as error:
                raise _no_scanner(str(error.strerror)) from None
            try:
                async with asyncio.timeout(SCANNED_WITHIN):
                    code = await child.wait()
            except TimeoutError:
                raise _no_scanner("too slow") from None
            finally:
                await _ended(child)
        if code not in (CLEAN, FOUND):
            raise _no_scanner(f"ended with {code}")
        return code == CLEAN


async def _spoken(child: asyncio.subprocess.Process, content: bytes) -> bytes:
    """Give the child the file and return what it says, never more than it may say."""
    if child.stdin is None or child.stdout is None:
        raise RefusedFile(Wrong.BROKEN)

    async def give(way: asyncio.StreamWriter) -> None:
        try:
            way.write(content)
            await way.drain()
            way.close()
        except (BrokenPipeError, ConnectionResetError):
            return  # it ended before it read: what it said is what counts

    said, _ = await asyncio.gather(_read(child.stdout), give(child.stdin))
    return said


async def _read(way: asyncio.StreamReader) -> bytes:
    said = bytearray()
    while piece := await way.read(1 << 16):
        said += piece
        if len(said) > DRAWN_MOST:
            raise RefusedFile(Wrong.BROKEN)
    return bytes(said)


async def _ended(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
    await child.wait()


def _looked(media_type: MediaType, said: bytes) -> Looked:
    """Read what the child said; what it did not say well is a broken file."""
    first, _, pictures = said.partition(b"\n")
    try:
        drawn = msgspec.json.decode(first, type=_Drawn)
    except msgspec.DecodeError:
        raise RefusedFile(Wrong.BROKEN) from None  # it was stopped: too much work, too much memory
    if drawn.refused:
        known = drawn.refused in set(Wrong)
        raise RefusedFile(Wrong(drawn.refused) if known else Wrong.BROKEN)
    picture, small = pictures[: drawn.picture], pictures[drawn.picture :]
    if len(small) != drawn.small or media_type_of(picture) is not media_type:
        raise RefusedFile(Wrong.BROKEN)
    return Looked(media_type, picture, drawn.width, drawn.height, small)


def _in_memory(content: bytes) -> IO[bytes]:
    """Return a file that has no name and, where the system can, never touches a disk."""
    if hasattr(os, "memfd_create"):
        file: IO[bytes] = os.fdopen(os.memfd_create("telecabin"), "w+b")
    else:  # not Linux
        file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(content)
    file.flush()
    file.seek(0)
    return file


def _no_scanner(why: str) -> Unavailable:
    log.error("scanner gave no answer", reason=why)
    return Unavailable(
        N_("Le fichier est arrivé, mais le contrôle antivirus ne répond pas. Réessayez dans quelques minutes."),
        code="no-scanner",
    )
