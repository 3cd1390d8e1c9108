"""What people do with reminders: choose the channels, see what became of each, and say « je ne peux pas venir »."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.encounters.service.ground import Nudger
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, Invalid, NotFound
from server.kernel.ids import AppointmentId, PatientId, ReminderChoiceId, ReminderId, SiteId, new_id
from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.people import store as people_store
from server.people.rules import display_name
from server.people.service import People
from server.scheduler import store as scheduler_store
from server.scheduler.reminders import store
from server.scheduler.reminders.letters import Keys, Meeting, hash_of, keys_of
from server.scheduler.reminders.rules import (
    CODE_DIGITS,
    Channel,
    Occasion,
    ReminderMove,
    ReminderStatus,
    address_for,
    after,
)
from server.scheduler.reminders.sending import choice_place, meeting_of
from server.scheduler.reminders.tables import Reminder, ReminderChoice
from server.scheduler.rules.appointment import AppointmentStatus, check_move
from server.scheduler.rules.promise import PromiseMove
from server.scheduler.rules.promise import after as promise_after
from server.scheduler.service.views import CancelReason
from server.scheduler.service.whereabouts import found_at, in_the_village
from server.scheduler.tables import Appointment
from server.scheduler.waiting.freeing import note_freed
from server.web.limits import Bucket

LOCALES = ("fr", "en")
NO_LINK = N_("Ce lien n’ouvre rien. Appelez le numéro de votre rappel.")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a patient said about one channel. `address` is a number, an e-mail address, or nothing for a card."""

    channel: Channel
    address: str
    locale: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class ReminderLine:
    """One reminder as the health worker sees it: by which way, when, and what became of it."""

    id: ReminderId
    appointment_id: AppointmentId
    starts_at: datetime
    channel: Channel
    occasion: Occasion
    status: ReminderStatus
    not_before: datetime
    sent_at: datetime | None
    trouble: str


@dataclass(frozen=True, slots=True)
class ToLookAt:
    """A reminder that somebody has to do by hand, and whose it is."""

    line: ReminderLine
    patient_id: PatientId
    patient_name: str


@dataclass(frozen=True, slots=True)
class Page:
    """What the page behind a link shows: when and where, and whether one may still say no."""

    meeting: Meeting
    stands: bool
    channel: Channel
    is_offer: bool = False
    """It asks: will you take this moment?"""


