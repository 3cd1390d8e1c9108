"""Like another: the same people at the same hour on the nearest day; the very moment again, as long as it stands."""

from __future__ import annotations

from dataclasses import replace

from server.scheduler.rules.units import wall_time
from server.scheduler.series.alike import again, alike, people_of
from server.scheduler.service import asking
from server.scheduler.service.asking import Bench
from server.scheduler.service.views import Choice
from server.scheduler.tables import FollowUpPromise
from tests.server.scheduler.clinic import PARIS, Clinic, in_minutes


async def around(clinic: Clinic, model: Choice) -> tuple[FollowUpPromise, Bench]:
    """A promise for Monday 9 March, and who could serve it."""
    row = await clinic.stored(await clinic.promised())
    async with clinic.database.reading() as tx:
        return row, await asking.bench(tx, row, clinic.clock(), only=people_of(model))


async def test_the_nearest_day_at_the_same_hour_wins(clinic: Clinic) -> None:
    model = clinic.choice(in_minutes(7 * 24 * 60 + 6 * 60))  # Monday 16 March, three in the afternoon
    found = alike(*await around(clinic, model), model)
    assert found is not None
    assert wall_time(found.starts_at, PARIS) == "2026-03-09T15:00"
    assert found.choice == replace(model, starts_at=found.starts_at)


async def test_another_day_is_taken_when_that_hour_is_taken(clinic: Clinic) -> None:
    other = await clinic.promised()
    await clinic.follow_ups.reserve(clinic.nurse, other, clinic.choice(), "une-cle-de-test")
    found = alike(*await around(clinic, clinic.choice()), clinic.choice())
    assert found is not None
    assert wall_time(found.starts_at, PARIS)[11:] == "09:00"
    assert found.on.isoformat() != "2026-03-09"
    assert again(*await around(clinic, clinic.choice()), clinic.choice()) is None


async def test_people_who_may_not_serve_are_not_proposed(clinic: Clinic) -> None:
    alone = clinic.choice(health_worker_id=None)
    assert alike(*await around(clinic, alone), alone) is None
    late = clinic.choice(in_minutes(12 * 60))  # nine in the evening
    assert alike(*await around(clinic, late), late) is None
