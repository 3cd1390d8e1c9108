"""A proposal can be sent back as a choice."""

from __future__ import annotations

from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic


async def test_a_proposal_knows_the_choice_that_books_it(clinic: Clinic) -> None:
    shown = await clinic.follow_ups.proposals(clinic.nurse, await clinic.promised())
    choice = shown.choices[0].choice
    assert choice.starts_at == NEXT_MONDAY
    assert choice.practitioner_id == clinic.village.gp.practitioner_id
    assert choice.health_worker_id == clinic.nurse.health_worker_id
    assert choice.cabin_id in {clinic.village.cabin.cabin_id, clinic.village.other_cabin.cabin_id}
