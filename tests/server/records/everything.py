"""A row of every sealed table for one patient, sealed as the services seal: what a village leaves empty is filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.database.rows import Row
from server.encounters.guest_rules import GuestPart, GuestStatus
from server.kernel.clock import Clock
from server.kernel.ids import PatientId, new_id
from server.kernel.sealing import Place
from server.people.access.glass_rules import GlassReason
from server.records.documents.rules import DocumentStatus
from server.records.places import place_of
from server.records.prescriptions.rules import PrescriptionStatus
from server.records.rules.note import Modality, NoteStatus
from server.records.seal.chunks import CHUNK, SEALED_CHUNK
from server.records.seal.vault import PatientVault
from server.scheduler.reminders.rules import Channel
from server.scheduler.rules.promise import PromiseStatus

CONTENT = bytes(range(256)) * (CHUNK // 256) + b"the end"
"""What each document holds: two chunks."""


@dataclass(frozen=True)
class Whose:
    """Of whom the rows speak, and in which visit."""

    patient_id: PatientId
    encounter_id: Any
    doctor: Any
    site: Any


async def seal_row(tx: AsyncSession, vault: PatientVault, table: str, row: dict[str, Any], whose: Whose) -> None:
    """Insert a row whose `sealed_…` values are given in clear."""
    sealed = {}
    for column in [name for name in row if name.startswith("sealed_")]:
        place = place_of(table, column, row, whose.patient_id)
        sealed[column] = await vault.seal(tx, place, row[column])
    await tx.execute(insert(_table(table)).values(**{**row, **sealed}))


async def fill(tx: AsyncSession, vault: PatientVault, whose: Whose, now: Clock) -> None:
    """Write a row into each sealed table that a village leaves empty; the prescription is signed."""
    at, me = now(), {"patient_id": whose.patient_id, "row_ver": 1}
    visit = {**me, "encounter_id": whose.encounter_id, "author_id": whose.doctor}
    signed = {"key_ver": 1, "created_at": at, "saved_at": at, "signed_at": at}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("broken_glass", {**me, "account_id": new_id(), "practitioner_id": whose.doctor, "sealed_words": b"urgent",
                          "reason": GlassReason.OTHER, "broken_at": at, "until": at}),
        ("guest", {"encounter_id": whose.encounter_id, "row_ver": 1, "part": GuestPart.FAMILY, "invited_by": new_id(),
                   "status": GuestStatus.LEFT, "invited_at": at, "expires_at": at, "sealed_name": b"Jeanne"}),
        ("prescription", {**visit, **signed, "status": PrescriptionStatus.ACTIVE, "sealed_body": b"Ramipril"}),
        ("reminder_choice", {**me, "channel": Channel.SMS, "wanted": True, "locale": "fr", "said_at": at,
                             "sealed_address": b"06"}),
    ]  # fmt: skip
    for table, row in rows:
        await seal_row(tx, vault, table, {"id": new_id(), **row}, whose)
    await _on_its_way(tx, vault, whose, now)
    await add_document(tx, vault, whose, now)


async def add_note(tx: AsyncSession, vault: PatientVault, whose: Whose, now: Clock) -> None:
    """A signed note with a version and a correction, a promise, a measure, a background with its version."""
    at, me = now(), {"patient_id": whose.patient_id, "row_ver": 1, "key_ver": 1}
    note = {**me, "author_id": whose.doctor, "saved_at": at}
    signed = {**note, "encounter_id": whose.encounter_id, "status": NoteStatus.FINAL, "created_at": at, "signed_at": at}
    words = {"sealed_body": b"Angine"}
    await seal_row(tx, vault, "note", {"id": whose.encounter_id, **signed, **words}, whose)
    await seal_row(tx, vault, "note_version", {"note_id": whose.encounter_id, **note, **words}, whose)
    added = {**me, "author_id": whose.doctor, "added_at": at, "note_id": whose.encounter_id}
    await seal_row(tx, vault, "note_addendum", {"id": new_id(), **added, **words}, whose)
    taken = {**me, "status": NoteStatus.FINAL, "taken_at": at, "taken_by": new_id(), **words}
    await seal_row(tx, vault, "observation", {"id": new_id(), **taken}, whose)
    for table in ("patient_background", "patient_background_version"):
        await seal_row(tx, vault, table, {**me, "saved_at": at, "saved_by": new_id(), **words}, whose)
    promise = {"patient_id": whose.patient_id, "encounter_id": whose.encounter_id, "site_id": whose.site, "row_ver": 1}
    promise |= {"practitioner_id": whose.doctor, "with_health_worker": False, "status": PromiseStatus.DUE}
    promise |= dict.fromkeys(("due_on", "earliest_on", "latest_on"), at.date())
    promise |= {"modality": Modality.REMOTE, "created_at": at, "created_by": new_id(), "version": 1}
    await seal_row(tx, vault, "follow_up_promise", {"id": new_id(), **promise, "sealed_reason": b"HTA"}, whose)


async def add_document(tx: AsyncSession, vault: PatientVault, whose: Whose, now: Clock) -> None:
    """A document of two chunks with a small picture."""
    number = new_id()
    sealer = await vault.document_sealer(tx, Place("document", "sealed_head", number, whose.patient_id, 1))
    whole = sealer.add(CONTENT) + sealer.end()
    row = {"id": number, "patient_id": whose.patient_id, "status": DocumentStatus.CURRENT, "size": len(CONTENT)}
    row |= {"added_at": now(), "added_by": new_id(), "row_ver": 1, "key_ver": 1}
    sealed = {"sealed_body": b"Titre", "sealed_thumbnail": b"png"}
    for column, words in sealed.items():
        sealed[column] = await vault.seal(tx, place_of("document", column, row), words)
    await tx.execute(insert(_table("document")).values(**row, **sealed, sealed_head=sealer.head))
    for place, start in enumerate(range(0, len(whole), SEALED_CHUNK)):
        chunk = {"document_id": number, "number": place, "patient_id": whose.patient_id}
        chunk["sealed_chunk"] = whole[start : start + SEALED_CHUNK]
        await tx.execute(insert(_table("document_chunk")).values(**chunk))


async def _on_its_way(tx: AsyncSession, vault: PatientVault, whose: Whose, now: Clock) -> None:
    upload = {"id": new_id(), "patient_id": whose.patient_id, "account_id": new_id(), "size": 6, "received": 6}
    upload |= {"begun_at": now(), "expires_at": now(), "blind": bytes(16)}
    await seal_row(tx, vault, "document_upload", {**upload, "sealed_title": b"photo"}, whose)
    for number in range(2):
        piece = {"upload_id": upload["id"], "number": number, "patient_id": whose.patient_id}
        await seal_row(tx, vault, "document_piece", {**piece, "sealed_piece": b"one" if number else b"two"}, whose)


def _table(name: str) -> Table:
    return Row.metadata.tables[name]
