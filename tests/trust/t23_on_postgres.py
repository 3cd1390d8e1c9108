"""T23 on PostgreSQL: the same life of a backup, from one database of a cluster into two others of it."""

from __future__ import annotations

from tests import components
from tests.trust.claims import times
from tests.trust.t23_backup import FEW, SHREDDED, careless, life

ID = "T23"
CLAIM = "The same on PostgreSQL"

FEWER = 6  # altered copies in the suite: the files of a backup are the same whatever database they came from


async def attempt(defence: bool) -> tuple[int, int]:
    """On a private cluster."""
    count = times(FEW, FEWER)
    with components.service_folder() as folder, components.postgres(folder) as cluster, careless(defence):
        urls = [cluster.url(await cluster.create()) for _ in range(3)]
        held = await life(folder, *urls, count)
    return 1 + SHREDDED + count, held
