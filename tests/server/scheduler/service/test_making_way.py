"""What stands on units for no good reason is ended by who needs them."""

from __future__ import annotations

from server.scheduler import store
from server.scheduler.rules.hold import HOLD_FOR
from server.scheduler.service.making_way import make_way
from server.scheduler.tables import BusyUnit
from tests.server.scheduler.clinic import Clinic, in_minutes


async def test_only_what_is_over_and_in_the_way_is_ended(clinic: Clinic) -> None:
    over = await clinic.follow_ups.hold(clinic.nurse, await clinic.promised(), clinic.choice())
    clinic.clock.advance(HOLD_FOR)
    fresh = await clinic.follow_ups.hold(clinic.nurse, await clinic.promised(), clinic.choice(in_minutes(60)))
    async with clinic.database.transaction() as tx:
        mine, theirs = await store.held_by(tx, over.id), await store.held_by(tx, fresh.id)
        assert await make_way(tx, None, theirs, clinic.clock()) == set()
        assert await make_way(tx, None, set(), clinic.clock()) == set()
        one_of_mine = {min(mine, key=lambda held: held[1])}
        assert await make_way(tx, None, one_of_mine | theirs, clinic.clock()) == mine
        assert await make_way(tx, None, set(), clinic.clock(), own=fresh.id) == theirs
    assert await clinic.count(BusyUnit) == 0
