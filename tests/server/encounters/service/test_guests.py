"""The third seat on both databases: a code opens once, nothing flows before a yes, and every end closes both pairs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from server.audit.rules import Action
from server.encounters.guest_rules import CODE_FOR, GuestPart, GuestStatus, pair
from server.encounters.service import Guests
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn, TooMany
from server.kernel.ids import EncounterId, GuestId, new_id
from server.records.rules.note import Part, Participant
from signalling.protocol import Seat
from tests.server.encounters.village import FakeExchange, Village

NAME = "Amina Benali"


class FakeOffice(FakeExchange):
    """The exchange's office, which gives lines too."""

    async def issue_line(self, line: str, who: str) -> str:
        self.seats.append((line, "line", who))
        return f"line-{len(self.seats)}"


@pytest.fixture
def guests(village: Village) -> Guests:
    return Guests(village.ground, FakeOffice(seats=village.exchange.seats), village.exchange)


async def _asking(village: Village, guests: Guests) -> tuple[EncounterId, GuestId, str]:
    encounter_id = await village.in_call()
    made = await guests.invite(village.gp, encounter_id, GuestPart.INTERPRETER)
    return encounter_id, made.guest_id, await guests.enter(made.code, NAME, "::1")


async def _inside(village: Village, guests: Guests) -> tuple[EncounterId, GuestId, str]:
    encounter_id, guest_id, token = await _asking(village, guests)
    await guests.answer(village.cabin, guest_id, agrees=True)
    return encounter_id, guest_id, token


async def test_three_people_get_four_seats_in_two_pairs_and_the_note_names_the_third(
    village: Village, guests: Guests
) -> None:
    encounter_id, guest_id, token = await _inside(village, guests)
    village.exchange.seats.clear()
    await guests.seat_ticket(village.gp, encounter_id)
    await guests.guest_ticket(token, Seat.PRACTITIONER)
    await guests.guest_ticket(token, Seat.PATIENT)
    await guests.seat_ticket(village.cabin)
    doctor, cabin = pair(guest_id, Seat.PRACTITIONER), pair(guest_id, Seat.PATIENT)
    assert [(call, seat) for call, seat, _who in village.exchange.seats] == [
        (doctor, "practitioner"),
        (doctor, "patient"),
        (cabin, "practitioner"),
        (cabin, "patient"),
    ]
    await guests.line_ticket(token)
    assert village.exchange.seats[-1][0] == f"guest:{guest_id}"
    async with village.database.transaction() as tx:
        facts = await village.facts.facts(tx, encounter_id)
    assert Participant(Part.INTERPRETER, NAME) in facts.participants
    visit = await village.queue.desk_visit(village.gp)
    assert visit is not None
    assert visit.guests == (Participant(Part.INTERPRETER, NAME),)
    counts = [await village.logged(one) for one in (Action.GUEST_INVITED, Action.GUEST_ASKED, Action.GUEST_ADMITTED)]
    assert counts == [1, 1, 1]


async def test_before_the_patients_yes_there_is_no_seat_for_anybody(village: Village, guests: Guests) -> None:
    encounter_id, guest_id, token = await _asking(village, guests)
    village.exchange.seats.clear()
    for asked in (
        guests.seat_ticket(village.gp, encounter_id),
        guests.seat_ticket(village.cabin),
        guests.guest_ticket(token, Seat.PRACTITIONER),
        guests.guest_ticket(token, Seat.PATIENT),
    ):
        with pytest.raises(Conflict) as refused:
            await asked
        assert refused.value.code == "no-guest"
    assert village.exchange.seats == []
    seen = await guests.at(village.cabin)
    assert seen is not None
    assert (seen.guest_id, seen.name, seen.part) == (guest_id, NAME, GuestPart.INTERPRETER)


async def test_only_the_patient_in_this_cabin_answers(village: Village, guests: Guests) -> None:
    _encounter_id, guest_id, _token = await _asking(village, guests)
    with pytest.raises(NotAllowed):
        await guests.answer(village.gp, guest_id, agrees=True)
    with pytest.raises(NotFound):
        await guests.answer(village.other_cabin, guest_id, agrees=True)
    with pytest.raises(NotFound):
        await guests.answer(village.cabin, GuestId(new_id()), agrees=True)
    with pytest.raises(NotFound):
        await guests.remove(village.other_gp, _encounter_id)
    assert await guests.at(village.other_gp, _encounter_id) is None


async def test_a_no_ends_it_before_and_after_a_yes(village: Village, guests: Guests) -> None:
    encounter_id, guest_id, token = await _asking(village, guests)
    await guests.answer(village.cabin, guest_id, agrees=False)
    assert (await guests.known(token)).status is GuestStatus.REFUSED
    made = await guests.invite(village.gp, encounter_id, GuestPart.FAMILY)
    again = await guests.enter(made.code, "Paul", "::1")
    await guests.answer(village.cabin, made.guest_id, agrees=True)
    await guests.answer(village.cabin, made.guest_id, agrees=False)
    assert (await guests.known(again)).status is GuestStatus.REMOVED
    closed = {call for call, _reason in village.exchange.closed}
    assert closed == {
        pair(one, seat) for one in (guest_id, made.guest_id) for seat in (Seat.PATIENT, Seat.PRACTITIONER)
    }
    with pytest.raises(Conflict):
        await guests.guest_ticket(again, Seat.PATIENT)


