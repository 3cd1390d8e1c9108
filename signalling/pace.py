"""How much a page may say: of anything, and of what costs the other end work.

frame ─▶ all of its socket (gateway) ─▶ descriptions, candidates of its connection ─▶ forwarded
"""

from typing import Final

from signalling.errors import Flood
from signalling.protocol import Answer, Candidate, ForPeer, Offer, Restart

DESCRIPTIONS_AT_ONCE: Final = 20.0  # a doctor who leafs through the cards of a full waiting room offers at each
DESCRIPTIONS_RATE: Final = 0.5  # a second: pages begin a negotiation again after 4 s, so 0.25 and as many restarts
CANDIDATES: Final = 120  # after each description: an end with three networks and two relays has about 30


class Bucket:
    """A token bucket: `spend` raises Flood when more than `burst` come faster than `rate` a second."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, now: float, rate: float, burst: float) -> None:
        self._rate = rate
        self._tokens = self._burst = burst
        self._at = now

    def spend(self, now: float) -> None:
        tokens = self._tokens + (now - self._at) * self._rate
        self._at = now
        if tokens > self._burst:
            tokens = self._burst
        if tokens < 1:
            self._tokens = tokens
            raise Flood
        self._tokens = tokens - 1


class Pace:
    """What one connection says to the other seat. A new socket of the same connection brings no new allowance."""

    __slots__ = ("_candidates", "_descriptions")

    def __init__(self, now: float) -> None:
        self._descriptions = Bucket(now, DESCRIPTIONS_RATE, DESCRIPTIONS_AT_ONCE)
        self._candidates = 0  # since its last description: they belong to it

    def spend(self, message: ForPeer, now: float) -> None:
        """Count a message; raise Flood when it is one too many."""
        match message:
            case Candidate():  # first: there are most of them
                self._candidates += 1
                if self._candidates > CANDIDATES:
                    raise Flood
            case Offer() | Answer():
                self._descriptions.spend(now)
                self._candidates = 0
            case Restart():  # it asks for an offer
                self._descriptions.spend(now)
