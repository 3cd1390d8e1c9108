"""The note of a visit: drafted by the doctor who claimed it, signed once, corrected only by addenda.

draft ──save (compare-and-swap on row_ver, autosaved)──> draft ──sign_in──> final ──> summary, history
"""

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, Invalid, NotFound
from server.kernel.ids import EncounterId, NoteId, PatientId, PractitionerId, new_id
from server.kernel.sealing import Place, Vault
from server.kernel.words import N_
from server.people.rules import Patient
from server.people.service import People
from server.records import store
from server.records.rules.note import (
    Claim,
    NoteBody,
    NoteStatus,
    SignedContent,
    StrikeReason,
    VisitFacts,
    missing_items,
    wrong_words,
)
from server.records.service.measures import Observation, opened_observations
from server.records.service.sealing import Scribe, Sealed, body_of
from server.records.service.versions import Versions
from server.records.service.visits import Visits

HISTORY_MOST = 200
HISTORY_MEASURES = 500  # ten measures a visit
OWN_FOR = timedelta(days=30)
ADDENDUM_MAX = 20_000
REMEMBERED = 2000  # visits whose notes were saved lately


@dataclass(frozen=True, slots=True)
class Draft:
    """A note as its author sees it. `row_ver` 0: nothing was saved yet; send it back with the next save."""

    encounter_id: EncounterId
    row_ver: int
    status: NoteStatus
    body: NoteBody
    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Addendum:
    """A correction of a signed note."""

    author_id: PractitionerId
    words: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A signed note, opened."""

    id: NoteId
    encounter_id: EncounterId
    patient_id: PatientId
    author_id: PractitionerId
    status: NoteStatus
    content: SignedContent
    signed_at: datetime
    addenda: tuple[Addendum, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """The doctor's plain words for the patient."""

    signed_by: str
    advice: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class PastVisit:
    """A signed note with the measures of its visit."""

    note: SignedNote
    observations: tuple[Observation, ...]


class _Words(msgspec.Struct, frozen=True):
    words: str


