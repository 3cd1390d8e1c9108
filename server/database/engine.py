"""Opens the database and gives transactions, with the same promises on SQLite and PostgreSQL.

SQLite (the rules are measured: journal WAL and `synchronous=FULL`, or an acknowledged note dies with the power;
`BEGIN IMMEDIATE` for every write, or two read-modify-writes lose one without a word):

    writers  ->  one asyncio lock  ->  one connection, BEGIN IMMEDIATE
    readers  ->  a small pool, BEGIN DEFERRED, query_only

PostgreSQL: READ COMMITTED; the stores use only conditional updates, version columns or FOR UPDATE.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm.exc import StaleDataError

from server.kernel.errors import ConfigError, Conflict, NotFound
from server.kernel.words import N_

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=10000",
    "foreign_keys=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
)
READERS = 4


class Database:
    """One database, two ways in: `transaction()` to change, `reading()` to look."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.url = _with_driver(url)
        self.carried: dict[str, object] = {}
        """What every writing session finds in its `info`: the audit's ledger."""
        self._lock: AbstractAsyncContextManager[Any] = nullcontext()
        if self.is_sqlite:
            self._lock = asyncio.Lock()
            self._writer = create_async_engine(self.url, pool_size=1, max_overflow=0, pool_timeout=60)
            self._reader = create_async_engine(self.url, pool_size=READERS, max_overflow=0, pool_timeout=60)
            _sqlite_manners(self._writer.sync_engine, "BEGIN IMMEDIATE", query_only=False)
            _sqlite_manners(self._reader.sync_engine, "BEGIN", query_only=True)
        else:
            self._writer = self._reader = create_async_engine(
                self.url, pool_size=16, max_overflow=8, pool_pre_ping=True
            )
        self._write_session = async_sessionmaker(self._writer, expire_on_commit=False, info=self.carried)
        self._read_session = async_sessionmaker(self._reader, expire_on_commit=False, autoflush=False)

    @property
    def engine(self) -> AsyncEngine:
        """The engine that may write: for migrations and tests."""
        return self._writer

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Give a session that commits when the block ends well, and leaves no trace otherwise.

        Raises Conflict when a row was changed by someone else meanwhile (its version no longer matches).
        """
        async with self._lock, self._write_session() as tx:
            try:
                async with tx.begin():
                    yield tx
            except StaleDataError:
                raise Conflict(
                    N_("Quelqu’un a modifié ces informations entre-temps. Rien n’a été écrasé."),
                    code="edited-elsewhere",
                ) from None
            except NoResultFound:
                raise NotFound(N_("Cet élément n’existe pas, ou il n’est pas à vous.")) from None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Give a session that only looks, on one consistent snapshot of SQLite."""
        async with self._read_session() as tx:
            try:
                yield tx
            except NoResultFound:
                raise NotFound(N_("Cet élément n’existe pas, ou il n’est pas à vous.")) from None

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


def _with_driver(url: str) -> str:
    parsed = make_url(url)
    driver = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    name = parsed.drivername.split("+")[0]
    if name not in driver:
        raise ConfigError(
            f"TELECABIN_DATABASE_URL: “{name}” is not a database we know. Use sqlite:///… or postgresql://…"
        )
    return parsed.set(drivername=driver[name]).render_as_string(hide_password=False)


def _sqlite_manners(engine: Engine, begin: str, *, query_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def _connect(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None  # the driver must not open transactions by itself
        cursor = dbapi.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        if query_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
