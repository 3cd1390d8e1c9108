"""A doctor's month is counted in quarters; a village waits when it is served least and somebody is overdue."""

from __future__ import annotations

from server.kernel.ids import SiteId, new_id
from server.scheduler.rules.fairness import Shares, quarter, waiting


def test_a_month_is_counted_in_quarters_and_never_in_more_than_three() -> None:
    assert [quarter(load) for load in (0.0, 0.24, 0.25, 0.5, 0.75, 1.0)] == [0, 0, 1, 2, 3, 3]


def test_a_village_waits_when_it_is_served_least_and_somebody_is_overdue() -> None:
    near, far, quiet = SiteId(new_id()), SiteId(new_id()), SiteId(new_id())
    loads = {near: 0.8, far: 0.1, quiet: 0.1}
    assert waiting(loads, {near, far}) == {far}
    assert waiting({}, {far}) == frozenset()
    assert waiting(dict.fromkeys(loads, 0.0), {near, far}) == frozenset()


def test_a_doctor_is_roomier_only_than_somebody() -> None:
    one, other = new_id(), new_id()
    shares = Shares({one: 0, other: 2})
    assert (shares.roomier(one), shares.roomier(other)) == (True, False)
    assert (Shares({one: 1}).roomier(one), Shares().roomier(one)) == (False, False)
