"""Both ends' reports become one truth, and no number is believed that cannot be true."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.encounters.quality_rules import MOST_CUTS, Quality, Report, Side, Spread, check, of_visit, side_of
from server.kernel.errors import Invalid
from server.kernel.ids import new_id
from signalling.ladder import RUNGS, Rung
from signalling.protocol import Seat

HOUR = timedelta(hours=1)
REPORT = Report(new_id(), {Rung.VIDEO: 100, Rung.STILL: 40}, {Side.CABIN: 40}, cuts=1, cut_for=3)
seconds = st.dictionaries(st.sampled_from(RUNGS), st.integers(0, 1000))


def said(**on: int) -> Report:
    return Report(new_id(), {Rung(rung): seconds for rung, seconds in on.items()}, {})


def test_a_true_report_is_kept() -> None:
    check(REPORT, HOUR)
    check(said(video=60), timedelta(0))  # a call that just began, seen by a clock that is a little ahead


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": {Rung.VIDEO: -1}},
        {"seconds": {Rung.VIDEO: 3800}},
        {"weak": {Side.CABIN: 200}},
        {"cuts": MOST_CUTS + 1},
        {"cut_for": 3800},
        {"cuts": -1},
        {"delay": Spread(20, 10)},
        {"delay": Spread(0, 60_001)},
        {"lost": Spread(0, 1001)},
        {"hidden": Spread(-1, 0)},
    ],
)
def test_what_cannot_be_true_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        check(replace(REPORT, **wrong), HOUR)  # type: ignore[arg-type]


def test_a_day_long_call_is_a_broken_clock() -> None:
    with pytest.raises(Invalid):
        check(said(video=5 * 3600), timedelta(days=1))


@given(seconds, seconds)
def test_what_both_ends_saw_is_not_counted_twice(cabin: dict[Rung, int], doctor: dict[Rung, int]) -> None:
    ends = [(Seat.PATIENT, Report(new_id(), cabin, {})), (Seat.PRACTITIONER, Report(new_id(), doctor, {}))]
    quality = of_visit(ends)
    assert quality is not None
    assert sum(quality.seconds.values()) == max(sum(cabin.values()), sum(doctor.values()))
    assert quality.with_video + quality.without_video == sum(quality.seconds.values())


def test_calls_of_one_visit_are_added_up() -> None:
    quality = of_visit([(Seat.PATIENT, said(video=60, voice=20)), (Seat.PATIENT, said(video=30, voice=15))])
    assert quality is not None
    assert (quality.with_video, quality.without_video) == (90, 35)


def test_a_visit_of_which_nothing_is_known_says_nothing() -> None:
    assert of_visit([]) is None


@pytest.mark.parametrize(
    ("on", "counts"),
    [
        ({Rung.VIDEO: 600}, True),
        ({Rung.VIDEO: 300, Rung.SMALL: 300}, True),
        ({Rung.VIDEO: 600, Rung.STILL: 30}, True),
        ({Rung.VIDEO: 600, Rung.STILL: 31}, False),
        ({Rung.VIDEO: 600, Rung.STILL: 20, Rung.TELEPHONE: 11}, False),
        ({Rung.VOICE: 20}, False),
        ({}, False),
    ],
)
def test_a_video_visit_has_pictures_both_ways_and_at_most_half_a_minute_without(
    on: dict[Rung, int], counts: bool
) -> None:
    assert Quality(on, {}, 0).is_video_visit is counts


def test_each_end_names_the_same_side() -> None:
    assert side_of("mine", Seat.PATIENT) is side_of("theirs", Seat.PRACTITIONER) is Side.CABIN
    assert side_of("theirs", Seat.PATIENT) is side_of("mine", Seat.PRACTITIONER) is Side.DOCTOR
    assert side_of("both", Seat.PATIENT) is Side.BOTH


def test_the_weakest_side_is_named_when_it_was_weak_for_long() -> None:
    assert Quality({}, {Side.CABIN: 90, Side.BOTH: 40}, 0).weakest is Side.CABIN
    assert Quality({}, {Side.DOCTOR: 20}, 0).weakest is None
    assert Quality({}, {}, 0).weakest is None
