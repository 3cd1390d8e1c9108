"""What every test may ask for."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

from tests.clock import FakeClock

settings.register_profile("house", deadline=None)  # a busy machine is slow, and that is no fault of ours
settings.load_profile("house")

pytest_plugins = ["tests.services", "tests.databases"]


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at a Monday morning until the test moves it."""
    return FakeClock()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: some tests wait for a browser, a database or a process."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """All code is read by now: the garbage collector need not look through it again, thousands of times."""
    gc.collect()
    gc.freeze()
