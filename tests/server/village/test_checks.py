"""The village's cabins were checked on most mornings, stand ready today, and one was mended on the same morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from server.kernel.ids import CabinId, new_id
from server.readiness import store
from server.readiness.faults import Fault
from server.readiness.rules import Check, Colour, standing
from server.village.checks import UNPLUGGED_DAYS_AGO, mornings
from tests.server.village.conftest import NOW, Settled

MIDNIGHT = datetime(2026, 3, 3, 0, 5, tzinfo=UTC)


def _checks(place: int, now: datetime = NOW) -> list[Check]:
    return mornings(CabinId(new_id()), place, now, Random("1/checks"))


def test_most_mornings_are_green_and_the_last_check_is_of_now() -> None:
    for now in (NOW, MIDNIGHT):
        for place in range(4):
            checks = _checks(place, now)
            assert [one.at for one in checks] == sorted(one.at for one in checks)
            assert sum(one.colour is Colour.GREEN for one in checks) > len(checks) // 2
            assert timedelta(0) < now - checks[-1].at < timedelta(hours=1)
            assert standing(checks[-1], now).colour is Colour.GREEN


def test_the_second_cabin_lost_its_camera_once_and_was_mended_the_same_morning() -> None:
    broken, mended = (one for one in _checks(1) if (NOW - one.at).days == UNPLUGGED_DAYS_AGO)
    assert (broken.colour, broken.fault) == (Colour.RED, Fault.CAMERA_ABSENT)
    assert mended.colour is not Colour.RED
    assert mended.asked


async def test_the_settled_village_has_them(settled: Settled) -> None:
    async with settled.database.reading() as tx:
        checks = await store.since(tx, NOW - timedelta(days=30))
        last = await store.last(tx, {one.cabin_id for one in checks})
    assert len(last) == 4
    assert {one.colour for one in last.values()} == {Colour.GREEN}
