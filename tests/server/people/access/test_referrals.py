"""A doctor refers a patient until a day, and takes it back; nobody refers on, and nobody takes back another's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from server.kernel.access import Identity
from server.kernel.errors import Invalid, NotAllowed, NotFound
from server.kernel.ids import PractitionerId
from tests.server.people.access.conftest import House


def _id(who: Identity) -> PractitionerId:
    assert who.practitioner_id is not None
    return who.practitioner_id


async def _refer(house: House, days: int = 3) -> None:
    until_on = house.clock().date() + timedelta(days=days)
    await house.referrals.refer(house.aubin, house.odette, _id(house.nedjar), until_on)


async def test_a_referral_opens_the_record_until_the_end_of_its_day_at_the_patients_place(house: House) -> None:
    await house.treats(house.aubin, house.odette)
    house.clock.set(datetime(2026, 3, 10, 9, tzinfo=UTC))
    await house.referrals.refer(house.aubin, house.odette, _id(house.nedjar), date(2026, 3, 12))
    (told,) = await house.referrals.mine(house.nedjar)
    assert (told.name, told.by, told.given) == ("Odette Lavergne", "Dr Claire Aubin", False)
    house.clock.set(datetime(2026, 3, 12, 22, 59, tzinfo=UTC))
    assert await house.reads(house.nedjar, house.odette)
    house.clock.advance(minutes=1)  # midnight in Paris
    assert not await house.reads(house.nedjar, house.odette)
    assert await house.referrals.mine(house.nedjar) == []


async def test_a_revoked_referral_closes_at_the_next_request(house: House) -> None:
    await house.treats(house.aubin, house.odette)
    await _refer(house)
    (given,) = await house.referrals.mine(house.aubin, house.odette)
    assert (given.given, given.to) == (True, "Dr Samir Nedjar")
    with pytest.raises(NotFound):
        await house.referrals.revoke(house.nedjar, given.id)
    assert await house.reads(house.nedjar, house.odette)
    await house.referrals.revoke(house.aubin, given.id)
    assert not await house.reads(house.nedjar, house.odette)
    with pytest.raises(NotFound):
        await house.referrals.revoke(house.aubin, given.id)
    acts = [one.action for one in await house.log() if one.patient_id == house.odette]
    assert [one for one in acts if one.startswith("care:")] == ["care:referred", "care:referral-revoked"]


async def test_a_new_day_takes_the_place_of_the_old_one(house: House) -> None:
    await house.treats(house.aubin, house.odette)
    await _refer(house, days=30)
    await _refer(house, days=1)
    assert len(await house.referrals.mine(house.aubin)) == 1
    house.clock.advance(days=3)
    assert not await house.reads(house.nedjar, house.odette)


async def test_only_who_cares_refers_and_who_was_referred_to_does_not_refer_on(house: House) -> None:
    with pytest.raises(NotFound):
        await _refer(house)
    await house.treats(house.aubin, house.odette)
    await _refer(house)
    with pytest.raises(NotFound):
        await house.referrals.refer(house.nedjar, house.odette, _id(house.aubin), house.clock().date())
    for who in (house.nurse, house.mairie):
        with pytest.raises(NotAllowed):
            await house.referrals.refer(who, house.odette, _id(house.aubin), house.clock().date())


@pytest.mark.parametrize(("days", "own", "field"), [(-1, False, "until_on"), (367, False, "until_on"), (1, True, "to")])
async def test_impossible_days_and_oneself_are_refused(house: House, days: int, own: bool, field: str) -> None:
    await house.treats(house.aubin, house.odette)
    to, until_on = _id(house.aubin if own else house.nedjar), house.clock().date() + timedelta(days=days)
    with pytest.raises(Invalid) as refused:
        await house.referrals.refer(house.aubin, house.odette, to, until_on)
    assert set(refused.value.fields) == {field}
    assert await house.referrals.mine(house.aubin) == []


async def test_a_doctor_who_no_longer_cares_sees_no_name_and_may_still_take_back(house: House) -> None:
    assert house.aubin.practitioner_id is not None
    house.visits.add((house.aubin.practitioner_id, house.odette))
    await _refer(house)
    house.visits.clear()
    (given,) = await house.referrals.mine(house.aubin)
    assert given.name == ""
    await house.referrals.revoke(house.aubin, given.id)
    assert not await house.reads(house.nedjar, house.odette)
