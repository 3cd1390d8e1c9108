"""The list of a site: put on, taken off and back, answered at the desk or by the link; nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import SiteId, new_id
from server.scheduler.service.views import CancelReason
from server.scheduler.waiting.rules import EntryStatus, OfferStatus
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic
from tests.server.scheduler.waiting.listing import LATER, MONTH, listing


async def test_somebody_is_put_on_the_list_taken_off_and_back(clinic: Clinic) -> None:
    one = listing(clinic)
    promise, entry = await one.on_the_list(choice=clinic.choice(LATER))
    (line,) = await one.waiting.lines(clinic.nurse)
    assert (line.promise.id, line.booked_at, line.wish) == (promise, LATER, MONTH)
    await one.waiting.withdraw(clinic.nurse, entry)
    assert [line.status for line in await one.waiting.lines(clinic.nurse)] == [EntryStatus.WITHDRAWN]
    with pytest.raises(Conflict):
        await one.waiting.withdraw(clinic.nurse, entry)
    await one.waiting.restore(clinic.nurse, entry)
    assert [line.since for line in await one.waiting.lines(clinic.nurse)] == [line.since]
    mornings = replace(MONTH, weekdays=0b0000011)
    assert await one.waiting.add(clinic.nurse, promise, mornings) == entry
    assert [line.wish for line in await one.waiting.lines(clinic.nurse)] == [mornings]
    for wrong in (replace(MONTH, weekdays=0), replace(MONTH, until_on=MONTH.from_on - timedelta(days=1))):
        with pytest.raises(Invalid):
            await one.waiting.add(clinic.nurse, promise, wrong)


async def test_who_is_taken_off_while_asked_gives_the_moment_to_the_next(clinic: Clinic) -> None:
    one = listing(clinic)
    _, first = await one.on_the_list()
    second, _ = await one.on_the_list()
    _, appointment = await one.booked(clinic.choice())
    await clinic.follow_ups.cancel(clinic.nurse, appointment, 1, CancelReason.PATIENT)
    await one.offering.work()
    await one.waiting.withdraw(clinic.nurse, first)
    await one.offering.work()
    asked = await one.asked()
    assert asked is not None
    assert asked.promise.id == second


async def test_a_link_says_yes_once_and_no_once(clinic: Clinic) -> None:
    one = listing(clinic)
    promise, _ = await one.on_the_list()
    _, appointment = await one.booked(clinic.choice())
    await clinic.follow_ups.cancel(clinic.nurse, appointment, 1, CancelReason.PATIENT)
    await one.offering.work()
    (offer,) = await one.offers()
    await one.waiting.answer_by_link(offer.hold_id, yes=True)
    await one.waiting.answer_by_link(offer.hold_id, yes=True)
    (kept,) = await one.standing(promise)
    assert kept.starts_at == NEXT_MONDAY
    with pytest.raises(Conflict):
        await one.waiting.answer_by_link(offer.hold_id, yes=False)
    with pytest.raises(Conflict):
        await one.waiting.answer_by_link(appointment, yes=True)
    assert [each.status for each in await one.offers()] == [OfferStatus.ACCEPTED]
    assert await one.waiting.lines(clinic.nurse) == []


async def test_nobody_of_another_site_sees_or_changes_the_list(clinic: Clinic) -> None:
    one = listing(clinic)
    promise, entry = await one.on_the_list()
    _, appointment = await one.booked(clinic.choice())
    await clinic.follow_ups.cancel(clinic.nurse, appointment, 1, CancelReason.PATIENT)
    await one.offering.work()
    (offer,) = await one.offers()
    stranger = replace(clinic.nurse, site_id=SiteId(new_id()))
    assert await one.waiting.lines(stranger) == []
    for attempt in (
        one.waiting.add(stranger, promise, MONTH),
        one.waiting.restore(stranger, entry),
        one.waiting.withdraw(replace(stranger, account_id=clinic.nurse.account_id), entry),
        one.waiting.answer(stranger, offer.id, yes=True),
    ):
        with pytest.raises(NotFound):
            await attempt
    with pytest.raises(NotAllowed):
        await one.waiting.lines(clinic.village.gp)
    assert [each.status for each in await one.offers()] == [OfferStatus.OPEN]
