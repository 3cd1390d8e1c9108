"""Tickets open one thing, once, for half a minute; the bus never sees one."""

from __future__ import annotations

import asyncio

import pytest

from signalling.bus import LocalBus
from signalling.errors import BadTicket
from signalling.protocol import Seat
from signalling.tickets import LinePass, SeatPass, TicketOffice
from tests.clock import FakeClock
from tests.signalling.exchange import ConnectBus

LINES = LinePass(("queue", "desk:1"), "account-1")
SEAT = SeatPass("call-1", Seat.PATIENT, "account-2")


@pytest.fixture
def office(clock: FakeClock) -> TicketOffice:
    return TicketOffice(LocalBus(), clock)


async def test_a_ticket_gives_back_what_it_was_issued_for(office: TicketOffice) -> None:
    assert await office.redeem(await office.issue(LINES), LinePass) == LINES
    assert await office.redeem(await office.issue(SEAT), SeatPass) == SEAT


async def test_a_ticket_is_used_once(office: TicketOffice) -> None:
    ticket = await office.issue(LINES)
    await office.redeem(ticket, LinePass)
    with pytest.raises(BadTicket):
        await office.redeem(ticket, LinePass)


async def test_a_ticket_of_the_wrong_kind_is_refused_and_used_up(office: TicketOffice) -> None:
    ticket = await office.issue(LINES)
    for kind in (SeatPass, LinePass):
        with pytest.raises(BadTicket):
            await office.redeem(ticket, kind)


@pytest.mark.parametrize(("seconds", "good"), [(29.9, True), (30, False)])
async def test_a_ticket_lives_thirty_seconds(
    office: TicketOffice, clock: FakeClock, seconds: float, good: bool
) -> None:
    ticket = await office.issue(LINES)
    clock.advance(seconds=seconds)
    if good:
        assert await office.redeem(ticket, LinePass) == LINES
    else:
        with pytest.raises(BadTicket):
            await office.redeem(ticket, LinePass)


@pytest.mark.parametrize("ticket", ["", "x", "é" * 200, "\ud800"])
async def test_an_unknown_ticket_is_refused(office: TicketOffice, ticket: str) -> None:
    with pytest.raises(BadTicket):
        await office.redeem(ticket, LinePass)


async def test_tickets_are_256_bits_and_never_alike(office: TicketOffice) -> None:
    tickets = {await office.issue(LINES) for _ in range(50)}
    assert len(tickets) == 50
    assert {len(ticket) for ticket in tickets} == {43}


@pytest.mark.redis
async def test_a_ticket_of_one_server_is_redeemed_once_on_any_other(
    connect_bus: ConnectBus, redis_url: str, clock: FakeClock
) -> None:
    offices = [TicketOffice(await connect_bus(redis_url), clock) for _ in range(3)]
    ticket = await offices[0].issue(SEAT)
    asked = (office.redeem(ticket, SeatPass) for office in offices for _ in range(5))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [answer for answer in answers if isinstance(answer, SeatPass)] == [SEAT]
    assert sum(isinstance(answer, BadTicket) for answer in answers) == 14


@pytest.mark.redis
async def test_redis_never_sees_a_ticket(connect_bus: ConnectBus, redis_url: str, clock: FakeClock) -> None:
    bus = await connect_bus(redis_url)
    ticket = await TicketOffice(bus, clock).issue(SEAT)
    (key,) = await bus._site.client.keys("telecabin:ticket:*")
    assert ticket.encode() not in key + await bus._site.client.get(key)
    assert 0 < await bus._site.client.pttl(key) <= 30_000
