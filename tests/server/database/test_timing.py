"""Transactions are timed by how they end, and looking costs nobody a number."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from server.database.engine import Database
from server.database.timing import time_transactions


async def test_each_transaction_is_told_once_with_its_end(database: Database) -> None:
    told: list[tuple[str, float]] = []
    time_transactions(database, lambda end, seconds: told.append((end, seconds)))
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE timed (n INTEGER)"))
        await tx.execute(text("INSERT INTO timed VALUES (1)"))
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the transaction is what is timed
        async with database.transaction() as tx:
            await tx.execute(text("INSERT INTO timed VALUES (2)"))
            raise ZeroDivisionError
    assert [end for end, _ in told] == ["commit", "rollback"]
    assert all(0 < seconds < 60 for _, seconds in told)
