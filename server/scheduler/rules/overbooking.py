"""Overbooking: one more person at a moment when a doctor is taken already, as a named act with a reason.

Villagers travel: nobody is called twice into one cabin, and nobody is expected in two places. So only people who can
decide it for themselves stand in a second lane, and there is no third.

    lane 0   doctor ▓▓▓▓   worker ▓▓▓▓   cabin A ▓▓▓▓▓   patient 1 ▓▓▓▓
    lane 1   doctor ▓▓▓▓   worker ▓▓▓▓   cabin B ▓▓▓▓▓ (lane 0)   patient 2 ▓▓▓▓ (lane 0)
"""

from enum import StrEnum

from server.scheduler.rules.openings import ResourceKind

STANDS_TWICE = frozenset({ResourceKind.PRACTITIONER, ResourceKind.HEALTH_WORKER})
FIRST, SECOND = 0, 1
"""The lanes of `busy_unit`."""


class OverbookReason(StrEnum):
    """Why somebody is seen beside somebody else: one of four, no words about a patient."""

    URGENT = "urgent"
    ONLY_THEN = "only-then"
    TOGETHER = "together"
    SHORT = "short"


def lane(kind: ResourceKind) -> int:
    """Return the lane in which an overbooked appointment holds a resource of this kind."""
    return SECOND if kind in STANDS_TWICE else FIRST
