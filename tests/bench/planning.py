"""12 cabins and 40 doctors: 400 due follow-ups planned at once, beside booking one by one and an exact solver."""

from __future__ import annotations

import sys
import time
from random import Random

from server.scheduler.planning.maker import Question, make
from server.scheduler.planning.rules import figures
from server.scheduler.planning.service import PLAN_FOR
from server.scheduler.rules.planning import Plan, Problem, cost_of
from tests.bench import Figure, at_least, at_most
from tests.bench.territory import oracle
from tests.server.scheduler.territory import territory

WISHES, CABINS, DOCTORS = 400, 12, 40
BOOKED = 0.3  # of all diaries is given away already
SOLVER_FOR = 120.0  # s
SEED = 20261122


async def run() -> list[Figure]:
    """Plan one territory, and compare."""
    problem = _problem(beside=0.4)
    begun = time.perf_counter()
    told = await make(Question(problem, PLAN_FOR), _unheard)
    took = time.perf_counter() - begun
    plan, desks = told.plan or (), told.desks or ()
    ours, theirs = figures(problem, plan), figures(problem, desks)
    cost: dict[str, float] = {"one by one": theirs.cost, "cost": ours.cost}
    return [
        at_most(f"{WISHES} follow-ups, {CABINS} cabins, {DOCTORS} doctors", took, "s", 30, cost),
        at_least("kept in window", ours.in_window, "", theirs.in_window, {"one by one": theirs.in_window}),
        at_least(
            "with the doctor who asked", ours.own_doctor, "", theirs.own_doctor, {"one by one": theirs.own_doctor}
        ),
        at_most("trips of health workers", ours.trips, "half-days", theirs.trips, {"one by one": theirs.trips}),
        at_least("village served least", ours.least, "share", theirs.least, {"one by one": theirs.least}),
        *_beside_solver("with trips: ", problem, plan),
        *await _without_trips(),
    ]


async def _without_trips() -> list[Figure]:
    """The same, when nobody needs a health worker beside: the solver can prove its best."""
    if oracle.solver() is None:
        return []
    problem = _problem(beside=0)
    told = await make(Question(problem, PLAN_FOR), _unheard)
    return _beside_solver("without trips: ", problem, told.plan or ())


def _problem(beside: float) -> Problem:
    return territory(Random(SEED), wishes=WISHES, cabins=CABINS, doctors=DOCTORS, booked=BOOKED, beside=beside)


async def _unheard(_percent: int) -> None:
    """Nobody listens to the percents here."""


def _beside_solver(which: str, problem: Problem, plan: Plan) -> list[Figure]:
    cp = oracle.solver()
    if cp is None:
        print("not compared with an exact solver: ortools is not installed (pip install ortools)", file=sys.stderr)
        return []
    found = oracle.best(cp, problem, plan, SOLVER_FOR)
    over = 100 * (cost_of(problem, plan) / found.cost - 1)
    beside = {"its plan": found.cost, "its bound": found.bound, "proven": float(found.proven)}
    return [at_most(f"{which}dearer than the best the solver found", over, "%", 1, beside)]
