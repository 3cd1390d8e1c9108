"""Files on their way: begun, sent in pieces, resumed after any loss, ended; UPLOAD.md is the protocol.

begin ─▶ receive … receive ─▶ finish ─▶ looked at ─▶ sealed in chunks: a document
          (each piece sealed at once)        └─▶ refused: nothing is kept
nobody ends it within a day ─▶ thrown away
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.kernel.access import Act, Identity, Role, require
from server.kernel.errors import Conflict, Invalid
from server.kernel.ids import DocumentId, EncounterId, PatientId, new_id
from server.kernel.words import N_
from server.records.documents import store
from server.records.documents.ground import (
    Ground,
    body_place,
    content_place,
    no_such_document,
    piece_place,
    thumbnail_place,
    title_place,
)
from server.records.documents.rules import (
    KEPT_FOR,
    OPEN_MOST,
    PATIENT_BYTES,
    PATIENT_MOST,
    PIECE,
    SIZE_MAX,
    VISIT_MOST,
    WRONG_WORDS,
    DocumentBody,
    DocumentStatus,
    RefusedFile,
    tidy_title,
)
from server.records.documents.screening import Looked, Screening
from server.records.seal.chunks import SEALED_CHUNK
from server.web.limits import Bucket


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a file is here: the next piece begins at byte `received`, and has `piece` bytes or ends the file."""

    upload_id: DocumentId
    size: int
    received: int
    piece: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that somebody wants to send. `fingerprint`: the same words when the same file is sent again."""

    size: int
    title: str = ""
    fingerprint: str = ""


class Uploads:
    """Receives files."""

    def __init__(self, ground: Ground, screening: Screening) -> None:
        self._ground = ground
        self._screening = screening
        self._begins = Bucket(ground.now, per_minute=20, burst=20)

    async def begin(
        self, who: Identity, patient_id: PatientId, encounter_id: EncounterId | None, file: NewFile
    ) -> Progress:
        """Begin to send a file, or go on with the same file of the same person."""
        require(who, Act.DOCUMENT_ADD)
        async with self._ground.database.transaction() as tx:
            await self._ground.allow_adding(tx, who, patient_id, encounter_id)
            return await self._begin(tx, who, (patient_id, encounter_id), file)

    async def begin_here(self, who: Identity, file: NewFile) -> Progress:
        """Begin to send a file of the patient who sits in the caller's cabin."""
        require(who, Act.DOCUMENT_ADD)
        async with self._ground.database.transaction() as tx:
            encounter_id, patient_id = await self._ground.seated(tx, who)
            return await self._begin(tx, who, (patient_id, encounter_id), file)

    async def progress(self, who: Identity, upload_id: DocumentId) -> Progress:
        """Return how much of a file is here, to go on from there."""
        require(who, Act.DOCUMENT_ADD)
        async with self._ground.database.transaction() as tx:
            return _progress(await self._own(tx, who, upload_id))

    async def receive(self, who: Identity, upload_id: DocumentId, offset: int, piece: bytes) -> Progress:
        """Keep the piece that begins at byte `offset`; Conflict `offset` when the file is at another place."""
        require(who, Act.DOCUMENT_ADD)
        async with self._ground.database.transaction() as tx:
            upload = await self._own(tx, who, upload_id)
            if offset != upload.received:
                raise _elsewhere()
            if not piece or len(piece) != min(PIECE, upload.size - offset):
                raise Invalid(N_("Ce morceau n’a pas la bonne taille. Rien n’a été gardé."), code="piece")
            if not await store.advance(tx, upload.id, offset, len(piece)):
                raise _elsewhere()
            number = offset // PIECE
            place = piece_place(upload.id, upload.patient_id, number)
            values = {"upload_id": upload.id, "number": number, "patient_id": upload.patient_id}
            sealed = await self._ground.vault.seal(tx, place, piece)
            await store.add_piece(tx, {**values, "sealed_piece": sealed})
        return Progress(upload.id, upload.size, offset + len(piece), PIECE, upload.expires_at)

    async def finish(self, who: Identity, upload_id: DocumentId) -> DocumentId:
        """Look at a whole file and keep it; asking again gives the same answer.

        Raises Invalid with the code of `rules.Wrong` when it is not kept: nothing of it is left then. Conflict
        `incomplete` while pieces lack; Unavailable `no-scanner`, and the file waits.
        """
        require(who, Act.DOCUMENT_ADD)
        async with self._ground.database.transaction() as tx:
            if await self._is_kept(tx, who, upload_id):
                return upload_id
            upload = await self._own(tx, who, upload_id)
            content, title = await self._content(tx, upload)
        try:
            looked = await self._screening.look(content)
        except RefusedFile as refused:
            await self._drop(upload_id)
            raise Invalid(WRONG_WORDS[refused.wrong], code=refused.wrong.value) from None
        async with self._ground.database.transaction() as tx:
            if not await store.drop_upload(tx, upload_id):  # of two who end it, one is faster
                if await self._is_kept(tx, who, upload_id):
                    return upload_id
                raise no_such_document()
            await self._ground.allow_adding(tx, who, upload.patient_id, upload.encounter_id)
            await self._keep(tx, who, upload, title, looked)
            pages = await self._ground.visits.pages_of(tx, upload.patient_id)
        await self._ground.visits.nudge(pages)
        return upload_id

    async def abandon(self, who: Identity, upload_id: DocumentId) -> None:
        """Throw away what is here of a file."""
        require(who, Act.DOCUMENT_ADD)
        async with self._ground.database.transaction() as tx:
            upload = await store.upload(tx, upload_id)
            if upload is None or upload.account_id != who.account_id:
                raise no_such_document()
            await store.drop_upload(tx, upload_id)

    async def purge(self) -> int:
        """Throw away every file that nobody ended in time; return how many."""
        async with self._ground.database.transaction() as tx:
            return await self._purge(tx)

    async def _purge(self, tx: AsyncSession) -> int:
        gone = await store.expired(tx, self._ground.now())
        for upload_id in gone:
            await store.drop_upload(tx, upload_id)
        return len(gone)

    async def _begin(
        self, tx: AsyncSession, who: Identity, about: tuple[PatientId, EncounterId | None], file: NewFile
    ) -> Progress:
        patient_id, encounter_id = about
        if not 0 < file.size <= SIZE_MAX:
            raise Invalid(
                N_("Ce fichier est trop lourd, ou il est vide : 20 Mo au plus."), code="size", fields={"size": _TOO_BIG}
            )
        await self._purge(tx)
        words = f"{who.account_id}|{patient_id}|{encounter_id}|{file.size}|{file.fingerprint or secrets.token_hex()}"
        blind = self._ground.vault.blind("document_upload", "file", words)
        known = await store.begun(tx, who.account_id, blind)
        if known is not None:
            return _progress(known)
        self._begins.take(str(who.account_id))
        await self._refuse_too_many(tx, who, about, file.size)
        upload_id, now = DocumentId(new_id()), self._ground.now()
        title = await self._ground.vault.seal(tx, title_place(upload_id, patient_id), tidy_title(file.title).encode())
        await store.add_upload(
            tx,
            {
                "id": upload_id,
                "patient_id": patient_id,
                "encounter_id": encounter_id,
                "account_id": who.account_id,
                "size": file.size,
                "received": 0,
                "begun_at": now,
                "expires_at": now + KEPT_FOR,
                "blind": blind,
                "sealed_title": title,
            },
        )
        return Progress(upload_id, file.size, 0, PIECE, now + KEPT_FOR)

    async def _refuse_too_many(
        self, tx: AsyncSession, who: Identity, about: tuple[PatientId, EncounterId | None], size: int
    ) -> None:
        patient_id, encounter_id = about
        if await store.on_their_way(tx, who.account_id) >= OPEN_MOST:
            raise Conflict(N_("Plusieurs fichiers sont déjà en route. Attendez qu’ils arrivent."), code="too-many-open")
        count, together = await store.weight_of(tx, patient_id)
        full = count >= PATIENT_MOST or together + size > PATIENT_BYTES
        if who.role is Role.CABIN and encounter_id is not None:
            full = full or await store.count_of_visit(tx, encounter_id, who.account_id) >= VISIT_MOST
        if full:
            raise Conflict(N_("Il y a déjà trop de documents. Rien n’a été ajouté."), code="full")

    async def _own(self, tx: AsyncSession, who: Identity, upload_id: DocumentId) -> store.StoredUpload:
        """Return a file that `who` is sending, if they still may: in a cabin, while its patient sits there."""
        upload = await store.upload(tx, upload_id)
        if upload is None or upload.account_id != who.account_id or upload.expires_at <= self._ground.now():
            raise no_such_document()
        await self._ground.allow_adding(tx, who, upload.patient_id, upload.encounter_id)
        return upload

    async def _content(self, tx: AsyncSession, upload: store.StoredUpload) -> tuple[bytes, str]:
        if upload.received != upload.size:
            raise Conflict(N_("Il manque encore des morceaux de ce fichier."), code="incomplete")
        content = bytearray()
        for number, sealed in enumerate(await store.pieces(tx, upload.id)):
            place = piece_place(upload.id, upload.patient_id, number)
            content += await self._ground.vault.open(tx, place, sealed)
        place = title_place(upload.id, upload.patient_id)
        title = await self._ground.vault.open(tx, place, upload.sealed_title)
        return bytes(content), title.decode()

    async def _is_kept(self, tx: AsyncSession, who: Identity, document_id: DocumentId) -> bool:
        kept = await store.document(tx, document_id)
        return kept is not None and kept.added_by == who.account_id

    async def _drop(self, upload_id: DocumentId) -> None:
        async with self._ground.database.transaction() as tx:
            await store.drop_upload(tx, upload_id)

    async def _keep(
        self, tx: AsyncSession, who: Identity, upload: store.StoredUpload, title: str, looked: Looked
    ) -> None:
        about = (upload.id, upload.patient_id)
        body = DocumentBody(title, looked.media_type, looked.width, looked.height)
        sealed = await self._ground.scribe.seal(tx, body_place(*about), body)
        sealer = await self._ground.vault.document_sealer(tx, content_place(*about))
        chunks = sealer.add(looked.content) + sealer.end()
        small = await self._ground.vault.seal(tx, thumbnail_place(*about), looked.small) if looked.small else None
        status = DocumentStatus.QUARANTINED if looked.quarantined else DocumentStatus.CURRENT
        values: dict[str, Any] = {
            "id": upload.id,
            "patient_id": upload.patient_id,
            "encounter_id": upload.encounter_id,
            "status": status,
            "size": len(looked.content),
            "added_at": self._ground.now(),
            "added_by": who.account_id,
            "row_ver": 1,
            "key_ver": sealed.key_ver,
            "sealed_body": sealed.body,
            "sealed_head": sealer.head,
            "sealed_thumbnail": small,
        }
        await store.add_document(tx, values)
        cut = [chunks[start : start + SEALED_CHUNK] for start in range(0, len(chunks), SEALED_CHUNK)]
        await store.add_chunks(tx, upload.id, upload.patient_id, cut)
        await self._ground.scribe.wrote(tx, who, Action.DOCUMENT_ADDED, sealed)
        if looked.quarantined:
            row = f"document:{upload.id}"
            await self._ground.scribe.noted(tx, who, Action.DOCUMENT_QUARANTINED, upload.patient_id, row)


_TOO_BIG = N_("Ce fichier est trop lourd, ou il est vide : 20 Mo au plus.")


def _progress(upload: store.StoredUpload) -> Progress:
    return Progress(upload.id, upload.size, upload.received, PIECE, upload.expires_at)


def _elsewhere() -> Conflict:
    return Conflict(N_("Ce fichier en est à un autre endroit. Demandez où, et reprenez de là."), code="offset")
