"""What the pages say of the early warning score: which values count, what lacks, and where it does not hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from clinic_ui.early_warning import WarningShown, early_warning
from server.kernel.ids import AccountId, ObservationId, PatientId, new_id
from server.people.rules import Sex, Traits
from server.records.rules.background import BackgroundBody
from server.records.rules.measures import MEASURES, Level, MeasureName, as_shown
from server.records.rules.news2 import PARAMETERS
from server.records.service.measures import Observation

NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)
ODETTE = Traits("Lavergne", ("Odette",), date(1945, 3, 3), Sex.FEMALE)
M = MeasureName
WELL = dict(zip(PARAMETERS, (16, 98, 0, 125, 72, 0, 36.8), strict=True))


def taken(measure: MeasureName, value: float, at: datetime = NOW) -> Observation:
    line = MEASURES[measure]
    shown, level = as_shown(measure, value), Level.NOT_JUDGED
    ids = (ObservationId(new_id()), PatientId(new_id()), None, at, AccountId(new_id()))
    return Observation(*ids, measure, value, line.unit, shown, line.shown_unit, level, "", confirmed=False)


def shown(
    values: dict[MeasureName, float], traits: Traits = ODETTE, known: BackgroundBody | None = None
) -> WarningShown:
    found = [taken(name, value) for name, value in values.items()]
    warning = early_warning(found, NOW, traits, known or BackgroundBody())
    assert warning is not None
    return warning


def test_a_whole_taking_scores_with_its_reasons() -> None:
    seen = shown({**WELL, M.BREATHING_RATE: 22, M.TEMPERATURE: 39.4, M.HEART_RATE: 112, M.CONSCIOUSNESS: 1})
    assert (seen.total, seen.band, seen.complete, seen.kind) == (9, "high", True, "danger")
    assert [row.points for row in seen.rows] == [2, 0, 0, 0, 2, 3, 2]
    assert "15" in seen.doctor
    assert "15" in seen.worker


def test_what_lacks_is_named_and_weight_alone_shows_nothing() -> None:
    assert set(shown({M.HEART_RATE: 72}).lacks) == {MEASURES[name].label for name in PARAMETERS} - {"Pouls"}
    assert early_warning([taken(M.WEIGHT, 70)], NOW, ODETTE, BackgroundBody()) is None


def test_the_newest_value_counts_and_none_from_before_the_hour() -> None:
    old, early, late = (timedelta(minutes=minutes) for minutes in (61, 59, 1))
    found = [taken(M.HEART_RATE, value, NOW - ago) for value, ago in ((72, late), (140, early), (150, old))]
    warning = early_warning(found, NOW, ODETTE, BackgroundBody())
    assert warning is not None
    assert warning.total == 0
    assert early_warning(found[2:], NOW, ODETTE, BackgroundBody()) is None


@pytest.mark.parametrize(
    ("born_on", "pregnant", "refused", "asked"),
    [
        (date(2010, 3, 4), None, True, False),
        (date(2010, 3, 3), None, False, True),
        (date(1990, 1, 1), True, True, False),
        (date(1990, 1, 1), None, False, True),
        (date(1990, 1, 1), False, False, False),
    ],
)
def test_children_and_pregnancy_have_no_score(born_on: date, pregnant: bool | None, refused: bool, asked: bool) -> None:
    seen = shown(WELL, Traits("B", ("A",), born_on, Sex.FEMALE), BackgroundBody(pregnant=pregnant))
    assert (bool(seen.no_score), seen.ask_pregnant) == (refused, asked)
    assert not (refused and seen.rows)


def test_scale_2_holds_only_where_a_doctor_decided() -> None:
    on_oxygen = {**WELL, M.OXYGEN_SATURATION: 97, M.INHALED_OXYGEN: 2}
    assert shown(on_oxygen).total == 2
    decided = shown(on_oxygen, known=BackgroundBody(low_oxygen_target=True))
    assert (decided.total, decided.scale_2) == (5, True)
