"""Tending promises: seen or not come, withdrawn with a reason, and counted without a name."""

from __future__ import annotations

import importlib
from dataclasses import replace
from datetime import timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection

from server.kernel.access import Identity, Role
from server.kernel.errors import Conflict, NotAllowed, NotFound
from server.kernel.ids import AccountId, PromiseId, SiteId, new_id
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler.promises import store
from server.scheduler.promises.rules import Concern, Outcome, WithdrawReason
from server.scheduler.promises.service import Promises
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.service.views import CancelReason, PromiseLine
from server.scheduler.tables import BusyUnit
from tests.server.scheduler.clinic import Clinic, in_minutes
from tests.server.scheduler.waiting.listing import listing

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


async def on_worklist(clinic: Clinic, who: Identity) -> PromiseLine:
    """The one line that somebody sees when they open their worklist."""
    (line,) = await clinic.follow_ups.open_worklist(who)
    return line


async def test_a_follow_up_that_nobody_of_the_site_opens_climbs_until_somebody_does(clinic: Clinic) -> None:
    await clinic.promised(FollowUpWish(180, Modality.REMOTE, why="Bilan"))
    tend = tending(clinic)
    for days, counts in ((2, (0, 0, 0)), (1, (1, 0, 0)), (4, (1, 1, 0)), (7, (1, 0, 1))):
        clinic.clock.advance(days=days)
        line = (await tend.board(COORDINATOR))[0]
        assert (line.unread, line.for_doctor, line.for_coordinator) == counts
    assert (await on_worklist(clinic, clinic.village.gp)).unread_at_site is Concern.COORDINATOR
    stranger = replace(clinic.nurse, site_id=SiteId(new_id()))
    assert await clinic.follow_ups.open_worklist(stranger) == []
    (seen,) = await clinic.follow_ups.due(clinic.nurse)  # looked up, not opened
    care = await tend.care(clinic.nurse, seen.id)
    assert care.concern is Concern.COORDINATOR
    assert (await on_worklist(clinic, clinic.nurse)).unread_at_site is Concern.COORDINATOR
    assert (await on_worklist(clinic, clinic.nurse)).unread_at_site is None
    line = (await tend.board(COORDINATOR))[0]
    assert (line.unread, line.for_coordinator) == (0, 0)


async def test_what_came_of_a_follow_up_climbs_until_the_doctor_has_opened_it(clinic: Clinic) -> None:
    one, gp, nurse = listing(clinic), clinic.village.gp, clinic.nurse
    promise, booked = await one.booked(clinic.choice())
    await clinic.follow_ups.cancel(nurse, booked, 1, CancelReason.PATIENT)
    assert (await on_worklist(clinic, nurse)).unread_by_doctor is Concern.NOBODY
    clinic.clock.advance(days=3)
    (line,) = await clinic.follow_ups.due(nurse)
    assert (line.unread_at_site, line.unread_by_doctor) == (None, Concern.HEALTH_WORKER)
    assert (await tending(clinic).board(COORDINATOR))[0].unread == 1
    for news in (Outcome.CANNOT_COME, None):
        assert (await on_worklist(clinic, gp)).news is news
    assert (await tending(clinic).board(COORDINATOR))[0].unread == 0
    again = await clinic.follow_ups.reserve(nurse, promise, clinic.choice(in_minutes(60)), "une-autre-cle")
    clinic.clock.set(in_minutes(75))
    await clinic.follow_ups.miss(nurse, again, 1)
    for news in (Outcome.MISSED, None):  # a newer one is news again
        assert (await on_worklist(clinic, gp)).news is news


async def test_who_says_no_to_an_offer_or_does_not_answer_is_news_for_the_doctor(clinic: Clinic) -> None:
    one, gp = listing(clinic), clinic.village.gp
    promise, _ = await one.on_the_list()
    other, _ = await one.on_the_list()
    _, appointment = await one.booked(clinic.choice())
    await clinic.follow_ups.cancel(clinic.nurse, appointment, 1, CancelReason.PRACTITIONER)
    await one.offering.work()
    asked = await one.asked()
    assert asked is not None
    assert asked.offer_id is not None
    await one.waiting.answer(clinic.nurse, asked.offer_id, yes=False)
    await one.offering.work()
    clinic.clock.advance(hours=25)
    await one.offering.work()
    news = {line.id: line.news for line in await clinic.follow_ups.open_worklist(gp) if line.news}
    assert news == {promise: Outcome.DECLINED, other: Outcome.EXPIRED}
    assert not [line for line in await clinic.follow_ups.due(gp) if line.news]


async def test_what_stood_before_anybody_counted_is_held_to_be_read(clinic: Clinic) -> None:
    promise = await clinic.promised()
    readings = importlib.import_module("server.database.migrations.versions.0026_promise_readings")

    def anew(line: Connection) -> None:
        with Operations.context(MigrationContext.configure(line)):
            readings.downgrade()
            readings.upgrade()

    async with clinic.database.engine.begin() as line:
        await line.run_sync(anew)
    async with clinic.database.reading() as tx:
        known = (await store.readings(tx, [await clinic.stored(promise)]))[promise]
    assert known.by_site_at is not None
    assert known.by_doctor_at is not None
