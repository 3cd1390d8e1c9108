"""A clinic with a waiting list, and people on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from sqlalchemy import select

from server.kernel.ids import AppointmentId, PromiseId, WaitingEntryId
from server.scheduler import store
from server.scheduler.reminders.offers import Telling
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.service.views import Choice
from server.scheduler.tables import Appointment
from server.scheduler.waiting.offering import Offering
from server.scheduler.waiting.rules import Wish
from server.scheduler.waiting.service import WaitingLine, WaitingList
from server.scheduler.waiting.tables import WaitingOffer
from tests.server.scheduler.clinic import Clinic, in_minutes

MONTH = Wish(date(2026, 3, 3), date(2026, 4, 30))
LATER = in_minutes(4 * 24 * 60)  # Friday 13 March, nine o'clock
_keys: Iterator[int] = count()


@dataclass
class Listing:
    """The clinic, its list, and who works it."""

    clinic: Clinic
    waiting: WaitingList
    offering: Offering

    async def booked(self, choice: Choice) -> tuple[PromiseId, AppointmentId]:
        """Somebody has an appointment."""
        promise = await self.clinic.promised()
        key = f"une-cle-de-test-{next(_keys)}"
        return promise, await self.clinic.follow_ups.reserve(self.clinic.nurse, promise, choice, key)

    async def on_the_list(self, wish: Wish = MONTH, choice: Choice | None = None) -> tuple[PromiseId, WaitingEntryId]:
        """Somebody waits, with an appointment later on if one is given."""
        promise = (await self.booked(choice))[0] if choice else await self.clinic.promised()
        self.clinic.clock.advance(minutes=1)
        return promise, await self.waiting.add(self.clinic.nurse, promise, wish)

    async def asked(self) -> WaitingLine | None:
        """Who is asked just now."""
        lines = [line for line in await self.waiting.lines(self.clinic.nurse) if line.offer_id]
        assert len(lines) <= 1
        return lines[0] if lines else None

    async def offers(self) -> list[WaitingOffer]:
        """All offers that were made, in order."""
        async with self.clinic.database.reading() as tx:
            return list(await tx.scalars(select(WaitingOffer).order_by(WaitingOffer.offered_at, WaitingOffer.id)))

    async def standing(self, promise: PromiseId) -> list[Appointment]:
        """The booked appointments of a promise: one, or none."""
        async with self.clinic.database.reading() as tx:
            query = select(Appointment).where(Appointment.promise_id == promise)
            return list(await tx.scalars(query.where(Appointment.status == AppointmentStatus.BOOKED)))

    async def version(self, appointment: AppointmentId) -> int:
        """The version of an appointment."""
        async with self.clinic.database.reading() as tx:
            return (await store.appointment(tx, appointment)).version


def listing(clinic: Clinic) -> Listing:
    """Open the list of a clinic."""
    village = clinic.village
    waiting = WaitingList(
        clinic.database, village.people, clinic.vault, clinic.clock, village.exchange, clinic.follow_ups
    )
    telling = Telling(clinic.vault)
    return Listing(
        clinic, waiting, Offering(clinic.database, clinic.follow_ups, telling, clinic.clock, village.exchange)
    )


HOUR = timedelta(hours=1)
