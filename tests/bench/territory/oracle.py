"""The best plan that an exact solver finds, and what none can be cheaper than: for measures alone, never installed.

Each wish chooses one of its cheapest options (a moment with a doctor, a cabin, a health worker) or none; nobody is in
two places; trips and left-out wishes cost what they cost on the board. Google OR-Tools is not among our libraries:
`pip install ortools` beside them to have this measured.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.planning import MISSED, NOBODY, TRIP, Placed, Plan, Problem, Wish
from server.scheduler.rules.search import GRID, NEEDS

OPTIONS = 80  # of each wish; the plan's own among them


@dataclass(frozen=True)
class Best:
    """What the solver came to: its cheapest plan over the options, and its bound for them."""

    cost: float
    bound: float
    proven: bool


def solver() -> Any | None:
    """The solver's module, None where it is not installed."""
    try:
        return import_module("ortools.sat.python.cp_model")
    except ImportError:
        return None


def best(cp: Any, problem: Problem, plan: Plan, seconds: float) -> Best:
    """Solve, beginning from a plan."""
    model = cp.CpModel()
    held: dict[tuple[int, int], list[Any]] = defaultdict(list)
    trips: dict[tuple[int, int], Any] = {}
    out: dict[object, list[Any]] = defaultdict(list)
    costs: list[Any] = []
    for wish, at in zip(problem.wishes, plan, strict=True):
        left = model.NewBoolVar("")
        chosen = [left]
        model.AddHint(left, at is None)
        for one in {*options(problem, wish)[:OPTIONS], *([at] if at else [])}:
            var = model.NewBoolVar("")
            model.AddHint(var, one == at)
            chosen.append(var)
            costs.append(one.cost * var)
            for row in {one.doctor, one.cabin, one.worker, wish.patient} - {NOBODY}:
                for unit in range(one.unit, one.unit + NEEDS[problem.diaries[row].kind]):
                    held[row, unit].append(var)
            if one.worker != NOBODY:
                trip = trips.setdefault((one.worker, one.half), model.NewBoolVar(""))
                model.AddImplication(var, trip)
        model.AddExactlyOne(chosen)
        out[wish.village].append(left)
    for some in held.values():
        model.AddAtMostOne(some)
    for lefts in out.values():
        steps = [model.NewBoolVar("") for _ in lefts]
        model.Add(sum(steps) == sum(lefts))
        costs += [(MISSED + MISSED * nth // len(lefts)) * step for nth, step in enumerate(steps)]
    model.Minimize(sum(costs) + TRIP * sum(trips.values()))
    solving = cp.CpSolver()
    solving.parameters.max_time_in_seconds = seconds
    solving.parameters.num_workers = 2
    status = solving.Solve(model)
    return Best(solving.ObjectiveValue(), solving.BestObjectiveBound(), status == cp.OPTIMAL)


def options(problem: Problem, wish: Wish) -> list[Placed]:
    """Every way to serve a wish, the cheapest first: a moment, who, and where."""
    doctors = [(row, tier.cost) for tier in wish.doctors for row in tier.rows]
    workers = [(row, tier.cost) for tier in wish.workers for row in tier.rows] if wish.accompanied else [(NOBODY, 0)]
    free = {row: _starts(problem, row) for row in {*(row for row, _ in doctors), *wish.cabins, wish.patient}}
    free |= {row: _starts(problem, row) for row, _ in workers if row != NOBODY}
    found = [
        Placed(unit, doctor, cabin, worker, day.cost + cost + beside, cost, day)
        for day in wish.days
        for doctor, cost in doctors
        for cabin in wish.cabins
        for worker, beside in workers
        for unit in sorted(free[doctor] & free[cabin] & free[wish.patient])
        if day.start <= unit < day.stop and (worker == NOBODY or unit in free[worker])
    ]
    return sorted(found, key=lambda one: one.cost)


_KNOWN: dict[tuple[int, int], frozenset[int]] = {}


def _starts(problem: Problem, row: int) -> frozenset[int]:
    """Where a resource could begin, by the cabin."""
    key = id(problem), row
    if key not in _KNOWN:
        diary = problem.diaries[row]
        need = NEEDS[diary.kind]
        first = 0 if diary.kind is not ResourceKind.PATIENT else problem.grid
        units = (unit for start, stop in diary.remote for unit in range(start, stop - need + 1))
        _KNOWN[key] = frozenset(unit for unit in units if unit >= first and (unit - problem.grid) % GRID == 0)
    return _KNOWN[key]
