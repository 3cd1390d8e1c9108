"""The clock, always handed in: tests bring their own."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present instant, aware, in UTC."""


def utc_now() -> datetime:
    """Return the wall clock's instant in UTC."""
    return datetime.now(UTC)
