"""The whole record of one person as one FHIR R4 bundle, and beside it every row as it is kept, so that nothing is lost.

opened rows ─▶ resources that any FHIR software reads        ─▶ Bundle (collection)
            └▶ Binary application/json: all of them, verbatim ─▶
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import msgspec

from server.interop.fhir import care, people, visits
from server.interop.fhir.pieces import Json, entries, named, resource

Opened = dict[str, list[dict[str, Any]]]
DRAFTS = frozenset({"preliminary", "draft"})
"""A doctor's words before the signature are of no record yet."""
VERBATIM = "application/vnd.telecabin.rows+json"


def bundle(rows: Opened, names: dict[str, str], at: datetime) -> Json:
    """Return the bundle; `names`: what the holders of accounts are called."""
    kept = {table: [row for row in found if not is_draft(table, row)] for table, found in rows.items()}
    made = [*_people(kept), *_visits(kept), *_care(kept, names)]
    made += [care.access(row, names) for row in kept["audit_event"]]
    raw = msgspec.json.encode(kept, order="sorted")
    everything = named(kept["patient"][0]["id"], "rows")
    made.append(resource("Binary", everything, contentType=VERBATIM, data=base64.b64encode(raw).decode()))
    return {
        "resourceType": "Bundle",
        "id": named(kept["patient"][0]["id"], at.isoformat()),
        "type": "collection",
        "timestamp": at.isoformat(),
        "entry": entries(made),
    }


def verbatim(found: Json) -> Opened:
    """Return the rows that a bundle of ours was made of."""
    for entry in found["entry"]:
        if entry["resource"].get("contentType") == VERBATIM:
            rows: Opened = msgspec.json.decode(base64.b64decode(entry["resource"]["data"]))
            return rows
    raise ValueError("no bundle of telecabin")


def is_draft(table: str, row: Json) -> bool:
    """Return whether a row is a doctor's word before the signature."""
    return table == "note_version" or (table in ("note", "prescription") and row["status"] in DRAFTS)


def _people(rows: Opened) -> list[Json]:
    found = [people.patient(row, [one for one in rows["patient"] if one is not row]) for row in rows["patient"]]
    found += [people.site(row) for row in rows["site"]] + [people.cabin(row) for row in rows["cabin"]]
    found += [people.practitioner(row) for row in rows["practitioner"]]
    return found + [people.health_worker(row) for row in rows["health_worker"]]


def _visits(rows: Opened) -> list[Json]:
    whose = {row["id"]: row["patient_id"] for row in rows["encounter"]}
    found = [visits.encounter(row) for row in rows["encounter"]]
    found += [visits.consent(row, whose[row["encounter_id"]]) for row in rows["consent"]]
    for row in rows["note"]:
        added = [one for one in rows["note_addendum"] if one["note_id"] == row["id"]]
        found += [visits.composition(row, added), visits.provenance(row | {"number": named(row["id"], "signed")})]
    found += [visits.follow_up(row) for row in rows["follow_up_promise"]]
    return found + [visits.appointment(row) for row in rows["appointment"]]


def _care(rows: Opened, names: dict[str, str]) -> list[Json]:
    found = [care.observation(row, names) for row in rows["observation"]]
    for row in rows["patient_background"]:
        found += care.known(row)
    for row in rows["prescription"]:
        found += care.prescription(row)
    for row in rows["document"]:
        found += care.document(row) if row["status"] != "quarantined" else []
    return found
