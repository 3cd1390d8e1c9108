"""The child that plans: it tells how far it is, comes back with a plan that breaks no rule, and never outlives."""

from __future__ import annotations

from random import Random

import pytest

from server.scheduler.planning import maker
from server.scheduler.planning.maker import NotPlanned, Question, Told, make, plan
from server.scheduler.rules.planning import cost_of
from tests.server.scheduler.rules.test_planning import refuse_faults
from tests.server.scheduler.territory import territory


async def test_a_child_plans_and_tells_how_far_it_is() -> None:
    problem = territory(Random(1), wishes=30, cabins=2, doctors=4, weeks=2)
    percents: list[int] = []

    async def heard(percent: int) -> None:
        percents.append(percent)

    told = await make(Question(problem, 1.2), heard)
    assert percents[0] == 0
    assert percents == sorted(percents)
    assert told.plan is not None
    assert told.desks is not None
    refuse_faults(problem, told.plan)
    assert cost_of(problem, told.plan) <= cost_of(problem, told.desks)


def test_the_plan_that_desks_would_make_is_kept_when_no_better_one_is_met() -> None:
    problem = territory(Random(9), wishes=60, cabins=3, doctors=6, weeks=3)
    heard: list[Told] = []
    told = plan(Question(problem, 0), heard.append)
    assert told.plan is not None
    assert told.desks is not None
    assert cost_of(problem, told.plan) <= cost_of(problem, told.desks)
    assert [one.percent for one in heard] == [0]


async def test_a_child_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maker, "START_FOR", 0.0)

    async def heard(_percent: int) -> None:
        pass

    with pytest.raises(NotPlanned):
        await make(Question(territory(Random(1), wishes=1, cabins=1, doctors=1), 0.01), heard)
