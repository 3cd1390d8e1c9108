"""What sending and reading documents stand on: who may add for whom, and the place of each sealed part."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.kernel.access import Act, Identity, Role
from server.kernel.clock import Clock
from server.kernel.errors import NotFound
from server.kernel.ids import EncounterId, PatientId
from server.kernel.sealing import Place
from server.kernel.words import N_
from server.people.service import People
from server.people.store import same_ids
from server.records.seal.vault import PatientVault
from server.records.service.sealing import Scribe
from server.records.service.visits import Visits


@dataclass(frozen=True, slots=True)
class Ground:
    """The services below, and the clock."""

    database: Database
    vault: PatientVault
    visits: Visits
    people: People
    now: Clock

    @property
    def scribe(self) -> Scribe:
        """Seals, opens and writes down the act."""
        return Scribe(self.vault, self.now)

    async def seated(self, tx: AsyncSession, who: Identity) -> tuple[EncounterId, PatientId]:
        """Return the visit that sits in the caller's cabin, and its patient; NotFound when nobody does."""
        found = await self.visits.patient_in(tx, who.cabin_id) if who.cabin_id is not None else None
        if found is None:
            raise no_such_document()
        return found

    async def allow_adding(
        self, tx: AsyncSession, who: Identity, patient_id: PatientId, encounter_id: EncounterId | None
    ) -> None:
        """Raise NotFound unless `who` may add a document to this patient's record now.

        A cabin: to the visit that sits in it. A health worker: at their site. A doctor: in a care relation.
        """
        if who.role is Role.CABIN:
            if await self.seated(tx, who) != (encounter_id, patient_id):
                raise no_such_document()
            return
        await self.people.allowed(tx, who, patient_id, Act.DOCUMENT_ADD)
        if encounter_id is None:
            return
        if (await self.visits.facts(tx, encounter_id)).patient_id not in await same_ids(tx, patient_id):
            raise NotFound(N_("Cette consultation n’existe pas, ou elle n’est pas à vous."))


def no_such_document() -> NotFound:
    """Say that there is none, or none for you."""
    return NotFound(N_("Ce document n’existe pas, ou il ne vous est pas ouvert."))


def body_place(document_id: UUID, patient_id: PatientId) -> Place:
    """Return where the words about a document are sealed."""
    return Place("document", "sealed_body", document_id, patient_id, 1)


def content_place(document_id: UUID, patient_id: PatientId) -> Place:
    """Return the place that the key of a document's chunks is sealed for."""
    return Place("document", "sealed_head", document_id, patient_id, 1)


def thumbnail_place(document_id: UUID, patient_id: PatientId) -> Place:
    """Return where the small picture is sealed."""
    return Place("document", "sealed_thumbnail", document_id, patient_id, 1)


def title_place(upload_id: UUID, patient_id: PatientId) -> Place:
    """Return where the title of a file on its way is sealed."""
    return Place("document_upload", "sealed_title", upload_id, patient_id, 1)


def piece_place(upload_id: UUID, patient_id: PatientId, number: int) -> Place:
    """Return where a piece is sealed. Its number stands as the version: pieces cannot change places."""
    return Place("document_piece", "sealed_piece", upload_id, patient_id, number + 1)
