"""T3: notes that were acknowledged survive kill -9 of PostgreSQL itself, each with its entry in the audit log."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import tempfile
from pathlib import Path

from server.database.engine import Database
from server.records.seal.keyring import init_key
from tests import components
from tests.components import Postgres
from tests.databases import create_all_tables
from tests.trust.claims import times
from tests.trust.saving import after, lost, practice

ID = "T3"
CLAIM = "No acknowledged note is lost by kill -9 of PostgreSQL with 8 writers, and none is without its audit entry"

KILLS, FEW = 5, 1
WRITERS = 8
SAVES_BETWEEN = (20, 60)


def kill_all_of(folder: Path) -> None:
    """kill -9 of the postmaster and its children, frozen first so that none of them can tidy up."""
    postmaster = int((folder / "postgres/cluster/postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGSTOP)
    listed = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True, check=False).stdout
    for number in (*map(int, listed.split()), postmaster):
        os.kill(number, signal.SIGKILL)


async def _careless(cluster: Postgres) -> None:
    await cluster.run(
        "ALTER SYSTEM SET synchronous_commit = off",
        "ALTER SYSTEM SET wal_writer_delay = '10s'",
        "ALTER SYSTEM SET wal_writer_flush_after = '2GB'",
        "ALTER ROLE telecabin SET synchronous_commit = off",
        "SELECT pg_reload_conf()",
    )


async def attempt(defence: bool) -> tuple[int, int]:
    """Kill the cluster while eight doctors save, start it again, and look."""
    chance, held, kills = random.Random(3), 0, times(KILLS, FEW) if defence else FEW
    for _ in range(kills):
        with tempfile.TemporaryDirectory(prefix="telecabin-t3-") as name:
            folder = Path(name)
            os.chmod(name, 0o755)  # PostgreSQL runs as another user
            key_file = init_key(folder / "keys.json").path
            with components.postgres(folder, durable=True) as cluster:
                database = await _with_tables(cluster, defence)
                async with practice(cluster.url(database), key_file, WRITERS) as made:
                    saves = asyncio.Semaphore(0)
                    made.on_save = saves.release
                    writing = [asyncio.create_task(made.save_until_closed(visit)) for visit in made.visits]
                    await after(saves, chance.randint(*SAVES_BETWEEN))
                    kill_all_of(folder)
                    await asyncio.gather(*writing)
            with components.postgres(folder, durable=True) as cluster:
                again = Database(cluster.url(database))
                held += await lost(again, made.acknowledged) == 0
                await again.close()
    return kills, held


async def _with_tables(cluster: Postgres, defence: bool) -> str:
    name = await cluster.create()
    database = Database(cluster.url(name))
    await create_all_tables(database)
    await database.close()
    if not defence:
        await cluster.run("CHECKPOINT")
        await _careless(cluster)
    return name
