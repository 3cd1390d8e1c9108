"""One more person beside another: in whose calendar, for which reason, and never a cabin or a patient twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from random import Random

import pytest
from sqlalchemy import select

from server.audit.rules import Action
from server.kernel.access import Identity, Role
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import AccountId, PromiseId, new_id
from server.scheduler.availability import store as availability
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.overbooking import SECOND, OverbookReason
from server.scheduler.service.views import CancelReason, Choice, SlotTaken
from server.scheduler.tables import Appointment, BusyUnit, Resource
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic, in_minutes

WHY = OverbookReason.URGENT


def beside(clinic: Clinic, minutes: int = 0, **changes: object) -> Choice:
    """The other cabin, with the same doctor and nurse."""
    return clinic.choice(in_minutes(minutes), **{"cabin_id": clinic.village.other_cabin.cabin_id, **changes})


def coordinator() -> Identity:
    """Who answers for the territory."""
    return Identity(AccountId(new_id()), Role.COORDINATOR, "coord", "Coordination")


async def refuse_faults(clinic: Clinic) -> None:
    """Fail when a cabin or a patient stands twice, anybody three times, or somebody in lane 1 without a reason."""
    async with clinic.database.reading() as tx:
        kinds = {row.id: row.kind for row in await tx.scalars(select(Resource))}
        units = (
            await tx.execute(select(BusyUnit.resource_id, BusyUnit.unit, BusyUnit.lane, BusyUnit.appointment_id))
        ).all()
        reasons = {row.id: row.override_reason for row in await tx.scalars(select(Appointment))}
    stands = Counter((resource_id, unit) for resource_id, unit, _, _ in units)
    people = (ResourceKind.PRACTITIONER, ResourceKind.HEALTH_WORKER)
    assert all(times == 1 or (times == 2 and kinds[one[0]] in people) for one, times in stands.items())
    assert all(reasons[appointment] for _, _, lane, appointment in units if lane == SECOND)


async def test_a_doctor_adds_somebody_to_a_moment_at_which_they_are_taken_with_a_mark_and_a_reason(
    clinic: Clinic,
) -> None:
    gp, promise = clinic.village.gp, await clinic.promised()
    await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(), "key-0001")
    with pytest.raises(Conflict) as free:
        await clinic.follow_ups.overbook(gp, promise, beside(clinic, 60), WHY)
    assert free.value.code == "not-needed"
    shown = await clinic.follow_ups.overbookable(gp, promise)
    assert [one.wall_time for one in shown.choices] == ["2026-03-09T09:00"]
    added = await clinic.follow_ups.overbook(gp, promise, shown.choices[0].choice, WHY)
    await refuse_faults(clinic)
    lines = await clinic.follow_ups.day_sheet(clinic.nurse, NEXT_MONDAY.date())
    assert sorted((one.id == added, one.overbooked) for one in lines) == [(False, None), (True, WHY)]
    assert await clinic.village.logged(Action.APPOINTMENT_OVERBOOKED) == 1
    async with clinic.database.reading() as tx:  # and whoever changes these hours sees which one it is
        kind, aubin = ResourceKind.PRACTITIONER, gp.practitioner_id
        assert aubin is not None
        named = await availability.booked(tx, kind, aubin, clinic.clock())
    assert sorted((one.id == added, one.overbooked) for one in named) == [(False, False), (True, True)]
    with pytest.raises(Conflict):  # there is no third
        await clinic.follow_ups.overbook(gp, await clinic.promised(), beside(clinic), WHY)
    await clinic.follow_ups.move(clinic.nurse, added, 1, beside(clinic, 60))
    async with clinic.database.reading() as tx:
        assert (await tx.scalar(select(BusyUnit.unit).where(BusyUnit.lane == SECOND).limit(1))) is None
    await refuse_faults(clinic)


async def test_a_moment_that_keeps_an_added_person_is_not_free_when_the_first_one_goes(clinic: Clinic) -> None:
    first = await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(), "key-0001")
    await clinic.follow_ups.overbook(clinic.village.gp, await clinic.promised(), beside(clinic), WHY)
    await clinic.follow_ups.cancel(clinic.nurse, first, 1, CancelReason.PATIENT)
    promise = await clinic.promised()
    shown = await clinic.follow_ups.proposals(clinic.nurse, promise)
    assert "2026-03-09T09:00" not in [one.wall_time for one in shown.choices]
    with pytest.raises(SlotTaken):
        await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0002")


async def test_cabin_and_patient_are_never_added_to(clinic: Clinic) -> None:
    patient = await clinic.village.patient()
    mine, same = await clinic.promised(patient=patient), await clinic.promised(patient=patient)
    await clinic.follow_ups.book(clinic.nurse, mine, clinic.choice(), "key-0001")
    for promise, choice in ((await clinic.promised(), clinic.choice(in_minutes(15))), (same, beside(clinic))):
        with pytest.raises(Conflict) as refused:
            await clinic.follow_ups.overbook(clinic.village.gp, promise, choice, WHY)
        assert refused.value.code == "slot-taken"
    await refuse_faults(clinic)


async def test_who_may_add_somebody_is_the_doctor_for_themselves_and_nobody_without_names(clinic: Clinic) -> None:
    promise = await clinic.promised()
    await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(), "key-0001")
    for who in (clinic.nurse, clinic.village.cabin, coordinator()):
        with pytest.raises(NotAllowed):
            await clinic.follow_ups.overbook(who, promise, beside(clinic), WHY)
    other = clinic.village.other_gp
    with pytest.raises(NotAllowed):
        await clinic.follow_ups.overbook(other, promise, beside(clinic), WHY)
    choice = beside(clinic, practitioner_id=other.practitioner_id)
    with pytest.raises(NotFound):
        await clinic.follow_ups.overbook(other, promise, choice, WHY)
    await clinic.follow_ups.overbook(clinic.village.gp, promise, beside(clinic), OverbookReason.TOGETHER)
    await refuse_faults(clinic)


async def test_of_ten_who_are_added_at_once_one_is(clinic: Clinic) -> None:
    await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), clinic.choice(), "key-0001")
    promises = [await clinic.promised() for _ in range(10)]

    async def add(promise: PromiseId) -> bool:
        try:
            await clinic.follow_ups.overbook(clinic.village.gp, promise, beside(clinic), WHY)
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*map(add, promises))) == 1
    await refuse_faults(clinic)


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_people_do_no_cabin_and_no_patient_stands_twice(clinic: Clinic, seed: int) -> None:
    random = Random(seed)
    patients = [await clinic.village.patient() for _ in range(3)]
    promises = [await clinic.promised(patient=patients[n % 3]) for n in range(8)]
    cabins = (clinic.village.cabin.cabin_id, clinic.village.other_cabin.cabin_id)

    async def act(number: int) -> None:
        promise = random.choice(promises)
        choice = clinic.choice(in_minutes(15 * random.randrange(5)), cabin_id=random.choice(cabins))
        lines = await clinic.follow_ups.day_sheet(clinic.nurse, NEXT_MONDAY.date())
        booked = [one for one in lines if one.status == "booked"]
        match random.randrange(5):
            case 0:
                await clinic.follow_ups.reserve(clinic.nurse, promise, choice, f"key-{number:04d}")
            case 1:
                held = await clinic.follow_ups.hold(clinic.nurse, promise, choice)
                if random.random() < 0.7:
                    await clinic.follow_ups.confirm(clinic.nurse, held.id, held.version)
            case 2:
                await clinic.follow_ups.overbook(clinic.village.gp, promise, choice, WHY)
            case 3 if booked:
                one = random.choice(booked)
                await clinic.follow_ups.move(clinic.nurse, one.id, one.version, choice)
            case 4 if booked and random.random() < 0.4:
                one = random.choice(booked)
                await clinic.follow_ups.cancel(clinic.nurse, one.id, one.version, CancelReason.OTHER)

    for number in range(40):
        with contextlib.suppress(Conflict, Invalid):
            await act(number)
        await refuse_faults(clinic)
