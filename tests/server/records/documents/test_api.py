"""Documents over HTTP in the whole product: the protocol of UPLOAD.md, ranges, headers, and a file that breaks off."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from sqlalchemy import select, update
from yarl import URL

from server.kernel.ids import DocumentId
from server.records.documents.rules import PIECE
from server.records.documents.tables import ChunkRow
from tests.clinic_ui.cabin.hamlet import Hamlet, hamlet_in
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock
from tests.server.records.documents.files import jpeg, pdf

LETTER = pdf()[:-6] + b"% " + os.urandom(3 * PIECE).replace(b"stream", b"......") + b"\n%%EOF\n"
DOORS = {"aubin": "desk", "sylvie": "office", "cabin": "cabin"}


@dataclass
class Hand:
    """Somebody signed in, who sends and reads files."""

    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, status: int = 0, **more: Any) -> Any:
        """Send, look at the status, and return what the JSON says."""
        async with self.session.request(method, path, **more) as answer:
            said = await answer.json()
            assert answer.status == (status or answer.status), said
            return said

    async def piece(self, upload: str, offset: object, piece: bytes, status: int = 200) -> Any:
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
        return await self.ask("PATCH", f"/api/uploads/{upload}", status, data=piece, headers=headers)

    async def send(self, begin: str, content: bytes, **words: object) -> DocumentId:
        begun = await self.ask("POST", begin, 201, json={"size": len(content), **words})
        for offset in range(0, len(content), PIECE):
            await self.piece(begun["upload_id"], offset, content[offset : offset + PIECE])
        ended = await self.ask("POST", f"/api/uploads/{begun['upload_id']}/finish", 201)
        return DocumentId(ended["document_id"])


@asynccontextmanager
async def hand(hamlet: Hamlet, login: str) -> AsyncIterator[Hand]:
    jar, door = aiohttp.CookieJar(unsafe=True), DOORS[login]
    jar.update_cookies({f"tc-{door}": hamlet.tokens[login]}, URL(hamlet.running.origin))
    headers = {"X-TC": door, "Sec-Fetch-Site": "same-origin"}
    async with aiohttp.ClientSession(hamlet.running.origin, cookie_jar=jar, headers=headers) as session:
        yield Hand(session)


async def test_a_letter_and_a_photo_over_http(tmp_path: Path, clock: FakeClock) -> None:
    async with (
        hamlet_in(tmp_path, clock, cache_dir=KEPT) as hamlet,
        hand(hamlet, "sylvie") as sylvie,
        hand(hamlet, "cabin") as cabin,
        hand(hamlet, "aubin") as aubin,
    ):
        visit = await hamlet.in_call()
        letter = await sylvie.send(f"/api/patients/{hamlet.odette}/documents", LETTER, title="Courrier")
        photo = await cabin.send("/api/cabin/documents", jpeg(300, 200))
        assert (await aubin.ask("GET", f"/api/encounters/{visit}/documents", 200)) == {"count": 2}
        listed = (await aubin.ask("GET", f"/api/patients/{hamlet.odette}/documents", 200))["documents"]
        assert {one["id"]: one["media_type"] for one in listed} == {letter: "application/pdf", photo: "image/jpeg"}
        await _protocol_refuses(sylvie, hamlet)
        await _reads_whole_and_in_parts(aubin, letter)
        await _headers_let_a_file_do_nothing(aubin, letter, photo)
        await _given(aubin, cabin, str(visit), photo)
        await _breaks_off(hamlet, aubin, letter)


async def _protocol_refuses(sylvie: Hand, hamlet: Hamlet) -> None:
    begin = f"/api/patients/{hamlet.odette}/documents"
    begun = await sylvie.ask("POST", begin, 201, json={"size": len(LETTER), "fingerprint": "a"})
    upload = begun["upload_id"]
    assert (begun["received"], begun["piece"]) == (0, PIECE)
    for offset, piece, status, code in (
        ("", LETTER[:PIECE], 422, "offset"),
        ("-1", LETTER[:PIECE], 422, "offset"),
        ("9" * 30, LETTER[:PIECE], 422, "offset"),
        ("0", LETTER[: PIECE + 1], 422, "piece"),
        ("0", b"", 422, "piece"),
        (PIECE, LETTER[:PIECE], 409, "offset"),
    ):
        assert (await sylvie.piece(upload, offset, piece, status))["error"]["code"] == code
    await sylvie.piece(upload, 0, LETTER[:PIECE])
    assert (await sylvie.ask("GET", f"/api/uploads/{upload}", 200))["received"] == PIECE
    again = await sylvie.ask("POST", begin, 201, json={"size": len(LETTER), "fingerprint": "a"})
    assert (again["upload_id"], again["received"]) == (upload, PIECE)
    assert (await sylvie.ask("POST", f"/api/uploads/{upload}/finish", 409))["error"]["code"] == "incomplete"
    await sylvie.ask("DELETE", f"/api/uploads/{upload}", 200)
    await sylvie.ask("GET", f"/api/uploads/{upload}", 404)


async def _reads_whole_and_in_parts(aubin: Hand, letter: DocumentId) -> None:
    path, size = f"/desk/documents/{letter}/file", len(LETTER)
    async with aubin.session.get(path) as answer:
        assert (answer.status, await answer.read()) == (200, LETTER)
    for asked, start, stop in (
        ("bytes=0-9", 0, 10),
        (f"bytes={PIECE - 3}-{PIECE + 2}", PIECE - 3, PIECE + 3),
        (f"bytes={2 * PIECE}-", 2 * PIECE, size),
        ("bytes=-100", size - 100, size),
        (f"bytes=5-{size * 2}", 5, size),
    ):
        async with aubin.session.get(path, headers={"Range": asked}) as answer:
            assert (answer.status, await answer.read()) == (206, LETTER[start:stop]), asked
            assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
    for asked in (f"bytes={size}-", "bytes=9-3", "lines=1-2", "bytes=0-1,4-5"):
        async with aubin.session.get(path, headers={"Range": asked}) as answer:
            assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}")


async def _headers_let_a_file_do_nothing(aubin: Hand, letter: DocumentId, photo: DocumentId) -> None:
    for document, way, kind in ((letter, "attachment", "application/pdf"), (photo, "inline", "image/jpeg")):
        async with aubin.session.get(f"/desk/documents/{document}/file") as answer:
            told = answer.headers
            await answer.read()
        assert told["Content-Type"] == kind
        assert told["X-Content-Type-Options"] == "nosniff"
        assert told["Content-Security-Policy"].startswith("default-src 'none'")
        assert told["Content-Security-Policy"].endswith("sandbox")
        assert told["Cross-Origin-Resource-Policy"] == "same-origin"
        assert told["Cache-Control"] == "no-store"
        ending = kind.rpartition("/")[2].replace("jpeg", "jpg")
        assert told["Content-Disposition"] == f'{way}; filename="document-2026-03-02.{ending}"'


async def _given(aubin: Hand, cabin: Hand, visit: str, photo: DocumentId) -> None:
    given = {"encounter_id": visit, "given": True}
    assert (await aubin.ask("POST", f"/api/documents/{photo}/give", 200, json=given)) == {"given": True}
    async with cabin.session.get(f"/cabin/documents/{photo}/file") as answer:
        assert answer.status == 404  # the note is not signed


async def _breaks_off(hamlet: Hamlet, aubin: Hand, letter: DocumentId) -> None:
    """A chunk in the middle is harmed: the reader gets a broken answer, never a shorter file."""
    async with hamlet.clinic.database.transaction() as tx:
        here = (ChunkRow.document_id == UUID(str(letter)), ChunkRow.number == 2)
        sealed = (await tx.scalars(select(ChunkRow.sealed_chunk).where(*here))).one()
        await tx.execute(update(ChunkRow).where(*here).values(sealed_chunk=sealed[:-1] + b"x"))
    with pytest.raises(aiohttp.ClientPayloadError):
        async with aubin.session.get(f"/desk/documents/{letter}/file") as answer:
            await answer.read()
    async with aubin.session.get(f"/desk/documents/{letter}/file", headers={"Range": f"bytes={2 * PIECE}-"}) as answer:
        assert answer.status == 500
