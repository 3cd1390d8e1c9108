"""Losing a socket and coming back, here or on another server: nothing lost, nothing doubled, no thief let in."""

from __future__ import annotations

import asyncio
import random

import aiohttp
import pytest
import pytest_asyncio

from signalling import cloakroom as cloakroom_module
from signalling import neighbours
from signalling.bus import LocalBus
from signalling.errors import BadTicket
from signalling.outbox import FRAMES
from signalling.protocol import (
    VERSION,
    Answer,
    Bye,
    Candidate,
    Hello,
    Nudge,
    Offer,
    PeerJoined,
    PeerLeft,
    Ping,
    Pong,
    Reconnect,
    Replaced,
    Seat,
    State,
    Welcome,
)
from signalling.tickets import LinePass
from tests.signalling.exchange import SDP, ConnectBus, Exchange, MortalRedis, OpenExchange, TestPage, until

PATIENT, PRACTITIONER = Seat.PATIENT, Seat.PRACTITIONER
Three = tuple[Exchange, Exchange, Exchange]


@pytest_asyncio.fixture(
    loop_scope="session", params=["here", "elsewhere", "to the peer", pytest.param("redis", marks=pytest.mark.redis)]
)
async def three(request: pytest.FixtureRequest, open_exchange: OpenExchange, connect_bus: ConnectBus) -> Three:
    """Where the cabin is at first, where it comes back, and where the practitioner is."""
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        first, second, third = [await open_exchange(await connect_bus(url)) for _ in range(3)]
        return first, second, third
    bus = LocalBus()
    first = await open_exchange(bus)
    if request.param == "here":
        return first, first, first
    second = await open_exchange(bus)
    return first, second, second if request.param == "to the peer" else await open_exchange(bus)


async def both(three: Three, *lines: str) -> tuple[TestPage, TestPage]:
    """A cabin that listens to lines, and a practitioner, who know of each other."""
    cabin, doctor = await three[0].page(*lines), await three[2].page()
    await three[0].sit(cabin, PATIENT)
    joined = await three[2].sit(doctor, PRACTITIONER)
    assert await cabin.hear(PeerJoined) == PeerJoined(PRACTITIONER, "page-practitioner")
    if not joined.present:
        assert await doctor.hear(PeerJoined) == PeerJoined(PATIENT, "page-patient")
    return cabin, doctor


async def lose(exchange: Exchange, page: TestPage) -> None:
    """Cut a page's line, and wait until the exchange noticed."""
    assert page.welcome
    coat = exchange.cloakroom._coats[page.welcome.connection]
    page.lose()
    await until(lambda: coat.connection.socket is None)


async def test_what_was_said_while_the_socket_was_lost_is_heard_once_and_in_order(three: Three) -> None:
    cabin, doctor = await both(three)
    await doctor.say(Candidate("candidate:0"))
    assert await cabin.hear(Candidate) == Candidate("candidate:0")
    await lose(three[0], cabin)
    for number in range(1, 9):
        await doctor.say(Candidate(f"candidate:{number}"))
    await doctor.say(Ping())
    await doctor.hear(Pong)
    back = await three[1].resumed(cabin)
    await doctor.say(Candidate("candidate:9"))
    assert [await back.hear(Candidate) for _ in range(9)] == [Candidate(f"candidate:{n}") for n in range(1, 10)]
    await back.say(Answer(SDP))
    assert await doctor.hear(Answer) == Answer(SDP)  # and nothing of a peer that left or came


async def test_what_was_sent_but_not_heard_is_said_again(three: Three) -> None:
    cabin, doctor = await both(three)
    for number in range(5):
        await doctor.say(Candidate(f"candidate:{number}"))
    heard = cabin.heard
    for _ in range(5):
        await cabin.hear(Candidate)
    await lose(three[0], cabin)
    back = await three[1].resume(cabin, heard + 2)
    back.welcome = await back.hear(Welcome)
    assert back.welcome.resumed
    assert [await back.hear(Candidate) for _ in range(3)] == [Candidate(f"candidate:{n}") for n in (2, 3, 4)]


async def test_the_exchange_says_how_much_it_heard_before_and_after(three: Three) -> None:
    cabin, doctor = await both(three)
    await cabin.say(State(True, True, True, 4))
    await doctor.hear(State)
    await lose(three[0], cabin)
    back = await three[1].resumed(cabin)
    assert back.welcome
    assert back.welcome.heard == 2  # join, state
    await back.say(Answer(SDP))
    await back.say(Ping(back.heard))
    assert await back.hear(Pong) == Pong(3)


