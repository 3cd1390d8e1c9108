"""Holds are swept beside the requests."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from server.scheduler.rules.hold import HOLD_FOR
from server.scheduler.service import sweeping
from server.scheduler.service.sweeping import Sweeping
from server.scheduler.tables import BusyUnit
from tests.server.scheduler.clinic import Clinic


async def test_what_nobody_answered_is_free_soon_and_the_sweep_ends_with_the_server(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "EVERY", 0.01)
    failed, ended = [], asyncio.Event()
    sweep = clinic.follow_ups.sweep

    async def swept(most: int = 100) -> int:
        if not failed:
            failed.append(True)
            raise OSError("the database is away for a moment")
        if found := await sweep(most):
            ended.set()
        return found

    monkeypatch.setattr(clinic.follow_ups, "sweep", swept)
    await clinic.follow_ups.hold(clinic.nurse, await clinic.promised(), clinic.choice())
    clinic.clock.advance(HOLD_FOR)
    running = Sweeping(clinic.follow_ups).running(web.Application())
    await anext(running)
    await asyncio.wait_for(ended.wait(), 20)
    assert await clinic.count(BusyUnit) == 0
    with pytest.raises(StopAsyncIteration):
        await anext(running)
