"""The audit vocabulary and the leaf: one canonical line per act, salted and hashed (RFC 6962 leaf hash).

    canonical line  ->  SHA-256(0x00 || line)  = leaf

The 128-bit salt is inside the line, so that its content can be erased at the end of retention while the leaf
stays, and nobody can guess a short line from its hash.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from server.audit.tree import leaf_hash


class Action(StrEnum):
    """`subject:act`. What is read is logged as much as what is written."""

    SIGNED_IN = "account:signed-in"
    SIGN_IN_REFUSED = "account:sign-in-refused"
    SIGNED_OUT = "account:signed-out"
    ACCOUNT_MADE = "account:made"
    ACCOUNT_RENEWED = "account:password-renewed"
    ACCOUNT_CLOSED = "account:closed"
    ACCOUNT_OPENED = "account:opened-again"
    ADDRESS_HIDDEN = "account:address-hidden"
    ADDRESS_SHOWN = "account:address-shown"
    PATIENT_REGISTERED = "patient:registered"
    PATIENT_READ = "patient:read"
    PATIENT_SEARCHED = "patient:searched"
    PATIENT_RECOGNISED = "patient:recognised"
    PATIENT_IDENTIFIED = "patient:identified"
    PATIENT_CODE_RENEWED = "patient:code-renewed"
    PATIENT_MERGED = "patient:merged"
    PATIENT_PARTED = "patient:parted"
    PATIENT_KEPT_APART = "patient:kept-apart"
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
    GUEST_INVITED = "guest:invited"
    GUEST_ASKED = "guest:asked"
    GUEST_ADMITTED = "guest:admitted"
    GUEST_REFUSED = "guest:refused"
    GUEST_ENDED = "guest:ended"
    NOTE_SAVED = "note:saved"
    NOTE_READ = "note:read"
    NOTE_SIGNED = "note:signed"
    NOTE_AMENDED = "note:amended"
    NOTE_STRUCK = "note:struck"
    SUMMARY_READ = "summary:read"
    PRESCRIPTION_SAVED = "prescription:saved"
    PRESCRIPTION_READ = "prescription:read"
    PRESCRIPTION_SIGNED = "prescription:signed"
    PRESCRIPTION_CANCELLED = "prescription:cancelled"
    PRESCRIPTION_PRINTED = "prescription:printed"
    REPORT_PRINTED = "report:printed"
    HISTORY_READ = "history:read"
    MEASURE_TAKEN = "measure:taken"
    MEASURE_STRUCK = "measure:struck"
    MEASURES_READ = "measures:read"
    DOCUMENT_ADDED = "document:added"
    DOCUMENT_QUARANTINED = "document:quarantined"
    DOCUMENT_READ = "document:read"
    DOCUMENTS_READ = "documents:read"
    DOCUMENT_GIVEN = "document:given"
    DOCUMENT_TAKEN_BACK = "document:taken-back"
    DOCUMENT_STRUCK = "document:struck"
    BACKGROUND_READ = "background:read"
    BACKGROUND_SAVED = "background:saved"
    PROMISE_MADE = "promise:made"
    PROMISE_MOVED = "promise:moved"
    PROMISE_READ = "promise:read"
    APPOINTMENT_HELD = "appointment:held"
    APPOINTMENT_LET_GO = "appointment:let-go"
    APPOINTMENT_BOOKED = "appointment:booked"
    APPOINTMENT_MOVED = "appointment:moved"
    APPOINTMENT_CANCELLED = "appointment:cancelled"
    APPOINTMENT_KEPT = "appointment:kept"
    APPOINTMENT_MISSED = "appointment:missed"
    APPOINTMENT_LATE = "appointment:late"
    APPOINTMENT_OVERBOOKED = "appointment:overbooked"
    REMINDER_CHOSEN = "reminder:chosen"
    REMINDER_SENT = "reminder:sent"
    REMINDER_BY_HAND = "reminder:by-hand"
    WAITING_ADDED = "waiting:added"
    WAITING_WITHDRAWN = "waiting:withdrawn"
    WAITING_OFFERED = "waiting:offered"
    WAITING_ANSWERED = "waiting:answered"
    DAY_SHEET_READ = "day-sheet:read"
    HOURS_CHANGED = "hours:changed"
    CLOSING_CHANGED = "closing:changed"
    PLACE_MADE = "place:made"
    PLACE_CHANGED = "place:changed"
    FEED_MADE = "calendar:made"
    FEED_REVOKED = "calendar:revoked"
    KEY_PROMOTED = "key:promoted"
    KEY_REWRAPPED = "key:rewrapped"
    KEY_RETIRED = "key:retired"
    KEY_RENEWED = "key:renewed"
    KEY_ENDED = "key:ended"
    RECORD_RESEALED = "record:resealed"
    SHRED_ASKED = "shred:asked"
    SHREDDED = "shred:done"
    FEEDBACK_GIVEN = "feedback:given"
    HELP_ASKED = "help:asked"
    HELP_ANSWERED = "help:answered"
    HELP_SETTLED = "help:settled"
    CABIN_CHECKED = "cabin:checked"
    RECORD_COPIED = "record:copied"
    SITE_EXPORTED = "site:exported"
    RECORD_IMPORTED = "record:imported"
    ACCESSES_READ = "accesses:read"
    CARE_REFERRED = "care:referred"
    REFERRAL_REVOKED = "care:referral-revoked"
    GLASS_BROKEN = "glass:broken"
    GLASS_CLOSED = "glass:closed"
    GLASS_REVIEWED = "glass:reviewed"
    FORK_SEEN = "log:fork-seen"
    FORK_SETTLED = "log:fork-settled"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log, before hashing. `ct_sha256` is the hash of the ciphertext that was written.

    The fields stand in the order of the alphabet: that is their order in the line.
    """

    action: str
    actor: UUID | None
    at: datetime
    ct_sha256: bytes | None
    id: UUID
    patient_id: UUID | None
    reason: str | None
    record: str | None
    role: str | None
    row_ver: int | None
    salt: bytes


def canonical(entry: msgspec.Struct) -> bytes:
    """Return the one byte form of an entry: JSON, keys sorted, no spaces, instants in RFC 3339 UTC."""
    return msgspec.json.encode(entry)


def leaf(entry: Entry) -> bytes:
    """Return the 32-byte RFC 6962 leaf hash of `entry`."""
    return leaf_hash(canonical(entry))
