"""Who may reach what, by role and by how they stand to the patient: the reviewed table that T11 tries route by route.

A route that names a patient or something of theirs must have a row here, or the claim fails. A row says which roles
reach it, and by which relations; every other cell must be refused. Routes that name nobody need no row: the role
alone decides, and that is read from the policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from server.kernel.access import Role


class Case(StrEnum):
    """How somebody stands to the patient that a request names."""

    OWN = "own"
    VISIT = "visit"
    REFERRED = "referred"
    GLASS = "glass"
    HERE = "same-site"
    THERE = "other-site"
    NONE = "none"
    EXPIRED = "care-expired"
    REFERRAL_EXPIRED = "referral-expired"
    REVOKED = "referral-revoked"
    GLASS_OVER = "glass-over"


CASES: Mapping[Role, tuple[Case, ...]] = {
    Role.GP: tuple(case for case in Case if case not in (Case.HERE, Case.THERE)),
    Role.HEALTH_WORKER: (Case.HERE, Case.THERE),
    Role.CABIN: (Case.THERE,),
    Role.COORDINATOR: (Case.NONE,),
    Role.ADMIN: (Case.NONE,),
}
"""Coordinators and administrators stand in no relation to anybody; a cabin, only to who sits in it."""

Row = Mapping[Role, frozenset[Case]]
NOBODY: Row = {}
READ = frozenset({Case.OWN, Case.VISIT, Case.REFERRED, Case.GLASS})
WHOLE = frozenset({Case.OWN, Case.VISIT})
MINE = frozenset({Case.VISIT})
HERE = frozenset({Case.HERE})

DOCTOR_READS: Row = {Role.GP: READ}
BOTH_READ: Row = {Role.GP: READ, Role.HEALTH_WORKER: HERE}
BOTH_WRITE: Row = {Role.GP: WHOLE, Role.HEALTH_WORKER: HERE}
OFFICE: Row = {Role.HEALTH_WORKER: HERE}
DOCTOR_CARES: Row = {Role.GP: WHOLE}
OWN_VISIT: Row = {Role.GP: MINE}

TABLE: Mapping[tuple[str, str], Row] = {
    ("GET", "/api/patients/{patient_id}/history"): DOCTOR_READS,
    ("POST", "/api/patients/{patient_id}/observations"): OFFICE,
    ("GET", "/api/patients/{patient_id}/observations"): BOTH_READ,
    ("GET", "/api/patients/{patient_id}/background"): BOTH_READ,
    ("PUT", "/api/patients/{patient_id}/background"): BOTH_WRITE,
    ("POST", "/api/patients/{patient_id}/documents"): BOTH_WRITE,
    ("GET", "/api/patients/{patient_id}/documents"): BOTH_READ,
    ("POST", "/api/observations/{observation_id}/strike"): OFFICE,
    ("GET", "/desk/records/{patient_id}"): DOCTOR_READS,
    ("GET", "/desk/records/{patient_id}/background"): DOCTOR_READS,
    ("POST", "/desk/records/{patient_id}/background"): DOCTOR_CARES,
    ("POST", "/desk/records/{patient_id}/referrals"): DOCTOR_CARES,
    ("GET", "/desk/reports/{encounter_id}"): {Role.GP: READ - {Case.VISIT}},  # of a visit that runs there is none yet
    # a visit is its doctor's alone
    ("POST", "/api/encounters/{encounter_id}/release"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/ring"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/hang-up"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/seat"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/connected"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/incidents"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/quality"): OWN_VISIT,
    ("GET", "/api/encounters/{encounter_id}/guest"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/guest"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/guest/remove"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/guest/seat"): OWN_VISIT,
    ("GET", "/api/encounters/{encounter_id}/note"): OWN_VISIT,
    ("PUT", "/api/encounters/{encounter_id}/note"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/note/addenda"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/note/strike"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/sign"): OWN_VISIT,
    ("GET", "/api/encounters/{encounter_id}/documents"): OWN_VISIT,
    ("GET", "/api/encounters/{encounter_id}/prescription"): OWN_VISIT,
    ("PUT", "/api/encounters/{encounter_id}/prescription"): OWN_VISIT,
    ("POST", "/api/encounters/{encounter_id}/prescription/sign"): OWN_VISIT,
    ("GET", "/desk/visits/{encounter_id}/prescription"): OWN_VISIT,
    ("GET", "/desk/visits/{encounter_id}/prescription/preview"): OWN_VISIT,
    # follow-ups are the site's
    ("GET", "/api/promises/{promise_id}/proposals"): OFFICE,
    ("POST", "/api/promises/{promise_id}/book"): OFFICE,
    ("POST", "/api/promises/{promise_id}/hold"): OFFICE,
    ("POST", "/api/holds/{appointment_id}/confirm"): OFFICE,
    ("POST", "/api/holds/{appointment_id}/let-go"): OFFICE,
    ("POST", "/api/promises/{promise_id}/call-back"): OFFICE,
    ("POST", "/api/appointments/{appointment_id}/move"): OFFICE,
    ("POST", "/api/appointments/{appointment_id}/late"): OFFICE,
    ("POST", "/api/appointments/{appointment_id}/cancel"): OFFICE,
    ("POST", "/api/appointments/{appointment_id}/miss"): OFFICE,
    # the front office
    ("GET", "/office/visits/{encounter_id}/out"): OFFICE,
    ("POST", "/office/visits/{encounter_id}/out"): OFFICE,
    ("GET", "/office/patients/{patient_id}"): OFFICE,
    ("GET", "/office/patients/{patient_id}/accesses"): OFFICE,
    ("GET", "/office/patients/{patient_id}/background"): OFFICE,
    ("POST", "/office/patients/{patient_id}/background"): OFFICE,
    ("GET", "/office/patients/{patient_id}/follow-ups"): OFFICE,
    ("POST", "/office/patients/{patient_id}/code"): OFFICE,
    ("GET", "/office/patients/{patient_id}/identity"): OFFICE,
    ("POST", "/office/patients/{patient_id}/identity"): OFFICE,
    ("GET", "/office/patients/{patient_id}/merges"): OFFICE,
    ("POST", "/office/patients/{patient_id}/merges"): OFFICE,
    ("GET", "/office/patients/{patient_id}/measures"): OFFICE,
    ("POST", "/office/patients/{patient_id}/measures"): OFFICE,
    ("POST", "/office/patients/{patient_id}/measures/{observation_id}/strike"): OFFICE,
    ("GET", "/office/patients/{patient_id}/documents"): OFFICE,
    ("POST", "/office/patients/{patient_id}/documents/{document_id}/strike"): OFFICE,
    ("GET", "/office/patients/{patient_id}/copy"): OFFICE,
    ("POST", "/office/patients/{patient_id}/copy"): OFFICE,
    ("GET", "/office/patients/{patient_id}/prescriptions"): OFFICE,
    ("GET", "/office/patients/{patient_id}/queue"): OFFICE,
    ("POST", "/office/patients/{patient_id}/queue"): OFFICE,
    ("GET", "/office/promises/{promise_id}"): OFFICE,
    ("POST", "/office/promises/{promise_id}/book"): OFFICE,
    ("POST", "/office/promises/{promise_id}/hold"): OFFICE,
    ("POST", "/office/holds/{appointment_id}/confirm"): OFFICE,
    ("POST", "/office/holds/{appointment_id}/let-go"): OFFICE,
    ("POST", "/office/promises/{promise_id}/call-back"): OFFICE,
    ("GET", "/office/appointments/{appointment_id}"): OFFICE,
    ("GET", "/office/appointments/{appointment_id}/card"): OFFICE,
    ("GET", "/office/appointments/{appointment_id}/move"): OFFICE,
    ("POST", "/office/appointments/{appointment_id}/move"): OFFICE,
    ("GET", "/office/appointments/{appointment_id}/cancel"): OFFICE,
    ("POST", "/office/appointments/{appointment_id}/cancel"): OFFICE,
    ("POST", "/office/appointments/{appointment_id}/miss"): OFFICE,
    ("POST", "/office/appointments/{appointment_id}/late"): OFFICE,
    ("POST", "/office/appointments/{appointment_id}/seen"): OFFICE,
    ("GET", "/office/appointments/{appointment_id}/reminders"): OFFICE,
    ("GET", "/office/promises/{promise_id}/care"): OFFICE,
    ("POST", "/office/promises/{promise_id}/withdraw"): OFFICE,
    ("POST", "/office/promises/{promise_id}/repeat"): OFFICE,
    ("GET", "/office/promises/{promise_id}/waiting"): OFFICE,
    ("POST", "/office/promises/{promise_id}/waiting"): OFFICE,
    ("GET", "/office/patients/{patient_id}/reminders"): OFFICE,
    ("POST", "/office/patients/{patient_id}/reminders"): OFFICE,
}

NAMES_NOBODY = {"door", "hash", "path", "page", "row_ver", "cabin_id", "alarm_id", "subject_id"}
NAMES_NOBODY |= {"feed_id", "login", "kind", "handover_id"}
"""Places of an address that name no patient and nothing of theirs; another name asks for a row."""

# What is tried elsewhere, with ids that this world does not hold, and where.
ELSEWHERE: Mapping[tuple[str, str], str] = {
    ("POST", "/coordination/accesses/{glass_id}"): "tests/server/people/access/test_glass.py",
    ("POST", "/desk/referrals/{referral_id}/revoke"): "tests/server/people/access/test_referrals.py",
    ("POST", "/api/encounters/{encounter_id}/lobby"): "any doctor may take who waits: T5",
    ("POST", "/api/encounters/{encounter_id}/claim"): "any doctor may take who waits: T5",
    ("GET", "/api/uploads/{upload_id}"): "tests/server/records/documents",
    ("PATCH", "/api/uploads/{upload_id}"): "tests/server/records/documents",
    ("DELETE", "/api/uploads/{upload_id}"): "tests/server/records/documents",
    ("POST", "/api/uploads/{upload_id}/finish"): "tests/server/records/documents",
    ("POST", "/api/documents/{document_id}/give"): "tests/server/records/documents",
    ("POST", "/api/documents/{document_id}/strike"): "tests/server/records/documents",
    ("GET", "/cabin/documents/{document_id}/file"): "tests/server/records/documents",
    ("GET", "/desk/documents/{document_id}/file"): "tests/server/records/documents",
    ("GET", "/office/documents/{document_id}/file"): "tests/server/records/documents",
    ("POST", "/api/prescriptions/{prescription_id}/cancel"): "tests/server/records/prescriptions",
    ("POST", "/api/prescriptions/{prescription_id}/replace"): "tests/server/records/prescriptions",
    ("GET", "/office/prescriptions/{prescription_id}"): "tests/server/records/prescriptions",
    ("GET", "/desk/prescriptions/{prescription_id}"): "tests/server/records/prescriptions",
    ("POST", "/office/reminders/{reminder_id}"): "tests/server/scheduler/reminders",
    ("GET", "/rdv/{token}"): "whoever holds the secret: tests/server/scheduler/reminders",
    ("POST", "/rdv/{token}"): "whoever holds the secret: tests/server/scheduler/reminders",
    ("GET", "/calendar/{token}"): "whoever holds the secret, and it names nobody: tests/server/scheduler/availability",
    ("POST", "/api/promises/{promise_id}/overbook"): "tests/server/scheduler/service/follow_ups/test_overbooking.py",
    ("GET", "/desk/follow-ups/{promise_id}/moments"): "tests/clinic_ui/desk/test_placing.py",
    ("POST", "/desk/follow-ups/{promise_id}/hold"): "tests/clinic_ui/desk/test_placing.py",
    ("POST", "/desk/follow-ups/{promise_id}/overbook"): "tests/clinic_ui/desk/test_placing.py",
    ("POST", "/desk/holds/{appointment_id}/confirm"): "tests/clinic_ui/desk/test_placing.py",
    ("POST", "/desk/holds/{appointment_id}/let-go"): "tests/clinic_ui/desk/test_placing.py",
    ("POST", "/desk/follow-ups/appointments/{appointment_id}"): "tests/server/scheduler/promises",
    ("POST", "/desk/follow-ups/{promise_id}/withdraw"): "tests/server/scheduler/promises",
    ("POST", "/office/plan/{promise_id}/accept"): "tests/server/scheduler/planning/test_service.py",
    ("POST", "/office/plan/{promise_id}/decline"): "tests/server/scheduler/planning/test_service.py",
    ("POST", "/office/waiting/{entry_id}/withdraw"): "tests/server/scheduler/waiting/test_service.py",
    ("POST", "/office/waiting/{entry_id}/restore"): "tests/server/scheduler/waiting/test_service.py",
    ("POST", "/office/waiting/offers/{offer_id}"): "tests/server/scheduler/waiting/test_service.py",
    ("GET", "/office/series/{series_id}"): "tests/server/scheduler/series/test_service.py",
    ("POST", "/office/series/{series_id}/book"): "tests/server/scheduler/series/test_service.py",
    ("POST", "/office/series/{series_id}/cancel"): "tests/server/scheduler/series/test_service.py",
    ("POST", "/office/series/{series_id}/stop"): "tests/server/scheduler/series/test_service.py",
    ("GET", "/office/duplicates/{first_id}/{second_id}"): "tests/server/people/test_merging.py",
    ("POST", "/office/duplicates/{first_id}/{second_id}"): "tests/server/people/test_merging.py",
    ("POST", "/office/duplicates/{first_id}/{second_id}/apart"): "tests/server/people/test_merging.py",
}

FOR_WHO_WAITS = {("GET", "/office/visits/{encounter_id}/out")}
"""Refused also to the site's own people once a doctor has taken the visit."""
