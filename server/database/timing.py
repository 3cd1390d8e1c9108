"""Times transactions: from their first statement to commit or rollback."""

import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, event

from server.database.engine import Database

_BEGAN: Final = "telecabin-began"


def time_transactions(database: Database, tell: Callable[[str, float], None]) -> None:
    """Have `tell(end, seconds)` called after each transaction that may write; `end`: "commit" or "rollback"."""
    engine = database.engine.sync_engine

    def begins(connection: Connection) -> None:
        connection.info[_BEGAN] = time.perf_counter()

    def ends(how: str) -> Callable[[Connection], None]:
        def ended(connection: Connection) -> None:
            began = connection.info.pop(_BEGAN, None)
            if began is not None:
                tell(how, time.perf_counter() - began)

        return ended

    event.listen(engine, "begin", begins)
    event.listen(engine, "commit", ends("commit"))
    event.listen(engine, "rollback", ends("rollback"))
