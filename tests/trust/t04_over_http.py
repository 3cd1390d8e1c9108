"""T4, over HTTP: doctor, cabin, health worker and patient, each alone between two bookings, is never taken twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.database.engine import Database
from server.kernel.access import Door, Identity
from server.kernel.ids import PatientId, PromiseId
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler import store
from server.scheduler.api import routes
from server.web.keys import IDENTIFY, ORIGINS, SECURE, TRANSLATE
from server.web.middleware import guard, json_errors, naming
from server.web.routes import mount
from tests.clock import MONDAY_MORNING, FakeClock
from tests.components import service_folder
from tests.databases import create_all_tables
from tests.server.scheduler.clinic import Clinic, open_clinic
from tests.trust.claims import empty_postgres, times

ID = "T4"
CLAIM = "Over HTTP neither doctor, cabin, health worker nor patient is booked twice for the same minutes"

ROUNDS, ROUNDS_IN_SMALL = 25, 1
RACERS = 6
ALONE = FollowUpWish(30, Modality.REMOTE, with_health_worker=False)
BESIDE = FollowUpWish(30, Modality.REMOTE, with_health_worker=True)
FIRST_DAY = MONDAY_MORNING + timedelta(days=28)
Sent = dict[str, object]


@dataclass(frozen=True)
class Race:
    """What two groups of bookers send, so that one thing alone is wanted by both."""

    wish: FollowUpWish
    choices: tuple[Callable[[Clinic, datetime], Sent], Callable[[Clinic, datetime], Sent]]
    one_patient: bool = False


def _with(doctor: int, cabin: int, *, nurse: bool = False) -> Callable[[Clinic, datetime], Sent]:
    def choice(clinic: Clinic, at: datetime) -> Sent:
        doctors = clinic.village.gp.practitioner_id, clinic.village.other_gp.practitioner_id
        cabins = clinic.village.cabin.cabin_id, clinic.village.other_cabin.cabin_id
        sent: Sent = {"starts_at": at.isoformat(), "practitioner_id": str(doctors[doctor])}
        sent["cabin_id"] = str(cabins[cabin])
        sent["health_worker_id"] = str(clinic.nurse.health_worker_id) if nurse else None
        return sent

    return choice


RACES = (
    Race(ALONE, (_with(0, 0), _with(0, 1))),  # one doctor
    Race(ALONE, (_with(0, 0), _with(1, 0))),  # one cabin
    Race(BESIDE, (_with(0, 0, nurse=True), _with(1, 1, nurse=True))),  # one health worker
    Race(ALONE, (_with(0, 0), _with(1, 1)), one_patient=True),  # one patient
)


@asynccontextmanager
async def _served(clinic: Clinic) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async def identify(_token: str, _door: Door) -> Identity | None:
        return clinic.nurse

    app = web.Application(middlewares=[naming, json_errors, guard])
    app[IDENTIFY], app[TRANSLATE] = identify, lambda _locale, text, params: text % params if params else text
    app[SECURE], app[ORIGINS] = False, frozenset()
    mount(app, routes(clinic.follow_ups, clinic.closing))
    async with TestClient(TestServer(app)) as client:
        yield client


async def _race(client: TestClient[web.Request, web.Application], clinic: Clinic, race: Race, at: datetime) -> bool:
    """Whether one of all who book gets the moment, and the others are told that it is taken."""
    patient: PatientId | None = await clinic.village.patient() if race.one_patient else None
    # the moment lies within the window of who wants it
    due = msgspec.structs.replace(race.wish, in_days=(at - clinic.clock()).days)
    promises = [await clinic.promised(due, patient) for _ in range(RACERS)]

    async def book(number: int, promise: PromiseId) -> tuple[int, str]:
        headers = {"Sec-Fetch-Site": "same-origin", "X-TC": "office", "Cookie": "tc-office=good"}
        headers["Idempotency-Key"] = f"key-{promise}"
        shifted = at + timedelta(minutes=15 * (number // 2 % 2))
        sent = race.choices[number % 2](clinic, shifted)
        async with client.post(f"/api/promises/{promise}/book", json=sent, headers=headers) as answer:
            said = await answer.json()
            return answer.status, said.get("error", {}).get("code", "")

    answers = await asyncio.gather(*(book(number, promise) for number, promise in enumerate(promises)))
    return sorted(answers) == [(201, "")] + [(409, "slot-taken")] * (RACERS - 1)


async def _on(database: Database, folder: Path) -> list[bool]:
    try:
        await create_all_tables(database)
        clinic = await open_clinic(database, FakeClock(), folder)
        held = []
        async with _served(clinic) as client:
            for number in range(times(ROUNDS, ROUNDS_IN_SMALL)):
                for kind, race in enumerate(RACES):
                    slot = 2 * (4 * number + kind)  # half-hours: the races do not meet
                    day, half_hour = divmod(slot, 12)
                    at = FIRST_DAY.replace(hour=7) + timedelta(days=day % 5, weeks=day // 5, minutes=30 * half_hour)
                    held.append(await _race(client, clinic, race, at))
        return held
    finally:
        await database.close()


async def _taken_by_nobody(*_: object) -> bool:
    return False


async def _take_nothing(*_: object) -> None:
    """Take no unit."""


async def _everywhere(*, both: bool = True) -> tuple[int, int]:
    with service_folder() as folder:
        for name in ("on-sqlite", "on-postgres"):
            (folder / name).mkdir()
        held = await _on(Database(f"sqlite:///{folder}/bookings.sqlite"), folder / "on-sqlite")
        if both:
            async with empty_postgres(folder) as url:
                held += await _on(Database(url), folder / "on-postgres")
    return len(held), sum(held)


async def attempt(defence: bool) -> tuple[int, int]:
    """Race for each kind of resource, on SQLite and on PostgreSQL; without the unit rows, all of them win."""
    if defence:
        return await _everywhere()
    with patch.object(store, "is_taken", _taken_by_nobody), patch.object(store, "take", _take_nothing):
        return await _everywhere(both=False)
