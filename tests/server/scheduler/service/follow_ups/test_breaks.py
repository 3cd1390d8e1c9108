"""Who takes breaks between people has them, also when somebody books without looking, or plans a whole territory."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from random import Random

import pytest
from sqlalchemy import update

from server.kernel.errors import Conflict
from server.scheduler.planning.loading import load
from server.scheduler.rules.planning import Board
from server.scheduler.rules.units import unit_of
from server.scheduler.service.views import SlotTaken
from server.scheduler.tables import Resource
from tests.server.scheduler.clinic import Clinic, in_minutes

BREAK = 15


async def resting(clinic: Clinic) -> None:
    """Dr Aubin keeps a quarter of an hour free between two people."""
    aubin = clinic.village.gp.practitioner_id
    async with clinic.database.transaction() as tx:
        await tx.execute(update(Resource).where(Resource.subject_id == aubin).values(buffer_min=BREAK))


async def test_nobody_books_holds_or_moves_into_a_break(clinic: Clinic) -> None:
    await resting(clinic)
    first, second = await clinic.promised(), await clinic.promised()
    booked = await clinic.follow_ups.book(clinic.nurse, first, clinic.choice(), "key-0001")
    for minutes in (20, 30):  # it ends at 9:20, the cabin is clean at 9:25, and the break lasts until 9:35
        with pytest.raises(SlotTaken):
            await clinic.follow_ups.book(
                clinic.nurse, second, clinic.choice(in_minutes(minutes)), f"key-1{minutes:03d}"
            )
        with pytest.raises(SlotTaken):
            await clinic.follow_ups.hold(clinic.nurse, second, clinic.choice(in_minutes(minutes)))
    other = await clinic.follow_ups.book(clinic.nurse, second, clinic.choice(in_minutes(45)), "key-0002")
    with pytest.raises(SlotTaken):
        await clinic.follow_ups.move(clinic.nurse, other, 1, clinic.choice(in_minutes(30)))
    await clinic.follow_ups.move(clinic.nurse, booked, 1, clinic.choice(in_minutes(0)))  # its own break is no bar
    held = await clinic.follow_ups.hold(clinic.nurse, second, clinic.choice(in_minutes(60)))
    await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version)


async def test_of_two_who_come_close_at_once_and_share_no_unit_one_wins(clinic: Clinic) -> None:
    await resting(clinic)
    promises = [await clinic.promised() for _ in range(2)]
    cabins = (clinic.village.cabin.cabin_id, clinic.village.other_cabin.cabin_id)

    async def book(number: int) -> bool:
        choice = clinic.choice(in_minutes(30 * number), cabin_id=cabins[number])
        try:
            await clinic.follow_ups.reserve(clinic.nurse, promises[number], choice, f"key-{number:04d}")
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(book(0), book(1))) == [False, True]


async def test_the_plan_of_the_territory_keeps_breaks_around_what_is_booked_and_in_itself(clinic: Clinic) -> None:
    await resting(clinic)
    await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(in_minutes(60)), "key-0001")
    for _ in range(6):
        await clinic.promised()
    async with clinic.database.reading() as tx:
        loaded = await load(tx, clinic.clock())
    problem = loaded.problem
    board = Board(problem, Random(1))
    aubin = next(n for n, one in enumerate(problem.diaries) if one.subject_id == clinic.village.gp.practitioner_id)
    assert problem.diaries[aubin].buffer == BREAK // 5
    for number in range(len(problem.wishes)):
        at = board.find(number)
        assert at is not None
        board.place(number, at)
    mine = [one.unit + loaded.origin for one in board.plan() if one is not None and one.doctor == aubin]
    taken = sorted([*mine, unit_of(in_minutes(60))])
    assert all(later - earlier >= 4 + BREAK // 5 for earlier, later in pairwise(taken))
