"""Token buckets: how often one thing may be tried. In this process; losing them costs nothing."""

from collections import OrderedDict
from datetime import datetime

from server.kernel.clock import Clock
from server.kernel.errors import TooMany
from server.kernel.words import N_

REMEMBERED = 10_000  # keys; the longest unused is forgotten first


class Bucket:
    """Allows `burst` tries at once and `per_minute` after that, for each key."""

    def __init__(self, now: Clock, *, per_minute: int, burst: int) -> None:
        self._now = now
        self._rate = per_minute / 60
        self._burst = float(burst)
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, key: str) -> None:
        """Use one try of `key`, or raise TooMany with the seconds to wait."""
        now = self._now()
        left, since = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - since).total_seconds() * self._rate)
        enough = left > 0.999_999  # sums of seconds are not exact
        self._left[key] = (max(left - 1, 0.0) if enough else left, now)
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        if not enough:
            wait = int((1 - left) / self._rate) + 1
            raise TooMany(N_("Trop d’essais. Attendez %(seconds)s secondes."), retry_after=wait, seconds=wait)
