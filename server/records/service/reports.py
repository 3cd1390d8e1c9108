"""The report of a visit as it goes on paper: the signed note with its additions, the measures, who was treated."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import NotFound
from server.kernel.ids import EncounterId
from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.people.rules import Patient
from server.people.service import People
from server.records import store
from server.records.rules.note import NoteStatus, SignedContent
from server.records.service.measures import Observation, opened_observations
from server.records.service.sealing import Scribe, body_of

MEASURES_MOST = 50


@dataclass(frozen=True, slots=True)
class Report:
    """A signed note for paper. `additions`: when and what its author added."""

    patient: Patient
    content: SignedContent
    status: NoteStatus
    signed_at: datetime
    additions: tuple[tuple[datetime, str], ...]
    observations: tuple[Observation, ...]


class _Added(msgspec.Struct, frozen=True):
    words: str


class Reports:
    """Reports of visits."""

    def __init__(self, database: Database, vault: Vault, people: People, now: Clock) -> None:
        self._database = database
        self._people = people
        self._scribe = Scribe(vault, now)

    async def printed(self, who: Identity, encounter_id: EncounterId) -> Report:
        """Return the report of a signed visit to who may read the patient's history, and write down that it was."""
        require(who, Act.HISTORY_READ)
        async with self._database.transaction() as tx:
            stored = await store.note_of(tx, encounter_id)
            if stored is None or stored.signed_at is None:
                raise NotFound(N_("Ce compte rendu n’existe pas, ou il n’est pas signé."))
            patient = await self._people.allowed(tx, who, stored.patient_id, Act.HISTORY_READ)
            rows = await store.observations_of(tx, stored.patient_id, MEASURES_MOST, encounter_id)
            place = body_of("note", stored.id, stored.patient_id, stored.row_ver)
            report = Report(
                patient,
                await self._scribe.open(tx, place, stored.sealed_body, SignedContent),
                stored.status,
                stored.signed_at,
                await self._additions(tx, stored),
                tuple(await opened_observations(tx, self._scribe, rows, patient.traits.born_on)),
            )
            await self._scribe.noted(tx, who, Action.REPORT_PRINTED, stored.patient_id, f"note:{stored.id}")
        return report

    async def _additions(self, tx: AsyncSession, stored: store.StoredNote) -> tuple[tuple[datetime, str], ...]:
        found = []
        for one in await store.addenda_of(tx, [stored.id]):
            place = body_of("note_addendum", one.id, one.patient_id, one.row_ver)
            added = await self._scribe.open(tx, place, one.sealed_body, _Added)
            found.append((one.added_at, added.words))
        return tuple(found)
