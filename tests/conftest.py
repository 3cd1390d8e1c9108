"""What every test may ask for."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

from tests.clock import FakeClock

settings.register_profile("house", deadline=None)  # a busy machine is slow, and that is no fault of ours
settings.register_profile("deep", settings.get_profile("house"), max_examples=1000)  # pytest --hypothesis-profile=deep
settings.load_profile("house")

gc.disable()  # until all code is read, which leaves no garbage

pytest_plugins = ["tests.services", "tests.databases"]


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at a Monday morning until the test moves it."""
    return FakeClock()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: some tests wait for a browser, a database or a process."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """All code is read by now: the garbage collector need not look through it again, thousands of times.

    With its usual thresholds it took two thirds of the time in which the house tests read our code.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()
