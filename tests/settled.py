"""A served place that is settled once in a run: each test gets a copy of its files, and of what it knows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from tests.clock import FakeClock
from tests.running import Running, config_in, running

FILES = ("telecabin.db", "keys.json")
OF_ONE_TEST = ("running", "clock")


class Place(Protocol):
    """A dataclass whose first two fields are what one test plays with."""

    running: Running
    clock: FakeClock

    async def settle(self) -> None:
        """Write who lives here, and sign them in."""


P = TypeVar("P", bound=Place)


@cache
def _kept_in(kind: Callable[..., Place]) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=f"telecabin-{kind.__name__.lower()}-")


@cache
def _known(_kind: Callable[..., Place]) -> dict[str, object]:
    return {}


async def _settle_once(kind: Callable[[Running, FakeClock], P]) -> Path:
    """Where the files of a settled place are; the first who asks settles it."""
    folder, known = Path(_kept_in(kind).name), _known(kind)
    if not known:
        async with running(config_in(folder), clock := FakeClock()) as served:
            place = kind(served, clock)
            await place.settle()
        names = [one.name for one in fields(place) if one.name not in OF_ONE_TEST]  # type: ignore[arg-type]
        known.update({name: getattr(place, name) for name in names})
    return folder


@asynccontextmanager
async def settled_in(
    kind: Callable[[Running, FakeClock], P], folder: Path, clock: FakeClock, **settings: object
) -> AsyncIterator[P]:
    """Serve a place of this kind in a folder of its own, as `settle` leaves it, until the block ends."""
    first = await _settle_once(kind)
    for name in FILES:
        shutil.copy(first / name, folder / name)
    async with running(config_in(folder, **settings), clock) as served:
        place = kind(served, clock)
        for name, value in _known(kind).items():
            setattr(place, name, deepcopy(value))
        yield place
