"""Tending promises: seen or not come, withdrawn with a reason, and counted without a name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server.kernel.access import Identity, Role
from server.kernel.errors import Conflict, NotAllowed, NotFound
from server.kernel.ids import AccountId, PromiseId, SiteId, new_id
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler.promises.rules import Concern, WithdrawReason
from server.scheduler.promises.service import Promises
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.tables import BusyUnit
from tests.server.scheduler.clinic import Clinic, in_minutes

IN_PERSON = FollowUpWish(8, Modality.IN_PERSON, why="Pied diabétique")
TUESDAY = in_minutes(24 * 60 + 60)  # ten o'clock, within the surgery's hours
COORDINATOR = Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "La mairie")
S = PromiseStatus


def tending(clinic: Clinic) -> Promises:
    """The service under test."""
    return Promises(clinic.database, clinic.clock, clinic.village.exchange)


async def in_person(clinic: Clinic) -> tuple[PromiseId, object]:
    """A follow-up in person is booked for Tuesday at ten."""
    promise = await clinic.promised(IN_PERSON)
    choice = clinic.choice(TUESDAY, cabin_id=None, health_worker_id=None)
    return promise, await clinic.follow_ups.reserve(clinic.nurse, promise, choice, "une-cle-de-test")


@pytest.mark.parametrize(("came", "then"), [(True, S.KEPT), (False, S.MISSED)])
@pytest.mark.parametrize("by_doctor", [True, False])
async def test_an_appointment_in_person_is_marked_as_seen_or_not_come(
    clinic: Clinic, came: bool, then: PromiseStatus, by_doctor: bool
) -> None:
    promise, booked = await in_person(clinic)
    who = clinic.village.gp if by_doctor else clinic.nurse
    tend = tending(clinic)
    with pytest.raises(Conflict, match="pas encore"):
        await tend.mark(who, booked, 1, came=came)  # type: ignore[arg-type]
    clinic.clock.set(TUESDAY + timedelta(minutes=30))
    with pytest.raises(NotFound):
        await tend.mark(clinic.village.other_gp, booked, 1, came=came)  # type: ignore[arg-type]
    await tend.mark(who, booked, 1, came=came)  # type: ignore[arg-type]
    assert (await clinic.stored(promise)).status is then
    with pytest.raises(Conflict):
        await tend.mark(who, booked, 2, came=came)  # type: ignore[arg-type]
    care = await tend.care(who, promise)
    assert (care.alternation.last_in_person_on is not None) is came
    assert care.concern is (Concern.NOBODY if came else Concern.HEALTH_WORKER)


async def test_a_promise_is_withdrawn_with_a_reason_and_its_moment_is_free(clinic: Clinic) -> None:
    promise, _ = await in_person(clinic)
    tend = tending(clinic)
    stranger = replace(clinic.nurse, site_id=SiteId(new_id()))
    with pytest.raises(NotFound):
        await tend.withdraw(stranger, promise, WithdrawReason.MISTAKE)
    with pytest.raises(NotAllowed):
        await tend.withdraw(COORDINATOR, promise, WithdrawReason.MISTAKE)
    await tend.withdraw(clinic.nurse, promise, WithdrawReason.SEEN_ELSEWHERE)
    assert (await clinic.stored(promise)).status is S.WITHDRAWN
    assert await clinic.count(BusyUnit) == 0
    care = await tend.care(clinic.nurse, promise)
    assert care.withdrawn is not None
    assert care.withdrawn.reason is WithdrawReason.SEEN_ELSEWHERE
    with pytest.raises(Conflict):
        await tend.withdraw(clinic.nurse, promise, WithdrawReason.MISTAKE)


async def test_the_coordinator_sees_numbers_by_site_and_what_waits_too_long(clinic: Clinic) -> None:
    await clinic.promised()
    tend = tending(clinic)
    (line,) = [one for one in await tend.board(COORDINATOR) if one.to_book]
    assert (line.to_book, line.late, line.for_coordinator) == (1, 0, 0)
    clinic.clock.advance(days=40)
    first = (await tend.board(COORDINATOR))[0]
    assert (first.late, first.for_coordinator) == (1, 1)
    with pytest.raises(NotAllowed):
        await tend.board(clinic.nurse)
