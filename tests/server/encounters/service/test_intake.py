"""What a patient does in the cabin, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from server.audit.rules import Action
from server.encounters.rules import (
    CONSENT_VERSION,
    CallStatus,
    CancelReason,
    EncounterStatus,
    Lack,
    Reason,
    RedFlag,
    Step,
    WrongMove,
)
from server.encounters.service import Beginning, ConsentSaid
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import PatientId, new_id
from tests.server.encounters.village import AGREED, NO_FLAGS, REFUSED, Village

S = EncounterStatus


async def test_a_patient_goes_from_arriving_to_waiting(village: Village) -> None:
    encounter_id = await village.arrived()
    first = await village.intake.current(village.cabin)
    assert first is not None
    assert (first.encounter_id, first.step, first.name) == (encounter_id, Step.REASON, "Odette L.")
    second = await village.intake.say_reason(village.cabin, Reason.SKIN, "  un bouton ")
    assert second is not None
    assert second.step is Step.FLAGS
    third = await village.intake.answer_flags(village.cabin, NO_FLAGS)
    assert third is not None
    assert third.step is Step.CONSENT
    last = await village.intake.consent(village.cabin, AGREED)
    assert last is not None
    assert (last.step, last.place, last.minutes) == (Step.WAITING, 1, None)
    assert {"queue", f"cabin:{village.cabin.cabin_id}", f"site:{village.site}"} <= set(village.exchange.nudged)


async def test_what_the_patient_says_is_sealed(village: Village) -> None:
    encounter_id = await village.waiting()
    async with village.database.reading() as tx:
        sealed = bytes(await tx.scalar(text("SELECT sealed_intake FROM encounter")))
    assert b"genou" not in sealed
    assert b"pain" not in sealed
    assert (await village.look(encounter_id)).row_ver == 3  # sealed on arriving, with the reason, with the flags
    assert await village.logged(Action.REASON_SAID) == 3


async def test_a_red_flag_shows_the_emergency_guidance_first_and_makes_the_visit_urgent(village: Village) -> None:
    encounter_id = await village.arrived()
    await village.intake.say_reason(village.cabin, Reason.PAIN)
    seen = await village.intake.answer_flags(village.cabin, {**NO_FLAGS, RedFlag.CHEST_PAIN: True})
    assert seen is not None
    assert (seen.step, seen.priority) == (Step.EMERGENCY, True)
    with pytest.raises(Invalid) as refused:
        await village.intake.consent(village.cabin, AGREED)
    assert (refused.value.code, set(refused.value.fields)) == ("not-ready", {"emergency"})
    gone_on = await village.intake.go_on(village.cabin)
    assert gone_on is not None
    assert gone_on.step is Step.CONSENT
    await village.intake.consent(village.cabin, AGREED)
    assert (await village.look(encounter_id)).priority


async def test_questions_may_be_answered_one_at_a_time(village: Village) -> None:
    await village.arrived()
    await village.intake.say_reason(village.cabin, Reason.OTHER)
    for flag in RedFlag:
        seen = await village.intake.answer_flags(village.cabin, {flag: False})
        assert seen is not None
        assert (Lack.FLAGS in seen.lacks) == (flag is not list(RedFlag)[-1])


async def test_consent_is_refused_before_the_questions_and_the_log_has_none(village: Village) -> None:
    await village.arrived()
    with pytest.raises(Invalid) as refused:
        await village.intake.consent(village.cabin, AGREED)
    assert set(refused.value.fields) == {"reason", "flags"}
    assert await village.logged(Action.CONSENT_RECORDED) == 0


async def test_a_consent_to_an_older_text_is_asked_again(village: Village) -> None:
    await village.arrived()
    await village.intake.say_reason(village.cabin, Reason.OTHER)
    await village.intake.answer_flags(village.cabin, NO_FLAGS)
    with pytest.raises(Invalid):
        await village.intake.consent(village.cabin, ConsentSaid(True, "1999"))


async def test_a_refusal_is_kept_and_proposes_a_doctor_in_person(village: Village) -> None:
    encounter_id = await village.arrived()
    seen = await village.intake.consent(village.cabin, REFUSED)
    assert seen is not None
    assert (seen.step, seen.cancel_reason) == (Step.IN_PERSON, CancelReason.REFUSED_CONSENT)
    assert (await village.look(encounter_id)).status is S.CANCELLED
    assert await village.logged(Action.CONSENT_RECORDED) == 1
    assert await village.intake.goodbye(village.cabin) is None


async def test_the_consent_question_is_answered_once(village: Village) -> None:
    await village.waiting()
    with pytest.raises(WrongMove):
        await village.intake.consent(village.cabin, REFUSED)


async def test_answers_are_closed_once_the_patient_waits(village: Village) -> None:
    await village.waiting()
    with pytest.raises(Conflict) as refused:
        await village.intake.say_reason(village.cabin, Reason.FEVER)
    assert refused.value.code == "too-late"


async def test_another_cabin_sees_and_touches_nothing(village: Village) -> None:
    await village.arrived()
    assert await village.intake.current(village.other_cabin) is None
    with pytest.raises(NotFound):
        await village.intake.say_reason(village.other_cabin, Reason.FEVER)
    with pytest.raises(NotFound):
        await village.intake.leave(village.other_cabin)


async def test_only_a_cabin_takes_an_intake(village: Village) -> None:
    patient = await village.patient()
    for who in (village.gp, village.nurse):
        with pytest.raises(NotAllowed):
            await village.intake.arrive(who, Beginning(patient))


async def test_an_unknown_patient_cannot_arrive(village: Village) -> None:
    with pytest.raises(NotFound):
        await village.intake.arrive(village.cabin, Beginning(PatientId(new_id())))


async def test_a_cabin_holds_one_visit_and_says_so_to_the_next(village: Village) -> None:
    first = await village.arrived()
    with pytest.raises(Conflict) as refused:
        await village.arrived()
    assert refused.value.code == "cabin-busy"
    assert (await village.look(first)).is_seated


async def test_arriving_twice_is_one_visit(village: Village) -> None:
    patient = await village.patient()
    first = await village.intake.arrive(village.cabin, Beginning(patient))
    assert await village.intake.arrive(village.cabin, Beginning(patient)) == first


async def test_nobody_stands_in_two_lines(village: Village) -> None:
    patient = await village.patient()
    await village.intake.arrive(village.cabin, Beginning(patient))
    with pytest.raises(Conflict) as refused:
        await village.intake.arrive(village.other_cabin, Beginning(patient))
    assert refused.value.code == "already-in-line"


async def test_an_abandoned_intake_says_so_and_can_be_left_from_the_home_page(village: Village) -> None:
    encounter_id = await village.arrived()
    village.clock.advance(minutes=16)
    seen = await village.intake.current(village.cabin)
    assert seen is not None
    assert seen.abandoned
    assert await village.intake.leave(village.cabin, CancelReason.ABANDONED) is None
    visit = await village.look(encounter_id)
    assert (visit.status, visit.cancel_reason) == (S.CANCELLED, CancelReason.ABANDONED)
    assert visit.left_at is not None


async def test_the_next_patient_does_not_inherit_an_abandoned_intake(village: Village) -> None:
    left = await village.arrived()
    village.clock.advance(minutes=16)
    await village.arrived(given_name="Marcel")
    seen = await village.intake.current(village.cabin)
    assert seen is not None
    assert seen.name == "Marcel L."
    assert (await village.look(left)).cancel_reason is CancelReason.ABANDONED


async def test_who_steps_out_keeps_the_place_and_comes_back(village: Village) -> None:
    encounter_id = await village.waiting()
    before = await village.look(encounter_id)
    away = await village.intake.step_out(village.cabin)
    assert away is not None
    assert away.step is Step.AWAY
    village.clock.advance(minutes=5)
    back = await village.intake.come_back(village.cabin)
    assert back is not None
    assert back.step is Step.WAITING
    assert (await village.look(encounter_id)).triaged_at == before.triaged_at


async def test_who_steps_out_leaves_the_cabin_to_others_and_waits_for_it_after_them(village: Village) -> None:
    patient = await village.patient()
    out = await village.intake.arrive(village.cabin, Beginning(patient))
    await village.intake.say_reason(village.cabin, Reason.PAIN)
    await village.intake.answer_flags(village.cabin, NO_FLAGS)
    await village.intake.consent(village.cabin, AGREED)
    await village.intake.step_out(village.cabin)
    other = await village.arrived()
    with pytest.raises(Conflict):
        await village.intake.arrive(village.cabin, Beginning(patient))
    await village.intake.leave(village.cabin)
    assert (await village.look(other)).status is S.CANCELLED
    assert await village.intake.arrive(village.cabin, Beginning(patient)) == out
    assert (await village.look(out)).status is S.TRIAGED


async def test_yesterdays_line_is_forgotten(village: Village) -> None:
    patient = await village.patient()
    old = await village.intake.arrive(village.cabin, Beginning(patient))
    village.clock.advance(hours=13)
    await village.arrived()
    await village.intake.leave(village.cabin)
    assert await village.intake.arrive(village.cabin, Beginning(patient)) != old


async def test_a_forgotten_visit_that_still_sits_elsewhere_leaves_its_seat_to_its_own_cabin(village: Village) -> None:
    patient = await village.patient()
    old = await village.intake.arrive(village.cabin, Beginning(patient))
    behind = await village.office.put_in_queue(village.nurse, await village.placement())
    village.clock.advance(hours=13)
    assert await village.intake.arrive(village.other_cabin, Beginning(patient)) != old
    seen = await village.intake.current(village.cabin)
    assert seen is not None
    assert (seen.encounter_id, seen.step) == (old, Step.GOODBYE)
    await village.intake.goodbye(village.cabin)
    assert (await village.look(behind)).is_seated


async def test_an_emergency_stays_on_the_screen_until_goodbye(village: Village) -> None:
    await village.arrived()
    seen = await village.intake.leave(village.cabin, CancelReason.EMERGENCY)
    assert seen is not None
    assert seen.step is Step.EMERGENCY
    assert await village.intake.goodbye(village.cabin) is None


async def test_goodbye_waits_for_the_end_of_the_call(village: Village) -> None:
    await village.in_call()
    with pytest.raises(Conflict) as refused:
        await village.intake.goodbye(village.cabin)
    assert refused.value.code == "in-call"


async def test_goodbye_keeps_the_smiley_and_seats_who_waits_for_this_cabin(village: Village) -> None:
    encounter_id = await village.finished()
    next_one = await village.office.put_in_queue(village.nurse, await village.placement())
    elsewhere = await village.office.put_in_queue(village.nurse, await village.placement(village.other_cabin))
    village.clock.advance(minutes=1)
    urgent = {**NO_FLAGS, RedFlag.BLEEDING: True}
    first = await village.office.put_in_queue(
        village.nurse, await village.placement(flags=urgent, urgent_acknowledged=True)
    )
    seen = await village.intake.goodbye(village.cabin, 3)
    assert seen is not None
    assert (seen.encounter_id, seen.step) == (first, Step.WAITING)
    assert (await village.look(encounter_id)).left_at is not None
    assert (await village.look(next_one)).seated_at is None
    assert (await village.look(elsewhere)).is_seated
    async with village.database.reading() as tx:
        assert (await tx.execute(text("SELECT face FROM feedback"))).scalar_one() == 3


async def test_a_wrong_face_lets_nobody_go(village: Village) -> None:
    encounter_id = await village.finished()
    with pytest.raises(Invalid):
        await village.intake.goodbye(village.cabin, 4)
    assert (await village.look(encounter_id)).left_at is None


async def test_a_patient_may_go_while_the_doctor_still_writes(village: Village) -> None:
    encounter_id = await village.ended()
    seen = await village.intake.current(village.cabin)
    assert seen is not None
    assert (seen.step, seen.summary_signed) == (Step.CLOSING, False)
    assert await village.intake.goodbye(village.cabin) is None
    visit = await village.look(encounter_id)
    assert (visit.status, visit.call) == (S.IN_PROGRESS, CallStatus.ENDED)


async def test_a_signed_visit_shows_its_summary(village: Village) -> None:
    await village.finished()
    seen = await village.intake.current(village.cabin)
    assert seen is not None
    assert (seen.step, seen.summary_signed) == (Step.SUMMARY, True)


async def test_a_witness_heard_aloud_is_kept(village: Village) -> None:
    await village.arrived()
    await village.intake.say_reason(village.cabin, Reason.OTHER)
    await village.intake.answer_flags(village.cabin, NO_FLAGS)
    long = ConsentSaid(True, CONSENT_VERSION, witness="x" * 121)
    with pytest.raises(Invalid):
        await village.intake.consent(village.cabin, long)
