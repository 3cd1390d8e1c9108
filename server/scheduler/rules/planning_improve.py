"""Makes a plan: who has fewest moments first, then a few are lifted and placed anew, as long as there is time.

    greedy ──▶ plan ──▶ lift a wish and some of its neighbours ──▶ place them in another order ──▶ cheaper? keep
                          ▲                                                                        dearer? seldom kept,
                          └──────────────────── until the time is over ◀───────────────────────── and less with time

Ruin and recreate (Schrimpf and others, 2000), accepted as in simulated annealing: six hundred follow-ups are too many
to try all, and an exact solver needs minutes and eighty megabytes. Neighbours share a village or a doctor.
"""

from collections.abc import Callable, Iterable
from math import exp
from random import Random

from server.scheduler.rules.planning import Board, Placed, Plan, Problem

WARM, COLD = 4.0, 0.15  # in the coin of costs: at first one in three moves by a day and a half dearer is kept
LIFTED_MOST = 12
BLINK = 0.02
NEAREST = 60  # neighbours from whom those to lift are drawn
Left = Callable[[], float]
"""Which share of the time is left, 1 to 0 and less."""


def first_come(problem: Problem, random: Random) -> Plan:
    """Return the plan that desks make one by one: each person in turn gets the best moment that is left."""
    board = Board(problem, random)
    _fill(board, range(len(problem.wishes)))
    return board.plan()


def greedy(problem: Problem, random: Random) -> Board:
    """Return a board on which those with fewest moments were placed first."""
    board = Board(problem, random)
    _fill(board, sorted(range(len(problem.wishes)), key=board.options))
    return board


def improve(board: Board, left: Left) -> Plan:
    """Return the cheapest plan that was met in the time."""
    problem, random = board.problem, board.random
    near = _neighbours(problem)
    best, best_cost = board.plan(), board.cost
    while problem.wishes and (share := left()) > 0:
        heat = COLD * (WARM / COLD) ** share
        before, numbers = board.cost, _drawn(board, near, random)
        stood = {number: board.lift(number) for number in numbers}
        _fill(board, _ordered(board, numbers, stood, random), BLINK)
        dearer = board.cost - before
        if dearer > 0 and random.random() >= exp(-dearer / heat):
            _put_back(board, stood)
        elif board.cost < best_cost:
            best, best_cost = board.plan(), board.cost
    return best


def _fill(board: Board, numbers: Iterable[int], blink: float = 0.0) -> None:
    for number in numbers:
        if (at := board.find(number, blink)) is not None:
            board.place(number, at)


def _put_back(board: Board, stood: dict[int, Placed | None]) -> None:
    for number in stood:
        board.lift(number)
    for number, at in stood.items():
        if at is not None:
            board.place(number, at)


def _neighbours(problem: Problem) -> list[list[int]]:
    """Return for each wish the nearest others that share a village or the doctor who asked, by due date."""
    wishes = problem.wishes
    own = [set(wish.doctors[0].rows) if wish.doctors else set() for wish in wishes]
    due = [wish.days[0].start if wish.days else 0 for wish in wishes]
    found = []
    for number, wish in enumerate(wishes):
        others = [
            other
            for other, also in enumerate(wishes)
            if other != number and (also.village == wish.village or own[other] & own[number])
        ]
        others.sort(key=lambda other: abs(due[other] - due[number]))
        found.append(others[:NEAREST])
    return found


def _drawn(board: Board, near: list[list[int]], random: Random) -> list[int]:
    """Return a wish that could be better off, or any, and some of its neighbours."""
    count = len(board.placed)
    seed = max((random.randrange(count) for _ in range(random.choice((1, 1, 3)))), key=lambda one: _woe(board, one))
    around = near[seed]
    some = random.sample(around, min(len(around), random.randint(1, LIFTED_MOST)))
    return [seed, *some]


def _woe(board: Board, number: int) -> int:
    at = board.placed[number]
    return 1000 if at is None else at.cost


def _ordered(board: Board, numbers: list[int], stood: dict[int, Placed | None], random: Random) -> list[int]:
    way = random.randrange(3)
    if way == 0:
        return random.sample(numbers, len(numbers))
    if way == 1:
        return sorted(numbers, key=board.options)
    return sorted(numbers, key=lambda one: -(at.cost if (at := stood[one]) else 1000))
