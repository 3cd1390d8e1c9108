"""A patient's background: one sheet of allergies, conditions and medications, saved by compare-and-swap.

save 1 ── save 2 ── save 3 ── …          each stays as a version; what is taken back is a new save
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import store as accounts_store
from server.audit.rules import Action
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, Invalid, NotFound
from server.kernel.ids import PatientId
from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.people.service import People
from server.people.store import links_of, same_ids
from server.people.tables import PatientMerge
from server.records import store
from server.records.rules.background import BackgroundBody, Change, changes, tidy, together, wrong_background
from server.records.service.sealing import Scribe, body_of

VERSIONS_MOST = 100


@dataclass(frozen=True, slots=True)
class BackgroundSheet:
    """The sheet as somebody sees it. `row_ver` 0: nothing was written yet; send it back with the next save."""

    patient_id: PatientId
    row_ver: int
    body: BackgroundBody
    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class SheetVersion:
    """The sheet of one record as it stood after one save, by whom, and what that save changed.

    `record_id`: the record that it was written in, one of several when a person has been joined from them. `changes`
    is None when the version before is not kept.
    """

    record_id: PatientId
    row_ver: int
    body: BackgroundBody
    saved_at: datetime
    saved_by: str
    changes: tuple[Change, ...] | None


class Background:
    """Backgrounds of patients."""

    def __init__(self, database: Database, vault: Vault, people: People, now: Clock) -> None:
        self._database = database
        self._people = people
        self._now = now
        self._scribe = Scribe(vault, now)

    async def read(self, who: Identity, patient_id: PatientId) -> BackgroundSheet:
        """Return the sheet, with None for each list that nobody asked about yet."""
        require(who, Act.BACKGROUND_READ)
        async with self._database.transaction() as tx:
            patient_id = (await self._people.allowed(tx, who, patient_id, Act.BACKGROUND_READ)).id
            sheet = await self._sheet(tx, patient_id)
            await self._scribe.noted(tx, who, Action.BACKGROUND_READ, patient_id)
        return sheet

    async def versions(self, who: Identity, patient_id: PatientId) -> list[SheetVersion]:
        """Return what was saved of the sheet, in all records of the person, newest first, at most 100 versions."""
        require(who, Act.BACKGROUND_READ)
        async with self._database.transaction() as tx:
            patient_id = (await self._people.allowed(tx, who, patient_id, Act.BACKGROUND_READ)).id
            stored = await store.background_versions(tx, patient_id, VERSIONS_MOST + 1)
            bodies = {(one.patient_id, one.row_ver): await self._opened(tx, one) for one in stored}
            names = await accounts_store.names(tx, {one.saved_by for one in stored})
            await self._scribe.noted(tx, who, Action.BACKGROUND_READ, patient_id, f"patient_background:{patient_id}")
        return [_version(one, bodies, names.get(one.saved_by, "")) for one in stored[:VERSIONS_MOST]]

    async def take_back(
        self, who: Identity, patient_id: PatientId, version: tuple[PatientId, int], row_ver: int
    ) -> int:
        """Save an earlier version (its record, its number) over version `row_ver`; Conflict `edited-elsewhere`."""
        require(who, Act.BACKGROUND_WRITE)
        async with self._database.reading() as tx:
            patient_id = (await self._people.allowed(tx, who, patient_id, Act.BACKGROUND_WRITE)).id
            stored = await store.background_version(tx, *version)
            if stored is None or stored.patient_id not in await same_ids(tx, patient_id):
                raise NotFound(N_("Cet élément n’existe pas, ou il n’est pas à vous."))
            body = await self._opened(tx, stored)
        return await self.save(who, patient_id, body, row_ver)

    async def known(self, tx: AsyncSession, patient_id: PatientId) -> BackgroundBody:
        """Return what is known of a patient, in the caller's transaction, who has authorised and audits."""
        return (await self._sheet(tx, patient_id)).body

    async def save(self, who: Identity, patient_id: PatientId, body: BackgroundBody, row_ver: int) -> int:
        """Save the sheet over version `row_ver` and return its new version; Conflict `edited-elsewhere`."""
        require(who, Act.BACKGROUND_WRITE)
        body = tidy(body)
        if wrong := wrong_background(body):
            raise Invalid(N_("La fiche n’est pas enregistrée : corrigez ce qui est indiqué."), fields=wrong)
        async with self._database.transaction() as tx:
            patient_id = (await self._people.allowed(tx, who, patient_id, Act.BACKGROUND_WRITE)).id
            if who.practitioner_id is None:
                body = await self._keep_decision(tx, patient_id, body)
            place = body_of("patient_background", patient_id, patient_id, row_ver + 1)
            sealed = await self._scribe.seal(tx, place, body)
            values = {
                "patient_id": patient_id,
                "row_ver": row_ver + 1,
                "key_ver": sealed.key_ver,
                "sealed_body": sealed.body,
                "saved_at": self._now(),
                "saved_by": who.account_id,
            }
            if not await store.save_background(tx, row_ver, values):
                raise Conflict(
                    N_("Cette fiche a été modifiée ailleurs. Rien n’a été écrasé : relisez-la, puis reprenez."),
                    code="edited-elsewhere",
                )
            await self._scribe.wrote(tx, who, Action.BACKGROUND_SAVED, sealed)
        return row_ver + 1

    async def _keep_decision(self, tx: AsyncSession, patient_id: PatientId, body: BackgroundBody) -> BackgroundBody:
        """Return `body` with what only a doctor decides as it stood: which oxygen is right for this patient."""
        decided = (await self._sheet(tx, patient_id)).body.low_oxygen_target
        return msgspec.structs.replace(body, low_oxygen_target=decided)

    async def _sheet(self, tx: AsyncSession, patient_id: PatientId) -> BackgroundSheet:
        """Return the sheet of a patient, together with those of records that were joined since it was saved."""
        kept = await store.backgrounds_of(tx, patient_id)
        links = await links_of(tx, patient_id) if kept.keys() - {patient_id} else []
        body = await self._together(tx, patient_id, kept, links)
        stored = kept.get(patient_id)
        saved_at = max((one.saved_at for one in kept.values()), default=None)
        return BackgroundSheet(patient_id, stored.row_ver if stored else 0, body, saved_at)

    async def _together(
        self,
        tx: AsyncSession,
        patient_id: PatientId,
        kept: Mapping[PatientId, store.StoredBackground],
        links: Sequence[PatientMerge],
    ) -> BackgroundBody:
        """Return one record's sheet with those below it; who saved since they were joined saw and saved them all."""
        stored = kept.get(patient_id)
        body = await self._opened(tx, stored) if stored else BackgroundBody()
        for link in links:
            if link.into_id == patient_id and (stored is None or stored.saved_at < link.merged_at):
                body = together(body, await self._together(tx, link.patient_id, kept, links))
        return body

    async def _opened(self, tx: AsyncSession, stored: store.StoredBackground) -> BackgroundBody:
        place = body_of("patient_background", stored.patient_id, stored.patient_id, stored.row_ver)
        return await self._scribe.open(tx, place, stored.sealed_body, BackgroundBody)


def _version(
    stored: store.StoredBackground, bodies: Mapping[tuple[PatientId, int], BackgroundBody], saved_by: str
) -> SheetVersion:
    body = bodies[stored.patient_id, stored.row_ver]
    first = BackgroundBody() if stored.row_ver == 1 else None
    before = bodies.get((stored.patient_id, stored.row_ver - 1), first)
    changed = None if before is None else changes(before, body)
    return SheetVersion(stored.patient_id, stored.row_ver, body, stored.saved_at, saved_by, changed)
