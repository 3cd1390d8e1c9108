"""Who opened a patient's record, told day by day and person by person: what may be said, and how it is grouped.

    log entries, newest first ─▶ which are openings? ─▶ by day where the patient lives ─▶ by person ─▶ what, and why

Only the kind of what was opened is told, never what stands in it, and nobody else's name but that of who opened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from server.audit.rules import Action
from server.kernel.access import Role
from server.kernel.ids import AccountId
from server.people.access.glass_rules import Broken

AFTERWARDS = timedelta(minutes=5)
"""A visit lasts a little longer than its note: who closes it still reads."""


class Opening(StrEnum):
    """What was opened or written, as a villager would say it."""

    RECOGNISED = "recognised"
    REGISTERED = "registered"
    SHEET_READ = "sheet-read"
    REASON_READ = "reason-read"
    RECEIVED = "received"
    CONSULTATIONS_READ = "consultations-read"
    NOTE_READ = "note-read"
    SUMMARY_READ = "summary-read"
    PRESCRIPTION_READ = "prescription-read"
    MEASURES_READ = "measures-read"
    KNOWN_READ = "known-read"
    FOLLOW_UPS_READ = "follow-ups-read"
    DOCUMENTS_READ = "documents-read"
    ACCESSES_READ = "accesses-read"
    COPIED = "copied"
    OTHER_READ = "other-read"
    NOTE_WRITTEN = "note-written"
    NOTE_SIGNED = "note-signed"
    NOTE_AMENDED = "note-amended"
    NOTE_STRUCK = "note-struck"
    PRESCRIPTION_WRITTEN = "prescription-written"
    PRESCRIPTION_SIGNED = "prescription-signed"
    PRESCRIPTION_CANCELLED = "prescription-cancelled"
    PAPER_PRINTED = "paper-printed"
    MEASURES_WRITTEN = "measures-written"
    MEASURE_STRUCK = "measure-struck"
    DOCUMENT_SENT = "document-sent"
    DOCUMENT_GIVEN = "document-given"
    DOCUMENT_STRUCK = "document-struck"
    KNOWN_WRITTEN = "known-written"
    FOLLOW_UP_ASKED = "follow-up-asked"
    APPOINTMENT_CHANGED = "appointment-changed"
    IDENTITY_CHECKED = "identity-checked"
    CODE_RENEWED = "code-renewed"
    RECORDS_JOINED = "records-joined"
    RECORDS_PARTED = "records-parted"
    GLASS_BROKEN = "glass-broken"
    GLASS_CLOSED = "glass-closed"
    GLASS_REVIEWED = "glass-reviewed"
    REFERRED = "referred"
    REFERRAL_REVOKED = "referral-revoked"
    OTHER_WRITTEN = "other-written"


class Why(StrEnum):
    """In what connection somebody opened the record."""

    DURING_VISIT = "during-visit"
    AFTER_VISIT = "after-visit"
    WITHOUT_VISIT = "without-visit"
    AT_THE_SITE = "at-the-site"
    IN_THE_CABIN = "in-the-cabin"
    BY_ITSELF = "by-itself"
    AT_COORDINATION = "at-coordination"
    IN_EMERGENCY = "in-emergency"


_KNOWN: dict[str, Opening] = {
    Action.PATIENT_RECOGNISED: Opening.RECOGNISED,
    Action.PATIENT_REGISTERED: Opening.REGISTERED,
    Action.PATIENT_READ: Opening.SHEET_READ,
    Action.PATIENT_IDENTIFIED: Opening.IDENTITY_CHECKED,
    Action.PATIENT_CODE_RENEWED: Opening.CODE_RENEWED,
    Action.PATIENT_MERGED: Opening.RECORDS_JOINED,
    Action.PATIENT_PARTED: Opening.RECORDS_PARTED,
    Action.REASON_READ: Opening.REASON_READ,
    Action.ENCOUNTER_CLAIMED: Opening.RECEIVED,
    Action.HISTORY_READ: Opening.CONSULTATIONS_READ,
    Action.NOTE_READ: Opening.NOTE_READ,
    Action.SUMMARY_READ: Opening.SUMMARY_READ,
    Action.PRESCRIPTION_READ: Opening.PRESCRIPTION_READ,
    Action.PRESCRIPTION_PRINTED: Opening.PAPER_PRINTED,
    Action.REPORT_PRINTED: Opening.PAPER_PRINTED,
    Action.PRESCRIPTION_SAVED: Opening.PRESCRIPTION_WRITTEN,
    Action.PRESCRIPTION_SIGNED: Opening.PRESCRIPTION_SIGNED,
    Action.PRESCRIPTION_CANCELLED: Opening.PRESCRIPTION_CANCELLED,
    Action.MEASURES_READ: Opening.MEASURES_READ,
    Action.BACKGROUND_READ: Opening.KNOWN_READ,
    Action.PROMISE_READ: Opening.FOLLOW_UPS_READ,
    Action.DAY_SHEET_READ: Opening.FOLLOW_UPS_READ,
    Action.RECORD_COPIED: Opening.COPIED,
    Action.ACCESSES_READ: Opening.ACCESSES_READ,
    Action.NOTE_SAVED: Opening.NOTE_WRITTEN,
    Action.NOTE_SIGNED: Opening.NOTE_SIGNED,
    Action.NOTE_AMENDED: Opening.NOTE_AMENDED,
    Action.NOTE_STRUCK: Opening.NOTE_STRUCK,
    Action.MEASURE_TAKEN: Opening.MEASURES_WRITTEN,
    Action.MEASURE_STRUCK: Opening.MEASURE_STRUCK,
    Action.DOCUMENTS_READ: Opening.DOCUMENTS_READ,
    Action.DOCUMENT_READ: Opening.DOCUMENTS_READ,
    Action.DOCUMENT_ADDED: Opening.DOCUMENT_SENT,
    Action.DOCUMENT_QUARANTINED: Opening.DOCUMENT_SENT,
    Action.DOCUMENT_GIVEN: Opening.DOCUMENT_GIVEN,
    Action.DOCUMENT_TAKEN_BACK: Opening.DOCUMENT_GIVEN,
    Action.DOCUMENT_STRUCK: Opening.DOCUMENT_STRUCK,
    Action.BACKGROUND_SAVED: Opening.KNOWN_WRITTEN,
    Action.PROMISE_MADE: Opening.FOLLOW_UP_ASKED,
    Action.PROMISE_MOVED: Opening.APPOINTMENT_CHANGED,
    Action.APPOINTMENT_HELD: Opening.APPOINTMENT_CHANGED,
    Action.APPOINTMENT_LET_GO: Opening.APPOINTMENT_CHANGED,
    Action.WAITING_ADDED: Opening.APPOINTMENT_CHANGED,
    Action.WAITING_WITHDRAWN: Opening.APPOINTMENT_CHANGED,
    Action.WAITING_OFFERED: Opening.APPOINTMENT_CHANGED,
    Action.WAITING_ANSWERED: Opening.APPOINTMENT_CHANGED,
    Action.APPOINTMENT_BOOKED: Opening.APPOINTMENT_CHANGED,
    Action.APPOINTMENT_MOVED: Opening.APPOINTMENT_CHANGED,
    Action.APPOINTMENT_CANCELLED: Opening.APPOINTMENT_CHANGED,
    Action.APPOINTMENT_KEPT: Opening.APPOINTMENT_CHANGED,
    Action.APPOINTMENT_MISSED: Opening.APPOINTMENT_CHANGED,
    Action.APPOINTMENT_LATE: Opening.APPOINTMENT_CHANGED,
    Action.APPOINTMENT_OVERBOOKED: Opening.APPOINTMENT_CHANGED,
    Action.GLASS_BROKEN: Opening.GLASS_BROKEN,
    Action.GLASS_CLOSED: Opening.GLASS_CLOSED,
    Action.GLASS_REVIEWED: Opening.GLASS_REVIEWED,
    Action.CARE_REFERRED: Opening.REFERRED,
    Action.REFERRAL_REVOKED: Opening.REFERRAL_REVOKED,
}
# The course of a visit opens nothing: that a person sat down, answered, agreed, was called.
_COURSE = ("encounter:", "consent:", "reason:said", "call:", "guest:", "feedback:", "help:")
_OF_THE_GLASS = {Opening.GLASS_BROKEN, Opening.GLASS_CLOSED}
_READING = ("read", "shown", "opened", "exported", "printed", "downloaded", "shared")


@dataclass(frozen=True, slots=True)
class Entry:
    """One act on the record, from the log."""

    at: datetime
    actor: AccountId | None
    role: str | None
    action: str


@dataclass(frozen=True, slots=True)
class VisitTaken:
    """A visit of this patient that a doctor took: whose account, from when, until when (None: it still lasts)."""

    actor: AccountId
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class OpenedBy:
    """One person on one day. `name` is empty for the software itself; `visit_at` goes with AFTER_VISIT.

    `glass` goes with IN_EMERGENCY: for which reason, in which words, and what the reviewer said.
    """

    name: str
    role: Role | None
    why: Why
    visit_at: datetime | None
    first_at: datetime
    last_at: datetime
    openings: tuple[Opening, ...]
    glass: Broken | None = None


@dataclass(frozen=True, slots=True)
class OpenedOn:
    """One day of the patient's site."""

    on: date
    people: tuple[OpenedBy, ...]


