"""What the exchange counts of itself: plain numbers without a name in them, for whoever watches the servers."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Meter:
    """Numbers that only grow. Adding to one costs a frame nothing that can be measured."""

    sockets_opened: int = 0
    frames: int = 0
    """What pages said, pings too."""
    joins: int = 0
    resumed: int = 0
    nudges: int = 0
    """Nudges asked for on this server, however many pages listen."""
    tickets_issued: int = 0
    tickets_redeemed: int = 0
    tickets_refused: int = 0
    closes: Counter[int] = field(default_factory=Counter)
    """By close code: 0 when the socket was lost without one."""
