"""The audit vocabulary and the leaf: one canonical line per act, salted and hashed (RFC 6962 leaf hash).

    canonical line  ->  SHA-256(0x00 || line)  = leaf

The 128-bit salt is inside the line, so that its content can be erased at the end of retention while the leaf
stays, and nobody can guess a short line from its hash.
"""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Action(StrEnum):
    """`subject:act`. What is read is logged as much as what is written."""

    SIGNED_IN = "account:signed-in"
    SIGN_IN_REFUSED = "account:sign-in-refused"
    SIGNED_OUT = "account:signed-out"
    ADDRESS_HIDDEN = "account:address-hidden"
    ADDRESS_SHOWN = "account:address-shown"
    PATIENT_REGISTERED = "patient:registered"
    PATIENT_READ = "patient:read"
    PATIENT_SEARCHED = "patient:searched"
    PATIENT_RECOGNISED = "patient:recognised"
    ENCOUNTER_ARRIVED = "encounter:arrived"
    ENCOUNTER_TRIAGED = "encounter:triaged"
    ENCOUNTER_CLAIMED = "encounter:claimed"
    ENCOUNTER_MOVED = "encounter:moved"
    ENCOUNTER_FINISHED = "encounter:finished"
    CONSENT_RECORDED = "consent:recorded"
    REASON_SAID = "reason:said"
    REASON_READ = "reason:read"
    CALL_SEATED = "call:seated"
    CALL_INCIDENT = "call:incident"
    NOTE_SAVED = "note:saved"
    NOTE_READ = "note:read"
    NOTE_SIGNED = "note:signed"
    NOTE_AMENDED = "note:amended"
    NOTE_STRUCK = "note:struck"
    SUMMARY_READ = "summary:read"
    HISTORY_READ = "history:read"
    MEASURE_TAKEN = "measure:taken"
    MEASURE_STRUCK = "measure:struck"
    MEASURES_READ = "measures:read"
    BACKGROUND_READ = "background:read"
    BACKGROUND_SAVED = "background:saved"
    PROMISE_MADE = "promise:made"
    PROMISE_MOVED = "promise:moved"
    PROMISE_READ = "promise:read"
    APPOINTMENT_BOOKED = "appointment:booked"
    APPOINTMENT_MOVED = "appointment:moved"
    APPOINTMENT_CANCELLED = "appointment:cancelled"
    APPOINTMENT_KEPT = "appointment:kept"
    APPOINTMENT_MISSED = "appointment:missed"
    DAY_SHEET_READ = "day-sheet:read"
    HOURS_CHANGED = "hours:changed"
    FEEDBACK_GIVEN = "feedback:given"
    HELP_ASKED = "help:asked"
    HELP_ANSWERED = "help:answered"
    HELP_SETTLED = "help:settled"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log, before hashing. `ct_sha256` is the hash of the ciphertext that was written."""

    id: UUID
    at: datetime
    actor: UUID | None
    role: str | None
    action: str
    patient_id: UUID | None
    record: str | None
    row_ver: int | None
    ct_sha256: bytes | None
    reason: str | None
    salt: bytes


def canonical(entry: Entry) -> bytes:
    """Return the one byte form of `entry`: JSON, keys sorted, no spaces, instants in RFC 3339 UTC."""
    return msgspec.json.encode(asdict(entry), order="sorted")


def leaf(entry: Entry) -> bytes:
    """Return the 32-byte RFC 6962 leaf hash of `entry`."""
    return hashlib.sha256(b"\x00" + canonical(entry)).digest()
