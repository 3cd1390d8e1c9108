"""T2: notes that were acknowledged survive a power cut; a trace of the real service, cut at any moment, shows it."""

from __future__ import annotations

import asyncio
import pickle
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from server.database import engine
from server.database.engine import Database
from server.records.seal.keyring import init_key
from tests.databases import create_all_tables
from tests.trust.claims import times
from tests.trust.power import Recorder, Trace, cuts
from tests.trust.saving import Acknowledged, missing, practice

ID = "T2"
CLAIM = "No acknowledged note is lost by a power cut, and none is without its audit entry (SQLite, synchronous=FULL)"

CUTS, FEW, SOME = 1000, 60, 15
SAVES = 150
SHORT = 40  # saves are enough to see synchronous=NORMAL lose some
DOCTORS = 3


def record(folder: Path, saves: int, careful: bool) -> None:
    """In a process of its own: save notes on a recorded disk, and keep the trace."""
    if not careful:
        engine._PRAGMAS = tuple(one.replace("FULL", "NORMAL") for one in engine._PRAGMAS)
    asyncio.run(_record(folder, saves))


async def _record(folder: Path, saves: int) -> None:
    url = f"sqlite:///{folder}/telecabin.db"
    database = Database(url)
    await create_all_tables(database)
    await database.close()
    shutil.copytree(folder, folder / "before")
    disk = Recorder()
    async with practice(url, init_key(folder / "keys.json").path, DOCTORS) as made:
        for number in range(saves):
            visit = made.visits[number % DOCTORS]
            await made.save(visit)
            disk.trace.append(("acknowledged", visit, made.acknowledged[visit]))
        disk.keep(folder / "trace")  # before the close: a clean end would sync everything


def _recorded(folder: Path, saves: int, careful: bool) -> tuple[Trace, dict[str, bytes]]:
    """Return the trace of a morning, and what the disk held before."""
    words = f"from pathlib import Path; from tests.trust.t02_power import record; record(Path({str(folder)!r}), "
    command = [sys.executable, "-c", f"{words}{saves}, {careful})"]
    subprocess.run(command, check=True, cwd=Path(__file__).parent.parent.parent)
    trace: Trace = pickle.loads((folder / "trace").read_bytes())
    return trace, {"telecabin.db": (folder / "before/telecabin.db").read_bytes()}


def survived(folder: Path, files: dict[str, bytes], acknowledged: Acknowledged) -> bool:
    """Whether a database that was found after a cut is whole, and holds what was acknowledged."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    line = sqlite3.connect(folder / "telecabin.db")
    try:
        whole = line.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
        notes = line.execute("SELECT encounter_id, id, row_ver, sealed_body FROM note").fetchall()
        events = line.execute("SELECT record, row_ver, ct_sha256 FROM audit_event").fetchall()
    except sqlite3.DatabaseError:
        return False
    finally:
        line.close()
    written = {(record, version): sealed or b"" for record, version, sealed in events}
    return whole and missing(notes, written, acknowledged) == 0


async def attempt(defence: bool) -> tuple[int, int]:
    """Cut the power at random moments of a recorded morning."""
    count, saves = (times(CUTS, SOME), times(SAVES, SHORT)) if defence else (FEW, SHORT)
    chance, held = random.Random(2), 0
    with tempfile.TemporaryDirectory(prefix="telecabin-t2-") as name:
        folder = Path(name)
        trace, before = _recorded(folder, saves, defence)
        assert sum(one[0] == "acknowledged" for one in trace) == saves
        moments = sorted(chance.randrange(len(trace) + 1) for _ in range(count))
        for files, acknowledged in cuts(trace, before, moments, chance):
            held += survived(folder / "found", files, acknowledged)
    return count, held
