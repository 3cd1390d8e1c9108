"""Documents that are kept: listed with their small pictures, read chunk by chunk, given to the patient, struck."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.kernel.access import Act, Identity, Role, require
from server.kernel.errors import CannotOpen, Conflict
from server.kernel.ids import AccountId, DocumentId, EncounterId, PatientId
from server.kernel.words import N_
from server.people.store import same_ids
from server.records import store as records
from server.records.documents import store
from server.records.documents.ground import Ground, body_place, content_place, no_such_document, thumbnail_place
from server.records.documents.rules import DocumentBody, DocumentStatus, MediaType, pieces_of
from server.records.rules.note import NoteStatus, StrikeReason

LISTED_MOST = 100


@dataclass(frozen=True, slots=True)
class Document:
    """A document as a list shows it. `thumbnail`: a small JPEG, empty for a PDF and for what was set apart."""

    id: DocumentId
    patient_id: PatientId
    encounter_id: EncounterId | None
    status: DocumentStatus
    given_in: EncounterId | None
    size: int
    added_at: datetime
    added_by: AccountId
    title: str
    media_type: MediaType
    width: int
    height: int
    thumbnail: bytes


class OpenDocument:
    """One document that its reader may read: chunk after chunk, each opened when it is asked for."""

    def __init__(self, ground: Ground, stored: store.StoredDocument, body: DocumentBody) -> None:
        self._ground = ground
        self._stored = stored
        self.body = body
        self.size = stored.size
        self.added_at = stored.added_at

    async def chunk(self, number: int) -> bytes:
        """Return chunk `number` of the plaintext; raises CannotOpen when it is not what was sealed there."""
        document_id, patient_id = self._stored.id, self._stored.patient_id
        async with self._ground.database.reading() as tx:
            sealed = await store.chunk(tx, document_id, number)
            place = content_place(document_id, patient_id)
            opener = await self._ground.vault.document_opener(tx, place, self._stored.sealed_head)
        if sealed is None:
            raise CannotOpen
        return opener.chunk(number, sealed, last=number == pieces_of(self.size) - 1)


class Documents:
    """Documents of patients."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def of_patient(self, who: Identity, patient_id: PatientId) -> list[Document]:
        """Return a patient's documents, newest first: to the doctor all, to a health worker what they added."""
        require(who, Act.DOCUMENT_READ)
        async with self._ground.database.transaction() as tx:
            await self._ground.people.allowed(tx, who, patient_id, Act.DOCUMENT_READ)
            rows = await store.documents_of(tx, patient_id, LISTED_MOST)
            shown = [await self._shown(tx, row) for row in rows if _is_open_to(who, row)]
            await self._ground.scribe.noted(tx, who, Action.DOCUMENTS_READ, patient_id)
        return shown

    async def count(self, who: Identity, encounter_id: EncounterId) -> int:
        """Return how many documents the patient of one's own visit has: to say that one came, not what it is."""
        require(who, Act.DOCUMENT_GIVE)
        async with self._ground.database.reading() as tx:
            claim = await self._ground.visits.claim(tx, encounter_id)
            if who.practitioner_id is None or claim.practitioner_id != who.practitioner_id:
                raise no_such_document()
            return await store.count_of_patient(tx, claim.patient_id)

    async def given_here(self, who: Identity) -> list[Document]:
        """Return what the doctor gave to the patient who sits in the caller's cabin; nothing before the signature."""
        require(who, Act.DOCUMENT_READ)
        async with self._ground.database.transaction() as tx:
            encounter_id, patient_id = await self._ground.seated(tx, who)
            if not await self._is_signed(tx, encounter_id):
                return []
            theirs = await same_ids(tx, patient_id)
            rows = await store.given_in(tx, encounter_id)
            shown = [await self._shown(tx, row) for row in rows if row.patient_id in theirs]
            if shown:
                await self._ground.scribe.noted(tx, who, Action.DOCUMENTS_READ, patient_id)
        return shown

    async def open(self, who: Identity, document_id: DocumentId) -> OpenDocument:
        """Return a document to read. What was struck or set apart is not there."""
        require(who, Act.DOCUMENT_READ)
        async with self._ground.database.transaction() as tx:
            stored = await self._readable(tx, who, document_id)
            place = body_place(stored.id, stored.patient_id)
            body = await self._ground.scribe.open(tx, place, stored.sealed_body, DocumentBody)
            row = f"document:{document_id}"
            await self._ground.scribe.noted(tx, who, Action.DOCUMENT_READ, stored.patient_id, row)
        return OpenDocument(self._ground, stored, body)

    async def give(self, who: Identity, document_id: DocumentId, encounter_id: EncounterId, *, yes: bool) -> None:
        """Mark a document « pour le patient » in one's own visit, or take that back."""
        require(who, Act.DOCUMENT_GIVE)
        async with self._ground.database.transaction() as tx:
            stored = await store.document(tx, document_id)
            claim = await self._ground.visits.claim(tx, encounter_id)
            mine = who.practitioner_id is not None and claim.practitioner_id == who.practitioner_id
            if stored is None or not mine or stored.patient_id not in await same_ids(tx, claim.patient_id):
                raise no_such_document()
            if not await store.give(tx, document_id, encounter_id if yes else None):
                raise no_such_document()
            act = Action.DOCUMENT_GIVEN if yes else Action.DOCUMENT_TAKEN_BACK
            await self._ground.scribe.noted(tx, who, act, stored.patient_id, f"document:{document_id}")

    async def strike(self, who: Identity, document_id: DocumentId, reason: StrikeReason) -> None:
        """Mark a document as an error: it stays sealed, and nobody is shown it any more."""
        require(who, Act.DOCUMENT_STRIKE)
        async with self._ground.database.transaction() as tx:
            stored = await store.document(tx, document_id)
            if stored is None:
                raise no_such_document()
            await self._ground.people.allowed(tx, who, stored.patient_id, Act.DOCUMENT_STRIKE)
            if not _is_open_to(who, stored):
                raise no_such_document()
            if not await store.strike(tx, document_id):
                raise Conflict(N_("Ce document est déjà annulé."), code="already-struck")
            row = f"document:{document_id}"
            await self._ground.scribe.noted(tx, who, Action.DOCUMENT_STRUCK, stored.patient_id, row, reason.value)
            pages = await self._ground.visits.pages_of(tx, stored.patient_id)
        await self._ground.visits.nudge(pages)

    async def _readable(self, tx: AsyncSession, who: Identity, document_id: DocumentId) -> store.StoredDocument:
        stored = await store.document(tx, document_id)
        if stored is None or stored.status is not DocumentStatus.CURRENT:
            raise no_such_document()
        if who.role is Role.CABIN:
            encounter_id, patient_id = await self._ground.seated(tx, who)
            theirs = stored.given_in == encounter_id and stored.patient_id in await same_ids(tx, patient_id)
            if not theirs or not await self._is_signed(tx, encounter_id):
                raise no_such_document()
            return stored
        await self._ground.people.allowed(tx, who, stored.patient_id, Act.DOCUMENT_READ)
        if not _is_open_to(who, stored):
            raise no_such_document()
        return stored

    @staticmethod
    async def _is_signed(tx: AsyncSession, encounter_id: EncounterId) -> bool:
        note = await records.note_of(tx, encounter_id)
        return note is not None and note.status in (NoteStatus.FINAL, NoteStatus.AMENDED)

    async def _shown(self, tx: AsyncSession, row: store.StoredDocument) -> Document:
        body = await self._ground.scribe.open(tx, body_place(row.id, row.patient_id), row.sealed_body, DocumentBody)
        small = b""
        if row.sealed_thumbnail is not None and row.status is DocumentStatus.CURRENT:
            small = await self._ground.vault.open(tx, thumbnail_place(row.id, row.patient_id), row.sealed_thumbnail)
        return Document(
            row.id, row.patient_id, row.encounter_id, row.status, row.given_in, row.size, row.added_at, row.added_by,
            body.title, body.media_type, body.width, body.height, small,
        )  # fmt: skip


def _is_open_to(who: Identity, row: store.StoredDocument) -> bool:
    """A doctor in a care relation reads all; a health worker sees again what they added themselves."""
    return who.role is Role.GP or row.added_by == who.account_id
