"""By how much, and when, somebody is late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.kernel.errors import Conflict, Invalid
from server.scheduler.rules.late import MINUTES, SAID_BEFORE, checked, expected_at, may_be_said
from tests.clock import MONDAY_MORNING

MINUTE = timedelta(minutes=1)


def test_lateness_is_said_in_steps_and_taken_back_at_any_time() -> None:
    for minutes in MINUTES:
        assert checked(minutes, MONDAY_MORNING, MONDAY_MORNING) == minutes
    assert checked(None, MONDAY_MORNING, MONDAY_MORNING + 9 * SAID_BEFORE) is None
    for minutes in (0, -5, 7, 65):
        with pytest.raises(Invalid):
            checked(minutes, MONDAY_MORNING, MONDAY_MORNING)


def test_lateness_is_said_from_three_hours_before_until_an_hour_after() -> None:
    for at in (MONDAY_MORNING - SAID_BEFORE, MONDAY_MORNING + timedelta(hours=1)):
        assert may_be_said(MONDAY_MORNING, at)
    for at in (MONDAY_MORNING - SAID_BEFORE - MINUTE, MONDAY_MORNING + timedelta(hours=1) + MINUTE):
        with pytest.raises(Conflict):
            checked(10, MONDAY_MORNING, at)


def test_who_said_so_is_expected_later() -> None:
    assert expected_at(MONDAY_MORNING, None) == MONDAY_MORNING
    assert expected_at(MONDAY_MORNING, 20) == MONDAY_MORNING + 20 * MINUTE
