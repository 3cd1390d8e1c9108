"""The ladder never flaps, never skips, and each of its rungs is reached and left."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalling.ladder import (
    LADDER,
    PATIENCE_MOST,
    REDUNDANCY,
    RUNGS,
    TRIGGERS,
    WITH_VIDEO,
    Rung,
    Sample,
    Stand,
    Weak,
    look,
    step_of,
    table,
    together,
)

GOOD = Sample(available=1_000_000)
shares = st.floats(0, 1)
samples = st.builds(
    Sample,
    available=st.one_of(st.none(), st.floats(0, 2_000_000)),
    lost=shares,
    hidden=shares,
    waits=st.floats(0, 3),
    silent=st.floats(0, 120),
)
stands = st.sampled_from(RUNGS).flatmap(
    lambda rung: st.builds(
        Stand,
        rung=st.just(rung),
        falling=st.tuples(*(st.integers(0, one.seconds - 1 if one in step_of(rung).down else 30) for one in TRIGGERS)),
        rising=st.integers(0, 10),
        patience=st.sampled_from([1, 2, 4, PATIENCE_MOST]),
        climbed=st.integers(0, 120),
        fell=st.integers(0, 120),
    )
)


def walk(line: list[Sample], stand: Stand | None = None) -> list[Rung]:
    """The rungs of an end over a line, second by second."""
    stand, rungs = stand or Stand(), []
    for sample in line:
        stand = look(stand, sample)
        rungs.append(stand.rung)
    return rungs


def changes(rungs: list[Rung]) -> list[tuple[Rung, Rung]]:
    return [(before, after) for before, after in pairwise(rungs) if before is not after]


# --- the table ---------------------------------------------------------------------------------------------------


def test_rungs_go_from_all_to_nothing_and_each_but_the_ends_is_left_both_ways() -> None:
    assert [step.rung for step in LADDER] == list(RUNGS)
    assert [rung.height for rung in RUNGS] == [5, 4, 3, 2, 1, 0]
    assert all(step.down for step in LADDER[:-1])
    assert all(step.up for step in LADDER[1:])
    assert LADDER[0].up is None
    assert LADDER[-1].down == ()


def test_coming_back_asks_for_more_than_staying_does_and_names_everything_that_sent_us_down() -> None:
    for above, below in pairwise(LADDER):
        assert below.up is not None
        for trigger in above.down:
            answers = [limit for limit in below.up.limits if limit.of == trigger.limit.of]
            assert len(answers) == 1, (above.rung, trigger)
            assert answers[0].is_stricter_than(trigger.limit), (above.rung, trigger)


def test_the_picture_only_gets_smaller_on_the_way_down_and_is_paused_from_the_stills_on() -> None:
    for above, below in pairwise(LADDER):
        assert below.picture.bitrate <= above.picture.bitrate
        assert below.picture.lines <= above.picture.lines
    assert {step.rung for step in LADDER if step.picture.active} == WITH_VIDEO
    assert [step.rung for step in LADDER if step.stills] == [Rung.STILL]


def test_a_photograph_is_through_before_the_next_one_and_leaves_the_voice_its_room() -> None:
    stills = step_of(Rung.STILL).stills
    assert stills is not None
    assert stills.bytes_most * 8 <= stills.every * stills.rate_most
    assert stills.bytes_most * 8 <= 12 * stills.rate_least


def test_the_voice_needs_ever_less_of_the_line() -> None:
    wire = [step.voice.on_the_wire for step in LADDER]
    assert wire == sorted(wire, reverse=True)
    assert (wire[0], wire[-1]) == (47_200, 23_733)


def test_a_photograph_that_goes_through_fast_shows_room_for_the_picture() -> None:
    still = step_of(Rung.STILL)
    assert still.stills is not None
    assert still.up is not None
    assert still.stills.rate_most + still.voice.on_the_wire > still.up.limits[0].at


def test_the_thresholds_are_the_measured_ones() -> None:
    down = {trigger.limit.of: trigger for trigger in step_of(Rung.SMALL).down}
    assert (down["available"].limit.at, down["available"].seconds) == (90_000, 3)
    back = step_of(Rung.STILL).up
    assert back is not None
    assert (back.limits[0].at, back.seconds) == (140_000, 4)
    assert REDUNDANCY.lost_off < REDUNDANCY.lost_on == 0.02
    assert REDUNDANCY.waits_on < REDUNDANCY.waits_off


def test_the_pages_get_the_same_table() -> None:
    plain = table()
    ladder = plain["ladder"]
    assert isinstance(ladder, list)
    assert [one["rung"] for one in ladder] == [rung.value for rung in RUNGS]
    assert ladder[1]["down"][0] == {"limit": {"of": "available", "at": 90_000}, "seconds": 3}
    assert plain["with_video"] == ["video", "small"]


# --- one end -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        (GOOD, Rung.VIDEO),
        (Sample(available=120_000), Rung.SMALL),
        (Sample(available=30_000), Rung.STILL),
        (Sample(available=30_000, waits=0.8), Rung.VOICE),
        (Sample(available=None), Rung.VIDEO),
        (Sample(available=1_000_000, lost=0.2), Rung.SMALL),
        (Sample(available=1_000_000, hidden=0.09), Rung.STILL),
        (Sample(available=1_000_000, hidden=0.15), Rung.VOICE),
        (Sample(available=1_000_000, hidden=0.4), Rung.TELEPHONE),
        (Sample(silent=30), Rung.TELEPHONE),
        (Sample(silent=90), Rung.DEFERRED),
    ],
)
def test_a_line_that_stays_the_same_ends_on_its_rung_and_stays_there(line: Sample, ends: Rung) -> None:
    rungs = walk([line] * 60)
    assert rungs[-1] is ends
    assert len(changes([Rung.VIDEO, *rungs])) == RUNGS.index(ends)


def test_two_bad_seconds_change_nothing_and_three_do() -> None:
    thin = Sample(available=60_000)
    assert walk([thin, thin, GOOD, thin, thin, GOOD])[-1] is Rung.VIDEO
    assert walk([thin, thin, thin])[-1] is Rung.SMALL
    assert walk([thin, thin, thin, thin])[-1] is Rung.STILL  # what lasted is not waited for again


def test_every_rung_is_climbed_back_to_the_picture() -> None:
    for rung in RUNGS:
        rungs = walk([GOOD] * 40, Stand(rung))
        assert rungs[-1] is Rung.VIDEO
        assert len(changes([rung, *rungs])) == RUNGS.index(rung)


def test_a_browser_that_does_not_tell_its_rate_climbs_by_what_it_tells() -> None:
    assert walk([Sample(available=None)] * 40, Stand(Rung.VOICE))[-1] is Rung.VIDEO


@given(stands, samples)
def test_one_second_moves_one_rung_at_most(stand: Stand, sample: Sample) -> None:
    after = look(stand, sample)
    assert abs(after.rung.height - stand.rung.height) <= 1
    assert 1 <= after.patience <= PATIENCE_MOST


@given(stands, samples, shares, shares, shares, shares)
def test_a_better_second_never_leads_lower(
    stand: Stand, worse: Sample, more: float, lost: float, hidden: float, waits: float
) -> None:
    available = None if worse.available is None else worse.available * (1 + more)
    better = Sample(available, worse.lost * lost, worse.hidden * hidden, worse.waits * waits, worse.silent * waits)
    assert look(stand, better).rung.height >= look(stand, worse).rung.height


@given(samples, st.sampled_from(RUNGS))
def test_a_line_that_stays_the_same_never_turns_round(sample: Sample, start: Rung) -> None:
    heights = [start.height, *(rung.height for rung in walk([sample] * 90, Stand(start)))]
    assert heights in (sorted(heights), sorted(heights, reverse=True))
    assert len(set(heights[-30:])) == 1


@settings(max_examples=60)
@given(st.integers(3, 12), st.integers(4, 20), st.floats(0, 80_000))
def test_a_line_that_comes_and_goes_soon_meets_patience(bad: int, good: int, thin: float) -> None:
    swing = [Sample(available=thin)] * bad + [Sample(available=160_000)] * good
    rungs = walk((swing * 200)[:600])
    ups = [one for one in changes(rungs) if one[0].height < one[1].height]
    assert len(ups) <= 25  # in ten minutes; without patience up to 75


@given(st.lists(samples, max_size=30))
def test_the_way_back_is_always_open(line: list[Sample]) -> None:
    stand = Stand()
    for sample in line:
        stand = look(stand, sample)
    assert walk([GOOD] * (26 * PATIENCE_MOST), stand)[-1] is Rung.VIDEO


def test_the_estimate_may_lag_behind_a_climb_and_a_queue_may_not() -> None:
    climbed = Stand(Rung.SMALL, climbed=0)
    assert walk([Sample(available=70_000)] * 3 + [GOOD] * 5, climbed)[-1] is Rung.SMALL
    assert walk([Sample(available=70_000)] * 7, climbed)[-1] is Rung.STILL
    assert walk([Sample(available=70_000, waits=0.9)] * 4, climbed)[-1] is Rung.STILL


def test_patience_is_forgotten_after_two_calm_minutes() -> None:
    stand = Stand(patience=4, fell=0)
    for _ in range(120):
        stand = look(stand, GOOD)
    assert stand.patience == 1


# --- both ends ---------------------------------------------------------------------------------------------------


@given(st.sampled_from(RUNGS), st.sampled_from(RUNGS))
def test_the_call_is_on_the_lower_rung_and_both_ends_name_the_same_side(mine: Rung, theirs: Rung) -> None:
    here, there = together(mine, theirs), together(theirs, mine)
    assert here.rung is there.rung
    assert here.rung.height == min(mine.height, theirs.height)
    swapped = {Weak.MINE: Weak.THEIRS, Weak.THEIRS: Weak.MINE, Weak.BOTH: Weak.BOTH, None: None}
    assert there.weak is swapped[here.weak]


def test_nobody_is_named_while_both_lines_are_good() -> None:
    assert together(Rung.VIDEO, Rung.VIDEO).weak is None
    assert together(Rung.STILL, Rung.VIDEO).weak is Weak.MINE
    assert replace(together(Rung.VOICE, Rung.VOICE)).weak is Weak.BOTH
