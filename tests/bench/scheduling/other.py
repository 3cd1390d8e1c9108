"""Another process of the same installation: says when its index knows that a moment is taken.

python -m tests.bench.scheduling.other DATABASE_URL REDIS_URL SUBJECT_ID UNIT
"""

from __future__ import annotations

import asyncio
import sys
import time
from uuid import UUID

from server.database.engine import Database
from server.kernel.clock import utc_now
from server.records.rules.note import Modality
from server.scheduler.live.service import LiveIndex
from server.scheduler.rules.index import WEEK
from signalling.redis_bus import RedisBus


async def watch(database_url: str, redis_url: str, subject_id: UUID, unit: int) -> None:
    """Say `free` when listening, then `taken` and the instant."""
    database, bus = Database(database_url), RedisBus(redis_url)
    await bus.start()
    live = LiveIndex(database, utc_now, bus)
    await live.listen()
    week, bit = divmod(unit, WEEK)
    said = "-"
    while said != "taken":
        await live.catch_up([week])
        row = live.index.row(subject_id)
        assert row is not None
        free = live.index.column(Modality.REMOTE, week).starts[row] >> bit & 1
        if said == "-":
            assert free
            said = "free"
            print(said, flush=True)
        elif not free:
            said = "taken"
            print(said, time.time(), flush=True)
        await asyncio.sleep(0.005)
    await bus.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(watch(sys.argv[1], sys.argv[2], UUID(sys.argv[3]), int(sys.argv[4])))