def opening_of(action: str) -> Opening | None:
    """Return what a patient is told of an act; None for the course of a visit. An unknown act is never left out."""
    if action in _KNOWN:
        return _KNOWN[action]
    if action.startswith(_COURSE):
        return None
    return Opening.OTHER_READ if action.rpartition(":")[2].endswith(_READING) else Opening.OTHER_WRITTEN


def glass_of(entry: Entry, glasses: Iterable[Broken]) -> Broken | None:
    """Return the broken glass through which somebody acted, if it was so."""
    through = (one for one in glasses if one.account_id == entry.actor and one.broken_at <= entry.at <= one.until)
    return next(through, None)


def why(entry: Entry, visits: Sequence[VisitTaken]) -> tuple[Why, datetime | None]:
    """Return in what connection an act stands, with the instant of the visit that it came after."""
    if entry.role == Role.CABIN:
        return Why.IN_THE_CABIN, None
    if entry.role == Role.HEALTH_WORKER:
        return Why.AT_THE_SITE, None
    if entry.role in (Role.COORDINATOR, Role.ADMIN):
        return Why.AT_COORDINATION, None
    if entry.role is None:
        return Why.BY_ITSELF, None
    own = [visit for visit in visits if visit.actor == entry.actor and visit.since <= entry.at]
    if not own:
        return Why.WITHOUT_VISIT, None
    last = max(own, key=lambda visit: visit.since)
    if last.until is None or entry.at <= last.until + AFTERWARDS:
        return Why.DURING_VISIT, None
    return Why.AFTER_VISIT, last.since


