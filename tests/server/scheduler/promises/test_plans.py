"""The templates of follow-ups: ours can be read, an operator's may replace it, and a wrong one stops the start."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from server.kernel.errors import ConfigError
from server.scheduler.promises.plans import Plan, read_plans


def test_ours_is_dated_says_its_sources_and_never_sends_a_vaccine_to_a_screen() -> None:
    ours = read_plans(None)
    assert len({one.code for one in ours.plans}) == len(ours.plans)
    in_person = {one.code for one in ours.plans if one.how == "surgery"}
    assert {"vaccine", "diabetes-yearly", "copd", "pregnancy"} <= in_person
    assert (ours.rule.remote_in_a_row, ours.rule.months_without) == (2, 12)


def test_an_operator_may_replace_it_and_a_file_that_is_wrong_is_named(tmp_path: Path) -> None:
    file = tmp_path / "plans.json"
    one = Plan("gout", "Goutte", "Gout", 30, "cabin", "Uricémie", "Ici")
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(read_plans(None), plans=(one,))))
    assert read_plans(file).plans == (one,)
    for wrong in (b"{", msgspec.json.encode({"dated": "2026-01-01"})):
        file.write_bytes(wrong)
        with pytest.raises(ConfigError, match="FOLLOW_UP_PLANS"):
            read_plans(file)
    with pytest.raises(ConfigError, match="FOLLOW_UP_PLANS"):
        read_plans(tmp_path / "nowhere.json")
