"""A call for help outranks, ages and closes as its page says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.encounters.help_rules import (
    ANSWER_SHOWN_FOR,
    LATE_AFTER,
    HelpCall,
    HelpKind,
    answered,
    asked,
    changes_in,
    is_late,
    is_open,
    outlives_goodbye,
)
from server.kernel.ids import AccountId, new_id

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SYLVIE, THOMAS = AccountId(new_id()), AccountId(new_id())
HELP, EMERGENCY = HelpCall(HelpKind.HELP, NOW), HelpCall(HelpKind.EMERGENCY, NOW)
later = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=20))


def test_asking_again_keeps_the_first_time() -> None:
    assert asked(HELP, HelpKind.HELP, NOW + timedelta(minutes=3)) == HELP


def test_an_emergency_outranks_help_keeps_its_time_and_must_be_answered_anew() -> None:
    coming = answered(HELP, SYLVIE, NOW)
    assert asked(coming, HelpKind.EMERGENCY, NOW + timedelta(minutes=1)) == EMERGENCY


def test_help_does_not_make_an_emergency_less() -> None:
    coming = answered(EMERGENCY, SYLVIE, NOW)
    assert asked(coming, HelpKind.HELP, NOW + timedelta(minutes=1)) == coming


def test_a_call_that_is_over_is_followed_by_a_new_one() -> None:
    over = answered(EMERGENCY, SYLVIE, NOW)
    again = NOW + ANSWER_SHOWN_FOR
    assert asked(over, HelpKind.HELP, again) == HelpCall(HelpKind.HELP, again)


def test_who_answers_first_stays() -> None:
    assert answered(answered(HELP, SYLVIE, NOW), THOMAS, NOW + timedelta(seconds=2)).answered_by == SYLVIE


@given(later)
def test_an_unanswered_call_never_closes_by_itself(waited: timedelta) -> None:
    assert is_open(HELP, NOW + waited)
    assert is_late(HELP, NOW + waited) is (waited >= LATE_AFTER)


@given(later)
def test_an_answered_call_is_shown_for_ten_minutes_and_is_never_late(waited: timedelta) -> None:
    coming = answered(HELP, SYLVIE, NOW)
    assert is_open(coming, NOW + waited) is (waited < timedelta(minutes=10))
    assert not is_late(coming, NOW + waited)


@given(later, st.booleans())
def test_the_words_change_when_they_were_said_to_and_not_before(waited: timedelta, coming: bool) -> None:
    call, now = answered(HELP, SYLVIE, NOW) if coming else HELP, NOW + waited
    if not is_open(call, now):
        return
    seconds = changes_in(call, now)
    if seconds is None:
        assert is_late(call, now)
        return
    then = now + timedelta(seconds=seconds)
    assert (is_open(call, then), is_late(call, then)) != (is_open(call, now), is_late(call, now))


@pytest.mark.parametrize(
    ("call", "stays"),
    [(HELP, False), (EMERGENCY, True), (answered(EMERGENCY, SYLVIE, NOW), False), (answered(HELP, SYLVIE, NOW), False)],
)
def test_only_an_emergency_that_nobody_answered_outlives_a_goodbye(call: HelpCall, stays: bool) -> None:
    assert outlives_goodbye(call) is stays
