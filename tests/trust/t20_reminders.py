"""T20: thousands of reminders are due while their senders are killed again and again: each arrives exactly once."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import uuid4

from aiohttp import web
from sqlalchemy import func, select

from clinic_ui.dates import when
from server.database.engine import Database
from server.kernel.ids import AppointmentId, PatientId, PractitionerId, SiteId, new_id
from server.records.rules.note import Modality
from server.records.seal.start import unlock
from server.scheduler.reminders import carriers, sending
from server.scheduler.reminders.carriers import Message
from server.scheduler.reminders.letters import Writer
from server.scheduler.reminders.rules import Channel, ReminderStatus
from server.scheduler.reminders.sending import Sending
from server.scheduler.reminders.service import Reminders
from server.scheduler.reminders.tables import Reminder
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.tables import Appointment
from tests import components
from tests.clock import FakeClock
from tests.databases import create_all_tables
from tests.server.scheduler.clinic import Clinic, open_clinic
from tests.trust import node
from tests.trust.claims import times

ID = "T20"
CLAIM = "Of thousands of reminders that are due while their senders are killed, each arrives exactly once"

DUE, DUE_FEW = 10_000, 150
KILLS, KILLS_FEW = 50, 4
SENDERS, PATIENTS = 3, 20
NOON = datetime(2026, 3, 3, 11, 0, tzinfo=UTC)  # a Tuesday
FASTER = 60  # a lease of two minutes ends after two seconds
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([node.__name__, __name__])  # all is imported once: a sender starts by a fork


class RunningClock:
    """Runs sixty times as fast as the world, from noon on: the same in every process."""

    def __init__(self, since: float) -> None:
        self._since = since

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=(time.time() - self._since) * FASTER)


class Provider:
    """The gateway: one effect for each key, and a kill after every so many messages."""

    def __init__(self, senders: Senders, every: int, kills: int) -> None:
        self._senders, self._every, self.kills = senders, every, kills
        self._keys: set[str] = set()
        self.effects: Counter[str] = Counter()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """Take one; the link in the text tells which reminder it is."""
        body = await request.json()
        if body["id"] not in self._keys:
            self._keys.add(body["id"])
            self.effects[body["text"]] += 1
            if self.kills and len(self._keys) % self._every == 0:
                self.kills -= 1
                self._senders.kill_one()  # before it hears the answer
        return web.json_response({"ref": body["id"]})


class Senders:
    """Processes that send, each replaced at once when it is killed."""

    def __init__(self, words: tuple[object, ...]) -> None:
        self.words = words
        self._children: list[BaseProcess] = []
        self._random = random.Random(20)

    def start(self, count: int = 1) -> None:
        """Start some more."""
        for _ in range(count):
            child = _forks.Process(target=_send, args=self.words, daemon=True)
            child.start()
            self._children.append(child)

    def kill_one(self) -> None:
        """kill -9 one of them, and start another."""
        child = self._children.pop(self._random.randrange(len(self._children)))
        child.kill()
        child.join()
        self.start()

    def stop(self) -> None:
        """End all."""
        for child in self._children:
            child.kill()
            child.join()


def _send(url: str, folder: str, gateway: str, since: float, defence: bool) -> None:
    asyncio.run(_send_for_ever(url, Path(folder), gateway, since, defence))


async def _send_for_ever(url: str, folder: Path, gateway: str, since: float, defence: bool) -> None:
    sending.AT_ONCE = 20  # small batches: a kill meets somebody who is at work
    clock, database = RunningClock(since), Database(url)
    sender = await _sender(database, folder, clock, gateway)
    if not defence:
        _forget_the_key()
    while True:
        if not await sender.send_batch():
            await asyncio.sleep(0.05)


def _forget_the_key() -> None:
    """Turn the defence off: a fresh key at each attempt, as a careless sender has."""
    sends = carriers.Gateway.send

    async def careless(self: carriers.Gateway, message: Message) -> str:
        words = (message.channel, message.to, message.subject, message.text, message.locale)
        return await sends(self, Message(str(uuid4()), *words))

    carriers.Gateway.send = careless  # type: ignore[method-assign]


async def _sender(database: Database, folder: Path, clock: RunningClock, gateway: str) -> Sending:
    def speak(_locale: str, sentence: str, places: Mapping[str, object]) -> str:
        return sentence % places

    way = carriers.Gateway(gateway)
    vault = await unlock(database, folder / "keys.json", clock)
    return Sending(database, vault, clock, Writer(speak, when, "https://c.fr"), {Channel.SMS: way})


async def _fill(clinic: Clinic, count: int) -> None:
    """Twenty people who want SMS, and so many appointments within two days."""
    desk = Reminders(
        clinic.database, clinic.village.people, clinic.vault, clinic.clock, clinic.village.exchange, [Channel.SMS]
    )
    patients = [await clinic.village.patient() for _ in range(PATIENTS)]
    for patient in patients:
        await desk.choose(clinic.nurse, patient, [Channel.SMS], "06 12 34 56 78", "", "fr")
    doctor, site = clinic.village.gp.practitioner_id, clinic.village.site
    assert doctor is not None
    for start in range(0, count, 1000):
        async with clinic.database.transaction() as tx:
            tx.add_all(
                _booked(patients[one % PATIENTS], doctor, site, one) for one in range(start, min(count, start + 1000))
            )


def _booked(patient: PatientId, doctor: PractitionerId, site: SiteId, number: int) -> Appointment:
    starts_at = NOON + timedelta(hours=46, seconds=number % 3600)
    return Appointment(
        id=AppointmentId(new_id()),
        patient_id=patient,
        site_id=site,
        practitioner_id=doctor,
        status=AppointmentStatus.BOOKED,
        modality=Modality.REMOTE,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=20),
        wall_time="-",
        zone="Europe/Paris",
        zone_version="-",
        booked_at=NOON - timedelta(days=10),
    )


async def _all_gone(database: Database, count: int) -> None:
    """Wait until every reminder that was due stands as sent."""
    async with asyncio.timeout(900):
        while True:
            async with database.reading() as tx:
                sent = await tx.scalar(select(func.count()).where(Reminder.status == ReminderStatus.SENT))
            if sent == count:
                return
            await asyncio.sleep(0.2)


async def attempt(defence: bool) -> tuple[int, int]:
    """Send all from three processes on PostgreSQL, killing one after every so many messages."""
    count, kills = times(DUE, DUE_FEW), times(KILLS, KILLS_FEW)
    if not defence:
        count, kills = DUE_FEW, KILLS_FEW
    with components.service_folder() as folder, components.postgres(folder) as cluster:
        url = cluster.url(await cluster.create())
        database = Database(url)
        try:
            await create_all_tables(database)
            clinic = await open_clinic(database, FakeClock(NOON), folder)
            await _fill(clinic, count)
            return await _drill(database, url, folder, count, kills, defence)
        finally:
            await database.close()


async def _drill(database: Database, url: str, folder: Path, count: int, kills: int, defence: bool) -> tuple[int, int]:
    since, port = time.time(), components.free_port()
    gateway = f"http://127.0.0.1:{port}/messages"
    await (await _sender(database, folder, RunningClock(since), gateway)).plan()
    senders = Senders((url, str(folder), gateway, since, defence))
    provider = Provider(senders, count // (kills + 1), kills)
    app = web.Application()
    app.add_routes([web.post("/messages", provider.take)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        senders.start(SENDERS)
        await _all_gone(database, count)
    finally:
        senders.stop()
        await runner.cleanup()
    once = sum(arrived == 1 for arrived in provider.effects.values())
    return count, once if provider.kills == 0 and len(provider.effects) == count else 0
