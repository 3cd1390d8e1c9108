"""Opening hours are replaced, checked and logged."""

from __future__ import annotations

import pytest

from server.audit.rules import Action
from server.kernel.errors import Invalid
from server.scheduler.rules.openings import ResourceKind, WeeklyRule
from server.scheduler.tables import AvailabilityRule, ClosingDay, Resource
from tests.server.scheduler.clinic import PARIS, Clinic


async def test_new_hours_take_the_place_of_the_old_and_the_resource_stays_the_same(clinic: Clinic) -> None:
    cabin = clinic.village.cabin.cabin_id
    assert cabin is not None
    resources, rules = await clinic.count(Resource), await clinic.count(AvailabilityRule)
    async with clinic.database.transaction() as tx:
        again = await clinic.agenda.open_weekly(
            tx, clinic.nurse, ResourceKind.CABIN, cabin, PARIS, [WeeklyRule(0, 540, 600)]
        )
    assert again == clinic.resources[cabin]
    assert await clinic.count(Resource) == resources
    assert await clinic.count(AvailabilityRule) == rules - 4
    assert await clinic.village.logged(Action.HOURS_CHANGED) == 6


async def test_impossible_hours_change_nothing(clinic: Clinic) -> None:
    cabin = clinic.village.cabin.cabin_id
    assert cabin is not None
    rules = await clinic.count(AvailabilityRule)
    with pytest.raises(Invalid):
        async with clinic.database.transaction() as tx:
            await clinic.agenda.open_weekly(tx, None, ResourceKind.CABIN, cabin, PARIS, [WeeklyRule(0, 600, 540)])
    assert await clinic.count(AvailabilityRule) == rules


async def test_holidays_are_copied_once_and_edited_ones_stay(clinic: Clinic) -> None:
    for _ in range(2):
        async with clinic.database.transaction() as tx:
            await clinic.agenda.close_on_holidays(tx, PARIS, [2026, 2027])
    assert await clinic.count(ClosingDay) == 22
