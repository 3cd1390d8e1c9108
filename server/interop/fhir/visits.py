"""What happened and what is planned, in FHIR R4: Encounter, Consent, Composition, Appointment, ServiceRequest."""

from __future__ import annotations

from typing import Any

from server.interop.fhir.pieces import (
    HL7,
    LOINC,
    Json,
    code,
    concept,
    named,
    narrative,
    reference,
    resource,
    without_empty,
)
from server.kernel.words import N_

REPORT = code(LOINC, "11488-4", "Consult note")
SECTIONS = (
    ("examination", "Examen"),
    ("conclusion", "Conclusion"),
    ("acts", "Actes"),
    ("incidents", "Incidents techniques"),
    ("advice", "Conseils"),
)
PROMISE_STATUS = {"kept": "completed", "withdrawn": "revoked"}


def encounter(row: Json) -> Json:
    """Return a visit."""
    intake = row.get("intake") or {}
    said = " ".join(filter(None, (intake.get("reason"), intake.get("words"))))
    flags = [name for name, yes in (intake.get("flags") or {}).items() if yes]
    doctor = [{"individual": reference(row["practitioner_id"])}] if row.get("practitioner_id") else []
    return resource(
        "Encounter",
        row["id"],
        status=row["status"],
        class_=code(f"{HL7}v3-ActCode", "VR", "virtual"),
        subject=reference(row["patient_id"]),
        participant=doctor,
        appointment=[reference(row["appointment_id"])] if row.get("appointment_id") else [],
        period=without_empty({"start": row["arrived_at"], "end": row.get("finished_at") or row.get("ended_at")}),
        reasonCode=[concept(text=text) for text in (said, *flags) if text],
        location=[{"location": reference(row["cabin_id"])}] if row.get("cabin_id") else [],
        serviceProvider=reference(row["site_id"]),
    )


def consent(row: Json, patient_id: str) -> Json:
    """Return what the patient answered."""
    given = row["decision"] == "given"
    return resource(
        "Consent",
        row["id"],
        status="active" if given else "rejected",
        scope=concept(code(f"{HL7}consentscope", "treatment", "Treatment")),
        category=[concept(code(LOINC, "59284-0", "Patient Consent"))],
        patient=reference(patient_id),
        dateTime=row["at"],
        policyRule=concept(text=f"telecabin {row['text_version']}, {row['locale']}, {row['mode']}"),
        provision={"type": "permit" if given else "deny"},
    )


def report_number(row: Json) -> str:
    """Return the number of a note's Composition: a note may bear the number of its visit."""
    return named(row["id"], "report")


def composition(row: Json, addenda: list[Json]) -> Json:
    """Return a note that was signed, with what was added to it later."""
    signed = row["body"]
    words = signed.get("body") or signed
    sections: list[Any] = [
        {"title": title, "text": narrative(words[field])} for field, title in SECTIONS if words.get(field)
    ]
    there = ", ".join(f"{one['name']} ({one['part']})" for one in signed.get("participants", []))
    if there:
        sections.append({"title": N_("Présents"), "text": narrative(there)})
    if wish := words.get("follow_up"):
        told = f"Dans {wish['in_days']} jours ({wish['modality']}). {wish.get('why', '')}".strip()
        sections.append({"title": N_("Suivi demandé"), "text": narrative(told)})
    sections += [
        {"title": f"Ajout du {one['added_at'][:10]}", "text": narrative(_said(one["body"]))} for one in addenda
    ]
    return resource(
        "Composition",
        report_number(row),
        status=row["status"],
        type=concept(REPORT),
        subject=reference(row["patient_id"]),
        encounter=reference(row["encounter_id"]),
        date=row.get("signed_at") or row["saved_at"],
        author=[reference(row["author_id"], signed.get("signed_by", ""))],
        title=N_("Compte rendu de téléconsultation"),
        section=sections,
    )


def _said(body: object) -> str:
    if isinstance(body, dict):
        return "\n".join(_said(value) for value in body.values() if value)
    return str(body)


def provenance(row: Json) -> Json:
    """Return who signed a note, and when."""
    from_row = row.get("signed_at") or row["saved_at"]
    agent = {"type": concept(code(f"{HL7}provenance-participant-type", "author")), "who": reference(row["author_id"])}
    target = [reference(report_number(row))]
    return resource("Provenance", row["number"], target=target, recorded=from_row, agent=[agent])


def appointment(row: Json) -> Json:
    """Return an appointment; one that is held for somebody is `pending`, and nobody has said yes yet."""
    said = "tentative" if row["status"] == "pending" else "accepted"
    actors = [row[name] for name in ("patient_id", "practitioner_id", "health_worker_id", "cabin_id") if row.get(name)]
    return resource(
        "Appointment",
        row["id"],
        status=row["status"],
        serviceType=[concept(code(f"{HL7}v3-ActCode", row["modality"]))],
        start=row["starts_at"],
        end=row["ends_at"],
        created=row.get("booked_at"),
        cancelationReason=concept(text=row["cancel_reason"]) if row.get("cancel_reason") else None,
        basedOn=[reference(row["promise_id"])] if row.get("promise_id") else [],
        participant=[{"actor": reference(actor), "status": said} for actor in actors],
    )


def follow_up(row: Json) -> Json:
    """Return a follow-up that was asked for."""
    return resource(
        "ServiceRequest",
        row["id"],
        status=PROMISE_STATUS.get(row["status"], "active"),
        intent="plan",
        code=concept(code(f"{HL7}v3-ActCode", row["modality"]), text="Suivi"),
        subject=reference(row["patient_id"]),
        encounter=reference(row["encounter_id"]) if row.get("encounter_id") else None,
        occurrencePeriod={"start": row["earliest_on"], "end": row["latest_on"]},
        authoredOn=row["created_at"],
        requester=reference(row["practitioner_id"]) if row.get("practitioner_id") else None,
        reasonCode=[concept(text=_said(row["reason"]))] if row.get("reason") else [],
    )
