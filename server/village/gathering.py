"""One transaction for a whole past, and a clock that is set to each of its moments.

    services ──transaction()──▶ Gathering ──▶ the one transaction of the real database

So the services write a village as people would have, and it is there at once or not at all: a thousand commits
would each wait for the disk.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database


class Gathering(Database):
    """A database whose transactions all join one that is open. Nothing is kept until that one ends well."""

    def __init__(self, outer: Database, tx: AsyncSession) -> None:
        self.is_sqlite = outer.is_sqlite
        self.url = outer.url
        self._tx = tx

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Give the open session; afterwards it forgets its rows, as a new session would."""
        yield self._tx
        await self._tx.flush()
        self._tx.expunge_all()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Give the open session."""
        yield self._tx
        self._tx.expunge_all()


class Then:
    """A clock that stands where it was set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """Return the moment that is being written."""
        return self.at


class Nobody:
    """Whom the past is told to: nobody listens, rings or sits any more."""

    async def nudge(self, *lines: str) -> None:
        """Nobody listens."""

    async def issue_seat(self, call: str, seat: str, who: str) -> str:
        """Nobody sits down: the call is over."""
        return ""

    async def close_call(self, call: str, reason: str) -> None:
        """Nobody is on the line."""

    async def admit(self, call: str, connection: str, page: str, who: str) -> None:
        """Nobody stands in a lobby."""
