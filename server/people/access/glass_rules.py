"""Breaking the glass: opening a record in an emergency, without a relation. Values, states, decisions; no I/O.

    nobody's ──break──▶ open ──60 minutes, or « J’ai fini », or a verdict──▶ closed
                          │                                                    │
                          └───────── awaits review ────────────────────────────┘
                                          │ somebody else confirms or contests, within 72 hours
                                          ▼
                                       reviewed        only now may the same person break another

One patient, one person, sixty minutes, for reading alone (SECURITY.md §3.4). Why it was done is said twice: as one
of four reasons, which whoever reviews may see, and in words, which only the patient and those who care for them may.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.kernel.errors import Invalid
from server.kernel.ids import AccountId, GlassId, PatientId, PractitionerId
from server.kernel.words import N_

OPEN_FOR = timedelta(minutes=60)
REVIEW_WITHIN = timedelta(hours=72)
WORDS_MIN, WORDS_MAX = 15, 500  # letters; fewer say nothing to the person whose record it is


class GlassReason(StrEnum):
    """Why a record had to be opened at once."""

    LIFE_AT_RISK = "life-at-risk"
    CANNOT_SPEAK = "cannot-speak"
    COLLEAGUE_AWAY = "colleague-away"
    OTHER = "other"


class Verdict(StrEnum):
    """What the reviewer says."""

    CONFIRMED = "confirmed"
    CONTESTED = "contested"


class Phase(StrEnum):
    """Where a broken glass stands."""

    OPEN = "open"
    CLOSED = "closed"
    REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True)
class Glass:
    """One record that was opened so. `until` moves back when it is closed early."""

    id: GlassId
    patient_id: PatientId
    account_id: AccountId
    practitioner_id: PractitionerId
    reason: GlassReason
    broken_at: datetime
    until: datetime
    verdict: Verdict | None = None
    reviewed_at: datetime | None = None
    reviewed_by: AccountId | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """One time that a record was opened so, as the patient may read it."""

    account_id: AccountId
    broken_at: datetime
    until: datetime
    reason: GlassReason
    words: str
    verdict: Verdict | None


def phase(glass: Glass, now: datetime) -> Phase:
    """Return where it stands; a verdict closes what was still open."""
    if glass.reviewed_at is not None:
        return Phase.REVIEWED
    return Phase.OPEN if glass.broken_at <= now < glass.until else Phase.CLOSED


def is_late(glass: Glass, now: datetime) -> bool:
    """Return whether it should have been reviewed by now."""
    return glass.reviewed_at is None and now >= glass.broken_at + REVIEW_WITHIN


def may_review(glass: Glass, reviewer: AccountId) -> bool:
    """Return whether this person may say whether it was right: never who broke it, and only once."""
    return glass.reviewed_at is None and reviewer != glass.account_id


def check_glass_words(words: str) -> str:
    """Return the words that say why, trimmed, or raise Invalid."""
    words = " ".join(words.split())
    if not WORDS_MIN <= len(words) <= WORDS_MAX:
        raise Invalid(
            N_("Le dossier n’est pas ouvert : dites pourquoi."),
            fields={"words": N_("Écrivez de 15 à 500 lettres. La personne les lira.")},
        )
    return words
