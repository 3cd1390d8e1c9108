"""What a health worker does with visits, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.encounters import store
from server.encounters.rules import (
    Accompanied,
    CancelReason,
    ConsentMode,
    Decision,
    EncounterStatus,
    RedFlag,
    Step,
    WrongMove,
)
from server.encounters.service import Beginning
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import SiteId, new_id
from tests.server.encounters.village import NO_FLAGS, Village

S = EncounterStatus


async def test_a_patient_is_put_in_the_queue_and_seated_in_a_free_cabin(village: Village) -> None:
    encounter_id = await village.office.put_in_queue(village.nurse, await village.placement())
    seen = await village.intake.current(village.cabin)
    assert seen is not None
    assert (seen.encounter_id, seen.step, seen.name) == (encounter_id, Step.WAITING, "Marcel L.")


async def test_the_worker_is_the_witness_of_a_consent_said_aloud(village: Village) -> None:
    encounter_id = await village.office.put_in_queue(village.nurse, await village.placement())
    async with village.database.reading() as tx:
        said = await store.consent(tx, encounter_id)
    assert said is not None
    assert (said.decision, said.mode, said.witness) == (Decision.GIVEN, ConsentMode.ORAL, "Louise Perrin")


async def test_a_refusal_said_aloud_is_kept_and_nobody_waits(village: Village) -> None:
    encounter_id = await village.office.put_in_queue(village.nurse, await village.placement(consent_given=False))
    visit = await village.look(encounter_id)
    assert (visit.status, visit.cancel_reason) == (S.CANCELLED, CancelReason.REFUSED_CONSENT)
    assert await village.intake.current(village.cabin) is None


async def test_the_questions_and_the_emergency_guidance_come_first(village: Village) -> None:
    urgent = {**NO_FLAGS, RedFlag.STROKE: True}
    placement = await village.placement(flags=urgent)
    with pytest.raises(Invalid) as refused:
        await village.office.put_in_queue(village.nurse, placement)
    assert set(refused.value.fields) == {"emergency"}
    with pytest.raises(Invalid) as refused:
        await village.office.put_in_queue(village.nurse, replace(placement, flags={}))
    assert set(refused.value.fields) == {"flags"}
    encounter_id = await village.office.put_in_queue(village.nurse, replace(placement, urgent_acknowledged=True))
    assert (await village.look(encounter_id)).priority


async def test_nobody_is_put_in_the_queue_twice(village: Village) -> None:
    placement = await village.placement()
    await village.office.put_in_queue(village.nurse, placement)
    with pytest.raises(Conflict) as refused:
        await village.office.put_in_queue(village.nurse, placement)
    assert refused.value.code == "already-in-line"


async def test_a_worker_of_another_site_knows_neither_the_patient_nor_the_cabin(village: Village) -> None:
    stranger = replace(village.nurse, site_id=SiteId(new_id()))
    encounter_id = await village.waiting()
    with pytest.raises(NotFound):
        await village.office.put_in_queue(stranger, await village.placement())
    with pytest.raises(NotFound):
        await village.office.take_out(stranger, encounter_id)
    assert await village.office.line(stranger) == ()


async def test_only_a_health_worker_uses_the_front_office(village: Village) -> None:
    placement = await village.placement()
    for who in (village.cabin, village.gp):
        with pytest.raises(NotAllowed):
            await village.office.put_in_queue(who, placement)


async def test_who_stays_beside_the_patient_takes_part(village: Village) -> None:
    placement = await village.placement()
    beside = replace(placement.beginning, accompanied=Accompanied.WITH_HEALTH_WORKER)
    encounter_id = await village.office.put_in_queue(village.nurse, replace(placement, beginning=beside))
    await village.queue.claim(village.gp, encounter_id)
    desk = await village.queue.desk_visit(village.gp)
    assert desk is not None
    assert desk.companion == "Louise Perrin"


async def test_the_line_of_a_site_says_who_and_where_and_never_why(village: Village) -> None:
    first = await village.waiting()
    second = await village.office.put_in_queue(village.nurse, await village.placement())
    line = await village.office.line(village.nurse)
    assert [(item.encounter_id, item.seated) for item in line] == [(first, True), (second, False)]
    assert line[0].name.startswith("Odette Lavergne")
    assert not hasattr(line[0], "reason")


async def test_who_is_taken_out_leaves_the_seat_to_the_next(village: Village) -> None:
    first = await village.waiting()
    second = await village.office.put_in_queue(village.nurse, await village.placement())
    await village.office.take_out(village.nurse, first)
    assert (await village.look(first)).status is S.CANCELLED
    assert (await village.look(second)).is_seated


async def test_who_sees_the_doctor_is_not_taken_out(village: Village) -> None:
    encounter_id = await village.in_call()
    with pytest.raises(WrongMove):
        await village.office.take_out(village.nurse, encounter_id)


async def test_who_was_put_in_the_queue_and_sits_down_later_goes_on_with_that_visit(village: Village) -> None:
    await village.waiting()
    placement = await village.placement()
    encounter_id = await village.office.put_in_queue(village.nurse, placement)
    await village.intake.step_out(village.cabin)
    beginning = Beginning(placement.beginning.patient_id)
    assert await village.intake.arrive(village.cabin, beginning) == encounter_id
    seen = await village.intake.current(village.cabin)
    assert seen is not None
    assert seen.step is Step.WAITING
