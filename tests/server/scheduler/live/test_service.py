"""The index of one process hears of bookings in another, and of hours that people change."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from server.records.rules.note import Modality
from server.scheduler import store
from server.scheduler.live.service import CHANNEL, LiveIndex
from server.scheduler.rules.index import WEEK
from server.scheduler.rules.openings import Exceptional, ExceptionKind
from server.scheduler.rules.units import unit_of
from server.scheduler.service.follow_ups import FollowUps
from server.scheduler.service.views import CancelReason
from server.scheduler.tables import BusyUnit
from signalling.bus import LocalBus
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic

UNIT = unit_of(NEXT_MONDAY)
THE_WEEK = UNIT // WEEK


def free(live: LiveIndex, clinic: Clinic) -> bool:
    """Whether Dr Aubin can begin at nine on that Monday, as far as this index knows."""
    practitioner = clinic.village.gp.practitioner_id
    assert practitioner is not None
    row = live.index.row(practitioner)
    assert row is not None
    return bool(live.index.column(Modality.REMOTE, THE_WEEK).starts[row] >> UNIT % WEEK & 1)


async def test_a_booking_here_is_seen_there_and_so_is_its_end(clinic: Clinic) -> None:
    bus = LocalBus()
    here, there = LiveIndex(clinic.database, clinic.clock, bus), LiveIndex(clinic.database, clinic.clock, bus)
    await there.listen()
    await there.catch_up([THE_WEEK])
    assert free(there, clinic)
    books = FollowUps(clinic.database, clinic.village.people, clinic.vault, clinic.clock, clinic.village.exchange, here)
    promise = await clinic.promised()
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    await bus.subscribe(CHANNEL, heard.put_nowait)
    booked = await books.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    assert str(promise).encode() not in await heard.get()
    await there.catch_up([THE_WEEK])
    assert not free(there, clinic)
    await books.cancel(clinic.nurse, booked, 1, CancelReason.OTHER)
    await heard.get()
    await there.catch_up([THE_WEEK])
    assert free(there, clinic)


async def test_new_hours_are_seen_at_the_next_look_without_a_word(clinic: Clinic) -> None:
    live = LiveIndex(clinic.database, clinic.clock)
    await live.catch_up([THE_WEEK])
    practitioner = clinic.village.gp.practitioner_id
    assert practitioner is not None
    closed = Exceptional(ExceptionKind.CLOSED, NEXT_MONDAY, NEXT_MONDAY + timedelta(hours=1))
    async with clinic.database.transaction() as tx:
        await clinic.agenda.except_for(tx, None, clinic.resources[practitioner], closed, "Formation")
    assert free(live, clinic)
    await live.catch_up([THE_WEEK])
    assert not free(live, clinic)


async def test_what_was_missed_while_the_bus_was_lost_is_read_anew(clinic: Clinic) -> None:
    live = LiveIndex(clinic.database, clinic.clock)
    await live.catch_up([THE_WEEK])
    practitioner = clinic.village.gp.practitioner_id
    assert practitioner is not None
    await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(), "key-0001")
    await live.catch_up([THE_WEEK])
    assert free(live, clinic)
    live.doubt()
    await live.catch_up([THE_WEEK])
    assert not free(live, clinic)


async def test_who_has_given_less_of_their_time_away_comes_first(clinic: Clinic) -> None:
    live = LiveIndex(clinic.database, clinic.clock)
    aubin, other = clinic.village.gp.practitioner_id, clinic.village.other_gp.practitioner_id
    assert aubin is not None
    assert other is not None
    appointment = await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(), "key-0001")
    async with clinic.database.transaction() as tx:
        day = range(UNIT + 4, UNIT + 404)
        await store.take(tx, appointment, [(clinic.resources[aubin], unit) for unit in day])
    assert await clinic.count(BusyUnit) == 17 + 400
    await live.catch_up(range(THE_WEEK - 1, THE_WEEK + 4))
    assert [live.index.subject(row) for row in live.least_loaded([aubin, other])] == [other, aubin]
