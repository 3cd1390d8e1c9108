"""Lets all databases of a run share what SQLAlchemy made of our statements: a quarter of the work of a small test."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.util import LRUCache

MOST = 5000  # statements; the product has some hundreds, and tests a few of their own
_compiled: LRUCache[Any, Any] = LRUCache(MOST)


class _Kept:
    """One dialect for all engines of a kind: what was compiled is kept by dialect, statement and names."""

    _one: Any = None
    supports_statement_cache = True

    def __new__(cls, **_: Any) -> Any:
        if cls._one is None:
            cls._one = super().__new__(cls)
        return cls._one

    def __init__(self, **options: Any) -> None:
        if not self.__dict__:
            super().__init__(**options)


class Sqlite(_Kept, SQLiteDialect_aiosqlite):
    """SQLite's."""

    supports_statement_cache = True


class Postgres(_Kept, PGDialect_asyncpg):
    """PostgreSQL's."""

    supports_statement_cache = True


def share() -> None:
    """From now on, each engine that is made."""
    registry.register("sqlite.aiosqlite", __name__, "Sqlite")
    registry.register("postgresql.asyncpg", __name__, "Postgres")

    @event.listens_for(Engine, "engine_connect")
    def _share(line: Connection) -> None:
        line.engine._compiled_cache = _compiled
