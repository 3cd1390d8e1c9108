"""What was measured, known, prescribed and kept, in FHIR R4; and who opened it."""

from __future__ import annotations

from server.interop.fhir.pieces import HL7, LOINC, UCUM, Json, code, concept, named, reference, resource, without_empty
from server.records.rules.measures import MEASURES, MeasureName

KNOWN = {
    "allergies": ("AllergyIntolerance", "patient", "code"),
    "conditions": ("Condition", "subject", "code"),
    "medications": ("MedicationStatement", "subject", "medicationCodeableConcept"),
}


def observation(row: Json, names: dict[str, str]) -> Json:
    """Return a measure, with who took it and by what."""
    body = row["body"]
    measure = MEASURES[MeasureName(body["measure"])]
    quantity = {
        "value": body["value"],
        "unit": measure.shown_unit or body["unit"],
        "system": UCUM,
        "code": body["unit"],
    }
    return resource(
        "Observation",
        row["id"],
        status=row["status"],
        category=[concept(code(f"{HL7}observation-category", "vital-signs"))],
        code=concept(code(LOINC, measure.loinc), text=measure.label),
        subject=reference(row["patient_id"]),
        encounter=reference(row["encounter_id"]) if row.get("encounter_id") else None,
        effectiveDateTime=row["taken_at"],
        valueQuantity=without_empty(quantity) | {"value": body["value"]},
        device={"display": body["device"]} if body.get("device") else None,
        performer=[{"display": names[row["taken_by"]]}] if row.get("taken_by") in names else [],
    )


def known(row: Json) -> list[Json]:
    """Return what is known beforehand, one resource an entry."""
    found = []
    for field, (kind, whose, what) in KNOWN.items():
        for entry in dict.fromkeys(row["body"].get(field) or []):
            words: Json = {whose: reference(row["patient_id"]), what: concept(text=entry)}
            if kind == "MedicationStatement":
                words["status"] = "active"
            else:
                system = "allergyintolerance-clinical" if kind == "AllergyIntolerance" else "condition-clinical"
                words["clinicalStatus"] = concept(code(f"{HL7}{system}", "active"))
            found.append(resource(kind, named(row["patient_id"], kind, entry), **words))
    return found


def prescription(row: Json) -> list[Json]:
    """Return a signed prescription, one request a line."""
    body = row["body"].get("body") or row["body"]
    return [_line(row, number, line) for number, line in enumerate(body.get("lines", []))]


def _line(row: Json, number: int, line: Json) -> Json:
    moments = ", ".join(line.get("moments") or [])
    ends = f"{line['days']} jours" if line.get("days") else ""
    dosage = " · ".join(filter(None, (line.get("form"), line.get("dose"), moments, line.get("frequency"), ends)))
    dispense = {"numberOfRepeatsAllowed": line.get("renewals") or None}
    if line.get("packs"):
        dispense["quantity"] = {"value": line["packs"], "unit": "boîte"}
    return resource(
        "MedicationRequest",
        named(row["id"], number),
        status=row["status"],
        intent="order",
        medicationCodeableConcept=concept(text=line["drug"]),
        subject=reference(row["patient_id"]),
        encounter=reference(row["encounter_id"]) if row.get("encounter_id") else None,
        authoredOn=row.get("signed_at") or row["saved_at"],
        requester=reference(row["author_id"]),
        groupIdentifier={"value": row["id"]},
        dosageInstruction=[{"text": dosage}] if dosage else [],
        dispenseRequest=without_empty(dispense),
    )


def document(row: Json) -> list[Json]:
    """Return a document and its content."""
    body, content = row["body"], named(row["id"], "content")
    attachment = {"contentType": body["media_type"], "url": f"urn:uuid:{content}", "title": body["title"]}
    described = resource(
        "DocumentReference",
        row["id"],
        status=row["status"],
        subject=reference(row["patient_id"]),
        date=row["added_at"],
        content=[{"attachment": attachment}],
        context={"encounter": [reference(row["encounter_id"])]} if row.get("encounter_id") else None,
    )
    return [described, resource("Binary", content, contentType=body["media_type"], data=row["head"])]


def access(row: Json, names: dict[str, str]) -> Json:
    """Return an act on the record: who, when, what. R: read, U: written, as the log's own word says."""
    read = row["action"].endswith((":read", ":searched", ":recognised", ":printed"))
    who = {"display": names.get(str(row.get("actor")), "telecabin")}
    return resource(
        "AuditEvent",
        row["id"],
        type=code(f"{HL7}audit-event-type", "rest"),
        subtype=[code("urn:telecabin:audit", row["action"])],
        action="R" if read else "U",
        recorded=row["at"],
        outcome="0",
        agent=[
            without_empty({"who": who, "type": concept(text=row["role"]) if row.get("role") else None})
            | {"requestor": True}
        ],
        source={"observer": {"display": "telecabin"}},
        entity=[{"what": reference(row["patient_id"])}],
    )
