"""A page is judged the same by this process and by others, in the order of the log."""

from __future__ import annotations

import pytest

from server.audit import pages
from server.audit.store import log as log_store
from server.audit.verify import verify_log
from server.database.engine import Database
from tests.clock import FakeClock
from tests.server.audit.logs import SIGNER, a_log, as_administrator


async def test_other_processes_find_what_one_finds(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE", 16)
    await a_log(database, clock, 200, at_once=50)
    await as_administrator(database, "UPDATE audit_event SET reason = 'x' WHERE idx IN (7, 190)")
    found = []
    with pages.processes(database) as pool:
        for helped in (None, pool):
            async with database.reading() as tx:
                verdict = await verify_log(tx, SIGNER.verifier, pool=helped)
            found.append((verdict.entries, verdict.root, [finding.where for finding in verdict.findings]))
    assert found[0] == found[1]
    assert found[0][2] == ["entry 7", "entry 190"]


async def test_gaps_are_told_from_where_to_where(sqlite_database: Database, clock: FakeClock) -> None:
    await a_log(sqlite_database, clock, 20, at_once=20)
    async with sqlite_database.reading() as tx:
        lines = await log_store.lines(tx, 0, 20)
    page = pages.judge([lines[2], lines[3], lines[9]], 0, 20)
    assert page.gaps == [(0, 2), (4, 9), (10, 20)]
    assert page.altered == []
    assert len(page.leaves) == 3
