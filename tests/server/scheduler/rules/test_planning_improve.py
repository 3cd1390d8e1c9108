"""Plans get cheaper with time, never break a rule, and come near the best there is."""

from __future__ import annotations

from itertools import product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from server.scheduler.rules.planning import Board, Problem, cost_of
from server.scheduler.rules.planning_improve import Left, first_come, greedy, improve
from tests.server.scheduler.rules.test_planning import refuse_faults
from tests.server.scheduler.territory import territory


def rounds(count: int) -> Left:
    """So many rounds, and then no time is left."""
    asked = iter(range(count + 1))
    return lambda: 1 - next(asked) / count


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_an_improved_plan_is_never_dearer_and_breaks_no_rule(seed: int) -> None:
    random = Random(seed)
    problem = territory(random, wishes=40, cabins=2, doctors=3, weeks=2, booked=0.5)
    board = greedy(problem, random)
    before = board.cost
    plan = improve(board, rounds(60))
    refuse_faults(problem, plan)
    assert cost_of(problem, plan) <= before


def test_a_loaded_territory_gains_over_one_by_one() -> None:
    random = Random(3)
    problem = territory(random, wishes=120, cabins=4, doctors=8, weeks=4)
    one_by_one = first_come(problem, random)
    plan = improve(greedy(problem, random), rounds(600))
    assert cost_of(problem, plan) < 0.97 * cost_of(problem, one_by_one)
    assert sum(at is not None for at in plan) >= sum(at is not None for at in one_by_one)


def test_small_territories_are_planned_as_well_as_can_be() -> None:
    for seed in range(6):
        random = Random(seed)
        problem = territory(random, wishes=3, cabins=1, doctors=2, weeks=1, booked=0.93)
        plan = improve(greedy(problem, random), rounds(300))
        assert cost_of(problem, plan) == _cheapest(problem)


def test_nothing_to_plan_is_planned_at_once() -> None:
    problem = territory(Random(1), wishes=0, cabins=1, doctors=1)
    assert improve(Board(problem, Random(1)), rounds(1)) == ()


def _cheapest(problem: Problem) -> int:
    """What the best of all orders and all single days costs: each wish is offered each of its days, or none."""
    best = []
    for days in product(*[(None, *wish.days) for wish in problem.wishes]):
        for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
            board = Board(problem, Random(0))
            for number in order:
                found = board.find(number) if days[number] is not None else None
                if found is not None and found.day == days[number]:
                    board.place(number, found)
            best.append(board.cost)
    return min(best)
