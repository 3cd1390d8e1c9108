"""T1: notes that were acknowledged survive kill -9 of the server, each with its entry in the audit log."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp

from server.database.engine import Database
from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from tests.flows.conftest import settle
from tests.processes import Server
from tests.trust.claims import times
from tests.visitors import Visitor, visitors

ID = "T1"
CLAIM = "No acknowledged note is lost by kill -9, and none is without its audit entry"

KILLS = 150
FEW, ONCE = 3, 1  # three kills are enough to see a careless server lose a note
SAVES_BETWEEN = (5, 60)
CABINS = ("cabine-saint-fiacre", "cabine-trebrivan", "cabine-locarn")
DOCTORS = ("aubin", "haddad", "le-goff")
NO_FLAGS = {"chest-pain": False, "breathless": False, "stroke": False, "bleeding": False}


def acknowledge_too_early() -> None:
    """Turn the defence off: answer first, commit a little later, as a careless server might."""

    @asynccontextmanager
    async def hasty(self: Database) -> Any:
        await self._lock.__aenter__()
        session = self._write_session()
        await session.__aenter__()
        await session.begin()
        try:
            yield session
            await session.flush()
        except BaseException:
            await session.close()
            await self._lock.__aexit__(None, None, None)
            raise

        async def later() -> None:
            await asyncio.sleep(0.02)
            await session.commit()
            await session.close()
            await self._lock.__aexit__(None, None, None)

        self.pending = asyncio.ensure_future(later())  # type: ignore[attr-defined]

    Database.transaction = hasty  # type: ignore[method-assign]


class Writer:
    """A doctor who saves a note again and again, and remembers what was acknowledged."""

    def __init__(self, desk: Visitor, encounter_id: str) -> None:
        self.desk = desk
        self.encounter_id = encounter_id
        self.row_ver = 0
        self.acknowledged = ""
        self.saves = 0
        self.on_save: Callable[[], None] = lambda: None

    async def save(self) -> bool:
        """Save once; False when the server is gone."""
        words = f"save {self.saves} of {self.encounter_id}"
        body = {"body": {"examination": words}, "row_ver": self.row_ver}
        try:
            answer = await self.desk.put(f"/api/encounters/{self.encounter_id}/note", body)
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return False
        if answer.status == 200:
            self.row_ver, self.acknowledged, self.saves = answer.body["row_ver"], words, self.saves + 1
            self.on_save()
        return answer.status == 200

    async def write_until_the_end(self) -> None:
        """Save until the server is gone."""
        while await self.save():
            pass

    async def kept(self) -> bool:
        """Whether the newest acknowledged words are there, or newer ones that were never acknowledged."""
        answer = await self.desk.get(f"/api/encounters/{self.encounter_id}/note")
        found, words = int(answer.body["row_ver"]), str(answer.body["body"]["examination"])
        held = words == self.acknowledged if found == self.row_ver else found > self.row_ver
        self.row_ver, self.acknowledged = found, words
        return held


def without_audit(database: Path) -> int:
    """How many notes have a version that the audit log does not know."""
    with sqlite3.connect(database) as line:
        notes = line.execute("SELECT id, row_ver FROM note").fetchall()
        written = "SELECT record, row_ver FROM audit_event WHERE action IN ('note:saved', 'note:signed')"
        logged = set(line.execute(written))
    line.close()
    return sum((f"note:{UUID(note)}", version) not in logged for note, version in notes if version)


def _patients(database: Path, count: int) -> list[str]:
    with sqlite3.connect(database) as line:
        found = [str(UUID(row[0])) for row in line.execute("SELECT id FROM patient ORDER BY id LIMIT ?", (count,))]
    line.close()
    return found


async def _take(cabin: Visitor, desk: Visitor, patient_id: str) -> Writer:
    """One patient arrives in a cabin and is taken by one doctor."""
    arrived = await cabin.post("/api/cabin/arrive", {"patient_id": patient_id})
    await cabin.post("/api/cabin/reason", {"reason": "other"})
    await cabin.post("/api/cabin/flags", {"flags": NO_FLAGS})
    await cabin.post("/api/cabin/consent", {"given": True, "text_version": "2026-03"})
    encounter_id = arrived.body["encounter_id"]
    claimed = await desk.post(f"/api/encounters/{encounter_id}/claim")
    assert claimed.status == 201, claimed
    return Writer(desk, encounter_id)


async def _kill_while_writing(server: Server, writers: list[Writer], chance: random.Random) -> None:
    """Let everybody write, and kill the server after a random number of saves."""
    last = asyncio.Semaphore(0)
    for writer in writers:
        writer.on_save = last.release
    writing = [asyncio.ensure_future(writer.write_until_the_end()) for writer in writers]
    for _ in range(chance.randint(*SAVES_BETWEEN)):
        await asyncio.wait_for(last.acquire(), 30)
    server.kill()
    await asyncio.gather(*writing)


async def attempt(defence: bool) -> tuple[int, int]:
    """Kill the server while notes are being saved, start it again, and look."""
    kills, held, chance = (times(KILLS, ONCE) if defence else FEW), 0, random.Random(1)
    prelude = "" if defence else "from tests.trust.t01_kill import acknowledge_too_early; acknowledge_too_early()"
    with tempfile.TemporaryDirectory(prefix="telecabin-t1-") as name:
        folder = Path(name)
        database, key_file = folder / "telecabin.db", init_key(folder / "keys.json").path
        await settle(f"sqlite:///{database}", key_file, utc_now())
        settings = {"TELECABIN_DATABASE_URL": f"sqlite:///{database}", "TELECABIN_KEK_FILE": str(key_file)}
        server = Server(folder, settings, prelude=prelude)
        try:
            server.start()
            people = {f"cabin_{login}": login for login in CABINS} | {f"desk_{login}": login for login in DOCTORS}
            async with visitors(server.origin, **people) as all_of_them:
                cabins, desks = all_of_them[: len(CABINS)], all_of_them[len(CABINS) :]
                patients = _patients(database, len(CABINS))
                writers = [await _take(*each) for each in zip(cabins, desks, patients, strict=True)]
                for _ in range(kills):
                    await _kill_while_writing(server, writers, chance)
                    server.start()
                    kept = [await writer.kept() for writer in writers]
                    held += all(kept) and without_audit(database) == 0
        finally:
            server.kill()
    return kills, held
