"""The bundle is FHIR R4 to an independent reader, leads nowhere astray, and says what the record says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.bundle import Bundle

from server.interop.fhir import people, pieces, visits
from server.interop.service import copy_of
from server.kernel.clock import utc_now
from tests.server.interop.conftest import House

KINDS = {
    "Patient", "Organization", "Location", "Practitioner", "Encounter", "Consent", "Composition", "Provenance",
    "Observation", "MedicationRequest", "DocumentReference", "Binary", "AuditEvent",
}  # fmt: skip


async def _bundle(house: House) -> dict[str, Any]:
    async with house.database.reading() as tx:
        return (await copy_of(tx, house.vault, house.patient, utc_now)).bundle


async def test_an_independent_library_reads_the_bundle(house: House) -> None:
    found = await _bundle(house)
    read = Bundle.model_validate_json(msgspec.json.encode(found))
    assert len(read.entry) == len(found["entry"])
    assert {entry["resource"]["resourceType"] for entry in found["entry"]} >= KINDS


async def test_every_reference_leads_to_an_entry_and_no_number_is_given_twice(house: House) -> None:
    found = await _bundle(house)
    urls = [entry["fullUrl"] for entry in found["entry"]]
    assert len(urls) == len(set(urls))
    assert _references(found) - set(urls) == set()


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        mine = {str(value[name]) for name in ("reference", "url") if str(value.get(name, "")).startswith("urn:uuid:")}
        return mine.union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


async def test_the_words_of_the_record_stand_in_the_resources(house: House) -> None:
    found = await _bundle(house)
    kinds: dict[str, str] = {}
    for entry in found["entry"]:
        kind = entry["resource"]["resourceType"]
        kinds[kind] = kinds.get(kind, "") + msgspec.json.encode(entry["resource"]).decode()
    assert "Ajout après coup" in kinds["Composition"]
    assert "Paracétamol 500 mg" in kinds["MedicationRequest"]
    assert '"numberOfRepeatsAllowed":1' in kinds["MedicationRequest"]
    assert "Radio" in kinds["DocumentReference"]
    assert "note:signed" in kinds["AuditEvent"]


TRAITS = {"birth_name": "Martin", "given_names": ["Anne"], "sex": "female", "born_on": "1950-01-02"}
INS = {"ins": "277076322082910", "ins_oid": "1.2.250.1.213.1.4.10"}


@pytest.mark.parametrize("status", ["PROV", "RECUP", "VALI", "QUAL"])
def test_only_a_qualified_identity_gives_its_number_away(status: str) -> None:
    row = {"id": pieces.named("a"), "site_id": pieces.named("b"), "status": status, "traits": TRAITS | INS}
    assert ("identifier" in people.patient(row, [])) == (status == "QUAL")


def test_words_cannot_become_markup() -> None:
    assert "<script>" not in pieces.narrative("<script>alert(1)</script>")["div"]


@pytest.mark.parametrize(("status", "said"), [("pending", "tentative"), ("booked", "accepted")])
def test_nobody_has_accepted_what_is_only_held(status: str, said: str) -> None:
    row = {"id": "b", "status": status, "modality": "VR", "patient_id": pieces.named("a")}
    told = visits.appointment(row | {"starts_at": "2026-03-09T08:00:00+00:00", "ends_at": "2026-03-09T08:20:00+00:00"})
    assert told["status"] == status
    assert [one["status"] for one in told["participant"]] == [said]


def test_a_refused_consent_denies() -> None:
    row = {"id": pieces.named("c"), "decision": "refused", "at": "2026-01-01T00:00:00Z"}
    told = visits.consent(row | {"text_version": "1", "locale": "fr", "mode": "touch"}, pieces.named("a"))
    assert (told["status"], told["provision"]) == ("rejected", {"type": "deny"})
