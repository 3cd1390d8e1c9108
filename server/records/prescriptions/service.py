"""What a person can do with prescriptions: write, sign alone or with the note, cancel, replace, read, print.

draft ──save (compare-and-swap on row_ver)──> draft ──sign / sign_in──> active ──cancel──> cancelled
                                                └── replaces another: signing it cancels that one, in one transaction
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.database.engine import Database
from server.kernel.access import Act, Identity, Role, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, Invalid, NotFound
from server.kernel.ids import EncounterId, PatientId, PractitionerId, PrescriptionId, new_id
from server.kernel.sealing import Place, Vault
from server.kernel.words import N_
from server.people import store as people_store
from server.people.service import People
from server.records.prescriptions import store
from server.records.prescriptions.listed import Alert, DrugRules, alerts, missing
from server.records.prescriptions.rules import (
    CancelReason,
    PrescriptionBody,
    PrescriptionStatus,
    SignedPrescription,
    Situation,
    prescriber_of,
    tidy,
    treated_of,
    wrong_prescription,
)
from server.records.prescriptions.store import StoredPrescription
from server.records.rules.note import VisitFacts
from server.records.service.background import Background
from server.records.service.sealing import Scribe, Sealed, body_of
from server.records.service.visits import Visits

READ_MOST = 50
OWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Draft:
    """A prescription as its author writes it. `row_ver` 0: nothing was saved yet; send it back with the next save.

    `alerts` and `missing` are what the rules say of it just now; `known` is what they know of both people.
    """

    encounter_id: EncounterId
    row_ver: int
    body: PrescriptionBody
    replaces_id: PrescriptionId | None
    known: Situation
    alerts: list[Alert]
    missing: dict[str, str]


@dataclass(frozen=True, slots=True)
class Prescription:
    """A signed prescription, opened."""

    id: PrescriptionId
    encounter_id: EncounterId
    patient_id: PatientId
    author_id: PractitionerId
    replaces_id: PrescriptionId | None
    status: PrescriptionStatus
    content: SignedPrescription
    signed_at: datetime
    cancelled_at: datetime | None


class Prescriptions:
    """Prescriptions of visits."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        visits: Visits,
        people: People,
        background: Background,
        rules: DrugRules,
        now: Clock,
    ) -> None:
        self._database = database
        self._visits = visits
        self._people = people
        self._background = background
        self._now = now
        self._scribe = Scribe(vault, now)
        self.rules = rules

    async def draft(self, who: Identity, encounter_id: EncounterId) -> Draft:
        """Return the draft of a visit that `who` has claimed, empty if nothing was saved yet."""
        require(who, Act.PRESCRIBE)
        async with self._database.transaction() as tx:
            patient_id, stored = await self._own(tx, who, encounter_id)
            body = await self._body(tx, stored) if stored else PrescriptionBody()
            drawn = await self._drawn(tx, who, (encounter_id, patient_id), stored, body)
            row = f"prescription:{stored.id}" if stored else None
            await self._scribe.noted(tx, who, Action.PRESCRIPTION_READ, patient_id, row)
        return drawn

    async def save(self, who: Identity, encounter_id: EncounterId, body: PrescriptionBody, row_ver: int) -> Draft:
        """Save a draft over version `row_ver`, and return it with what the rules say of it.

        Raises Conflict `edited-elsewhere` when another tab saved meanwhile: nothing is overwritten.
        """
        require(who, Act.PRESCRIBE)
        if wrong := wrong_prescription(body):
            raise Invalid(N_("L’ordonnance n’est pas enregistrée : corrigez ce qui est indiqué."), fields=wrong)
        async with self._database.transaction() as tx:
            patient_id, stored = await self._own(tx, who, encounter_id)
            if (stored.row_ver if stored else 0) != row_ver:
                raise _edited_elsewhere()
            stored = await self._write(tx, who, (encounter_id, patient_id), stored, tidy(body))
            return await self._drawn(tx, who, (encounter_id, patient_id), stored, tidy(body))

    async def sign(self, who: Identity, encounter_id: EncounterId, row_ver: int) -> Prescription:
        """Sign version `row_ver` of the draft on its own, before the note or in place of a signed one."""
        require(who, Act.PRESCRIBE)
        async with self._database.transaction() as tx:
            _patient_id, stored = await self._own(tx, who, encounter_id)
            if stored is None:
                raise _edited_elsewhere()
            signed = await self._sign(tx, who, stored, row_ver)
            pages = await self._visits.pages_of(tx, stored.patient_id)
        await self._visits.nudge(pages)
        return signed

    async def sign_in(
        self, tx: AsyncSession, who: Identity, facts: VisitFacts, row_ver: int
    ) -> list[StoredPrescription]:
        """Sign the visit's draft with its note, in the caller's transaction; return all that the visit prescribed.

        `row_ver` is the version that was read again; 0 says that there was none. A draft without lines stays one.
        """
        require(who, Act.PRESCRIBE)
        stored = await store.draft_of(tx, facts.encounter_id)
        if stored is not None and (await self._body(tx, stored)).lines:
            await self._sign(tx, who, stored, row_ver)
        elif row_ver and stored is None:
            raise _edited_elsewhere()
        signed = await store.signed_of_visit(tx, facts.encounter_id)
        return [one for one in signed if one.status is PrescriptionStatus.ACTIVE]

    async def cancel(self, who: Identity, prescription_id: PrescriptionId, reason: CancelReason) -> None:
        """Let a signed prescription of one's own hold no longer: it stays, and is shown as cancelled."""
        require(who, Act.PRESCRIBE)
        async with self._database.transaction() as tx:
            stored = await self._own_signed(tx, who, prescription_id)
            await self._cancel(tx, who, stored, reason)
            pages = await self._visits.pages_of(tx, stored.patient_id)
        await self._visits.nudge(pages)

    async def replace(self, who: Identity, prescription_id: PrescriptionId) -> EncounterId:
        """Begin a draft in place of a signed prescription of one's own; that one holds until the new one is signed."""
        require(who, Act.PRESCRIBE)
        async with self._database.transaction() as tx:
            stored = await self._own_signed(tx, who, prescription_id)
            begun = await store.draft_of(tx, stored.encounter_id)
            if begun is not None and begun.replaces_id == stored.id:
                return stored.encounter_id
            content = await self._content(tx, stored)
            new = PrescriptionId(new_id())
            sealed = await self._seal(tx, new, stored.patient_id, 1, content.body)
            values = {**self._first(who, sealed, stored.encounter_id), "replaces_id": stored.id}
            if not await store.add_draft(tx, values):
                raise Conflict(N_("Une ordonnance est déjà en cours d’écriture pour cette visite."), code="draft-there")
            await self._scribe.wrote(tx, who, Action.PRESCRIPTION_SAVED, sealed)
        return stored.encounter_id

    async def of_patient(self, who: Identity, patient_id: PatientId) -> list[Prescription]:
        """Return the signed prescriptions of a person, cancelled ones among them, newest first."""
        require(who, Act.PRESCRIPTION_READ)
        async with self._database.transaction() as tx:
            await self._people.allowed(tx, who, patient_id, Act.PRESCRIPTION_READ)
            found = [await self._opened(tx, one) for one in await store.signed_of_patient(tx, patient_id, READ_MOST)]
            await self._scribe.noted(tx, who, Action.PRESCRIPTION_READ, patient_id)
        return found

    async def mine(self, who: Identity) -> list[Prescription]:
        """Return one's own signed prescriptions of the last weeks, newest first, of people whom one still follows."""
        require(who, Act.PRESCRIBE)
        found = []
        async with self._database.transaction() as tx:
            for stored in await store.signed_by(tx, _doctor(who), self._now() - OWN_FOR, READ_MOST):
                with suppress(NotFound):
                    await self._people.allowed(tx, who, stored.patient_id, Act.PRESCRIBE)
                    found.append(await self._opened(tx, stored))
                    row = f"prescription:{stored.id}"
                    await self._scribe.noted(tx, who, Action.PRESCRIPTION_READ, stored.patient_id, row)
        return found

    async def of_visit(self, who: Identity, encounter_id: EncounterId, *, printing: bool = False) -> list[Prescription]:
        """Return what holds of a visit's signed prescriptions: to its doctor, or to the cabin in which it sits."""
        require(who, Act.PRESCRIPTION_READ)
        async with self._database.transaction() as tx:
            facts = await self._visits.facts(tx, encounter_id)
            here = who.role is Role.CABIN and who.cabin_id is not None and facts.seated_in == who.cabin_id
            mine = who.practitioner_id is not None and facts.practitioner_id == who.practitioner_id
            if not here and not mine:
                raise _not_there()
            stored = await store.signed_of_visit(tx, encounter_id)
            found = [await self._opened(tx, one) for one in stored if one.status is PrescriptionStatus.ACTIVE]
            if found:
                action = Action.PRESCRIPTION_PRINTED if printing else Action.PRESCRIPTION_READ
                await self._scribe.noted(tx, who, action, facts.patient_id)
        return found

    async def printed(self, who: Identity, prescription_id: PrescriptionId) -> Prescription:
        """Return one signed prescription to be drawn on paper, and write down that it was."""
        require(who, Act.PRESCRIPTION_READ)
        async with self._database.transaction() as tx:
            stored = await store.prescription(tx, prescription_id)
            if stored.status is PrescriptionStatus.DRAFT:
                raise _not_there()
            await self._people.allowed(tx, who, stored.patient_id, Act.PRESCRIPTION_READ)
            opened = await self._opened(tx, stored)
            row = f"prescription:{stored.id}"
            await self._scribe.noted(tx, who, Action.PRESCRIPTION_PRINTED, stored.patient_id, row)
        return opened

    async def _own(
        self, tx: AsyncSession, who: Identity, encounter_id: EncounterId
    ) -> tuple[PatientId, StoredPrescription | None]:
        """Return whose visit it is and its draft; the visit is claimed by `who` and runs, or the draft replaces one."""
        claim = await self._visits.claim(tx, encounter_id)
        if who.practitioner_id is None or claim.practitioner_id != who.practitioner_id:
            raise _not_there()
        stored = await store.draft_of(tx, encounter_id)
        if not claim.in_progress and (stored is None or stored.replaces_id is None):
            raise Conflict(N_("Cette consultation est terminée : remplacez une ordonnance signée."), code="visit-over")
        return claim.patient_id, stored

    async def _own_signed(self, tx: AsyncSession, who: Identity, prescription_id: PrescriptionId) -> StoredPrescription:
        stored = await store.prescription(tx, prescription_id)
        if stored.author_id != who.practitioner_id or stored.status is PrescriptionStatus.DRAFT:
            raise _not_there()
        if stored.status is PrescriptionStatus.CANCELLED:
            raise _cancelled_already()
        return stored

    async def _write(
        self,
        tx: AsyncSession,
        who: Identity,
        visit: tuple[EncounterId, PatientId],
        stored: StoredPrescription | None,
        body: PrescriptionBody,
    ) -> StoredPrescription:
        encounter_id, patient_id = visit
        prescription_id = stored.id if stored else PrescriptionId(new_id())
        row_ver = stored.row_ver if stored else 0
        sealed = await self._seal(tx, prescription_id, patient_id, row_ver + 1, body)
        if stored is None:
            written = await store.add_draft(tx, self._first(who, sealed, encounter_id))
        else:
            written = await store.change_draft(tx, prescription_id, row_ver, self._next(who, sealed))
        fresh = await store.draft_of(tx, encounter_id)
        if not written or fresh is None:
            raise _edited_elsewhere()
        await self._scribe.wrote(tx, who, Action.PRESCRIPTION_SAVED, sealed)
        return fresh

    async def _sign(self, tx: AsyncSession, who: Identity, stored: StoredPrescription, row_ver: int) -> Prescription:
        if stored.row_ver != row_ver:
            raise _edited_elsewhere()
        body = await self._body(tx, stored)
        known = await self._situation(tx, who, stored.patient_id)
        if lacking := missing(body, known, self.rules):
            raise Invalid(
                N_("L’ordonnance n’est pas signée : il manque ce qui est indiqué."),
                code="prescription-incomplete",
                fields=lacking,
            )
        content = SignedPrescription(body, known.prescriber, known.treated)
        sealed = await self._seal(tx, stored.id, stored.patient_id, row_ver + 1, content)
        signed_at = self._now()
        values = {**self._next(who, sealed), "status": PrescriptionStatus.ACTIVE, "signed_at": signed_at}
        if not await store.change_draft(tx, stored.id, row_ver, values):
            raise _edited_elsewhere()
        await self._scribe.wrote(tx, who, Action.PRESCRIPTION_SIGNED, sealed)
        if stored.replaces_id is not None:
            replaced = await self._own_signed(tx, who, stored.replaces_id)
            await self._cancel(tx, who, replaced, CancelReason.REPLACED)
        return await self._opened(tx, await store.prescription(tx, stored.id))

    async def _cancel(self, tx: AsyncSession, who: Identity, stored: StoredPrescription, reason: CancelReason) -> None:
        if not await store.cancel(tx, stored.id, self._now()):
            raise _cancelled_already()
        row = f"prescription:{stored.id}"
        await self._scribe.noted(tx, who, Action.PRESCRIPTION_CANCELLED, stored.patient_id, row, reason.value)

    async def _drawn(
        self,
        tx: AsyncSession,
        who: Identity,
        visit: tuple[EncounterId, PatientId],
        stored: StoredPrescription | None,
        body: PrescriptionBody,
    ) -> Draft:
        known = await self._situation(tx, who, visit[1])
        return Draft(
            visit[0],
            stored.row_ver if stored else 0,
            body,
            stored.replaces_id if stored else None,
            known,
            alerts(body, known.allergies, self.rules),
            missing(body, known, self.rules),
        )

    async def _situation(self, tx: AsyncSession, who: Identity, patient_id: PatientId) -> Situation:
        patient = await self._people.allowed(tx, who, patient_id, Act.PRESCRIBE)
        doctor = await people_store.practitioner(tx, _doctor(who))
        allergies = (await self._background.known(tx, patient.id)).allergies
        return Situation(prescriber_of(doctor), treated_of(patient.traits), allergies, self._now().date())

    async def _seal(
        self, tx: AsyncSession, prescription_id: PrescriptionId, patient_id: PatientId, ver: int, body: msgspec.Struct
    ) -> Sealed:
        return await self._scribe.seal(tx, body_of("prescription", prescription_id, patient_id, ver), body)

    def _first(self, who: Identity, sealed: Sealed, encounter_id: EncounterId) -> dict[str, Any]:
        place = sealed.place
        born = {"id": place.record_id, "encounter_id": encounter_id, "patient_id": place.patient_id}
        return {**born, "status": PrescriptionStatus.DRAFT, "created_at": self._now(), **self._next(who, sealed)}

    def _next(self, who: Identity, sealed: Sealed) -> dict[str, Any]:
        return {
            "author_id": _doctor(who),
            "row_ver": sealed.place.row_ver,
            "key_ver": sealed.key_ver,
            "sealed_body": sealed.body,
            "saved_at": self._now(),
        }

    async def _body(self, tx: AsyncSession, stored: StoredPrescription) -> PrescriptionBody:
        return await self._scribe.open(tx, _place(stored), stored.sealed_body, PrescriptionBody)

    async def _content(self, tx: AsyncSession, stored: StoredPrescription) -> SignedPrescription:
        return await self._scribe.open(tx, _place(stored), stored.sealed_body, SignedPrescription)

    async def _opened(self, tx: AsyncSession, stored: StoredPrescription) -> Prescription:
        return Prescription(
            stored.id,
            stored.encounter_id,
            stored.patient_id,
            stored.author_id,
            stored.replaces_id,
            stored.status,
            await self._content(tx, stored),
            stored.signed_at or stored.saved_at,
            stored.cancelled_at,
        )


def _place(stored: StoredPrescription) -> Place:
    return body_of("prescription", stored.id, stored.patient_id, stored.row_ver)


def _doctor(who: Identity) -> PractitionerId:
    if who.practitioner_id is None:
        raise _not_there()
    return who.practitioner_id


def _not_there() -> NotFound:
    return NotFound(N_("Cette ordonnance n’existe pas, ou elle n’est pas à vous."))


def _cancelled_already() -> Conflict:
    return Conflict(N_("Cette ordonnance est déjà annulée."), code="already-cancelled")


def _edited_elsewhere() -> Conflict:
    return Conflict(
        N_("Cette ordonnance a été modifiée ailleurs. Rien n’a été écrasé : relisez-la, puis reprenez."),
        code="edited-elsewhere",
    )
