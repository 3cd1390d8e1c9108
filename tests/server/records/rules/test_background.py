"""Not asked, none, and something are three different answers."""

from __future__ import annotations

from server.records.rules.background import BackgroundBody, tidy, wrong_background


def test_not_asked_and_none_stay_different() -> None:
    assert tidy(BackgroundBody(allergies=None, conditions=())) == BackgroundBody(None, (), None)


def test_blank_entries_go() -> None:
    assert tidy(BackgroundBody(allergies=(" pénicilline ", " "))).allergies == ("pénicilline",)


def test_a_list_has_an_end() -> None:
    assert wrong_background(BackgroundBody(("a",) * 100, ("b" * 300,), None)) == {}
    assert set(wrong_background(BackgroundBody(("a",) * 101, ("b" * 301,), None))) == {"allergies", "conditions"}
