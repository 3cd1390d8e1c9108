"""Lines, seats and nudges, on one server and across two, with and without the bus between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from signalling.bus import LocalBus
from signalling.protocol import (
    Answer,
    Bye,
    Candidate,
    Error,
    ErrorCode,
    Join,
    Joined,
    Nudge,
    Offer,
    PeerJoined,
    PeerLeft,
    Ping,
    Pong,
    Replaced,
    Restart,
    Seat,
)
from signalling.redis_bus import RedisBus
from signalling.tickets import SeatPass
from tests.signalling.exchange import SDP, ConnectBus, Exchange, MortalRedis, OpenExchange, TestPage, until

PATIENT, PRACTITIONER = Seat.PATIENT, Seat.PRACTITIONER


@pytest_asyncio.fixture(
    loop_scope="session", params=["one server", "two servers", pytest.param("redis", marks=pytest.mark.redis)]
)
async def servers(
    request: pytest.FixtureRequest, open_exchange: OpenExchange, connect_bus: ConnectBus
) -> tuple[Exchange, Exchange]:
    """Where the cabin's page and the practitioner's page are connected."""
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        return await open_exchange(await connect_bus(url)), await open_exchange(await connect_bus(url))
    bus = LocalBus()
    first = await open_exchange(bus)
    return first, first if request.param == "one server" else await open_exchange(bus)


async def both(servers: tuple[Exchange, Exchange]) -> tuple[TestPage, TestPage]:
    """A cabin and a practitioner who know of each other."""
    cabin = await servers[0].seated(PATIENT)
    doctor = await servers[1].page()
    joined = await servers[1].sit(doctor, PRACTITIONER)
    assert await cabin.hear(PeerJoined) == PeerJoined(PRACTITIONER, "page-practitioner")
    if not joined.present:  # the other server's answer comes a moment later
        assert await doctor.hear(PeerJoined) == PeerJoined(PATIENT, "page-patient")
    return cabin, doctor


async def test_a_nudge_reaches_every_listener_of_the_line_and_nobody_else(servers: tuple[Exchange, Exchange]) -> None:
    here, there = servers
    queue, both_lines, other = await here.page("queue"), await there.page("queue", "site:1"), await there.page("site:2")
    await here.switchboard.nudge("queue", "site:1", "queue")
    assert await queue.hear(Nudge) == Nudge("queue")
    assert {(await both_lines.hear(Nudge)).line for _ in range(2)} == {"queue", "site:1"}
    await other.say(Ping())
    await other.hear(Pong)


async def test_a_call_is_introduced_from_seat_to_seat(servers: tuple[Exchange, Exchange]) -> None:
    cabin, doctor = await both(servers)
    await doctor.say(Offer(SDP))
    await doctor.say(Candidate("candidate:1", "0"))
    assert [await cabin.next(), await cabin.next()] == [Offer(SDP), Candidate("candidate:1", "0")]
    await cabin.say(Answer(SDP))
    await cabin.say(Candidate(None))
    await cabin.say(Restart())
    assert [await doctor.next() for _ in range(3)] == [Answer(SDP), Candidate(None), Restart()]


async def in_the_lobby(servers: tuple[Exchange, Exchange]) -> tuple[TestPage, TestPage]:
    """A cabin, and a practitioner who reads its card."""
    cabin = await servers[0].seated(PATIENT)
    doctor = await servers[1].page()
    joined = await servers[1].sit(doctor, Seat.LOBBY)
    assert await cabin.hear(PeerJoined) == PeerJoined(Seat.LOBBY, "page-lobby")
    if not joined.present:
        assert await doctor.hear(PeerJoined) == PeerJoined(PATIENT, "page-patient")
    return cabin, doctor


async def test_who_stands_in_the_lobby_connects_and_goes_in_at_the_press(servers: tuple[Exchange, Exchange]) -> None:
    cabin, doctor = await in_the_lobby(servers)
    await doctor.say(Offer(SDP))
    assert await cabin.next() == Offer(SDP)
    await cabin.say(Answer(SDP))
    assert await doctor.next() == Answer(SDP)
    assert doctor.welcome
    await servers[0].switchboard.admit("call-1", doctor.welcome.connection)
    assert await doctor.hear(Joined) == Joined("call-1", PRACTITIONER, True, "page-patient")
    assert await cabin.hear(PeerJoined) == PeerJoined(PRACTITIONER, "page-lobby")
    await servers[1].sit(doctor, PRACTITIONER, page="page-lobby")  # the ticket of the press: it is there already
    await cabin.say(Candidate(None))
    assert await doctor.next() == Candidate(None)


async def test_the_lobby_has_one_place_and_is_empty_once_another_takes_the_visit(
    servers: tuple[Exchange, Exchange],
) -> None:
    cabin, doctor = await in_the_lobby(servers)
    other = await servers[1].page()
    await other.say(Join(await servers[1].tickets.issue(SeatPass("call-1", Seat.LOBBY, "account")), "page-other"))
    assert (await other.hear(Error)).code is ErrorCode.SEAT_TAKEN
    await servers[0].switchboard.admit("call-1", "another connection")
    assert await cabin.hear(PeerLeft) == PeerLeft(Seat.LOBBY, "taken")
    assert await doctor.hear(Bye) == Bye("taken")


async def test_who_presses_without_a_warm_line_is_seated_at_once(servers: tuple[Exchange, Exchange]) -> None:
    cabin = await servers[0].seated(PATIENT)
    doctor = await servers[1].page()
    assert doctor.welcome
    await servers[1].switchboard.admit("call-1", doctor.welcome.connection, "page-practitioner", "account")
    joined = await doctor.hear(Joined)
    assert joined.seat is PRACTITIONER
    if not joined.present:
        assert await doctor.hear(PeerJoined) == PeerJoined(PATIENT, "page-patient")
    assert await cabin.hear(PeerJoined) == PeerJoined(PRACTITIONER, "page-practitioner")
    await servers[1].sit(doctor, PRACTITIONER)  # the ticket of the press: it is there already
    await doctor.say(Offer(SDP))
    assert await cabin.next() == Offer(SDP)


async def test_no_press_seats_the_page_of_somebody_else(servers: tuple[Exchange, Exchange]) -> None:
    cabin = await servers[0].seated(PATIENT)
    doctor = await servers[1].page()
    assert doctor.welcome
    connection = doctor.welcome.connection
    for named, page, who in (
        (connection, "page-wrong", "another account"),
        (connection, "", "account"),
        ("no connection", "page-wrong", "account"),
    ):
        await servers[1].switchboard.admit("call-1", named, page, who)
    await servers[1].sit(doctor, PRACTITIONER)
    assert await cabin.next() == PeerJoined(PRACTITIONER, "page-practitioner")  # of the ticket; nothing came before


async def test_who_leaves_the_lobby_ends_no_call(servers: tuple[Exchange, Exchange]) -> None:
    cabin, doctor = await in_the_lobby(servers)
    await doctor.say(Bye("left"))
    assert await cabin.hear(PeerLeft) == PeerLeft(Seat.LOBBY, "left")
    await servers[1].sit(doctor, PRACTITIONER)
    assert await cabin.hear(PeerJoined) == PeerJoined(PRACTITIONER, "page-practitioner")


async def test_what_a_peer_says_is_forwarded_byte_for_byte(servers: tuple[Exchange, Exchange]) -> None:
    cabin, doctor = await both(servers)
    frame = '{ "mid":null,  "candidate":"candidate:\\u0031", "type":"candidate" }'
    await doctor.ws.send_str(frame)
    assert (await asyncio.wait_for(cabin.ws.receive(), 10)).data == frame


async def test_hanging_up_ends_the_call_for_both_and_keeps_their_lines(servers: tuple[Exchange, Exchange]) -> None:
    cabin, doctor = await both(servers)
    await doctor.say(Bye("hung-up"))
    assert await cabin.hear(Bye) == Bye("hung-up")
    for page in (cabin, doctor):
        await page.say(Candidate(None))
        assert (await page.hear(Error)).code == "not-seated"


async def test_a_call_may_be_made_again_on_the_same_sockets(servers: tuple[Exchange, Exchange]) -> None:
    cabin, doctor = await both(servers)
    await doctor.say(Bye("hung-up"))
    await cabin.hear(Bye)
    await servers[0].sit(cabin, PATIENT, "call-2")
    joined = await servers[1].sit(doctor, PRACTITIONER, "call-2")
    assert await cabin.hear(PeerJoined) == PeerJoined(PRACTITIONER, "page-practitioner")
    assert joined.present or (await doctor.hear(PeerJoined)).seat is PATIENT


async def test_the_other_seat_is_told_when_a_page_vanishes(servers: tuple[Exchange, Exchange]) -> None:
    cabin, doctor = await both(servers)
    await cabin.ws.close()
    assert await doctor.hear(PeerLeft) == PeerLeft(PATIENT, "gone")


async def test_the_newest_page_takes_the_seat_and_the_former_is_told(servers: tuple[Exchange, Exchange]) -> None:
    cabin, doctor = await both(servers)
    await servers[1].seated(PATIENT, page="reloaded")
    assert await cabin.hear(Replaced) == Replaced()
    assert await cabin.closed_with() == 4409
    assert await doctor.hear(PeerJoined) == PeerJoined(PATIENT, "reloaded")
    await doctor.say(Ping())
    await doctor.hear(Pong)  # and nothing of a peer that left


async def test_the_server_ends_a_call_from_wherever_it_is_asked(servers: tuple[Exchange, Exchange]) -> None:
    cabin, doctor = await both(servers)
    await servers[1].switchboard.close_call("call-1", "closed")
    assert [await page.hear(Bye) for page in (cabin, doctor)] == [Bye("closed")] * 2


async def test_a_seat_taken_away_is_told_to_both(servers: tuple[Exchange, Exchange]) -> None:
    cabin, doctor = await both(servers)
    await servers[0].switchboard.kick("call-1", PRACTITIONER, "released")
    assert await doctor.hear(Bye) == Bye("released")
    assert await cabin.hear(PeerLeft) == PeerLeft(PRACTITIONER, "released")


async def test_a_page_that_takes_another_seat_leaves_the_first(servers: tuple[Exchange, Exchange]) -> None:
    cabin, doctor = await both(servers)
    await servers[1].sit(doctor, PRACTITIONER, "call-2")
    assert await cabin.hear(PeerLeft) == PeerLeft(PRACTITIONER, "moved")


async def test_calls_do_not_hear_each_other(servers: tuple[Exchange, Exchange]) -> None:
    cabin, _ = await both(servers)
    stranger = await servers[1].seated(PRACTITIONER, "call-2")
    await stranger.say(Offer(SDP))
    await stranger.say(Ping())
    await stranger.hear(Pong)
    await cabin.say(Ping())
    await cabin.hear(Pong)


async def test_nothing_is_remembered_of_pages_that_left(open_exchange: OpenExchange) -> None:
    bus = LocalBus()
    exchange = await open_exchange(bus)
    cabin, doctor = await both((exchange, exchange))
    listener = await exchange.page("queue")
    for page in (cabin, doctor, listener):
        await page.ws.close()
    await until(lambda: not exchange.gateway._sockets and not exchange.switchboard._partings)
    board = exchange.switchboard
    left = [board._plugs, board._lines._listeners, board._calls, board._trunk, board._seat_of]
    left += [exchange.cloakroom._coats, exchange.cloakroom._by_hash, exchange.gateway._connections]
    assert not any(left)


# Losing Redis ------------------------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="session")
async def mortal_servers(
    mortal_redis: MortalRedis, open_exchange: OpenExchange
) -> AsyncIterator[tuple[MortalRedis, Exchange, Exchange]]:
    await mortal_redis.start()
    buses = RedisBus(mortal_redis.url), RedisBus(mortal_redis.url)
    for bus in buses:
        await bus.start()
    yield mortal_redis, await open_exchange(buses[0]), await open_exchange(buses[1])
    for bus in buses:
        await bus.close()


def connected(exchange: Exchange) -> bool:
    assert isinstance(exchange.bus, RedisBus)
    return exchange.bus.connected


@pytest.mark.redis
async def test_lines_and_calls_of_one_server_go_on_while_redis_is_lost(
    mortal_servers: tuple[MortalRedis, Exchange, Exchange],
) -> None:
    redis, here, _ = mortal_servers
    cabin, doctor = await both((here, here))
    listener = await here.page("queue")
    redis.kill()
    await doctor.say(Offer(SDP))
    assert await cabin.hear(Offer) == Offer(SDP)
    await here.switchboard.nudge("queue")
    assert await listener.hear(Nudge) == Nudge("queue")
    await until(lambda: not connected(here))
    again = await both((here, here))  # a new call altogether: tickets too; the former pages are replaced
    await again[1].say(Offer(SDP))
    assert await again[0].hear(Offer) == Offer(SDP)


@pytest.mark.redis
async def test_seats_taken_while_redis_was_lost_find_each_other_when_it_is_back(
    mortal_servers: tuple[MortalRedis, Exchange, Exchange],
) -> None:
    redis, here, there = mortal_servers
    redis.kill()
    await until(lambda: not connected(here) and not connected(there))
    cabin = await here.seated(PATIENT)
    doctor = await there.page()
    assert (await there.sit(doctor, PRACTITIONER)).present is False
    await redis.start()
    assert await cabin.hear(PeerJoined) == PeerJoined(PRACTITIONER, "page-practitioner")
    assert await doctor.hear(PeerJoined) == PeerJoined(PATIENT, "page-patient")
    await doctor.say(Offer(SDP))
    assert await cabin.hear(Offer) == Offer(SDP)


async def test_joined_tells_whether_the_other_is_there(open_exchange: OpenExchange) -> None:
    exchange = await open_exchange(LocalBus())
    cabin, doctor = await exchange.page(), await exchange.page()
    assert await exchange.sit(cabin, PATIENT) == Joined("call-1", PATIENT, False, None)
    assert await exchange.sit(doctor, PRACTITIONER) == Joined("call-1", PRACTITIONER, True, "page-patient")
