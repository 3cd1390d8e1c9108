"""What one database compiled, the next one uses."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine.interfaces import CacheStats
from sqlalchemy.sql import column, select

from server.database.engine import Database


async def _asked(database: Database) -> CacheStats:
    """How a statement was met that no other test says."""
    async with database.reading() as tx:
        result = await tx.execute(
            select(column("answer_of_this_test")).select_from(text("(SELECT 42 AS answer_of_this_test)"))
        )
        assert result.scalar_one() == 42
        return result.context.cache_hit  # type: ignore[attr-defined, no-any-return]


async def test_two_databases_of_a_run_compile_a_statement_once(tmp_path: Path) -> None:
    met = []
    for name in ("one", "other"):
        database = Database(f"sqlite:///{tmp_path}/{name}.sqlite")
        met.append(await _asked(database))
        await database.close()
    assert met == [CacheStats.CACHE_MISS, CacheStats.CACHE_HIT]
