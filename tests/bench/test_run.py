"""The measures are told in the same shape for every area."""

from __future__ import annotations

import json

import pytest

from tests.bench import at_least, at_most, quantile, run


def test_a_goal_holds_at_its_edge_and_not_beyond() -> None:
    assert at_most("open", 50, "ms", 50).holds
    assert not at_most("open", 51, "ms", 50).holds
    assert at_least("notes", 100, "1/s", 100).holds
    assert not at_least("notes", 99, "1/s", 100).holds


def test_the_last_line_is_one_object() -> None:
    told = json.loads(run.report("records", [at_most("open a note", 0.4, "ms", 1, {"floor": 0.1})]))
    assert told.keys() == {"area", "machine", "figures"}
    assert told["figures"][0] == {
        "name": "open a note",
        "value": 0.4,
        "unit": "ms",
        "goal": "<= 1",
        "holds": True,
        "beside": {"floor": 0.1},
    }


def test_an_unknown_area_is_refused_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["nowhere"]) == 64
    assert "AREA=" in capsys.readouterr().err


def test_quantiles_are_measured_values() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([3.0, 1.0, 2.0], 0.95) == 3.0
