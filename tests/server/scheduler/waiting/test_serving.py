"""At a freed moment the doctor is given; a cabin and a helper of the person's own site are found beside."""

from __future__ import annotations

from server.kernel.ids import PractitionerId, new_id
from server.scheduler.waiting.serving import choice_for
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic, in_minutes


async def test_who_serves_is_found_while_all_of_them_are_free(clinic: Clinic) -> None:
    doctor = clinic.village.gp.practitioner_id
    assert doctor is not None
    row = await clinic.stored(await clinic.promised())
    async with clinic.database.reading() as tx:
        found = await choice_for(tx, row, doctor, NEXT_MONDAY, clinic.clock())
        assert found is not None
        assert (found.practitioner_id, found.health_worker_id) == (doctor, clinic.nurse.health_worker_id)
        assert await choice_for(tx, row, doctor, in_minutes(12 * 60), clinic.clock()) is None
        assert await choice_for(tx, row, PractitionerId(new_id()), NEXT_MONDAY, clinic.clock()) is None
    other = await clinic.promised()
    await clinic.follow_ups.reserve(clinic.nurse, other, found, "une-cle-de-test")
    async with clinic.database.reading() as tx:
        assert await choice_for(tx, row, doctor, NEXT_MONDAY, clinic.clock()) is None