async def test_the_doctor_sends_out_at_once_and_the_guest_may_go(village: Village, guests: Guests) -> None:
    encounter_id, guest_id, token = await _inside(village, guests)
    await guests.remove(village.gp, encounter_id)
    await guests.remove(village.gp, encounter_id)
    assert (pair(guest_id, Seat.PATIENT), "removed") in village.exchange.closed
    assert (await guests.known(token)).status is GuestStatus.REMOVED
    made = await guests.invite(village.gp, encounter_id, GuestPart.SPECIALIST)
    own = await guests.enter(made.code, "Dr Roux", "::1")
    await guests.leave(own)
    await guests.leave(own)
    assert (await guests.known(own)).status is GuestStatus.LEFT
    with pytest.raises(NotSignedIn):
        await guests.line_ticket(own)


async def test_the_end_of_the_call_is_the_end_for_the_guest(village: Village, guests: Guests) -> None:
    encounter_id, guest_id, token = await _inside(village, guests)
    await village.calls.hang_up(village.gp, encounter_id)
    assert {call for call, _reason in village.exchange.closed} == {
        str(encounter_id),
        pair(guest_id, Seat.PATIENT),
        pair(guest_id, Seat.PRACTITIONER),
    }
    assert (await guests.known(token)).status is GuestStatus.LEFT
    await village.queue.ring(village.gp, encounter_id)
    with pytest.raises(Conflict):
        await guests.guest_ticket(token, Seat.PATIENT)


async def test_giving_the_patient_back_takes_the_guest_out_too(village: Village, guests: Guests) -> None:
    encounter_id, _guest_id, token = await _inside(village, guests)
    await village.queue.release(village.gp, encounter_id)
    assert (await guests.known(token)).status is GuestStatus.LEFT


async def test_a_code_opens_once_and_not_for_long(village: Village, guests: Guests) -> None:
    encounter_id = await village.in_call()
    made = await guests.invite(village.gp, encounter_id, GuestPart.FAMILY)
    newer = await guests.invite(village.gp, encounter_id, GuestPart.FAMILY)
    with pytest.raises(NotFound):
        await guests.enter(made.code, NAME, "::1")
    await guests.enter(newer.code, NAME, "::1")
    with pytest.raises(NotFound):
        await guests.enter(newer.code, NAME, "::2")
    with pytest.raises(Conflict) as refused:
        await guests.invite(village.gp, encounter_id, GuestPart.FAMILY)
    assert refused.value.code == "guest-there"
    await guests.remove(village.gp, encounter_id)
    late = await guests.invite(village.gp, encounter_id, GuestPart.FAMILY)
    village.clock.advance(CODE_FOR + timedelta(seconds=1))
    with pytest.raises(NotFound):
        await guests.enter(late.code, NAME, "::3")


async def test_who_guesses_is_slowed_down_and_a_name_is_needed(village: Village, guests: Guests) -> None:
    with pytest.raises(Invalid):
        await guests.enter("12345678", " ", "::1")
    for _ in range(6):
        with pytest.raises(NotFound):
            await guests.enter("12345678", NAME, "::1")
    with pytest.raises(TooMany):
        await guests.enter("12345678", NAME, "::1")
    for nth in range(14):
        with pytest.raises(NotFound):
            await guests.enter("12345678", NAME, f"::a{nth}")
    with pytest.raises(TooMany):
        await guests.enter("12345678", NAME, "::b")


async def test_only_in_a_call_is_anybody_asked_in_and_a_token_that_is_none_knows_nobody(
    village: Village, guests: Guests
) -> None:
    encounter_id = await village.ended()
    with pytest.raises(Conflict):
        await guests.invite(village.gp, encounter_id, GuestPart.FAMILY)
    assert await guests.at(village.gp, encounter_id) is None
    for token in ("", "none"):
        with pytest.raises(NotSignedIn):
            await guests.known(token)


async def test_the_database_holds_neither_the_code_nor_the_token_nor_the_name(village: Village, guests: Guests) -> None:
    encounter_id = await village.in_call()
    made = await guests.invite(village.gp, encounter_id, GuestPart.FAMILY)
    async with village.database.reading() as tx:
        before = str((await tx.execute(text("SELECT * FROM guest"))).all())
    token = await guests.enter(made.code, NAME, "::1")
    async with village.database.reading() as tx:
        after = str((await tx.execute(text("SELECT * FROM guest"))).all())
    for secret in (made.code, token, NAME):
        assert secret not in before + after
