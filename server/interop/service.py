"""The right to a copy: the whole record of one person, as the law lets them ask for it (L.1111-7 CSP)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import store as accounts_store
from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.interop import store
from server.interop.fhir.bundle import Opened, bundle
from server.interop.fhir.pieces import Json
from server.interop.opening import opened
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.ids import AccountId, PatientId
from server.people import store as people_store
from server.people.service import People
from server.records.seal.vault import PatientVault


@dataclass(frozen=True, slots=True)
class Copy:
    """Somebody's record: as FHIR R4, and as the opened rows that it was made of."""

    patient_id: PatientId
    bundle: Json
    rows: Opened
    names: dict[str, str]
    at: datetime


class Copies:
    """Copies of records, each an act that the patient sees in « Qui a ouvert ? »."""

    def __init__(self, database: Database, vault: PatientVault, people: People, now: Clock) -> None:
        self._database, self._vault, self._people, self._now = database, vault, people, now

    async def of_patient(self, who: Identity, patient_id: PatientId, given_to: str = "person") -> Copy:
        """Return the whole record of a patient of the caller's site; `given_to` stands in the log."""
        require(who, Act.RECORD_COPY)
        async with self._database.transaction() as tx:
            patient = await self._people.allowed(tx, who, patient_id, Act.RECORD_COPY)
            await record(tx, who, Action.RECORD_COPIED, at=self._now(), patient_id=patient.id, reason=given_to)
        async with self._database.reading() as tx:
            return await copy_of(tx, self._vault, patient.id, self._now)


async def copy_of(tx: AsyncSession, vault: PatientVault, patient_id: PatientId, now: Clock) -> Copy:
    """Return a copy of what is kept about one person. Who calls has authorised, and written it into the log."""
    ids = sorted(await people_store.same_ids(tx, patient_id))
    found = await store.rows_of(tx, [patient_id, *(one for one in ids if one != patient_id)])
    await vault.warm(tx, ids)
    rows = {table: [await opened(tx, vault, table, row) for row in some] for table, some in found.items()}
    rows["patient"].sort(key=lambda row: row["id"] != str(patient_id))
    actors = {AccountId(row["actor"]) for row in found["audit_event"] if row["actor"]}
    actors |= {AccountId(row["taken_by"]) for row in found["observation"]}
    names = {str(one): name for one, name in (await accounts_store.names(tx, actors)).items()}
    at = now()
    return Copy(patient_id, bundle(rows, names, at), rows, names, at)
