"""Why a promise is withdrawn, and how one is handed over."""

from enum import StrEnum


class WithdrawReason(StrEnum):
    """Why nobody will keep a promise."""

    PATIENT_REFUSES = "patient-refuses"
    SEEN_ELSEWHERE = "seen-elsewhere"
    NO_LONGER_NEEDED = "no-longer-needed"
    MOVED_AWAY = "moved-away"
    DECEASED = "deceased"
    MISTAKE = "mistake"


class HandoverKind(StrEnum):
    """Whose promises are handed over."""

    PRACTITIONER = "practitioner"
    HEALTH_WORKER = "health-worker"
