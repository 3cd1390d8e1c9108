"""A call for help from a cabin: which call outranks which, how long it is shown, and when its words change.

    ask ──▶ open, unanswered ──answer──▶ open, answered ──10 minutes──▶ closed
                 │  └─ an emergency outranks a call for help: it must be answered anew
                 └──── settle (« C’est bon, merci »), goodbye ────▶ closed

One call per cabin. Asking again keeps the first time. A goodbye does not close an emergency that nobody has answered:
somebody may lie in the cabin while its screen, untouched, says goodbye by itself.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from server.kernel.ids import AccountId

ANSWER_SHOWN_FOR = timedelta(minutes=10)
LATE_AFTER = timedelta(seconds=60)  # then the cabin shows the telephone number large


class HelpKind(StrEnum):
    """What a cabin asks for."""

    HELP = "help"
    EMERGENCY = "emergency"
    """A grave sign was answered with yes."""


@dataclass(frozen=True, slots=True)
class HelpCall:
    """A call for help. It knows the cabin, and no patient."""

    kind: HelpKind
    asked_at: datetime
    answered_at: datetime | None = None
    answered_by: AccountId | None = None


def is_open(call: HelpCall, now: datetime) -> bool:
    """Return whether the call still stands: nobody has answered, or somebody has just now."""
    return call.answered_at is None or now - call.answered_at < ANSWER_SHOWN_FOR


def is_late(call: HelpCall, now: datetime) -> bool:
    """Return whether nobody has answered for so long that one should telephone."""
    return call.answered_at is None and now - call.asked_at >= LATE_AFTER


def asked(known: HelpCall | None, kind: HelpKind, now: datetime) -> HelpCall:
    """Return the call after a cabin asked: a new one, the same, or the same as an emergency."""
    if known is None or not is_open(known, now):
        return HelpCall(kind, now)
    if kind is HelpKind.EMERGENCY and known.kind is HelpKind.HELP:
        return HelpCall(kind, known.asked_at)
    return known


def answered(call: HelpCall, by: AccountId, now: datetime) -> HelpCall:
    """Return the call after somebody said « J’y vais »; who answered first stays."""
    return call if call.answered_at else replace(call, answered_at=now, answered_by=by)


def outlives_goodbye(call: HelpCall) -> bool:
    """Return whether the call stays open when the cabin says goodbye."""
    return call.kind is HelpKind.EMERGENCY and call.answered_at is None


def changes_in(call: HelpCall, now: datetime) -> int | None:
    """Return after how many seconds the words about an open call change by themselves, or None."""
    if call.answered_at is not None:
        return _seconds(call.answered_at + ANSWER_SHOWN_FOR - now)
    return None if is_late(call, now) else _seconds(call.asked_at + LATE_AFTER - now)


def _seconds(left: timedelta) -> int:
    return max(1, ceil(left.total_seconds()))
