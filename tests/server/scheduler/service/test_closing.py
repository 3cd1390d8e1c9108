"""Signing, finishing and promising happen together or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.audit.rules import Action
from server.audit.tables import AuditEvent
from server.encounters.rules import EncounterStatus
from server.kernel.errors import Conflict, Invalid, NotFound
from server.records.rules.note import FollowUpWish, Modality, NoteBody, NoteStatus
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.tables import FollowUpPromise
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic, in_minutes

STEPS = ("notes.sign_in", "endings.finish", "follow_ups.keep", "follow_ups.promise")


class Killed(Exception):
    """The power went."""


def break_after(clinic: Clinic, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a step of the closing do its work, and then fail."""
    subject, method = step.split(".")
    service = {"notes": clinic.notes, "endings": clinic.village.endings, "follow_ups": clinic.follow_ups}[subject]
    whole = getattr(service, method)

    async def broken(*arguments: object, **named: object) -> object:
        await whole(*arguments, **named)
        raise Killed

    monkeypatch.setattr(service, method, broken)


async def test_signing_closes_the_visit_and_promises_the_follow_up(clinic: Clinic) -> None:
    encounter_id, row_ver = await clinic.written()
    clinic.village.exchange.nudged.clear()
    closed = await clinic.closing.sign(clinic.village.gp, encounter_id, row_ver)
    assert closed.promise_id is not None
    assert (await clinic.stored(closed.promise_id)).status is PromiseStatus.DUE
    assert (await clinic.village.look(encounter_id)).status is EncounterStatus.FINISHED
    draft = await clinic.notes.draft(clinic.village.gp, encounter_id)
    assert draft.status is NoteStatus.FINAL
    told = set(clinic.village.exchange.nudged)
    assert {f"cabin:{clinic.village.cabin.cabin_id}", f"site:{clinic.village.site}"} <= told
    assert f"desk:{clinic.village.gp.account_id}" in told
    assert await clinic.village.logged(Action.PROMISE_MADE) == 1


async def test_a_visit_without_follow_up_is_closed_without_a_promise(clinic: Clinic) -> None:
    encounter_id, row_ver = await clinic.written(wish=None)
    closed = await clinic.closing.sign(clinic.village.gp, encounter_id, row_ver)
    assert closed.promise_id is None
    assert await clinic.count(FollowUpPromise) == 0


@pytest.mark.parametrize("step", STEPS)
async def test_when_a_step_breaks_nothing_at_all_is_written(
    clinic: Clinic, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encounter_id, row_ver = await clinic.written()
    before = await clinic.count(AuditEvent)
    clinic.village.exchange.nudged.clear()
    break_after(clinic, step, monkeypatch)
    with pytest.raises(Killed):
        await clinic.closing.sign(clinic.village.gp, encounter_id, row_ver)
    assert clinic.village.exchange.nudged == []
    assert await clinic.count(AuditEvent) == before
    assert await clinic.count(FollowUpPromise) == 0
    assert (await clinic.village.look(encounter_id)).status is EncounterStatus.IN_PROGRESS
    monkeypatch.undo()
    assert (await clinic.notes.draft(clinic.village.gp, encounter_id)).row_ver == row_ver
    await clinic.closing.sign(clinic.village.gp, encounter_id, row_ver)


async def test_an_incomplete_note_names_what_lacks_and_closes_nothing(clinic: Clinic) -> None:
    encounter_id = await clinic.village.ended()
    row_ver = await clinic.notes.save(clinic.village.gp, encounter_id, NoteBody(conclusion="HTA"), 0)
    with pytest.raises(Invalid) as refused:
        await clinic.closing.sign(clinic.village.gp, encounter_id, row_ver)
    assert set(refused.value.fields) == {"acts", "incidents"}
    assert (await clinic.village.look(encounter_id)).status is EncounterStatus.IN_PROGRESS


async def test_a_stale_version_another_doctor_and_a_second_signature_are_refused(clinic: Clinic) -> None:
    encounter_id, row_ver = await clinic.written()
    with pytest.raises(Conflict):
        await clinic.closing.sign(clinic.village.gp, encounter_id, row_ver + 1)
    with pytest.raises(NotFound):
        await clinic.closing.sign(clinic.village.other_gp, encounter_id, row_ver)
    await clinic.closing.sign(clinic.village.gp, encounter_id, row_ver)
    with pytest.raises(Conflict):
        await clinic.closing.sign(clinic.village.gp, encounter_id, row_ver)
    assert await clinic.count(FollowUpPromise) == 1


async def test_the_appointment_that_the_patient_came_for_is_kept(clinic: Clinic) -> None:
    clinic.clock.set(NEXT_MONDAY - timedelta(days=7))
    encounter_id, row_ver = await clinic.written(FollowUpWish(7, Modality.REMOTE, True, "Tension"))
    closed = await clinic.closing.sign(clinic.village.gp, encounter_id, row_ver)
    assert closed.promise_id is not None
    await clinic.follow_ups.book(clinic.nurse, closed.promise_id, clinic.choice(in_minutes(60)), "key-0001")
    await clinic.village.intake.goodbye(clinic.village.cabin)
    clinic.clock.set(in_minutes(58))
    patient = (await clinic.stored(closed.promise_id)).patient_id
    expected = await clinic.follow_ups.for_cabin(clinic.village.cabin, patient)
    assert expected is not None
    assert (expected.wall_time, expected.practitioner.name) == ("2026-03-09T10:00", "Dr Claire Aubin")
    assert await clinic.follow_ups.for_cabin(clinic.village.cabin) is None
    async with clinic.database.transaction() as tx:
        visit = await clinic.village.look(encounter_id)
        assert len(await clinic.follow_ups.keep(tx, clinic.village.gp, visit)) == 1
    assert (await clinic.stored(closed.promise_id)).status is PromiseStatus.KEPT
    lines = await clinic.follow_ups.day_sheet(clinic.nurse, NEXT_MONDAY.date())
    assert [line.status for line in lines] == [AppointmentStatus.FULFILLED]
    assert await clinic.follow_ups.for_cabin(clinic.village.cabin, patient) is None
