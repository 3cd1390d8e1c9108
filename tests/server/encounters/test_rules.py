"""The machine of a visit as a table, what lacks before waiting, which screen comes, and an honest wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from server.encounters.rules import (
    ABANDONED_AFTER,
    CLOSED,
    MOVES,
    Answers,
    CallStatus,
    CancelReason,
    Decision,
    EncounterStatus,
    Lack,
    Move,
    Reason,
    RedFlag,
    State,
    Step,
    WrongMove,
    after,
    check_words,
    is_abandoned,
    is_urgent,
    lacks,
    may_move,
    next_step,
    refuse_lacking,
    stays_for,
    wait,
    with_flags,
)
from server.kernel.access import Role
from server.kernel.errors import Invalid

S, C = EncounterStatus, CallStatus
NO_FLAGS = dict.fromkeys(RedFlag, False)
READY = Answers(reason=Reason.PAIN, flags=NO_FLAGS)
answers = st.builds(
    Answers,
    reason=st.none() | st.sampled_from(Reason),
    flags=st.dictionaries(st.sampled_from(RedFlag), st.booleans()),
    urgent_acknowledged=st.booleans(),
)
states = st.sampled_from(sorted({state for state in MOVES.values()}, key=str))


@pytest.mark.parametrize(("state", "move"), list(product([None, *(State(s, c) for s in S for c in C)], Move)))
def test_a_move_that_is_not_drawn_is_refused(state: State | None, move: Move) -> None:
    drawn = (state, move) in MOVES
    voids = move is Move.VOID and state is not None and state.status is not S.ENTERED_IN_ERROR
    if drawn or voids:
        after(state, move)
    else:
        with pytest.raises(WrongMove):
            after(state, move)


def test_what_is_closed_moves_only_to_entered_in_error() -> None:
    assert {move for (state, move) in MOVES if state is not None and state.status in CLOSED} == set()
    assert after(State(S.FINISHED, C.ENDED), Move.VOID) == State(S.ENTERED_IN_ERROR, C.ENDED)
    assert after(State(S.CANCELLED), Move.VOID) == State(S.ENTERED_IN_ERROR)


def test_only_a_visit_in_progress_has_a_running_call() -> None:
    assert all(state.status is S.IN_PROGRESS for state in MOVES.values() if state.call in (C.RINGING, C.LIVE))


def test_each_move_has_people_who_may_make_it_and_a_coordinator_makes_none() -> None:
    assert all(any(may_move(role, move) for role in Role) for move in Move)
    assert not any(may_move(role, move) for role in (Role.COORDINATOR, Role.ADMIN) for move in Move)
    assert not may_move(Role.CABIN, Move.CLAIM)
    assert not may_move(Role.GP, Move.TRIAGE)


@given(answers)
def test_the_cabin_always_has_a_screen_and_asks_only_for_what_lacks(said: Answers) -> None:
    step = next_step(State(S.ARRIVED), said)
    assert (step is Step.CONSENT) == (lacks(said, Decision.GIVEN) == ())
    assert (step is Step.EMERGENCY) <= is_urgent(said)


@given(states, answers, st.none() | st.sampled_from(CancelReason))
def test_every_state_has_its_screen(state: State, said: Answers, reason: CancelReason | None) -> None:
    assert next_step(state, said, reason) in Step


def test_a_yes_asks_for_the_emergency_guidance_before_anything_else() -> None:
    said = with_flags(READY, {RedFlag.STROKE: True})
    assert lacks(said, Decision.GIVEN) == (Lack.EMERGENCY,)
    assert next_step(State(S.ARRIVED), said) is Step.EMERGENCY
    gone_on = msgspec.structs.replace(said, urgent_acknowledged=True)
    assert next_step(State(S.ARRIVED), gone_on) is Step.CONSENT
    again = with_flags(gone_on, {RedFlag.BLEEDING: True})
    assert next_step(State(S.ARRIVED), again) is Step.EMERGENCY


def test_the_same_yes_said_twice_does_not_ask_twice() -> None:
    said = with_flags(Answers(urgent_acknowledged=True, flags={RedFlag.STROKE: True}), {RedFlag.STROKE: True})
    assert said.urgent_acknowledged


def test_a_new_visit_lacks_everything_but_an_emergency() -> None:
    assert lacks(Answers(), None) == (Lack.REASON, Lack.FLAGS, Lack.CONSENT)
    assert lacks(READY, Decision.REFUSED) == (Lack.CONSENT,)
    with pytest.raises(Invalid) as refused:
        refuse_lacking(lacks(Answers(), None))
    assert set(refused.value.fields) == {"reason", "flags", "consent"}
    refuse_lacking(lacks(READY, Decision.GIVEN))


def test_after_a_refusal_the_screen_proposes_a_doctor_in_person() -> None:
    assert next_step(State(S.CANCELLED), READY, CancelReason.REFUSED_CONSENT) is Step.IN_PERSON
    assert next_step(State(S.CANCELLED), READY, CancelReason.GAVE_UP) is Step.GOODBYE
    assert stays_for(CancelReason.REFUSED_CONSENT)
    assert not stays_for(CancelReason.ABANDONED)


def test_words_are_trimmed_and_have_an_end() -> None:
    assert check_words("  mal \n") == "mal"
    with pytest.raises(Invalid):
        check_words("a" * 501)


def test_only_an_intake_is_abandoned_and_only_after_a_while() -> None:
    came = datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert not is_abandoned(S.ARRIVED, came, came + ABANDONED_AFTER)
    assert is_abandoned(S.ARRIVED, came, came + ABANDONED_AFTER + timedelta(seconds=1))
    assert not is_abandoned(S.TRIAGED, came, came + timedelta(days=1))


def test_without_a_doctor_no_wait_is_promised() -> None:
    assert wait(0, 0, 0) is None


def test_the_first_in_line_of_a_free_doctor_waits_five_minutes_at_most() -> None:
    assert wait(0, 0, 1) == (0, 5)
    assert wait(3, 1, 1) == (25, 65)


people = st.integers(0, 30)


@given(people, people, st.integers(1, 9), st.floats(3, 60))
def test_a_wait_is_a_range_in_fives_that_grows_with_the_line(
    ahead: int, running: int, doctors: int, usual: float
) -> None:
    now, one_more = wait(ahead, running, doctors, usual), wait(ahead + 1, running, doctors, usual)
    assert now is not None
    assert one_more is not None
    assert 0 <= now[0] < now[1]
    assert now[0] % 5 == now[1] % 5 == 0
    assert now <= one_more


class AnyProgram(RuleBasedStateMachine):
    """Visits of three patients, two doctors and two cabins in any order, with the guards that the services add."""

    def __init__(self) -> None:
        super().__init__()
        self.visits: dict[int, State] = {}
        self.consented: set[int] = set()
        self.doctor: dict[int, int] = {}
        self.fence: dict[int, int] = {}
        self.moved_on: set[int] = set()

    def _move(self, visit: int, move: Move) -> bool:
        before = self.visits.get(visit)
        try:
            self.visits[visit] = after(before, move)
        except WrongMove:
            assert self.visits.get(visit) == before
            return False
        if before is not None and before.status is S.FINISHED:
            self.moved_on.add(visit)
        return True

    @rule(visit=st.integers(0, 2), move=st.sampled_from(sorted(set(Move) - {Move.TRIAGE, Move.CLAIM, Move.RELEASE})))
    def anybody_moves(self, visit: int, move: Move) -> None:
        self._move(visit, move)

    @rule(visit=st.integers(0, 2), agrees=st.booleans())
    def answers_the_consent(self, visit: int, agrees: bool) -> None:
        if agrees and self._move(visit, Move.TRIAGE):
            self.consented.add(visit)

    @rule(visit=st.integers(0, 2), doctor=st.integers(0, 1))
    def claims(self, visit: int, doctor: int) -> None:
        busy = {self.doctor[v] for v, state in self.visits.items() if state.status is S.IN_PROGRESS}
        if doctor not in busy and self._move(visit, Move.CLAIM):
            self.doctor[visit] = doctor
            self.fence[visit] = self.fence.get(visit, 0) + 1

    @precondition(lambda self: self.doctor)
    @rule(visit=st.integers(0, 2))
    def releases(self, visit: int) -> None:
        fence = self.fence.get(visit)
        self._move(visit, Move.RELEASE)
        assert self.fence.get(visit) == fence

    @invariant()
    def no_call_rings_or_lives_without_consent(self) -> None:
        ringing = {visit for visit, state in self.visits.items() if state.call in (C.RINGING, C.LIVE, C.ENDED)}
        voided = {visit for visit, state in self.visits.items() if state.status is S.ENTERED_IN_ERROR}
        assert ringing - voided <= self.consented

    @invariant()
    def nobody_has_two_visits_in_progress(self) -> None:
        running = [self.doctor[v] for v, state in self.visits.items() if state.status is S.IN_PROGRESS]
        assert len(running) == len(set(running))

    @invariant()
    def what_was_finished_is_finished_or_an_error(self) -> None:
        assert all(self.visits[visit].status is S.ENTERED_IN_ERROR for visit in self.moved_on)


TestAnyProgram = AnyProgram.TestCase