class Notes:
    """Notes of visits."""

    def __init__(self, database: Database, vault: Vault, visits: Visits, people: People, now: Clock) -> None:
        self._database = database
        self._visits = visits
        self._people = people
        self._now = now
        self._scribe = Scribe(vault, now)
        self.versions = Versions(database, visits, self._scribe)
        self._patients: dict[EncounterId, PatientId] = {}
        self._autosave = store.change_note_if(visits.held(store.THIS_NOTE, store.THIS_DOCTOR))

    async def draft(self, who: Identity, encounter_id: EncounterId) -> Draft:
        """Return the note of a visit that `who` has claimed, empty if nothing was saved yet."""
        require(who, Act.NOTE_WRITE)
        async with self._database.transaction() as tx:
            facts = await self._own_visit(tx, who, encounter_id)
            stored = await store.note_of(tx, encounter_id)
            if stored is None:
                return Draft(encounter_id, 0, NoteStatus.PRELIMINARY, NoteBody(), None)
            body = (
                await self._draft_body(tx, stored)
                if stored.status is NoteStatus.PRELIMINARY
                else (await self._signed_content(tx, stored)).body
            )
            await self._scribe.noted(tx, who, Action.NOTE_READ, facts.patient_id, f"note:{stored.id}")
        return Draft(encounter_id, stored.row_ver, stored.status, body, stored.saved_at)

    async def save(self, who: Identity, encounter_id: EncounterId, body: NoteBody, row_ver: int) -> int:
        """Save a draft over version `row_ver` and return its new version; the next save builds on it.

        Raises Conflict `edited-elsewhere` when another tab saved meanwhile: nothing is overwritten.
        """
        require(who, Act.NOTE_WRITE)
        if wrong := wrong_words(body):
            raise Invalid(N_("La note n’est pas enregistrée : corrigez ce qui est indiqué."), fields=wrong)
        async with self._database.transaction() as tx:
            patient_id = self._patients.get(encounter_id) if row_ver else None
            if patient_id is None:
                patient_id = await self._claimed(tx, who, encounter_id)
            await self._write(tx, who, (encounter_id, patient_id), body, row_ver)
        self._remember(encounter_id, patient_id)
        return row_ver + 1

    async def sign_in(
        self, tx: AsyncSession, who: Identity, facts: VisitFacts, row_ver: int, *, prescribed: bool = False
    ) -> SignedNote:
        """Sign version `row_ver` of the note for good, in the caller's transaction; the caller closes the visit.

        Raises Invalid naming which of the five items of R.6316-4 lack, Conflict when the note moved on.
        """
        require(who, Act.NOTE_SIGN)
        self._refuse_another_doctors(who, facts)
        if not facts.in_progress:
            raise _visit_is_over()
        stored = await store.note_of(tx, facts.encounter_id)
        if stored is None or stored.status is not NoteStatus.PRELIMINARY or stored.row_ver != row_ver:
            raise _moved_on(stored)
        body = await self._draft_body(tx, stored)
        content = self._complete(who, body, facts, prescribed=prescribed)
        sealed = await self._seal(tx, stored.id, facts.patient_id, row_ver + 1, content)
        signed_at = self._now()
        values = {**_row(sealed, signed_at), "status": NoteStatus.FINAL, "signed_at": signed_at}
        if not await store.change_note(tx, stored.id, row_ver, values):
            raise _moved_on(await store.note_of(tx, facts.encounter_id))
        await self._scribe.wrote(tx, who, Action.NOTE_SIGNED, sealed)
        return SignedNote(
            stored.id,
            facts.encounter_id,
            facts.patient_id,
            _doctor(who),
            NoteStatus.FINAL,
            content,
            signed_at,
        )

    async def summary(self, who: Identity, encounter_id: EncounterId) -> Summary | None:
        """Return the doctor's plain words to the cabin in which the patient still sits; None until signed."""
        require(who, Act.VISIT_SUMMARY)
        async with self._database.transaction() as tx:
            facts = await self._visits.facts(tx, encounter_id)
            if who.cabin_id is None or facts.seated_in != who.cabin_id:
                raise _no_such_note()
            stored = await store.note_of(tx, encounter_id)
            if stored is None or stored.status not in (NoteStatus.FINAL, NoteStatus.AMENDED):
                return None
            content = await self._signed_content(tx, stored)
            await self._scribe.noted(tx, who, Action.SUMMARY_READ, facts.patient_id, f"note:{stored.id}")
        signed_at = stored.signed_at or stored.saved_at
        return Summary(content.signed_by, content.body.advice, signed_at)

    async def history(self, who: Identity, patient_id: PatientId) -> list[PastVisit]:
        """Return the signed notes of a patient with the measures of each visit, newest first."""
        require(who, Act.HISTORY_READ)
        async with self._database.transaction() as tx:
            patient = await self._people.allowed(tx, who, patient_id, Act.HISTORY_READ)
            notes = await store.signed_notes(tx, patient_id, HISTORY_MOST)
            addenda = await store.addenda_of(tx, [stored.id for stored in notes])
            rows = await store.observations_of(tx, patient_id, HISTORY_MEASURES)
            taken = _by_visit(await opened_observations(tx, self._scribe, rows, patient.traits.born_on))
            opened = [await self._signed(tx, one, addenda) for one in notes]
            await self._scribe.noted(tx, who, Action.HISTORY_READ, patient_id)
        return [PastVisit(one, tuple(taken[one.encounter_id])) for one in opened]

    async def mine(self, who: Identity) -> list[tuple[Patient, SignedNote]]:
        """Return one's own signed notes of the last weeks, newest first, of patients whom one still follows."""
        require(who, Act.NOTE_SIGN)
        found = []
        async with self._database.transaction() as tx:
            notes = await store.own_notes(tx, _doctor(who), self._now() - OWN_FOR, HISTORY_MOST)
            addenda = await store.addenda_of(tx, [stored.id for stored in notes])
            for stored in notes:
                with suppress(NotFound):
                    patient = await self._people.allowed(tx, who, stored.patient_id, Act.NOTE_SIGN)
                    found.append((patient, await self._signed(tx, stored, addenda)))
                    await self._scribe.noted(tx, who, Action.NOTE_READ, patient.id, f"note:{stored.id}")
        return found

    async def amend(self, who: Identity, encounter_id: EncounterId, words: str) -> None:
        """Add a correction to a signed note of one's own; the signed words stay as they are."""
        require(who, Act.NOTE_SIGN)
        if not words.strip() or len(words) > ADDENDUM_MAX:
            raise Invalid(N_("L’ajout n’est pas enregistré."), fields={"words": N_("Écrivez de 1 à 20 000 lettres.")})
        async with self._database.transaction() as tx:
            stored = await self._own_signed(tx, who, encounter_id)
            if stored.status is NoteStatus.FINAL:
                await store.move_note(tx, stored.id, NoteStatus.FINAL, NoteStatus.AMENDED)
            await self._add(tx, who, stored, words)

    async def strike(self, who: Identity, encounter_id: EncounterId, reason: StrikeReason) -> None:
        """Mark a signed note of one's own as entered in error: it stays, and is shown as such."""
        require(who, Act.NOTE_SIGN)
        async with self._database.transaction() as tx:
            stored = await self._own_signed(tx, who, encounter_id)
            if not await store.move_note(tx, stored.id, NoteStatus.FINAL, NoteStatus.ENTERED_IN_ERROR):
                raise Conflict(N_("Cette note a déjà un ajout : écrivez un autre ajout."), code="amended")
            await self._scribe.noted(tx, who, Action.NOTE_STRUCK, stored.patient_id, f"note:{stored.id}", reason.value)

    async def _own_visit(self, tx: AsyncSession, who: Identity, encounter_id: EncounterId) -> VisitFacts:
        facts = await self._visits.facts(tx, encounter_id)
        self._refuse_another_doctors(who, facts)
        return facts

    @staticmethod
    def _refuse_another_doctors(who: Identity, visit: VisitFacts | Claim) -> None:
        """A visit that one has not claimed is, for the note, as if it were not there."""
        if who.practitioner_id is None or visit.practitioner_id != who.practitioner_id:
            raise _no_such_note()

    async def _claimed(self, tx: AsyncSession, who: Identity, encounter_id: EncounterId) -> PatientId:
        claim = await self._visits.claim(tx, encounter_id)
        self._refuse_another_doctors(who, claim)
        if not claim.in_progress:
            raise _visit_is_over()
        return claim.patient_id

    def _remember(self, encounter_id: EncounterId, patient_id: PatientId) -> None:
        """Keep whose visit it is: that never changes. Whose *claim* it is, each write asks the database."""
        self._patients[encounter_id] = patient_id
        if len(self._patients) > REMEMBERED:
            del self._patients[next(iter(self._patients))]

    async def _write(
        self,
        tx: AsyncSession,
        who: Identity,
        visit: tuple[EncounterId, PatientId],
        body: NoteBody,
        row_ver: int,
    ) -> None:
        """Write the next version without a look beforehand: the row's version and the claim refuse by themselves."""
        encounter_id, patient_id = visit
        note_id = NoteId(encounter_id)
        sealed = await self._seal(tx, note_id, patient_id, row_ver + 1, body)
        values = {**_row(sealed, self._now()), "author_id": _doctor(who)}
        if row_ver == 0:
            born = {"id": note_id, "encounter_id": encounter_id, "patient_id": patient_id}
            first = {"status": NoteStatus.PRELIMINARY, "created_at": values["saved_at"]}
            written = await store.add_note(tx, {**values, **born, **first})
        else:
            this = {"this_id": note_id, "this_ver": row_ver, "this_doctor": _doctor(who)}
            written = await store.change_held_note(tx, self._autosave, {**this, **values})
        if not written:
            await self._claimed(tx, who, encounter_id)
            raise _moved_on(await store.note_of(tx, encounter_id))
        await store.keep_version(tx, note_id, patient_id, values)
        await self._scribe.wrote(tx, who, Action.NOTE_SAVED, sealed)

    def _complete(self, who: Identity, body: NoteBody, facts: VisitFacts, *, prescribed: bool) -> SignedContent:
        lacking = missing_items(body, facts, prescribed=prescribed)
        if lacking or facts.started_at is None or facts.ended_at is None:
            raise Invalid(
                N_("La note n’est pas signée : il manque ce qui est indiqué."),
                code="note-incomplete",
                fields=lacking,
            )
        return SignedContent(body, facts.participants, facts.started_at, facts.ended_at, who.name)

    async def _seal(
        self, tx: AsyncSession, note_id: NoteId, patient_id: PatientId, row_ver: int, body: msgspec.Struct
    ) -> Sealed:
        return await self._scribe.seal(tx, body_of("note", note_id, patient_id, row_ver), body)

    async def _draft_body(self, tx: AsyncSession, stored: store.StoredNote) -> NoteBody:
        return await self._scribe.open(tx, _place(stored), stored.sealed_body, NoteBody)

    async def _signed_content(self, tx: AsyncSession, stored: store.StoredNote) -> SignedContent:
        return await self._scribe.open(tx, _place(stored), stored.sealed_body, SignedContent)

    async def _signed(
        self, tx: AsyncSession, stored: store.StoredNote, addenda: list[store.StoredAddendum]
    ) -> SignedNote:
        corrections = [await self._addendum(tx, one) for one in addenda if one.note_id == stored.id]
        return SignedNote(
            stored.id,
            stored.encounter_id,
            stored.patient_id,
            stored.author_id,
            stored.status,
            await self._signed_content(tx, stored),
            stored.signed_at or stored.saved_at,
            tuple(corrections),
        )

    async def _addendum(self, tx: AsyncSession, stored: store.StoredAddendum) -> Addendum:
        place = body_of("note_addendum", stored.id, stored.patient_id, stored.row_ver)
        words = await self._scribe.open(tx, place, stored.sealed_body, _Words)
        return Addendum(stored.author_id, words.words, stored.added_at)

    async def _own_signed(self, tx: AsyncSession, who: Identity, encounter_id: EncounterId) -> store.StoredNote:
        stored = await store.note_of(tx, encounter_id)
        if stored is None or stored.author_id != who.practitioner_id:
            raise _no_such_note()
        if stored.status not in (NoteStatus.FINAL, NoteStatus.AMENDED):
            raise Conflict(N_("Cette note n’est pas signée, ou elle a été annulée."), code="not-final")
        return stored

    async def _add(self, tx: AsyncSession, who: Identity, stored: store.StoredNote, words: str) -> None:
        addendum_id = NoteId(new_id())
        place = body_of("note_addendum", addendum_id, stored.patient_id, 1)
        sealed = await self._scribe.seal(tx, place, _Words(words.strip()))
        values: dict[str, Any] = {
            "id": addendum_id,
            "note_id": stored.id,
            "patient_id": stored.patient_id,
            "author_id": _doctor(who),
            "row_ver": 1,
            "key_ver": sealed.key_ver,
            "sealed_body": sealed.body,
            "added_at": self._now(),
        }
        await store.add_addendum(tx, values)
        await self._scribe.wrote(tx, who, Action.NOTE_AMENDED, sealed)


