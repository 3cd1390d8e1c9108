"""What a doctor does with the queue, on both databases: above all, one winner of each claim."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from server.audit.rules import Action
from server.encounters.rules import (
    CARE_FOR,
    Accompanied,
    CallStatus,
    CancelReason,
    Decision,
    EncounterStatus,
    Reason,
    RedFlag,
    WrongMove,
)
from server.encounters.service import Beginning, ClaimGiven
from server.encounters.views import QueueState
from server.kernel.access import Identity
from server.kernel.errors import ClinicError, Conflict, NotAllowed, NotFound
from server.kernel.ids import EncounterId, new_id
from server.people import store as people_store
from server.people.tables import CareRelation
from tests.server.encounters.village import NO_FLAGS, Village

S = EncounterStatus


async def _claims(village: Village, doctors: list[Identity], visits: list[EncounterId]) -> list[object]:
    return await asyncio.gather(
        *(village.queue.claim(doctor, visit) for doctor in doctors for visit in visits), return_exceptions=True
    )


def _codes(tried: list[object]) -> list[str]:
    return [one.code if isinstance(one, ClinicError) else repr(one) for one in tried if not isinstance(one, ClaimGiven)]


async def test_of_fifty_claims_at_once_exactly_one_wins_and_the_others_learn_who(village: Village) -> None:
    encounter_id = await village.waiting()
    doctors = [await village.add_doctor(f"Dr {number}") for number in range(50)]
    tried = await _claims(village, doctors, [encounter_id])
    won = [(doctor, one) for doctor, one in zip(doctors, tried, strict=True) if isinstance(one, ClaimGiven)]
    assert len(won) == 1
    winner, given = won[0]
    assert given.encounter.practitioner_id == winner.practitioner_id
    assert given.encounter.fence == 1
    assert _codes(tried) == ["already-taken"] * 49
    assert all(winner.name in str(one) for one in tried if isinstance(one, Conflict))


async def test_one_doctor_who_claims_many_at_once_gets_one(village: Village) -> None:
    visits = [await village.waiting()]
    for number in range(9):
        visits.append(await village.waiting(await village.add_cabin(f"Cabine {number}")))
    tried = await _claims(village, [village.gp], visits)
    assert sum(isinstance(one, ClaimGiven) for one in tried) == 1
    assert _codes(tried) == ["already-busy"] * 9


async def test_a_claim_rings_opens_the_record_and_gives_the_seat(village: Village) -> None:
    encounter_id = await village.waiting()
    village.exchange.nudged.clear()
    given = await village.queue.claim(village.gp, encounter_id)
    assert (given.encounter.status, given.encounter.call) == (S.IN_PROGRESS, CallStatus.RINGING)
    assert village.exchange.seats == [(str(encounter_id), "practitioner", f"gp:{village.gp.account_id}")]
    assert given.ticket == "ticket-1"
    assert {"queue", f"cabin:{village.cabin.cabin_id}", f"desk:{village.gp.account_id}"} <= set(village.exchange.nudged)
    patient = await village.people.read(village.gp, given.encounter.patient_id)
    assert patient.traits.given_names == ("Odette",)
    assert await village.logged(Action.ENCOUNTER_CLAIMED) == 1
    with pytest.raises(NotFound):
        await village.people.read(village.other_gp, given.encounter.patient_id)


async def test_a_visit_that_was_given_back_leaves_nothing_open(village: Village) -> None:
    encounter_id = await village.waiting()
    given = await village.queue.claim(village.gp, encounter_id)
    await village.people.read(village.gp, given.encounter.patient_id)
    await village.queue.release(village.gp, encounter_id)
    with pytest.raises(NotFound):
        await village.people.read(village.gp, given.encounter.patient_id)


async def test_a_finished_visit_leaves_the_record_open_for_ninety_days(village: Village) -> None:
    patient_id = (await village.look(await village.finished())).patient_id
    village.clock.advance(CARE_FOR - timedelta(seconds=1))
    await village.people.read(village.gp, patient_id)
    village.clock.advance(seconds=1)
    with pytest.raises(NotFound):
        await village.people.read(village.gp, patient_id)


@pytest.mark.parametrize("days", [None, 1, 200])
async def test_a_visit_never_shortens_who_cares_longer(village: Village, days: int | None) -> None:
    encounter_id = await village.ended()
    patient_id, now = (await village.look(encounter_id)).patient_id, village.clock()
    before = None if days is None else now + timedelta(days=days)
    assert village.gp.practitioner_id is not None
    relation = {"patient_id": patient_id, "practitioner_id": village.gp.practitioner_id, "treating": days is None}
    async with village.database.transaction() as tx:
        tx.add(CareRelation(since=now, until=before, **relation))
    async with village.database.transaction() as tx:
        await village.endings.finish(village.gp, tx, encounter_id)
    async with village.database.reading() as tx:
        own = await people_store.care_relation(tx, village.gp.practitioner_id, patient_id)
    assert own is not None
    assert (own.until, own.treating) == (before and max(before, now + CARE_FOR), days is None)


async def test_who_does_not_sit_in_the_cabin_cannot_be_called(village: Village) -> None:
    await village.waiting()
    second = await village.office.put_in_queue(village.nurse, await village.placement())
    with pytest.raises(Conflict) as refused:
        await village.queue.claim(village.gp, second)
    assert refused.value.code == "cabin-busy"


async def test_every_other_claim_says_why_not(village: Village) -> None:
    encounter_id = await village.waiting()
    with pytest.raises(NotFound):
        await village.queue.claim(village.gp, EncounterId(new_id()))
    await village.queue.claim(village.gp, encounter_id)
    with pytest.raises(Conflict) as refused:
        await village.queue.claim(village.gp, encounter_id)
    assert refused.value.code == "already-yours"
    gone = await village.waiting(village.other_cabin)
    await village.intake.leave(village.other_cabin, CancelReason.GAVE_UP)
    with pytest.raises(Conflict) as refused:
        await village.queue.claim(village.other_gp, gone)
    assert refused.value.code == "not-waiting"


async def test_only_a_doctor_claims(village: Village) -> None:
    encounter_id = await village.waiting()
    for who in (village.cabin, village.nurse):
        with pytest.raises(NotAllowed):
            await village.queue.claim(who, encounter_id)


async def test_a_released_patient_waits_at_the_old_place_and_the_fence_stays(village: Village) -> None:
    encounter_id = await village.in_call()
    since = (await village.look(encounter_id)).triaged_at
    await village.queue.release(village.gp, encounter_id)
    visit = await village.look(encounter_id)
    assert (visit.status, visit.call, visit.practitioner_id, visit.fence) == (S.TRIAGED, CallStatus.NONE, None, 1)
    assert visit.triaged_at == since
    assert village.exchange.closed == [(str(encounter_id), "released")]
    again = await village.queue.claim(village.other_gp, encounter_id)
    assert again.encounter.fence == 2
    assert again.encounter.live_at is None


async def test_a_doctor_does_nothing_to_anothers_visit(village: Village) -> None:
    encounter_id = await village.in_call()
    with pytest.raises(NotFound):
        await village.queue.release(village.other_gp, encounter_id)
    with pytest.raises(NotFound):
        await village.queue.ring(village.other_gp, encounter_id)
    with pytest.raises(NotFound):
        await village.calls.hang_up(village.other_gp, encounter_id)


async def test_a_doctor_rings_again_after_hanging_up(village: Village) -> None:
    encounter_id = await village.ended()
    live_at = (await village.look(encounter_id)).live_at
    assert (await village.queue.ring(village.gp, encounter_id)).startswith("ticket-")
    visit = await village.look(encounter_id)
    assert (visit.call, visit.ended_at, visit.live_at) == (CallStatus.RINGING, None, live_at)
    with pytest.raises(WrongMove):
        await village.queue.ring(village.gp, encounter_id)


async def test_who_has_left_is_neither_rung_nor_put_back_in_line(village: Village) -> None:
    encounter_id = await village.ended()
    await village.intake.goodbye(village.cabin)
    for tried in (village.queue.ring, village.queue.release):
        with pytest.raises(Conflict) as refused:
            await tried(village.gp, encounter_id)
        assert refused.value.code == "patient-left"


async def test_the_queue_shows_urgent_people_first_and_says_little_of_others_patients(village: Village) -> None:
    taken = await village.in_call()
    village.clock.advance(minutes=1)
    calm = await village.waiting(village.other_cabin)
    village.clock.advance(minutes=1)
    urgent = await village.waiting(await village.add_cabin("Bus"), flags={**NO_FLAGS, RedFlag.BREATHLESS: True})
    behind = await village.office.put_in_queue(village.nurse, await village.placement(village.other_cabin))
    seen = await village.queue.waiting(village.other_gp)
    assert [item.encounter_id for item in seen] == [urgent, calm, behind, taken]
    states = [item.state for item in seen]
    assert states == [QueueState.WAITING, QueueState.WAITING, QueueState.CABIN_BUSY, QueueState.WITH_OTHER]
    assert (seen[0].priority, seen[0].flags) == (True, (RedFlag.BREATHLESS,))
    assert (seen[1].reason, seen[1].words, seen[1].age) == (Reason.PAIN, "mal au genou", 80)
    assert (seen[3].name, seen[3].reason, seen[3].words, seen[3].age) == ("Odette L.", None, "", None)
    assert seen[3].doctor == village.gp.name
    mine = await village.queue.waiting(village.gp)
    assert (mine[0].encounter_id, mine[0].state) == (taken, QueueState.MINE)


async def test_a_child_is_seen_as_one(village: Village) -> None:
    child = await village.patient("Lili", date(2019, 5, 1))
    placement = await village.placement(
        beginning=Beginning(child, Accompanied.WITH_SOMEONE, "Anne Le Goff"), reason=Reason.FEVER
    )
    encounter_id = await village.office.put_in_queue(village.nurse, placement)
    item = (await village.queue.waiting(village.gp))[0]
    assert (item.child, item.age, item.accompanied) == (True, 6, Accompanied.WITH_SOMEONE)
    await village.queue.claim(village.gp, encounter_id)
    desk = await village.queue.desk_visit(village.gp)
    assert desk is not None
    assert desk.companion == "Anne Le Goff"


async def test_what_a_doctor_reads_is_logged_once_for_each_session(village: Village) -> None:
    await village.waiting()
    await village.queue.waiting(village.gp)
    await village.queue.waiting(village.gp)
    assert await village.logged(Action.REASON_READ) == 1
    await village.queue.waiting(village.other_gp)
    assert await village.logged(Action.REASON_READ) == 2


async def test_the_desk_knows_who_why_when_and_where_help_must_go(village: Village) -> None:
    assert await village.queue.desk_visit(village.gp) is None
    encounter_id = await village.in_call()
    desk = await village.queue.desk_visit(village.gp)
    assert desk is not None
    assert desk.encounter_id == encounter_id
    assert (desk.answers.words, desk.age, desk.call) == ("mal au genou", 80, CallStatus.LIVE)
    assert desk.consent is not None
    assert desk.consent.decision is Decision.GIVEN
    assert (desk.site.samu_phone, desk.cabin.access_notes) == ("02 99 00 00 15", "code 12")
    assert await village.queue.desk_visit(village.other_gp) is None
