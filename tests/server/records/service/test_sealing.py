"""The scribe: what it seals opens at its place, and each write leaves the hash of its very ciphertext."""

from __future__ import annotations

import hashlib

import pytest

from server.audit.rules import Action
from server.database.engine import Database
from server.kernel.errors import CannotOpen
from server.kernel.ids import PatientId, new_id
from server.records.rules.note import NoteBody
from server.records.seal.vault import PatientVault
from server.records.service.sealing import Scribe, body_of
from tests.clock import FakeClock
from tests.server.records.village import Village, audited

BODY = NoteBody(conclusion="Angine.")


async def test_what_it_seals_opens_at_its_place_alone(
    database: Database, vault: PatientVault, patient: PatientId, clock: FakeClock
) -> None:
    scribe = Scribe(vault, clock)
    place = body_of("note", new_id(), patient, 1)
    async with database.transaction() as tx:
        sealed = await scribe.seal(tx, place, BODY)
        assert (sealed.place, sealed.key_ver) == (place, 1)
        assert await scribe.open(tx, place, sealed.body, NoteBody) == BODY
        with pytest.raises(CannotOpen):
            await scribe.open(tx, body_of("note", place.record_id, patient, 2), sealed.body, NoteBody)


async def test_a_write_leaves_its_row_version_and_hash(
    database: Database, vault: PatientVault, patient: PatientId, village: Village, clock: FakeClock
) -> None:
    scribe, doctor = Scribe(vault, clock), village.doctor()
    place = body_of("note", new_id(), patient, 4)
    async with database.transaction() as tx:
        sealed = await scribe.seal(tx, place, BODY)
        await scribe.wrote(tx, doctor, Action.NOTE_SAVED, sealed)
        await scribe.noted(tx, doctor, Action.NOTE_READ, patient, f"note:{place.record_id}")
    by_action = {one.action: one for one in await audited(database, patient)}  # of one instant, in any order
    wrote, read = by_action["note:saved"], by_action["note:read"]
    assert (wrote.record, wrote.row_ver, wrote.actor) == (f"note:{place.record_id}", 4, doctor.account_id)
    assert wrote.ct_sha256 == hashlib.sha256(sealed.body).digest()
    assert (read.action, read.row_ver, read.ct_sha256) == ("note:read", None, None)
