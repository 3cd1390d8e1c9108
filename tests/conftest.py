"""What every test may ask for."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

from tests import statements
from tests.clock import FakeClock

settings.register_profile("house", deadline=None)  # a busy machine is slow, and that is no fault of ours
settings.register_profile("deep", settings.get_profile("house"), max_examples=1000)  # pytest --hypothesis-profile=deep
settings.load_profile("house")

statements.share()
gc.disable()  # until all code is read, which leaves no garbage

pytest_plugins = ["tests.services", "tests.databases"]

LONG = (("tests/e2e/",), ("tests/trust/",), ("tests/flows/", "tests/signalling/test_ladder_in_browser.py"))
"""What begins first, so that no worker is left with a long story at the end; each kind by one worker, one by one."""


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at a Monday morning until the test moves it."""
    return FakeClock()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: some tests wait for a browser, a database or a process."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put a kind of long tests before each worker's share: xdist deals the list out in equal parts, in its order."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1:
        return
    kinds = [[item for item in items if item.nodeid.startswith(kind)] for kind in LONG]
    long = {item for kind in kinds for item in kind}
    rest = [item for item in items if item not in long]
    dealt: list[pytest.Item] = []
    for worker in range(workers):
        first = [item for kind in kinds[worker::workers] for item in kind]
        share = (len(items) - len(dealt)) // (workers - worker)
        more = max(share - len(first), 0)
        dealt += first + rest[:more]
        del rest[:more]
    items[:] = dealt + rest


def pytest_collection_finish() -> None:
    """All code is read by now: the garbage collector need not look through it again, thousands of times.

    With its usual thresholds it took two thirds of the time in which the house tests read our code.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()
