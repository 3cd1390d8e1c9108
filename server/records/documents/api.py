"""Documents over HTTP: the small protocol by which files come (UPLOAD.md), and files as they are read."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from server.kernel.errors import CannotOpen, Invalid
from server.kernel.ids import DocumentId, EncounterId, PatientId
from server.kernel.words import N_
from server.records.documents.rules import PIECE, SIZE_MAX, MediaType
from server.records.documents.service import Document, Documents, OpenDocument
from server.records.documents.uploads import NewFile, Uploads
from server.records.rules.note import StrikeReason
from server.web.keys import who_is
from server.web.routes import View
from server.web.wire import Wire, path_id, read, reply

OFFSET = "Upload-Offset"
_FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The policy of a file that is opened alone: it may do nothing (the browser's frame around a picture has a style)."""


class FileSaid(Wire, frozen=True):
    """A file that is to come."""

    size: Annotated[int, msgspec.Meta(ge=0, le=2**40)]
    title: Annotated[str, msgspec.Meta(max_length=500)] = ""
    fingerprint: Annotated[str, msgspec.Meta(max_length=100)] = ""
    encounter_id: EncounterId | None = None


class GiveSaid(Wire, frozen=True):
    """Whether a document is for the patient of a visit."""

    encounter_id: EncounterId
    given: bool


class StrikeSaid(Wire, frozen=True):
    """Why a document is an error."""

    reason: StrikeReason


@dataclass(frozen=True, slots=True)
class DocumentsApi:
    """The routes of documents."""

    documents: Documents
    uploads: Uploads

    async def begin(self, request: web.Request) -> web.Response:
        """POST /api/patients/{patient_id}/documents"""
        sent = await read(request, FileSaid)
        patient_id = PatientId(path_id(request, "patient_id"))
        file = NewFile(sent.size, sent.title, sent.fingerprint)
        return reply(await self.uploads.begin(who_is(request), patient_id, sent.encounter_id, file), 201)

    async def begin_here(self, request: web.Request) -> web.Response:
        """POST /api/cabin/documents"""
        sent = await read(request, FileSaid)
        file = NewFile(sent.size, sent.title, sent.fingerprint)
        return reply(await self.uploads.begin_here(who_is(request), file), 201)

    async def progress(self, request: web.Request) -> web.Response:
        """GET /api/uploads/{upload_id}"""
        return reply(await self.uploads.progress(who_is(request), _upload(request)))

    async def receive(self, request: web.Request) -> web.Response:
        """PATCH /api/uploads/{upload_id}: one piece, as bytes; the header Upload-Offset says where it begins."""
        offset = _offset(request)
        if (request.content_length or 0) > PIECE:
            raise Invalid(N_("Ce morceau n’a pas la bonne taille. Rien n’a été gardé."), code="piece")
        piece = await request.read()
        return reply(await self.uploads.receive(who_is(request), _upload(request), offset, piece))

    async def finish(self, request: web.Request) -> web.Response:
        """POST /api/uploads/{upload_id}/finish"""
        return reply({"document_id": await self.uploads.finish(who_is(request), _upload(request))}, 201)

    async def abandon(self, request: web.Request) -> web.Response:
        """DELETE /api/uploads/{upload_id}"""
        await self.uploads.abandon(who_is(request), _upload(request))
        return reply({"gone": True})

    async def of_patient(self, request: web.Request) -> web.Response:
        """GET /api/patients/{patient_id}/documents"""
        found = await self.documents.of_patient(who_is(request), PatientId(path_id(request, "patient_id")))
        return reply({"documents": [_told(one) for one in found]})

    async def count(self, request: web.Request) -> web.Response:
        """GET /api/encounters/{encounter_id}/documents: how many there are."""
        encounter_id = EncounterId(path_id(request, "encounter_id"))
        return reply({"count": await self.documents.count(who_is(request), encounter_id)})

    async def give(self, request: web.Request) -> web.Response:
        """POST /api/documents/{document_id}/give"""
        sent = await read(request, GiveSaid)
        await self.documents.give(who_is(request), _document(request), sent.encounter_id, yes=sent.given)
        return reply({"given": sent.given})

    async def strike(self, request: web.Request) -> web.Response:
        """POST /api/documents/{document_id}/strike"""
        sent = await read(request, StrikeSaid)
        await self.documents.strike(who_is(request), _document(request), sent.reason)
        return reply({"struck": True})

    async def file(self, request: web.Request) -> web.StreamResponse:
        """GET /{door}/documents/{document_id}/file: the file itself, whole or a part of it."""
        return await send(request, await self.documents.open(who_is(request), _document(request)))

    def routes(self) -> list[tuple[str, str, View]]:
        """Return what to mount."""
        patient, upload = "/api/patients/{patient_id}/documents", "/api/uploads/{upload_id}"
        return [
            ("POST", patient, self.begin),
            ("GET", patient, self.of_patient),
            ("POST", "/api/cabin/documents", self.begin_here),
            ("GET", upload, self.progress),
            ("PATCH", upload, self.receive),
            ("DELETE", upload, self.abandon),
            ("POST", f"{upload}/finish", self.finish),
            ("GET", "/api/encounters/{encounter_id}/documents", self.count),
            ("POST", "/api/documents/{document_id}/give", self.give),
            ("POST", "/api/documents/{document_id}/strike", self.strike),
            *(("GET", f"/{door}/documents/{{document_id}}/file", self.file) for door in ("cabin", "desk", "office")),
        ]