class Reminders:
    """Choices, states and answers. The outbox itself works in `sending`."""

    def __init__(
        self,
        database: Database,
        people: People,
        vault: Vault,
        now: Clock,
        nudger: Nudger,
        open_ways: Collection[Channel] = (),
    ) -> None:
        self._database = database
        self._people = people
        self._vault = vault
        self._now = now
        self._nudger = nudger
        self.channels = (*(one for one in Channel if one in open_ways), Channel.CARD)
        """What can be chosen here: what the operator has set up, and a printed card."""
        self._links = Bucket(now, per_minute=30, burst=30)
        self._codes = Bucket(now, per_minute=20, burst=10)

    # --- the health worker ------------------------------------------------------------------------------------------

    async def wishes(self, who: Identity, patient_id: PatientId) -> list[Wish]:
        """Return by which channels a patient of the caller's site wants to be reminded."""
        require(who, Act.DAY_SHEET)
        async with self._database.transaction() as tx:
            person = await self._person(tx, who, patient_id)
            rows = [row for row in await store.choices(tx, [person]) if row.wanted]
            await record(tx, who, Action.PATIENT_READ, at=self._now(), patient_id=person)
            return [Wish(row.channel, await self._address(tx, row), row.locale, row.said_at) for row in rows]

    async def choose(
        self, who: Identity, patient_id: PatientId, wanted: Collection[Channel], phone: str, email: str, locale: str
    ) -> None:
        """Write down which channels a patient agrees to; those that are not named are taken back.

        Raises Invalid naming the number or address that lacks, before anything is written.
        """
        require(who, Act.DAY_SHEET)
        addresses = {one: address_for(one, phone, email) for one in wanted}
        async with self._database.transaction() as tx:
            person = await self._person(tx, who, patient_id)
            there = {row.channel: row for row in await store.choices(tx, [person])}
            for channel in Channel:
                row = there.get(channel)
                if channel in addresses:
                    await self._say(tx, who, person, row, channel, addresses[channel], locale)
                elif row is not None and row.wanted:
                    await self._unsay(tx, who, row)

    async def of_appointment(self, who: Identity, appointment_id: AppointmentId) -> list[ReminderLine]:
        """Return the reminders of an appointment of the caller's site, as they go out."""
        require(who, Act.DAY_SHEET)
        async with self._database.reading() as tx:
            if (await scheduler_store.appointment(tx, appointment_id)).site_id != _site_of(who):
                raise NotFound(N_("Ce rendez-vous n’existe pas, ou il n’est pas à votre site."))
            return [_line(row) for row in await store.of_appointment(tx, appointment_id)]

    async def to_look_at(self, who: Identity) -> list[ToLookAt]:
        """Return what somebody of the site has to do by hand: failed reminders, and cards to print."""
        require(who, Act.DAY_SHEET)
        async with self._database.transaction() as tx:
            rows = await store.to_look_at(tx, _site_of(who), self._now())
            names = await self._names(tx, who, rows)
            return [ToLookAt(_line(row), row.patient_id, names[row.patient_id]) for row in rows]

    async def settle(self, who: Identity, reminder_id: ReminderId, *, again: bool) -> None:
        """Send a reminder that failed once more, or note that somebody did it by hand (printed, called)."""
        require(who, Act.DAY_SHEET)
        async with self._database.transaction() as tx:
            row = await store.reminder(tx, reminder_id)
            if row.site_id != _site_of(who):
                raise NotFound(N_("Ce rappel n’existe pas, ou il n’est pas à votre site."))
            row.status = after(row.status, ReminderMove.RETRY if again else ReminderMove.BY_HAND)
            row.trouble, row.attempts, row.provider_ref = None, 0, None
            if again:
                row.not_before = self._now()
            else:
                row.sent_at = self._now()
            done, about = Action.REMINDER_BY_HAND, f"reminder:{row.id}"
            await record(tx, who, done, at=self._now(), patient_id=row.patient_id, record=about)

    async def card(self, who: Identity, appointment_id: AppointmentId) -> Keys | None:
        """Return the code that stands on the printed card of an appointment, if its patient wants one."""
        require(who, Act.DAY_SHEET)
        async with self._database.reading() as tx:
            booked = await scheduler_store.appointment(tx, appointment_id)
            rows = await store.of_appointment(tx, appointment_id)
        mine = (row for row in rows if row.channel is Channel.CARD and row.starts_at == booked.starts_at)
        row = next(mine, None)
        return keys_of(self._vault, row.id) if row is not None and booked.site_id == _site_of(who) else None

    async def by_code(self, who: Identity, said: str) -> AppointmentId:
        """Return the appointment whose code somebody says by telephone. Raises NotFound, TooMany."""
        require(who, Act.FOLLOW_UP_BOOK)
        self._codes.take(str(who.account_id))
        code = re.sub(r"\D", "", said)
        if len(code) != CODE_DIGITS:
            raise Invalid(N_("Le code a huit chiffres."), fields={"code": N_("Le code a huit chiffres.")})
        async with self._database.reading() as tx:
            index = self._vault.blind("reminder", "code", code)
            rows = await store.by_code(tx, index, _site_of(who), self._now())
        if len({row.appointment_id for row in rows}) != 1:
            raise NotFound(N_("Ce code n’ouvre rien à ce site."))
        return rows[0].appointment_id

    # --- the patient, by the link -----------------------------------------------------------------------------------

    async def page(self, token: str, address: str) -> Page:
        """Return what the link shows. It changes nothing: programs that look at links may come before people."""
        self._links.take(address)
        async with self._database.reading() as tx:
            row, booked = await self._behind(tx, token)
            site = await people_store.site(tx, row.site_id)
            doctor = await people_store.practitioner(tx, booked.practitioner_id)
            cabin = await people_store.cabin(tx, booked.cabin_id) if booked.cabin_id else None
            if await in_the_village(tx, [booked]):
                doctor = found_at(doctor, site)
        meeting = meeting_of(booked, site, doctor, cabin)
        if row.occasion is not Occasion.OFFER:
            return Page(meeting, self._stands(row, booked), row.channel)
        kept = booked.status is AppointmentStatus.PENDING and booked.starts_at > self._now()
        asked = replace(meeting, answer_by=booked.hold_until)
        return Page(asked, kept and booked.hold_until is not None, row.channel, is_offer=True)

    async def offered(self, token: str, address: str) -> AppointmentId:
        """Return the hold that the link's message offers. Raises NotFound for any other link."""
        self._links.take(address)
        async with self._database.reading() as tx:
            row, held = await self._behind(tx, token)
        if row.occasion is not Occasion.OFFER:
            raise NotFound(NO_LINK)
        return held.id

    async def decline(self, token: str, address: str) -> None:
        """« Je ne peux pas venir »: the moment is free, and somebody calls back. Twice is as good as once."""
        self._links.take(address)
        async with self._database.transaction() as tx:
            row, booked = await self._behind(tx, token)
            promise = await scheduler_store.promise(tx, booked.promise_id, lock=True) if booked.promise_id else None
            booked = await scheduler_store.appointment(tx, row.appointment_id, lock=True)
            if booked.status is AppointmentStatus.CANCELLED and booked.starts_at == row.starts_at:
                return
            if not self._stands(row, booked):
                raise Conflict(N_("Ce rendez-vous a changé entre-temps. Appelez-nous."), code="appointment-moved")
            booked.status = check_move(booked.status, AppointmentStatus.CANCELLED)
            booked.cancelled_at, booked.cancel_reason = self._now(), CancelReason.PATIENT.value
            note_freed(tx, booked, self._now())
            if promise is not None:
                freed = promise_after(promise.status, PromiseMove.FREE)
                promise.status = promise_after(freed, PromiseMove.OFFER)
            await tx.flush()
            await scheduler_store.let_go(tx, booked.id)
            about, why = f"appointment:{booked.id}", "by-link"
            await record(
                tx, None, Action.APPOINTMENT_CANCELLED, at=self._now(), patient_id=booked.patient_id, record=about,
                reason=why,
            )  # fmt: skip
        lines = [f"site:{booked.site_id}"] + ([f"cabin:{booked.cabin_id}"] if booked.cabin_id else [])
        await self._nudger.nudge(*lines)

    async def stop(self, token: str, address: str) -> None:
        """No more reminders by this channel: the patient takes the consent back."""
        self._links.take(address)
        async with self._database.transaction() as tx:
            row, _ = await self._behind(tx, token)
            root = (await people_store.roots(tx, [row.patient_id]))[row.patient_id]
            for choice in await store.choices(tx, [root]):
                if choice.channel is row.channel and choice.wanted:
                    await self._unsay(tx, None, choice)

    # --- steps ------------------------------------------------------------------------------------------------------

    async def _behind(self, tx: AsyncSession, token: str) -> tuple[Reminder, Appointment]:
        row = await store.by_token(tx, hash_of(token)) if len(token) < 64 else None
        if row is None:
            raise NotFound(NO_LINK)
        return row, await scheduler_store.appointment(tx, row.appointment_id)

    def _stands(self, row: Reminder, booked: Appointment) -> bool:
        same = booked.status is AppointmentStatus.BOOKED and booked.starts_at == row.starts_at
        return same and booked.starts_at > self._now()

    async def _person(self, tx: AsyncSession, who: Identity, patient_id: PatientId) -> PatientId:
        await self._people.allowed(tx, who, patient_id)
        return (await people_store.roots(tx, [patient_id]))[patient_id]

    async def _names(self, tx: AsyncSession, who: Identity, rows: list[Reminder]) -> dict[PatientId, str]:
        """Return who these reminders are for. Each reading is logged."""
        roots = await people_store.roots(tx, {row.patient_id for row in rows})
        found = await people_store.patients(tx, set(roots.values()))
        for row in rows:
            about = f"reminder:{row.id}"
            await record(tx, who, Action.PROMISE_READ, at=self._now(), patient_id=row.patient_id, record=about)
        names = {row.id: display_name((await self._people.opened(tx, row)).traits) for row in found}
        return {one: names[root] for one, root in roots.items()}

    async def _address(self, tx: AsyncSession, row: ReminderChoice) -> str:
        return (await self._vault.open(tx, choice_place(row), row.sealed_address)).decode()

    async def _say(
        self,
        tx: AsyncSession,
        who: Identity,
        person: PatientId,
        row: ReminderChoice | None,
        channel: Channel,
        address: str,
        locale: str,
    ) -> None:
        if row is not None and row.wanted and row.locale == locale and await self._address(tx, row) == address:
            return
        if row is None:
            row = ReminderChoice(id=ReminderChoiceId(new_id()), patient_id=person, channel=channel, row_ver=0)
        row.wanted, row.locale = True, locale if locale in LOCALES else LOCALES[0]
        await self._write(tx, who, row, address)

    async def _unsay(self, tx: AsyncSession, who: Identity | None, row: ReminderChoice) -> None:
        """Take a consent back; the number goes with it."""
        row.wanted = False
        await self._write(tx, who, row, "")

    async def _write(self, tx: AsyncSession, who: Identity | None, row: ReminderChoice, address: str) -> None:
        place = replace(choice_place(row), row_ver=row.row_ver + 1)
        row.sealed_address = await self._vault.seal(tx, place, address.encode())
        row.row_ver, row.said_at, row.said_by = place.row_ver, self._now(), who.account_id if who else None
        tx.add(row)  # only now: sealing may read keys, and that writes down what is new
        digest, about = hashlib.sha256(row.sealed_address).digest(), f"reminder_choice:{row.id}"
        said = row.channel.value if row.wanted else f"no-{row.channel.value}"
        await record(
            tx, who, Action.REMINDER_CHOSEN, at=self._now(), patient_id=row.patient_id, record=about,
            row_ver=row.row_ver, ct_sha256=digest, reason=said,
        )  # fmt: skip


def _line(row: Reminder) -> ReminderLine:
    return ReminderLine(
        row.id,
        row.appointment_id,
        row.starts_at,
        row.channel,
        row.occasion,
        row.status,
        row.not_before,
        row.sent_at,
        row.trouble or "",
    )


def _site_of(who: Identity) -> SiteId:
    if who.site_id is None:
        raise NotFound(N_("Votre compte n’est rattaché à aucun site."))
    return who.site_id
