"""The outbox at work: plans what is to be sent, takes what is due under a lease, sends it, writes what came of it.

    appointments ─plan─► due ─take (fence + 1, lease)─► read again: does it stand? ─► carrier ─► settle by the fence
                          ▲                                    └─ no ─► dropped         │
                          └────────────────── not now: wait twice as long ◄─────────────┘

Two servers never hold the same reminder: the take is one locked statement. A server that dies while it sends leaves
a lease that ends; the next sender uses the same id, and the provider takes that for the same message. By a way that
cannot tell (SMTP) the reminder becomes `unknown` instead, and somebody of the site decides.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.clock import Clock
from server.kernel.errors import CannotOpen
from server.kernel.ids import (
    AppointmentId,
    CabinId,
    PatientId,
    PractitionerId,
    ReminderChoiceId,
    ReminderId,
    SiteId,
    new_id,
)
from server.kernel.sealing import Place, Vault
from server.people import store as people_store
from server.people.rules import Cabin, Practitioner, Site
from server.records.rules.note import Modality
from server.scheduler.closings.rules import areas_of, closed_days
from server.scheduler.closings.store import said_by
from server.scheduler.reminders import store
from server.scheduler.reminders.carriers import Carrier, Message, NotNow, Refused
from server.scheduler.reminders.letters import Meeting, Writer, keys_of
from server.scheduler.reminders.rules import (
    CADENCE,
    MOST_ATTEMPTS,
    Channel,
    Occasion,
    Quiet,
    ReminderMove,
    ReminderStatus,
    Window,
    after,
    wait_for,
    window,
)
from server.scheduler.reminders.store import Taken
from server.scheduler.reminders.tables import ReminderChoice
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.service.whereabouts import Sitting, found_at, in_the_village, sitting_of, village_of
from server.scheduler.tables import Appointment

EVERY = 15.0  # seconds
AT_ONCE = 100
RECENT, AHEAD = timedelta(days=2), timedelta(days=9)
"""Booked so long ago, or beginning so soon: all that any occasion asks for."""
ASK_FOR = timedelta(days=2)
ENDS_WITHIN = 20.0  # s that a server which stops gives to what it is sending
log = structlog.get_logger(__name__)
Outcome = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Around:
    """What one batch needs to know."""

    appointments: dict[AppointmentId, Appointment]
    sites: dict[SiteId, Site]
    quiet: dict[SiteId, Quiet]
    doctors: dict[PractitionerId, Practitioner]
    here: frozenset[Sitting]
    cabins: dict[CabinId, Cabin]
    wanted: dict[tuple[PatientId, Channel], ReminderChoice]
    roots: dict[PatientId, PatientId]
    addresses: dict[ReminderChoiceId, str]


class Sending:
    """Sends reminders, in every server: the database decides who sends which."""

    def __init__(
        self, database: Database, vault: Vault, now: Clock, writer: Writer, carriers: Mapping[Channel, Carrier]
    ) -> None:
        self._database = database
        self._vault = vault
        self._now = now
        self._writer = writer
        self._carriers = carriers

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """Look every few seconds while we serve; a batch that is being sent may end."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._run(stop), name="reminders")
        yield
        stop.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(task, ENDS_WITHIN)
        for carrier in set(self._carriers.values()):
            await carrier.close()

    async def _run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.plan()
                while not stop.is_set() and await self.send_batch():
                    pass
                await self.ask()
            except Exception:
                log.exception("reminders not sent")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY)

    # --- plan -------------------------------------------------------------------------------------------------------

    async def plan(self) -> int:
        """Put into the outbox what is missing there; return how many. Planning twice adds nothing."""
        now = self._now()
        async with self._database.reading() as tx:
            rows = await store.to_remind(tx, now, RECENT, AHEAD)
            if not rows:
                return 0
            missing = await self._missing(tx, rows)
        if not missing:
            return 0
        async with self._database.transaction() as tx:
            return await store.add(tx, missing)

    async def _missing(self, tx: AsyncSession, rows: list[Appointment]) -> list[Outcome]:
        there = await store.planned(tx, [row.id for row in rows])
        roots = await people_store.roots(tx, {row.patient_id for row in rows})
        said = {(one.patient_id, one.channel): one.wanted for one in await store.choices(tx, set(roots.values()))}
        quiet = {one.id: await quiet_of(tx, one) for one in await people_store.sites(tx)}
        missing: list[Outcome] = []
        for row in rows:
            for channel, occasions in CADENCE.items():
                if not said.get((roots[row.patient_id], channel)):
                    continue
                for occasion in occasions:
                    if (row.id, row.starts_at, occasion.value, channel.value) in there:
                        continue
                    when = window(occasion, row.starts_at, row.booked_at, quiet[row.site_id])
                    if when is not None and when.not_after > self._now():
                        missing.append(self._fresh(row, channel, occasion, when))
        return missing

    def _fresh(self, row: Appointment, channel: Channel, occasion: Occasion, when: Window) -> Outcome:
        reminder_id = ReminderId(new_id())
        keys = keys_of(self._vault, reminder_id)
        return {
            "id": reminder_id,
            "appointment_id": row.id,
            "patient_id": row.patient_id,
            "site_id": row.site_id,
            "starts_at": row.starts_at,
            "channel": channel,
            "status": ReminderStatus.DUE,
            "fence": 0,
            "attempts": 0,
            "token_hash": keys.token_hash,
            "code_index": self._vault.blind("reminder", "code", keys.code),
            "occasion": occasion,
            "not_before": when.not_before,
            "not_after": when.not_after,
        }

    # --- send -------------------------------------------------------------------------------------------------------

    async def send_batch(self) -> int:
        """Take a batch, send it, and write what came of it; return how many were taken."""
        now = self._now()
        sure = [one for one, carrier in self._carriers.items() if carrier.deduplicates]
        unsure = [one for one in self._carriers if one not in sure]
        async with self._database.transaction() as tx:
            if unsure:
                await store.lose(tx, now, unsure)
            taken = await store.take(tx, now, list(self._carriers), AT_ONCE)
        if not taken:
            return 0
        async with self._database.reading() as tx:
            around = await self._around(tx, taken)
        outcomes = await asyncio.gather(*(self._one(one, around) for one in taken))
        async with self._database.transaction() as tx:
            for one, outcome in zip(taken, outcomes, strict=True):
                if await store.settle(tx, one, **outcome) and outcome["status"] is ReminderStatus.SENT:
                    about = f"reminder:{one.id}"
                    await record(
                        tx, None, Action.REMINDER_SENT, at=now, patient_id=one.patient_id, record=about,
                        reason=one.channel.value,
                    )  # fmt: skip
        return len(taken)

    async def _one(self, one: Taken, around: _Around) -> Outcome:
        """Send one, and return what to write."""
        row = around.appointments.get(one.appointment_id)
        choice = around.wanted.get((around.roots[one.patient_id], one.channel))
        wanted = AppointmentStatus.PENDING if one.occasion is Occasion.OFFER else AppointmentStatus.BOOKED
        gone = row is None or row.status is not wanted or row.starts_at != one.starts_at
        if row is None or choice is None or gone or one.not_after <= self._now():
            return {"status": after(ReminderStatus.SENDING, ReminderMove.DROP)}
        address = around.addresses.get(choice.id)
        if address is None:
            return {"status": after(ReminderStatus.SENDING, ReminderMove.REFUSE), "trouble": "sealed"}
        now, quiet = self._now(), around.quiet[row.site_id]
        if quiet.is_quiet(now):  # due by day, but nobody was there to send it
            return {"status": after(ReminderStatus.SENDING, ReminderMove.AGAIN), "not_before": quiet.later(now)}
        site, doctor = around.sites[row.site_id], around.doctors[row.practitioner_id]
        if sitting_of(row) in around.here:
            doctor = found_at(doctor, site)
        meeting = meeting_of(row, site, doctor, around.cabins.get(row.cabin_id) if row.cabin_id else None)
        if one.occasion is Occasion.OFFER:
            meeting = replace(meeting, answer_by=row.hold_until)
        keys = keys_of(self._vault, one.id)
        subject, text = self._writer.write(one.channel, choice.locale, meeting, keys)
        message = Message(str(one.id), one.channel, address, subject, text, choice.locale)
        return await self._hand_over(one, message)

    async def _hand_over(self, one: Taken, message: Message) -> Outcome:
        try:
            ref = await self._carriers[one.channel].send(message)
        except Refused as refused:
            return {"status": after(ReminderStatus.SENDING, ReminderMove.REFUSE), "trouble": str(refused)[:40]}
        except NotNow as closed:
            if one.attempts >= MOST_ATTEMPTS:
                return {"status": after(ReminderStatus.SENDING, ReminderMove.REFUSE), "trouble": str(closed)[:40]}
            again = self._now() + wait_for(one.attempts)
            status = after(ReminderStatus.SENDING, ReminderMove.AGAIN)
            return {"status": status, "not_before": again, "trouble": str(closed)[:40]}
        status = after(ReminderStatus.SENDING, ReminderMove.SEND)
        return {"status": status, "provider_ref": ref or None, "sent_at": self._now(), "trouble": None}

    async def _around(self, tx: AsyncSession, taken: list[Taken]) -> _Around:
        roots = await people_store.roots(tx, {one.patient_id for one in taken})
        wanted = [one for one in await store.choices(tx, set(roots.values())) if one.wanted]
        await self._vault.warm(tx, {one.patient_id for one in wanted})
        addresses: dict[ReminderChoiceId, str] = {}
        for one in wanted:
            with contextlib.suppress(CannotOpen):
                addresses[one.id] = (await self._vault.open(tx, choice_place(one), one.sealed_address)).decode()
        sites = await people_store.sites(tx)
        appointments = await store.appointments_by_id(tx, [one.appointment_id for one in taken])
        return _Around(
            appointments=appointments,
            sites={one.id: one for one in sites},
            quiet={one.id: await quiet_of(tx, one) for one in sites},
            doctors={one.id: one for one in await people_store.practitioners(tx)},
            here=await in_the_village(tx, appointments.values()),
            cabins={one.id: one for one in await people_store.cabins(tx)},
            wanted={(one.patient_id, one.channel): one for one in wanted},
            roots=roots,
            addresses=addresses,
        )

    # --- ask --------------------------------------------------------------------------------------------------------

    async def ask(self) -> int:
        """Ask the providers what became of what they took; return of how many they knew."""
        asked = {one: carrier for one, carrier in self._carriers.items() if carrier.deduplicates}
        if not asked:
            return 0
        async with self._database.reading() as tx:
            rows = await store.sent_by(tx, list(asked), self._now() - ASK_FOR, AT_ONCE)
        answers: list[tuple[ReminderId, ReminderStatus]] = []
        for row in rows:
            with contextlib.suppress(NotNow):
                answers.append((row.id, await asked[row.channel].ask(row.provider_ref or "")))
        known = [(one, status) for one, status in answers if status is not ReminderStatus.SENT]
        if known:
            async with self._database.transaction() as tx:
                for reminder_id, status in known:
                    trouble = "not-delivered" if status is ReminderStatus.FAILED else None
                    await store.arrived(tx, reminder_id, status, trouble)
        return len(known)


def choice_place(row: ReminderChoice) -> Place:
    """Return the place of a sealed number or address."""
    return Place("reminder_choice", "sealed_address", row.id, row.patient_id, row.row_ver)


def meeting_of(row: Appointment, site: Site, doctor: Practitioner, cabin: Cabin | None = None) -> Meeting:
    """Return what may be said of an appointment: at home no place, in person the doctor's, else the village's.

    A cabin of another site is the medicobus, which stops in the village.
    """
    if row.modality is Modality.HOME:
        return Meeting(row.starts_at, row.zone, "", site.phone)
    place = village_of(site) if row.modality is Modality.REMOTE else doctor.place
    return Meeting(row.starts_at, row.zone, place, site.phone, at_stop=cabin is not None and cabin.site_id != site.id)


async def quiet_of(tx: AsyncSession, site: Site) -> Quiet:
    """Return when a site's village is left in peace."""
    areas = areas_of(site.zone, site.insee, site.id)
    return Quiet(site.zone, closed_days(areas, await said_by(tx, areas)))
