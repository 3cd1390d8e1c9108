"""The board: nobody twice, never outside a window, never on what is booked, and it counts right."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.planning import NOBODY, Board, Day, Diary, Plan, Problem, Tier, Wish, cost_of, left_out_cost
from server.scheduler.rules.planning_improve import greedy
from server.scheduler.rules.search import GRID, NEEDS
from tests.server.scheduler.territory import territory

VILLAGE = UUID(int=1)
DAY = Day(0, 144, 288, 0)


def refuse_faults(problem: Problem, plan: Plan) -> None:
    """Fail when anybody is in two places, or in any that was booked or closed, or a wish lies outside its window."""
    held: set[tuple[int, int]] = set()
    for wish, at in zip(problem.wishes, plan, strict=True):
        if at is None:
            continue
        assert at.day in wish.days
        assert at.day.start <= at.unit < at.day.stop
        assert (at.unit - problem.grid) % GRID == 0
        assert (at.cabin in wish.cabins) == wish.remote
        assert (at.worker != NOBODY) == wish.accompanied
        assert any(at.doctor in tier.rows for tier in wish.doctors)
        for row in {at.doctor, at.cabin, at.worker, wish.patient} - {NOBODY}:
            diary = problem.diaries[row]
            spans = diary.remote if wish.remote else diary.in_person
            last = at.unit + NEEDS[diary.kind]
            assert any(start <= at.unit and last <= stop for start, stop in spans), "booked or closed"
            units = {(row, unit) for unit in range(at.unit, last)}
            rest = {(row, unit) for unit in range(at.unit - diary.buffer, last + diary.buffer)}
            assert not rest & held, "twice, or without a break"
            held |= units


@given(seed=st.integers(0, 10_000), wishes=st.integers(0, 40), cabins=st.integers(1, 4), doctors=st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_a_plan_takes_nobody_twice_and_nothing_booked_and_stays_in_the_windows(
    seed: int, wishes: int, cabins: int, doctors: int
) -> None:
    random = Random(seed)
    problem = territory(random, wishes=wishes, cabins=cabins, doctors=doctors, weeks=2, booked=0.4)
    board = greedy(problem, random)
    refuse_faults(problem, board.plan())
    assert board.cost == cost_of(problem, board.plan())


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_whatever_is_placed_and_lifted_the_board_counts_right_and_ends_as_it_began(seed: int) -> None:
    random = Random(seed)
    problem = territory(random, wishes=15, cabins=2, doctors=3, weeks=2, booked=0.3)
    resting = tuple(replace(one, buffer=random.choice((0, 0, 1, 4))) for one in problem.diaries)
    board = Board(problem := replace(problem, diaries=resting), random)
    empty = board.cost
    for _ in range(60):
        number = random.randrange(len(problem.wishes))
        if board.lift(number) is None and (at := board.find(number, 0.2)) is not None:
            board.place(number, at)
        refuse_faults(problem, board.plan())
        assert board.cost == cost_of(problem, board.plan())
    for number in range(len(problem.wishes)):
        board.lift(number)
    assert board.cost == empty
    assert [board.options(number) for number in range(15)] == [
        Board(problem, random).options(number) for number in range(15)
    ]


def test_what_a_helper_has_to_come_for_anyhow_is_cheaper_than_a_day_of_their_own() -> None:
    problem = _two_accompanied()
    board = Board(problem, Random(1))
    for number in (0, 1):
        found = board.find(number)
        assert found is not None
        board.place(number, found)
    assert {at.half for at in board.plan() if at is not None} == {0}
    assert cost_of(problem, board.plan()) == board.cost == 1 + 2


def test_a_moment_that_is_taken_meanwhile_cannot_be_placed() -> None:
    board = Board(_two_accompanied(), Random(1))
    found = board.find(0)
    assert found is not None
    board.place(0, found)
    with pytest.raises(ValueError, match="1"):
        board.place(1, found)


def test_a_start_that_would_reach_into_what_is_placed_is_no_moment() -> None:
    spans = {ResourceKind.PRACTITIONER: ((111, 144),), ResourceKind.CABIN: ((108, 144),)}
    diaries = [Diary(kind, UUID(int=number), some) for number, (kind, some) in enumerate(spans.items())]
    diaries.append(Diary(ResourceKind.PRACTITIONER, UUID(int=5), ((108, 144),)))
    diaries += [Diary(ResourceKind.PATIENT, UUID(int=10 + number), ((0, 288),)) for number in range(2)]
    wishes = tuple(
        Wish(UUID(int=20 + n), VILLAGE, 3 + n, (DAY,), (Tier(0, (doctor,)),), (1,)) for n, doctor in enumerate((0, 2))
    )
    board = Board(Problem(288, 0, tuple(diaries), wishes), Random(1))
    for number, unit in ((0, 111), (1, 117)):
        found = board.find(number)
        assert found is not None
        assert found.unit == unit
        board.place(number, found)


def test_hours_by_the_cabin_stay_closed_to_visits_in_person_after_a_lift() -> None:
    diaries = [
        Diary(ResourceKind.PRACTITIONER, UUID(int=1), ((108, 144),)),
        Diary(ResourceKind.CABIN, UUID(int=2), ((108, 144),)),
        *(Diary(ResourceKind.PATIENT, UUID(int=10 + number), ((0, 288),), ((0, 288),)) for number in range(2)),
    ]
    by_cabin = Wish(UUID(int=20), VILLAGE, 2, (DAY,), (Tier(0, (0,)),), (1,))
    in_person = Wish(UUID(int=21), VILLAGE, 3, (DAY,), (Tier(0, (0,)),), remote=False)
    board = Board(Problem(288, 0, tuple(diaries), (by_cabin, in_person)), Random(1))
    found = board.find(0)
    assert found is not None
    board.place(0, found)
    board.lift(0)
    assert board.find(1) is None
    assert board.find(0) == found


def test_in_person_nobody_needs_a_cabin() -> None:
    diaries = (
        Diary(ResourceKind.PRACTITIONER, UUID(int=2), (), ((108, 144),)),
        Diary(ResourceKind.PATIENT, UUID(int=3), ((0, 288),), ((0, 288),)),
    )
    wish = Wish(UUID(int=4), VILLAGE, 1, (DAY,), (Tier(0, (0,)),), remote=False)
    found = Board(Problem(288, 0, diaries, (wish,)), Random(1)).find(0)
    assert found is not None
    assert (found.unit, found.cabin, found.worker) == (108, NOBODY, NOBODY)


def test_the_more_of_a_village_is_left_out_the_dearer_is_the_next() -> None:
    steps = [left_out_cost(10, count + 1) - left_out_cost(10, count) for count in range(10)]
    assert steps == sorted(steps)
    assert steps[-1] > steps[0]
    assert left_out_cost(4, 2) + left_out_cost(4, 2) < left_out_cost(4, 4) + left_out_cost(4, 0)


def _two_accompanied() -> Problem:
    """Two people of one village: the second is due the day after, and the helper comes on both days."""
    spans = ((108, 144), (288 + 108, 288 + 144))
    kinds = (ResourceKind.PRACTITIONER, ResourceKind.CABIN, ResourceKind.HEALTH_WORKER)
    diaries = [Diary(kind, UUID(int=number), spans) for number, kind in enumerate(kinds)]
    diaries += [Diary(ResourceKind.PATIENT, UUID(int=10 + number), ((0, 576),)) for number in range(2)]
    windows = ((DAY,), (Day(288, 432, 576, 0), Day(0, 144, 288, 1)))
    wishes = tuple(
        Wish(UUID(int=20 + n), VILLAGE, 3 + n, windows[n], (Tier(0, (0,)),), (1,), (Tier(0, (2,)),), True)
        for n in range(2)
    )
    return Problem(576, 0, tuple(diaries), wishes)
