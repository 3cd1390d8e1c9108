"""What every test may ask for."""

from __future__ import annotations

import pytest

from tests.clock import FakeClock

pytest_plugins = ["tests.services", "tests.databases"]


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at a Monday morning until the test moves it."""
    return FakeClock()
