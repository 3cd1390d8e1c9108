"""The versions of a note: every save of the draft, readable for the doctor who has the visit.

save 1 ── save 2 ── save 3 ── … ── signed          what is taken back is a new save: no version is ever replaced
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.errors import NotFound
from server.kernel.ids import EncounterId, NoteId, PatientId
from server.kernel.words import N_
from server.records import store
from server.records.rules.note import NoteBody
from server.records.service.sealing import Scribe, body_of
from server.records.service.visits import Visits

SHOWN_MOST = 300
_NOT_YOURS = N_("Cette consultation n’existe pas, ou elle n’est pas à vous.")


@dataclass(frozen=True, slots=True)
class Saved:
    """When a version of a draft was saved, and how long it is (bytes, sealed)."""

    row_ver: int
    saved_at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Version:
    """A draft as it stood after one save."""

    row_ver: int
    saved_at: datetime
    body: NoteBody


class Versions:
    """What was saved of a note before now."""

    def __init__(self, database: Database, visits: Visits, scribe: Scribe) -> None:
        self._database = database
        self._visits = visits
        self._scribe = scribe

    async def of_visit(self, who: Identity, encounter_id: EncounterId) -> list[Saved]:
        """Return the saves of the note of a visit that `who` has, newest first, the newest 300 of them."""
        require(who, Act.NOTE_WRITE)
        async with self._database.transaction() as tx:  # it holds the visit still
            await self._own_visit(tx, who, encounter_id)
            found = await store.versions_of(tx, NoteId(encounter_id), SHOWN_MOST)
        return [Saved(row_ver, saved_at, size) for row_ver, saved_at, size in found]

    async def read(self, who: Identity, encounter_id: EncounterId, row_ver: int) -> Version:
        """Return one version opened."""
        require(who, Act.NOTE_WRITE)
        note_id = NoteId(encounter_id)
        async with self._database.transaction() as tx:
            patient_id = await self._own_visit(tx, who, encounter_id)
            stored = await store.version(tx, note_id, row_ver)
            if stored is None:
                raise NotFound(_NOT_YOURS)
            saved_at, sealed = stored
            body = await self._scribe.open(tx, body_of("note", note_id, patient_id, row_ver), sealed, NoteBody)
            await self._scribe.noted(tx, who, Action.NOTE_READ, patient_id, f"note:{note_id}")
        return Version(row_ver, saved_at, body)

    async def _own_visit(self, tx: AsyncSession, who: Identity, encounter_id: EncounterId) -> PatientId:
        facts = await self._visits.facts(tx, encounter_id)
        if who.practitioner_id is None or facts.practitioner_id != who.practitioner_id:
            raise NotFound(_NOT_YOURS)
        return facts.patient_id
