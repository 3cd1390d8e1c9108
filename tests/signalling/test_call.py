"""One call's seats: a table of moves, and what holds after any of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalling.call import (
    NOBODY,
    Admit,
    Call,
    Claim,
    Dismiss,
    Effect,
    Repeat,
    Tell,
    admit,
    bury,
    differences,
    dismiss,
    end,
    sit,
    stand,
)
from signalling.protocol import Bye, PeerJoined, PeerLeft, Seat

PATIENT, PRACTITIONER, LOBBY = Seat.PATIENT, Seat.PRACTITIONER, Seat.LOBBY
P1, P2, P3 = (Claim(at, "here", f"p{at}", f"page-p{at}") for at in (1, 2, 3))
D1, D2 = (Claim(at, "there", f"d{at}", f"page-d{at}") for at in (1, 2))
MOVED = Claim(5, "there", "p2", "page-p2")  # the connection of P2, on another server
L1, L2 = (Claim(at, "there", f"l{at}", f"page-l{at}") for at in (1, 2))
WARM = Call({PATIENT: P1, LOBBY: L1})
BOTH = Call({PATIENT: P2, PRACTITIONER: D1})


@pytest.mark.parametrize(
    ("before", "moved", "after", "effects"),
    [
        (NOBODY, lambda call: sit(call, PATIENT, P1), Call({PATIENT: P1}), ()),
        (Call({PATIENT: P1}), lambda call: sit(call, PATIENT, P1), Call({PATIENT: P1}), ()),
        (Call({PATIENT: P1}), lambda call: sit(call, PATIENT, P2), Call({PATIENT: P2}), (Dismiss("p1"),)),
        (Call({PATIENT: P2}), lambda call: sit(call, PATIENT, P1), Call({PATIENT: P2}), (Repeat(PATIENT, P2),)),
        (
            Call({PATIENT: P1}),
            lambda call: sit(call, PRACTITIONER, D1),
            Call({PATIENT: P1, PRACTITIONER: D1}),
            (Tell("p1", PeerJoined(PRACTITIONER, "page-d1")), Repeat(PATIENT, P1)),
        ),
        (
            BOTH,
            lambda call: sit(call, PATIENT, P3),
            Call({PATIENT: P3, PRACTITIONER: D1}),
            (Dismiss("p2"), Tell("d1", PeerJoined(PATIENT, "page-p3")), Repeat(PRACTITIONER, D1)),
        ),
        (BOTH, lambda call: sit(call, PATIENT, MOVED), Call({PATIENT: MOVED, PRACTITIONER: D1}), ()),
        (BOTH, lambda call: bury(call, "there"), Call({PATIENT: P2}), (Tell("p2", PeerLeft(PRACTITIONER, "gone")),)),
        (BOTH, lambda call: bury(call, "nowhere"), BOTH, ()),
        (
            Call({PATIENT: P1}),
            lambda call: sit(call, LOBBY, L1),
            Call({PATIENT: P1, LOBBY: L1}),
            (Tell("p1", PeerJoined(LOBBY, "page-l1")), Repeat(PATIENT, P1)),
        ),
        (BOTH, lambda call: sit(call, LOBBY, L1), BOTH, (Tell("l1", Bye("taken")),)),
        (
            Call({LOBBY: L1}),
            lambda call: sit(call, LOBBY, L2),
            Call({LOBBY: L2}),
            (Tell("l1", Bye("taken")),),
        ),
        (
            WARM,
            lambda call: admit(call, "l1"),
            Call({PATIENT: P1, PRACTITIONER: L1}),
            (Tell("p1", PeerJoined(PRACTITIONER, "page-l1")), Admit("l1")),
        ),
        (
            WARM,
            lambda call: admit(call, "d1"),
            Call({PATIENT: P1}),
            (Tell("l1", Bye("taken")), Tell("p1", PeerLeft(LOBBY, "taken"))),
        ),
        (BOTH, lambda call: admit(call, "d1"), BOTH, ()),
        (
            WARM,
            lambda call: sit(call, PRACTITIONER, D1),
            Call({PATIENT: P1, PRACTITIONER: D1}),
            (
                Tell("l1", Bye("taken")),
                Tell("p1", PeerLeft(LOBBY, "taken")),
                Tell("p1", PeerJoined(PRACTITIONER, "page-d1")),
                Repeat(PATIENT, P1),
            ),
        ),
        (NOBODY, lambda call: stand(call, PATIENT, "p1", "gone"), NOBODY, ()),
        (Call({PATIENT: P2}), lambda call: stand(call, PATIENT, "p1", "gone"), Call({PATIENT: P2}), ()),
        (Call({PATIENT: P1}), lambda call: stand(call, PATIENT, "p1", "gone"), NOBODY, ()),
        (
            BOTH,
            lambda call: stand(call, PATIENT, "p2", "gone"),
            Call({PRACTITIONER: D1}),
            (Tell("d1", PeerLeft(PATIENT, "gone")),),
        ),
        (NOBODY, lambda call: end(call, "ended"), NOBODY, ()),
        (BOTH, lambda call: end(call, "ended"), NOBODY, (Tell("p2", Bye("ended")), Tell("d1", Bye("ended")))),
        (BOTH, lambda call: end(call, "hung-up", "p2"), NOBODY, (Tell("d1", Bye("hung-up")),)),
        (Call({PATIENT: P1}), lambda call: dismiss(call, PRACTITIONER, "released"), Call({PATIENT: P1}), ()),
        (
            BOTH,
            lambda call: dismiss(call, PATIENT, "moved"),
            Call({PRACTITIONER: D1}),
            (Tell("p2", Bye("moved")), Tell("d1", PeerLeft(PATIENT, "moved"))),
        ),
    ],
)
def test_each_move_leads_where_the_table_says(before: Call, moved, after: Call, effects: tuple[Effect, ...]) -> None:
    assert moved(before) == (after, effects)


claims = st.builds(
    lambda at, node: Claim(at, node, f"{at}-{node}", f"page-{at}-{node}"), st.integers(1, 5), st.sampled_from("abc")
)
seatings = st.tuples(st.sampled_from(Seat), claims)


@given(st.lists(seatings, max_size=8), st.randoms())
def test_servers_that_hear_the_same_claims_in_any_order_agree_who_sits(heard, random) -> None:
    shuffled = list(heard)
    random.shuffle(shuffled)
    calls = []
    for order in (heard, shuffled):
        call = NOBODY
        for seat, claim in order:
            call, _ = sit(call, seat, claim)
        calls.append(call)
    assert calls[0] == calls[1]
    seated = any(at is Seat.PRACTITIONER for at, _ in heard)
    for seat in Seat:
        latest = max((claim for at, claim in heard if at is seat), default=None)
        assert calls[0].holder(seat) == (None if seat is Seat.LOBBY and seated else latest)


moves = st.one_of(
    seatings.map(lambda taken: lambda call: sit(call, *taken)),
    seatings.map(lambda left: lambda call: stand(call, left[0], left[1].connection, "gone")),
    st.sampled_from(Seat).map(lambda seat: lambda call: dismiss(call, seat, "moved")),
    st.just(lambda call: end(call, "ended")),
    claims.map(lambda claim: lambda call: admit(call, claim.connection)),
)


@given(st.lists(moves, max_size=12))
def test_only_those_who_sit_or_just_sat_are_told_anything(moves) -> None:
    call = NOBODY
    for move in moves:
        after, effects = move(call)
        seen = {held for one in (call, after) for held in one.claims.values()}
        refused = Bye("taken")  # the lobby was full: whoever came is told so
        told = {
            one.connection
            for one in effects
            if isinstance(one, (Tell, Dismiss)) and one != Tell(one.connection, refused)
        }
        assert told <= {claim.connection for claim in seen}
        assert {effect.claim for effect in effects if isinstance(effect, Repeat)} <= seen
        call = after


@given(st.lists(moves, max_size=12))
def test_whoever_loses_a_seat_is_told_unless_it_left_by_itself(moves) -> None:
    call = NOBODY
    for move in moves:
        after, effects = move(call)
        for seat in Seat:
            before = call.holder(seat)
            if before and before != after.holder(seat):
                told = {effect.connection for effect in effects if isinstance(effect, (Tell, Dismiss, Admit))}
                stood = any(isinstance(e, Tell) and e.message == PeerLeft(seat, "gone") for e in effects)
                alone = not list(call.others(seat))
                assert before.connection in told or stood or alone
        call = after


def test_what_a_seat_missed_is_who_came_and_who_left() -> None:
    anew = BOTH.claims | {PATIENT: P3}
    assert differences(BOTH, BOTH, PATIENT) == ()
    assert differences(BOTH, Call(anew), PATIENT) == ()  # of oneself one is told nothing
    assert differences(BOTH, Call({PATIENT: P2}), PATIENT) == (PeerLeft(PRACTITIONER, "gone"),)
    assert differences(Call({PATIENT: P2}), BOTH, PATIENT) == (PeerJoined(PRACTITIONER, "page-d1"),)
    assert differences(BOTH, Call(anew), PRACTITIONER) == (PeerJoined(PATIENT, "page-p3"),)
    assert differences(BOTH, Call(BOTH.claims | {PATIENT: MOVED}), PRACTITIONER) == ()