async def test_lines_go_on_and_nudges_are_not_lost(three: Three) -> None:
    page = await three[0].page("queue", "desk:1")
    await lose(three[0], page)
    await three[2].switchboard.nudge("queue")
    back = await three[1].resumed(page)
    assert Nudge("queue") in [await back.next()] + ([await back.next()] if three[0] is not three[1] else [])
    await three[2].switchboard.nudge("desk:1")
    while await back.hear(Nudge) != Nudge("desk:1"):
        pass


async def test_the_same_connection_may_be_lost_many_times_and_move_each_time(three: Three) -> None:
    cabin, doctor = await both(three)
    at, said = 0, 0
    heard: list[str | None] = []
    chance = random.Random(4)
    for _ in range(12):
        for _ in range(chance.randint(0, 3)):
            await doctor.say(Candidate(f"candidate:{said}"))
            said += 1
        for _ in range(chance.randint(0, said - len(heard))):
            heard.append((await cabin.hear(Candidate)).candidate)
        cabin.lose()
        at = 1 - at
        cabin = await three[at].resumed(cabin)
    while len(heard) < said:
        heard.append((await cabin.hear(Candidate)).candidate)
    assert heard == [f"candidate:{number}" for number in range(said)]
    await cabin.say(Bye("hung-up"))
    assert await doctor.hear(Bye) == Bye("hung-up")


async def test_a_page_that_resumes_before_its_old_socket_is_missed_takes_over(three: Three) -> None:
    cabin, doctor = await both(three)
    back = await three[1].resumed(cabin)
    await doctor.say(Offer(SDP))
    assert await back.hear(Offer) == Offer(SDP)
    assert await cabin.closed_with() == 1006


async def test_both_ends_that_move_at_once_are_both_known_to_have_moved(three: Three) -> None:
    first, second, _ = three
    cabin, doctor = await first.seated(PATIENT), await first.seated(PRACTITIONER)
    await cabin.hear(PeerJoined)
    await asyncio.gather(lose(first, cabin), lose(first, doctor))
    cabin, doctor = await asyncio.gather(second.resumed(cabin), second.resumed(doctor))
    if first is not second:
        claims = second.switchboard._calls["call-1"].claims.values()
        assert {claim.node for claim in claims} == {second.switchboard.node}
        await first.switchboard.stop()  # whoever is believed to sit there would be told gone
    for number in range(3):
        await doctor.say(Candidate(f"candidate:{number}"))
        await cabin.say(Candidate(f"candidate:{number}"))
    for number in range(3):
        assert await cabin.hear(Candidate) == await doctor.hear(Candidate) == Candidate(f"candidate:{number}")


async def test_who_left_meanwhile_is_told(three: Three) -> None:
    cabin, doctor = await both(three)
    await lose(three[0], cabin)
    await doctor.ws.close()
    await until(lambda: not three[2].gateway._connections)
    back = await three[1].resumed(cabin)
    assert await back.hear(PeerLeft) == PeerLeft(PRACTITIONER, "gone")


async def test_a_call_that_ended_meanwhile_is_over(three: Three) -> None:
    cabin, doctor = await both(three)
    await lose(three[0], cabin)
    await three[2].switchboard.close_call("call-1", "closed")
    assert await doctor.hear(Bye) == Bye("closed")
    back = await three[1].resumed(cabin)
    assert await back.hear(Bye) == Bye("closed")


async def test_a_page_whose_seat_was_taken_by_a_newer_one_is_told_so(three: Three) -> None:
    cabin, doctor = await both(three)
    await lose(three[0], cabin)
    newer = await three[2].seated(PATIENT, page="newer")
    assert await doctor.hear(PeerJoined) == PeerJoined(PATIENT, "newer")
    back = await three[1].resume(cabin)
    assert await back.hear(Replaced) == Replaced()
    assert await back.closed_with() == 4409
    await newer.say(Ping())


