"""The played days are the assumed ones, and the arithmetic on them goes the right way."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.bench.scale import Assumptions, Costs, cores, measured, play

ASSUMED, COSTS = Assumptions(), Costs(message=30e-6, join=0.5e-3, socket_kb=18, resident_mb=110, request=4e-3)


def test_a_day_has_the_visits_the_hours_and_the_lengths_that_are_assumed() -> None:
    days = [play(ASSUMED, 500, random.Random(seed)) for seed in range(5)]
    visits = sum(sum(day.begins) for day in days)
    assert visits / 5 / 500 == pytest.approx(ASSUMED.visits_a_day, rel=0.05)
    assert sum(sum(day.calls) for day in days) / visits == pytest.approx(ASSUMED.minutes + 0.5, rel=0.1)
    assert all(not any(day.begins[: 8 * 60]) and not any(day.begins[18 * 60 :]) for day in days)


def test_twice_the_communes_cost_more_than_twice() -> None:
    one = cores(ASSUMED, COSTS, 200, 45, 5)
    assert cores(ASSUMED, COSTS, 400, 90, 10) > 2.5 * one
    assert cores(ASSUMED, Costs(30e-6, 0.5e-3, 18, 110, request=8e-3), 200, 45, 5) > 1.5 * one


def test_costs_are_read_from_the_last_report_or_there_are_none(tmp_path: Path) -> None:
    assert measured(tmp_path / "none.json") is None
    figures = [
        {"name": "1000 sockets: messages per CPU-second ÷ bare", "value": 0.8, "beside": {"ours": 25_000.0}},
        {"name": "1000 sockets: CPU of a join, tickets included", "value": 0.5, "beside": {}},
        {"name": "1000 sockets: memory of an idle one", "value": 18.0, "beside": {}},
    ]
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"figures": figures}))
    assert measured(report) == (1 / 25_000, 0.0005, 18.0)
