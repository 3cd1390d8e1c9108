"""The rows of a series: windows off the days when nobody is there, and a migration that keeps what there was."""

from __future__ import annotations

import importlib
from datetime import date, timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text

from server.people.store import site
from server.scheduler import store
from server.scheduler.series.making import series_windows
from server.scheduler.series.rules import Cadence
from tests.server.scheduler.clinic import PARIS, Clinic

MONDAY = date(2026, 3, 9)


async def test_windows_keep_off_weekends_and_closing_days(clinic: Clinic) -> None:
    row = await clinic.stored(await clinic.promised())
    async with clinic.database.transaction() as tx:
        await store.add_closing_day(tx, PARIS, MONDAY + timedelta(days=2), "Foire")
    async with clinic.database.reading() as tx:
        place = await site(tx, row.site_id)
        found = await series_windows(tx, row, place, MONDAY, Cadence(2, 4), clinic.clock())
    assert [one.due_on.day for one in found] == [9, 12, 13, 16]  # Wednesday is closed, and so is Sunday


async def test_the_migration_keeps_promises_and_what_points_to_them(clinic: Clinic) -> None:
    if not clinic.database.is_sqlite:
        pytest.skip("PostgreSQL changes the table in place")
    booked = await clinic.follow_ups.reserve(clinic.nurse, await clinic.promised(), clinic.choice(), "une-cle-de-test")
    series = importlib.import_module("server.database.migrations.versions.0019_series")

    def draw_anew(line: Connection) -> None:
        with Operations.context(MigrationContext.configure(line)):
            series._draw_anew(series=True)

    async with clinic.database.engine.begin() as line:
        await line.run_sync(draw_anew)
        assert (await line.execute(text("PRAGMA foreign_key_check"))).all() == []
        joined = (
            "SELECT p.series_no FROM appointment a JOIN follow_up_promise p ON p.id = a.promise_id WHERE a.id = :id"
        )
        assert (await line.execute(text(joined), {"id": booked.hex})).all() == [(1,)]