async def test_a_page_that_missed_too_much_begins_anew_with_its_lines(three: Three) -> None:
    cabin, doctor = await both(three, "queue")
    coat = next(iter(three[0].cloakroom._coats.values()))
    await lose(three[0], cabin)
    for _ in range(FRAMES + 1):
        coat.connection.forward("x")
    back = await three[1].resume(cabin)
    welcome = await back.hear(Welcome)
    assert (welcome.resumed, welcome.heard) == (False, 0)
    assert await doctor.hear(PeerLeft) == PeerLeft(PATIENT, "gone")
    await three[2].switchboard.nudge("queue")
    assert await back.hear(Nudge) == Nudge("queue")


async def test_a_page_that_heard_what_was_never_said_begins_anew(three: Three) -> None:
    page = await three[0].page("queue")
    back = await three[1].resume(page, heard=7)
    assert (await back.hear(Welcome)).resumed is False


# Who may not come back --------------------------------------------------------------------------------


async def test_a_ticket_shown_twice_closes_whoever_came_with_it(three: Three) -> None:
    page = await three[0].page("queue")
    back = await three[0].resumed(page)
    thief = await three[1].resume(page)
    assert await thief.closed_with() == 4401
    assert await back.closed_with() == 4401


async def test_a_ticket_used_before_a_move_opens_nothing_and_leaves_whoever_moved(open_exchange: OpenExchange) -> None:
    bus = LocalBus()
    here, there = await open_exchange(bus), await open_exchange(bus)
    page = await here.page("queue")
    back = await there.resumed(page)
    for at in (here, there):
        assert await (await at.resume(page)).closed_with() == 4401
    await back.say(Ping())
    await back.hear(Nudge)  # it may have missed one on its way
    await back.hear(Pong)


async def test_each_welcome_brings_another_ticket_and_the_last_one_is_void(three: Three) -> None:
    page = await three[0].page()
    assert page.welcome
    tickets = [page.welcome.resume]
    for _ in range(3):
        page = await three[0].resumed(page)
        assert page.welcome
        tickets.append(page.welcome.resume)
    assert len(set(tickets)) == 4
    for ticket in tickets[:2]:
        assert await (await three[1].resume(page, ticket=ticket)).closed_with() == 4401


async def test_whoever_left_by_itself_cannot_come_back(three: Three) -> None:
    page = await three[0].page()
    await page.ws.close()
    await until(lambda: not three[0].cloakroom._coats)
    assert await (await three[1].resume(page)).closed_with() == 4401


async def test_after_a_minute_nobody_comes_back(three: Three, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloakroom_module, "KEPT_FOR", 0.01)
    page = await three[0].page("queue")
    page.lose()
    await until(lambda: not three[0].cloakroom._coats)
    assert await (await three[1].resume(page)).closed_with() == 4401


@pytest.mark.parametrize("ticket", ["x", ".", "nobody.secret", "\ud800"])
async def test_an_unknown_resume_ticket_is_refused_at_once(
    open_exchange: OpenExchange, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloakroom_module, "ANSWER_WITHIN", 1000.0)
    exchange = await open_exchange(LocalBus())
    with pytest.raises(BadTicket):
        await exchange.cloakroom.fetch(ticket, 0)
    with pytest.raises(BadTicket):
        await exchange.cloakroom.fetch(f"{exchange.switchboard.node}.{ticket}", 0)


async def test_whoever_shows_both_tickets_resumes_if_it_can_and_begins_anew_if_not(three: Three) -> None:
    cabin, doctor = await both(three, "queue")
    await lose(three[0], cabin)
    assert cabin.welcome
    for resume, resumes in ((cabin.welcome.resume, True), ("nobody.secret", False)):
        ticket = await three[1].tickets.issue(LinePass(("desk:1",), "account"))
        page = await three[1].socket()
        await page.say(Hello(VERSION, ticket, resume, cabin.heard))
        page.welcome = await page.hear(Welcome)
        assert page.welcome.resumed is resumes
    await three[2].switchboard.nudge("desk:1")
    assert await page.hear(Nudge) == Nudge("desk:1")
    await doctor.say(Ping())
    await doctor.hear(Pong)  # the seat is as it was


@pytest.mark.parametrize("hello", [Hello(VERSION), Hello(VERSION, "a", "b.c"), Hello(VERSION, resume="b.c")])
async def test_whoever_shows_no_good_ticket_does_not_come_in(open_exchange: OpenExchange, hello: Hello) -> None:
    exchange = await open_exchange(LocalBus())
    page = await exchange.socket()
    await page.say(hello)
    assert await page.closed_with() == (4401 if hello.ticket or hello.resume else 4400)


