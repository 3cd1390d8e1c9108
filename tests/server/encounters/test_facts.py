"""What a visit tells the records, on both databases."""

from __future__ import annotations

import pytest

from server.encounters.rules import Accompanied
from server.encounters.service import Beginning
from server.kernel.errors import NotFound
from server.kernel.ids import EncounterId, new_id
from server.records.rules.note import Part, VisitFacts
from tests.server.encounters.village import Village


async def _facts(village: Village, encounter_id: EncounterId) -> VisitFacts:
    async with village.database.transaction() as tx:
        return await village.facts.facts(tx, encounter_id)


async def test_the_facts_of_a_visit_name_who_took_part_and_when(village: Village) -> None:
    beginning = Beginning(await village.patient(), Accompanied.WITH_SOMEONE, "Anne Le Goff")
    placement = await village.placement(beginning=beginning)
    encounter_id = await village.office.put_in_queue(village.nurse, placement)
    before = await _facts(village, encounter_id)
    assert (before.in_progress, before.practitioner_id, before.started_at) == (False, None, None)
    await village.queue.claim(village.gp, encounter_id)
    village.clock.advance(seconds=9)
    await village.calls.connected(village.cabin)
    live_at = village.clock()
    ended_at = village.clock.advance(minutes=7)
    await village.calls.hang_up(village.gp, encounter_id)
    facts = await _facts(village, encounter_id)
    assert (facts.started_at, facts.ended_at, facts.fence, facts.in_progress) == (live_at, ended_at, 1, True)
    assert [(one.part, one.name) for one in facts.participants] == [
        (Part.PRACTITIONER, village.gp.name),
        (Part.COMPANION, "Anne Le Goff"),
    ]
    assert facts.seated_in == village.cabin.cabin_id


async def test_a_visit_that_never_was_live_starts_with_the_claim(village: Village) -> None:
    encounter_id = await village.waiting()
    await village.queue.claim(village.gp, encounter_id)
    assert (await _facts(village, encounter_id)).started_at == village.clock()


async def test_after_goodbye_nobody_sits_in_the_cabin(village: Village) -> None:
    encounter_id = await village.finished()
    await village.intake.goodbye(village.cabin)
    assert (await _facts(village, encounter_id)).seated_in is None
    async with village.database.reading() as tx:
        assert village.cabin.cabin_id is not None
        assert await village.facts.patient_in(tx, village.cabin.cabin_id) is None


async def test_the_visit_in_a_cabin_has_its_patient(village: Village) -> None:
    encounter_id = await village.waiting()
    patient_id = (await village.look(encounter_id)).patient_id
    async with village.database.reading() as tx:
        assert village.cabin.cabin_id is not None
        assert await village.facts.patient_in(tx, village.cabin.cabin_id) == (encounter_id, patient_id)


async def test_an_unknown_visit_has_no_facts(village: Village) -> None:
    with pytest.raises(NotFound):
        await _facts(village, EncounterId(new_id()))
