"""How long a moment is kept for one person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.kernel.errors import Invalid
from server.scheduler.rules.hold import HOLD_FOR, LONGEST_FOR, is_over, until
from tests.clock import MONDAY_MORNING

FAR = MONDAY_MORNING + timedelta(days=7)


@pytest.mark.parametrize("lasts_for", [HOLD_FOR, LONGEST_FOR])
def test_a_moment_is_kept_for_as_long_as_was_said(lasts_for: timedelta) -> None:
    assert until(MONDAY_MORNING, lasts_for, FAR) == MONDAY_MORNING + lasts_for


def test_a_near_moment_is_not_kept_longer_than_until_it_begins() -> None:
    near = MONDAY_MORNING + timedelta(hours=2)
    assert until(MONDAY_MORNING, LONGEST_FOR, near) == near


@pytest.mark.parametrize("lasts_for", [timedelta(0), timedelta(seconds=-1), timedelta(hours=25)])
def test_nobody_keeps_a_moment_for_no_time_or_for_days(lasts_for: timedelta) -> None:
    with pytest.raises(Invalid):
        until(MONDAY_MORNING, lasts_for, FAR)


def test_a_hold_is_over_at_the_very_instant_that_was_said() -> None:
    end = until(MONDAY_MORNING, HOLD_FOR, FAR)
    assert not is_over(end, end - timedelta(microseconds=1))
    assert is_over(end, end)
