"""The states of an appointment."""

from __future__ import annotations

from itertools import product

import pytest

from server.kernel.errors import Conflict
from server.scheduler.rules.appointment import AppointmentStatus, check_move

S = AppointmentStatus
ENDS = (S.FULFILLED, S.CANCELLED, S.NOSHOW, S.ENTERED_IN_ERROR)


@pytest.mark.parametrize(("before", "then"), list(product(ENDS, S)))
def test_nothing_leads_out_of_an_end_but_entered_in_error(before: S, then: S) -> None:
    if then is S.ENTERED_IN_ERROR and before is not then:
        assert check_move(before, then) is then
        return
    with pytest.raises(Conflict):
        check_move(before, then)


@pytest.mark.parametrize("then", [S.ARRIVED, S.FULFILLED, S.NOSHOW, S.CANCELLED])
def test_a_booked_appointment_can_be_met_missed_or_cancelled(then: S) -> None:
    assert check_move(S.BOOKED, then) is then


def test_who_has_arrived_cannot_cancel_any_more() -> None:
    with pytest.raises(Conflict):
        check_move(S.ARRIVED, S.CANCELLED)
