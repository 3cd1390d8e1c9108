"""A clock that a test moves by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MONDAY_MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class FakeClock:
    """Stands where `server.kernel.clock.Clock` is asked for: call it to read it."""

    def __init__(self, now: datetime = MONDAY_MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta | None = None, **units: float) -> datetime:
        """Move on by a timedelta, or by named units: `advance(minutes=5)`."""
        self.now += by if by is not None else timedelta(**units)
        return self.now

    def set(self, now: datetime) -> None:
        """Jump to an instant."""
        self.now = now
