"""NEWS2 against the published table: every threshold, the vectors of the field study, and where it does not hold."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.records.rules.measures import MeasureName
from server.records.rules.news2 import PARAMETERS, Band, NotValid, Score, score

M = MeasureName
WELL = dict(zip(PARAMETERS, (16, 98, 0, 125, 72, 0, 36.8), strict=True))

# per parameter: the points of each value at both sides of every threshold
THRESHOLDS = {
    M.BREATHING_RATE: {4: 3, 8: 3, 9: 1, 11: 1, 12: 0, 20: 0, 21: 2, 24: 2, 25: 3, 60: 3},
    M.OXYGEN_SATURATION: {70: 3, 91: 3, 92: 2, 93: 2, 94: 1, 95: 1, 96: 0, 100: 0},
    M.INHALED_OXYGEN: {0: 0, 0.5: 2, 2: 2, 15: 2},
    M.SYSTOLIC: {60: 3, 90: 3, 91: 2, 100: 2, 101: 1, 110: 1, 111: 0, 219: 0, 220: 3, 260: 3},
    M.HEART_RATE: {30: 3, 40: 3, 41: 1, 50: 1, 51: 0, 90: 0, 91: 1, 110: 1, 111: 2, 130: 2, 131: 3, 200: 3},
    M.CONSCIOUSNESS: {0: 0, 1: 3, 2: 3, 3: 3, 4: 3},
    M.TEMPERATURE: {34: 3, 35.0: 3, 35.04: 3, 35.1: 1, 36.0: 1, 36.1: 0, 38.0: 0, 38.1: 1, 39.0: 1, 39.1: 2, 41: 2},
}
SCALE_2_ON_AIR = {80: 3, 83: 3, 84: 2, 85: 2, 86: 1, 87: 1, 88: 0, 92: 0, 93: 0, 97: 0, 100: 0}
SCALE_2_ON_OXYGEN = {80: 3, 83: 3, 84: 2, 85: 2, 86: 1, 87: 1, 88: 0, 92: 0, 93: 1, 94: 1, 95: 2, 96: 2, 97: 3, 100: 3}


def scored(values: dict[MeasureName, float], *, scale_2: bool = False) -> Score:
    found = score(values, 70, scale_2=scale_2)
    assert isinstance(found, Score)
    return found


@pytest.mark.parametrize("name", list(THRESHOLDS))
def test_each_threshold_scores_as_published(name: MeasureName) -> None:
    found = {value: scored({**WELL, name: value}).points[name] for value in THRESHOLDS[name]}
    assert found == THRESHOLDS[name]


@pytest.mark.parametrize(("oxygen", "table"), [(0, SCALE_2_ON_AIR), (2, SCALE_2_ON_OXYGEN)])
def test_scale_2_scores_as_published_on_air_and_on_oxygen(oxygen: float, table: dict[int, int]) -> None:
    around = {**WELL, M.INHALED_OXYGEN: oxygen}
    seen = {at: scored({**around, M.OXYGEN_SATURATION: at}, scale_2=True).points[M.OXYGEN_SATURATION] for at in table}
    assert seen == table


@pytest.mark.parametrize(
    ("values", "scale_2", "total", "band"),
    [
        ((16, 98, 0, 125, 72, 0, 36.8), False, 0, Band.ROUTINE),
        ((16, 95, 0, 125, 72, 0, 36.8), False, 1, Band.LOW),
        ((22, 94, 0, 108, 104, 0, 38.4), False, 6, Band.MEDIUM),
        ((25, 96, 0, 120, 80, 0, 37.0), False, 3, Band.LOW_MEDIUM),
        ((26, 90, 4, 88, 132, 1, 39.2), False, 19, Band.HIGH),
        ((20, 93, 2, 120, 80, 0, 37.0), True, 3, Band.LOW),
        ((20, 93, 0, 120, 80, 0, 37.0), True, 0, Band.ROUTINE),
        ((18, 97, 2, 130, 85, 0, 37.2), True, 5, Band.MEDIUM),
    ],
)
def test_whole_scores_and_their_bands(values: tuple[float, ...], scale_2: bool, total: int, band: Band) -> None:
    found = scored(dict(zip(PARAMETERS, values, strict=True)), scale_2=scale_2)
    assert (found.total, found.band, found.missing) == (total, band, ())


@pytest.mark.parametrize(
    ("age", "pregnant", "why"),
    [(0, False, NotValid.CHILD), (15, False, NotValid.CHILD), (15, True, NotValid.CHILD), (30, True, "pregnant")],
)
def test_it_is_refused_under_16_and_in_pregnancy(age: int, pregnant: bool, why: str) -> None:
    assert score(WELL, age, pregnant=pregnant) == why


def test_it_holds_from_16_on() -> None:
    assert isinstance(score(WELL, 16), Score)


@given(st.sets(st.sampled_from(PARAMETERS)))
def test_what_was_not_measured_is_named_and_never_scored(known: set[MeasureName]) -> None:
    found = scored({name: WELL[name] for name in known})
    assert set(found.missing) == set(PARAMETERS) - known
    assert set(found.points) == known


def test_on_scale_2_a_high_saturation_waits_for_air_or_oxygen() -> None:
    without = {name: value for name, value in WELL.items() if name is not M.INHALED_OXYGEN}
    assert scored({**without, M.OXYGEN_SATURATION: 93}, scale_2=True).missing == (
        M.OXYGEN_SATURATION,
        M.INHALED_OXYGEN,
    )
    assert scored({**without, M.OXYGEN_SATURATION: 90}, scale_2=True).missing == (M.INHALED_OXYGEN,)


@given(st.fixed_dictionaries({name: st.sampled_from(sorted(steps)) for name, steps in THRESHOLDS.items()}))
def test_a_score_is_the_sum_of_its_parts_and_more_points_never_ask_for_less(values: dict[MeasureName, float]) -> None:
    bands = list(Band)
    seen = [scored({name: values[name] for name in PARAMETERS[:count]}) for count in range(len(PARAMETERS) + 1)]
    assert seen[-1].total == sum(THRESHOLDS[name][value] for name, value in values.items())
    assert 0 <= seen[-1].total <= 20
    assert all(bands.index(before.band) <= bands.index(after.band) for before, after in pairwise(seen))