def by_day(
    entries: Iterable[Entry],
    names: Mapping[AccountId, str],
    visits: Sequence[VisitTaken],
    zone: tzinfo,
    glasses: Sequence[Broken] = (),
) -> list[OpenedOn]:
    """Return the days, newest first; on each, who opened what, the last one first."""
    days: dict[date, dict[_Person, list[tuple[Entry, Opening]]]] = {}
    for entry in entries:
        opening = opening_of(entry.action)
        if opening is not None:
            person = _Person(entry.actor, entry.role, *_connection(entry, visits, glasses))
            days.setdefault(entry.at.astimezone(zone).date(), {}).setdefault(person, []).append((entry, opening))
    return [
        OpenedOn(on, tuple(_opened_by(person, group, names) for person, group in people.items()))
        for on, people in days.items()
    ]


@dataclass(frozen=True, slots=True)
class _Person:
    actor: AccountId | None
    role: str | None
    why: Why
    visit_at: datetime | None
    glass: Broken | None


def _connection(
    entry: Entry, visits: Sequence[VisitTaken], glasses: Sequence[Broken]
) -> tuple[Why, datetime | None, Broken | None]:
    """A visit explains what is read in it; the glass explains the rest of its hour."""
    reason, visit_at = why(entry, visits)
    glass = glass_of(entry, glasses)
    if glass is not None and (reason is not Why.DURING_VISIT or opening_of(entry.action) in _OF_THE_GLASS):
        return Why.IN_EMERGENCY, None, glass
    return reason, visit_at, None


def _opened_by(person: _Person, group: Sequence[tuple[Entry, Opening]], names: Mapping[AccountId, str]) -> OpenedBy:
    found = {opening for _entry, opening in group}
    return OpenedBy(
        name=names.get(person.actor, "") if person.actor else "",
        role=Role(person.role) if person.role in set(Role) else None,
        why=person.why,
        visit_at=person.visit_at,
        first_at=min(entry.at for entry, _opening in group),
        last_at=group[0][0].at,
        openings=tuple(opening for opening in Opening if opening in found),
        glass=person.glass,
    )
