"""Both ends of a call, on both databases: no seat before consent, and none for strangers."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from server.audit.rules import Action
from server.encounters.rules import CallStatus, IncidentKind
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from server.kernel.ids import EncounterId, new_id
from tests.server.encounters.village import Village


async def test_each_end_gets_its_own_seat_and_a_fresh_ticket_each_time(village: Village) -> None:
    encounter_id = await village.waiting()
    await village.queue.claim(village.gp, encounter_id)
    village.exchange.seats.clear()
    tickets = [
        await village.calls.seat_ticket(village.cabin),
        await village.calls.seat_ticket(village.cabin, encounter_id),
        await village.calls.seat_ticket(village.gp, encounter_id),
    ]
    assert len(set(tickets)) == 3
    assert [(call, seat) for call, seat, _who in village.exchange.seats] == [
        (str(encounter_id), "patient"),
        (str(encounter_id), "patient"),
        (str(encounter_id), "practitioner"),
    ]
    assert await village.logged(Action.CALL_SEATED) == 3


async def test_without_a_given_consent_on_record_nobody_gets_a_seat(village: Village) -> None:
    encounter_id = await village.waiting()
    await village.queue.claim(village.gp, encounter_id)
    village.exchange.seats.clear()
    async with village.database.transaction() as tx:
        await tx.execute(text("UPDATE consent SET decision = 'refused'"))
    for who in (village.cabin, village.gp):
        with pytest.raises(NotAllowed) as refused:
            await village.calls.seat_ticket(who, encounter_id)
        assert refused.value.code == "no-consent"
        with pytest.raises(NotAllowed):
            await village.calls.connected(who, encounter_id)
    assert village.exchange.seats == []
    assert (await village.look(encounter_id)).call is CallStatus.RINGING


async def test_the_cabin_sits_ready_while_it_waits_and_no_doctor_does(village: Village) -> None:
    encounter_id = await village.waiting()
    await village.calls.seat_ticket(village.cabin)
    assert [seat for _call, seat, _who in village.exchange.seats] == ["patient"]
    with pytest.raises(NotFound):
        await village.calls.seat_ticket(village.gp, encounter_id)
    with pytest.raises(Conflict):
        await village.calls.connected(village.cabin)
    assert (await village.look(encounter_id)).call is CallStatus.NONE


async def test_a_doctor_who_reads_the_card_stands_in_the_lobby_and_the_log_knows(village: Village) -> None:
    encounter_id = await village.waiting()
    await village.calls.lobby_ticket(village.gp, encounter_id)
    await village.calls.lobby_ticket(village.other_gp, encounter_id)
    assert [(call, seat) for call, seat, _who in village.exchange.seats] == [(str(encounter_id), "lobby")] * 2
    assert await village.logged(Action.CALL_SEATED) == 2
    assert (await village.look(encounter_id)).call is CallStatus.NONE


async def test_there_is_no_lobby_without_a_given_consent_nor_for_who_does_not_wait(village: Village) -> None:
    encounter_id = await village.waiting()
    for who in (village.cabin, village.nurse):
        with pytest.raises(NotAllowed):
            await village.calls.lobby_ticket(who, encounter_id)
    async with village.database.transaction() as tx:
        await tx.execute(text("UPDATE consent SET decision = 'refused'"))
    with pytest.raises(NotAllowed) as refused:
        await village.calls.lobby_ticket(village.gp, encounter_id)
    assert refused.value.code == "no-consent"
    await village.queue.claim(village.gp, encounter_id)
    elsewhere = await village.waiting(village.other_cabin)
    for who, visit in ((village.other_gp, encounter_id), (village.gp, encounter_id), (village.gp, elsewhere)):
        with pytest.raises(Conflict) as late:
            await village.calls.lobby_ticket(who, visit)
        assert late.value.code == "not-waiting"
    assert village.exchange.seats[1:] == []  # the claim's own


async def test_the_press_lets_the_page_that_pressed_in_and_nobody_else(village: Village) -> None:
    encounter_id = await village.waiting()
    await village.queue.claim(village.gp, encounter_id, "connection-1", "page-1")
    with pytest.raises(Conflict):
        await village.queue.claim(village.other_gp, encounter_id, "connection-2", "page-2")
    pressed = (str(encounter_id), "connection-1", "page-1", str(village.gp.account_id))
    assert village.exchange.admitted == [pressed]


async def test_before_the_consent_there_is_no_call_to_sit_in(village: Village) -> None:
    await village.arrived()
    with pytest.raises(Conflict) as refused:
        await village.calls.seat_ticket(village.cabin)
    assert refused.value.code == "no-call"


async def test_strangers_get_no_seat(village: Village) -> None:
    encounter_id = await village.in_call()
    for who in (village.other_gp, village.other_cabin):
        with pytest.raises(NotFound):
            await village.calls.seat_ticket(who, encounter_id)
    with pytest.raises(NotFound):
        await village.calls.seat_ticket(village.other_cabin)
    with pytest.raises(NotFound):
        await village.calls.seat_ticket(village.gp)
    with pytest.raises(NotFound):
        await village.calls.seat_ticket(village.gp, EncounterId(new_id()))
    with pytest.raises(NotAllowed):
        await village.calls.seat_ticket(village.nurse, encounter_id)


async def test_a_cabin_that_names_another_visit_gets_nothing(village: Village) -> None:
    await village.in_call()
    elsewhere = await village.waiting(village.other_cabin)
    with pytest.raises(NotFound):
        await village.calls.seat_ticket(village.cabin, elsewhere)


async def test_the_first_end_that_sees_something_makes_the_call_live(village: Village) -> None:
    encounter_id = await village.waiting()
    await village.queue.claim(village.gp, encounter_id)
    await village.calls.connected(village.cabin)
    first = village.clock()
    village.clock.advance(seconds=2)
    await village.calls.connected(village.gp, encounter_id)
    visit = await village.look(encounter_id)
    assert (visit.call, visit.live_at) == (CallStatus.LIVE, first)


async def test_after_hanging_up_there_is_no_seat_and_late_words_change_nothing(village: Village) -> None:
    encounter_id = await village.ended()
    with pytest.raises(Conflict):
        await village.calls.seat_ticket(village.gp, encounter_id)
    await village.calls.connected(village.gp, encounter_id)
    assert (await village.look(encounter_id)).call is CallStatus.ENDED


async def test_either_end_hangs_up_for_both_and_twice_is_once(village: Village) -> None:
    encounter_id = await village.in_call()
    await village.calls.hang_up(village.cabin)
    await village.calls.hang_up(village.gp, encounter_id)
    assert village.exchange.closed == [(str(encounter_id), "hung-up")]
    assert (await village.look(encounter_id)).ended_at == village.clock()


async def test_incidents_reach_the_desk_in_order(village: Village) -> None:
    encounter_id = await village.in_call()
    await village.calls.incident(village.cabin, IncidentKind.AUDIO_ONLY, 40)
    village.clock.advance(seconds=50)
    await village.calls.incident(village.gp, IncidentKind.CUT, 12, encounter_id)
    desk = await village.queue.desk_visit(village.gp)
    assert desk is not None
    assert [(one.kind, one.seconds) for one in desk.incidents] == [
        (IncidentKind.AUDIO_ONLY, 40),
        (IncidentKind.CUT, 12),
    ]


@pytest.mark.parametrize("seconds", [-1, 4 * 3600 + 1])
async def test_an_impossible_duration_is_refused(village: Village, seconds: int) -> None:
    await village.in_call()
    with pytest.raises(Invalid):
        await village.calls.incident(village.cabin, IncidentKind.CUT, seconds)


async def test_a_broken_page_cannot_fill_the_log_with_incidents(village: Village) -> None:
    await village.in_call()
    for _ in range(30):
        await village.calls.incident(village.cabin, IncidentKind.OTHER)
    with pytest.raises(TooMany):
        await village.calls.incident(village.cabin, IncidentKind.OTHER)