async def send(request: web.Request, document: OpenDocument) -> web.StreamResponse:
    """Stream a document, or the one range of it that was asked for. Nothing is sent of a chunk that does not open."""
    try:
        wanted = request.http_range
    except ValueError:
        return _no_such_range(document)
    start, stop, _ = wanted.indices(document.size)
    partly = wanted.start is not None or wanted.stop is not None
    if partly and start >= stop:
        return _no_such_range(document)
    pieces = _pieces(document, start, stop)
    first = await anext(pieces)  # what does not open at all is an error, not an empty file
    headers = _headers(document) | {"Content-Length": str(stop - start)}
    if partly:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{document.size}"
    response = web.StreamResponse(status=206 if partly else 200, headers=headers)
    await response.prepare(request)
    try:
        await response.write(first)
        async for piece in pieces:
            await response.write(piece)
    except CannotOpen:
        if request.transport is not None:
            request.transport.abort()  # the reader must not take a part for the whole
        raise asyncio.CancelledError from None
    await response.write_eof()
    return response


async def _pieces(document: OpenDocument, start: int, stop: int) -> AsyncIterator[bytes]:
    for number in range(start // PIECE, -(-stop // PIECE)):
        chunk, before = await document.chunk(number), number * PIECE
        yield chunk[max(0, start - before) : stop - before]


def _headers(document: OpenDocument) -> dict[str, str]:
    """A picture may stand in our pages; a PDF is only given as a file: no page of ours opens it."""
    media_type = document.body.media_type
    way = "attachment" if media_type is MediaType.PDF else "inline"
    name = f"document-{document.added_at:%Y-%m-%d}.{media_type.ending}"
    return {
        "Content-Type": media_type.value,
        "Content-Disposition": f'{way}; filename="{name}"',
        "Content-Security-Policy": _FILE_POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-store",
    }


def _no_such_range(document: OpenDocument) -> web.Response:
    return web.Response(status=416, headers={"Content-Range": f"bytes */{document.size}", "Cache-Control": "no-store"})


def _told(one: Document) -> dict[str, object]:
    """Return a document as JSON says it: without its small picture."""
    return {
        "id": one.id,
        "title": one.title,
        "media_type": one.media_type,
        "size": one.size,
        "width": one.width,
        "height": one.height,
        "status": one.status,
        "added_at": one.added_at,
        "encounter_id": one.encounter_id,
        "given_in": one.given_in,
    }


def _offset(request: web.Request) -> int:
    said = request.headers.get(OFFSET, "")
    if not said.isascii() or not said.isdigit() or len(said) > len(str(SIZE_MAX)):
        raise Invalid(N_("Cette demande ne dit pas où le morceau commence."), code="offset")
    return int(said)


def _upload(request: web.Request) -> DocumentId:
    return DocumentId(path_id(request, "upload_id"))


def _document(request: web.Request) -> DocumentId:
    return DocumentId(path_id(request, "document_id"))
