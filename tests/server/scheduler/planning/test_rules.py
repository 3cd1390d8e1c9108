"""What a plan tells in figures."""

from __future__ import annotations

from datetime import date
from random import Random

from server.scheduler.planning.rules import figures, last_day
from server.scheduler.rules.planning import cost_of
from server.scheduler.rules.planning_improve import greedy
from tests.server.scheduler.territory import territory


def test_the_figures_of_villages_add_up_to_those_of_the_plan() -> None:
    random = Random(4)
    problem = territory(random, wishes=40, cabins=3, doctors=3, weeks=2, booked=0.6)
    plan = greedy(problem, random).plan()
    told = figures(problem, plan)
    assert told.asked == sum(one.asked for one in told.villages) == 40
    assert told.placed == sum(one.placed for one in told.villages) == sum(at is not None for at in plan)
    assert told.in_window == sum(one.in_window for one in told.villages) <= told.placed
    assert 0 < told.trips <= told.accompanied
    assert told.own_doctor <= told.placed
    assert told.least == min(one.in_window / one.asked for one in told.villages)
    assert told.cost == cost_of(problem, plan)


def test_no_wishes_leave_no_village_behind() -> None:
    problem = territory(Random(1), wishes=0, cabins=1, doctors=1)
    assert figures(problem, ()).least == 1.0


def test_a_plan_looks_six_weeks_ahead() -> None:
    assert last_day(date(2026, 3, 2)) == date(2026, 4, 13)