async def test_of_many_who_show_one_ticket_at_once_none_stays(open_exchange: OpenExchange) -> None:
    exchange = await open_exchange(LocalBus())
    page = await exchange.page("queue")
    thieves = await asyncio.gather(*(exchange.resume(page) for _ in range(10)))
    await asyncio.gather(*(thief.closed_with() for thief in thieves))
    assert not exchange.cloakroom._coats


async def test_no_ticket_is_kept_as_it_is(open_exchange: OpenExchange) -> None:
    exchange = await open_exchange(LocalBus())
    connection = await exchange.cloakroom.admit(LinePass(("queue",), "account"))
    ticket = exchange.cloakroom.ticket(connection)
    assert ticket not in exchange.cloakroom._by_hash
    assert ticket.split(".")[1] not in repr(exchange.cloakroom._by_hash)
    assert len(ticket.split(".")[1]) == 43


# A server that stops -------------------------------------------------------------------------------------


@pytest.mark.redis
async def test_a_server_that_stops_sends_its_pages_to_another_and_nothing_is_lost(
    open_exchange: OpenExchange, connect_bus: ConnectBus, redis_url: str
) -> None:
    here, there = [await open_exchange(await connect_bus(redis_url)) for _ in range(2)]
    cabin, doctor = await both((here, here, here))
    listener = await here.page("queue")
    draining = asyncio.create_task(here.gateway.drain(5.0))
    pauses = [(await page.hear(Reconnect)).after for page in (cabin, doctor, listener)]
    assert [await page.closed_with() for page in (cabin, doctor, listener)] == [1012] * 3
    assert all(0 <= pause <= 1000 for pause in pauses[:2])  # pages in a call do not wait for long
    assert 0 <= pauses[2] <= 5000
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503") as refused:
        await here.socket()
    assert refused.value.headers
    assert refused.value.headers["Connection"] == "close"  # the next attempt must not come here again
    await there.switchboard.nudge("queue")
    doctor = await there.resumed(doctor)
    await doctor.say(Offer(SDP))
    cabin, listener = await there.resumed(cabin), await there.resumed(listener)
    assert await cabin.hear(Offer) == Offer(SDP)
    assert await listener.hear(Nudge) == Nudge("queue")
    await asyncio.wait_for(draining, 3)  # it stays no longer than it is needed


async def test_a_server_alone_waits_for_nobody(open_exchange: OpenExchange) -> None:
    exchange = await open_exchange(LocalBus())
    page = await exchange.page("queue")
    await asyncio.wait_for(exchange.gateway.drain(60.0), 3)
    assert await page.closed_with() == 1012


async def test_a_seat_on_a_server_that_died_is_told_gone(
    open_exchange: OpenExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "BEAT", 0.02)
    monkeypatch.setattr(neighbours, "LEASE", 0.4)
    bus = LocalBus()
    here, there = [await open_exchange(bus) for _ in range(2)]
    cabin, doctor = await both((here, here, there))
    assert here.switchboard._vigil._beating
    here.switchboard._vigil._beating.cancel()  # as kill -9 would: nothing is said any more
    assert await doctor.hear(PeerLeft) == PeerLeft(PATIENT, "gone")
    await cabin.say(Ping())
    await cabin.hear(Pong)


@pytest.mark.redis
async def test_frames_said_while_redis_was_lost_are_heard_when_it_is_back(
    mortal_redis: MortalRedis, open_exchange: OpenExchange, connect_bus: ConnectBus
) -> None:
    await mortal_redis.start()
    here, there = [await open_exchange(await connect_bus(mortal_redis.url)) for _ in range(2)]
    cabin, doctor = await both((here, here, there))
    await doctor.say(Candidate("candidate:0"))
    await cabin.hear(Candidate)
    mortal_redis.kill()
    for number in range(1, 6):
        await doctor.say(Candidate(f"candidate:{number}"))
    await until(lambda: not here.bus.connected and not there.bus.connected)
    await cabin.say(Answer(SDP))
    await mortal_redis.start()
    assert [await cabin.hear(Candidate) for _ in range(5)] == [Candidate(f"candidate:{n}") for n in range(1, 6)]
    assert await doctor.hear(Answer) == Answer(SDP)