def _row(sealed: Sealed, saved_at: datetime) -> dict[str, Any]:
    return {
        "row_ver": sealed.place.row_ver,
        "key_ver": sealed.key_ver,
        "sealed_body": sealed.body,
        "saved_at": saved_at,
    }


def _by_visit(measures: list[Observation]) -> defaultdict[EncounterId | None, list[Observation]]:
    found: defaultdict[EncounterId | None, list[Observation]] = defaultdict(list)
    for one in measures:
        found[one.encounter_id].append(one)
    return found


def _place(stored: store.StoredNote) -> Place:
    return body_of("note", stored.id, stored.patient_id, stored.row_ver)


def _doctor(who: Identity) -> PractitionerId:
    if who.practitioner_id is None:
        raise _no_such_note()
    return who.practitioner_id


def _no_such_note() -> NotFound:
    return NotFound(N_("Cette consultation n’existe pas, ou elle n’est pas à vous."))


def _visit_is_over() -> Conflict:
    return Conflict(N_("Cette consultation est terminée. La note n’a pas été changée."), code="visit-over")


def _moved_on(stored: store.StoredNote | None) -> Conflict:
    if stored is not None and stored.signed_at is not None:
        return Conflict(N_("Cette note est signée : elle ne change plus. Faites un ajout."), code="signed")
    return Conflict(
        N_("Cette note a été modifiée ailleurs. Rien n’a été écrasé : relisez-la, puis reprenez."),
        code="edited-elsewhere",
    )
