"""Breaking the glass opens one record for an hour, is told, and bars the next until somebody else reviewed it."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import GlassId, new_id
from server.people.access.finding import Sought
from server.people.access.glass import Glasses, broken_of
from server.people.access.glass_rules import GlassReason, Phase, Verdict
from tests.server.people.access.conftest import ODETTE, WHY, YVON, House


async def _id(house: House) -> GlassId:
    mine = await house.glasses.mine(house.nedjar)
    assert mine is not None
    return mine[0].id


async def test_one_record_opens_for_an_hour_and_no_other(house: House) -> None:
    assert await house.glasses.break_one(house.nedjar, house.breaking()) == house.odette
    house.clock.advance(minutes=59)
    assert await house.reads(house.nedjar, house.odette)
    assert not await house.reads(house.nedjar, house.yvon)
    assert not await house.reads(house.aubin, house.odette)
    house.clock.advance(minutes=1)
    assert not await house.reads(house.nedjar, house.odette)
    assert house.nudged == ["queue"]


async def test_the_log_and_the_patient_are_told_and_the_words_are_sealed(house: House) -> None:
    await house.glasses.break_one(house.nedjar, house.breaking(reason=GlassReason.CANNOT_SPEAK))
    (told,) = [one for one in await house.log() if one.action == "glass:broken"]
    assert (told.patient_id, told.actor, told.reason) == (house.odette, house.nedjar.account_id, "cannot-speak")
    assert told.ct_sha256 is not None
    async with house.database.reading() as tx:
        (broken,) = await broken_of(tx, house.vault, house.odette)
        rows = str((await tx.execute(text("SELECT * FROM broken_glass"))).all())
    assert (broken.words, broken.reason, broken.verdict) == (WHY, GlassReason.CANNOT_SPEAK, None)
    assert "Malaise" not in rows


async def test_an_unreviewed_one_bars_the_next_also_after_its_hour(house: House) -> None:
    await house.glasses.break_one(house.nedjar, house.breaking())
    for _ in range(2):
        with pytest.raises(Conflict) as refused:
            await house.glasses.break_one(house.nedjar, house.breaking(YVON))
        assert refused.value.code == "glass-unreviewed"
        house.clock.advance(minutes=90)
    await house.glasses.break_one(house.aubin, house.breaking(YVON))  # another doctor is not barred
    await house.glasses.review(house.mairie, await _id(house), Verdict.CONFIRMED)
    assert await house.glasses.mine(house.nedjar) is None
    assert await house.glasses.break_one(house.nedjar, house.breaking(YVON)) == house.yvon


async def test_of_two_at_the_same_instant_one_breaks(house: House) -> None:
    tried = await asyncio.gather(
        *(house.glasses.break_one(house.nedjar, house.breaking(one)) for one in (ODETTE, YVON)), return_exceptions=True
    )
    assert sum(isinstance(one, Conflict) for one in tried) == 1
    assert sum(not isinstance(one, Exception) for one in tried) == 1


async def test_the_index_bars_the_second_when_the_look_beforehand_is_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look_away(*_: object) -> None:
        return None

    monkeypatch.setattr(Glasses, "_refuse_unreviewed", look_away)
    await house.glasses.break_one(house.nedjar, house.breaking())
    with pytest.raises(Conflict) as refused:
        await house.glasses.break_one(house.nedjar, house.breaking(YVON))
    assert refused.value.code == "glass-unreviewed"
    assert not await house.reads(house.nedjar, house.yvon)


@pytest.mark.parametrize("verdict", list(Verdict))
async def test_a_verdict_closes_the_record_at_once_and_is_given_once(house: House, verdict: Verdict) -> None:
    await house.glasses.break_one(house.nedjar, house.breaking())
    assert await house.reads(house.nedjar, house.odette)
    glass_id = await _id(house)
    await house.glasses.review(house.mairie, glass_id, verdict)
    assert not await house.reads(house.nedjar, house.odette)
    with pytest.raises(Conflict):
        await house.glasses.review(house.mairie, glass_id, Verdict.CONFIRMED)
    cases = await house.glasses.cases(house.mairie)
    assert (cases.waiting, [one.glass.verdict for one in cases.reviewed]) == ((), [verdict])
    assert house.nudged[-1] == f"desk:{house.nedjar.account_id}"


async def test_the_reviewer_learns_who_where_why_and_how_often_and_no_more(house: House) -> None:
    await house.glasses.break_one(house.nedjar, house.breaking())
    await house.people.read(house.nedjar, house.odette)
    await house.people.read(house.nedjar, house.odette)
    await house.people.read(house.nurse, house.odette)
    (case,) = (await house.glasses.cases(house.mairie)).waiting
    assert (case.doctor, case.site, case.phase, case.late) == ("Dr Samir Nedjar", "Saint-Elme", Phase.OPEN, False)
    assert case.acts == {"glass:broken": 1, "patient:read": 2}
    assert not [secret for secret in ("Odette", "Lavergne", "Malaise", "1945") if secret in repr(case)]
    house.clock.advance(hours=72)
    (case,) = (await house.glasses.cases(house.mairie)).waiting
    assert (case.phase, case.late) == (Phase.CLOSED, True)


async def test_a_doctor_who_is_done_closes_it_and_the_review_is_still_owed(house: House) -> None:
    await house.glasses.close(house.nedjar)
    await house.glasses.break_one(house.nedjar, house.breaking())
    house.clock.advance(minutes=5)
    await house.glasses.close(house.nedjar)
    await house.glasses.close(house.nedjar)
    assert not await house.reads(house.nedjar, house.odette)
    mine = await house.glasses.mine(house.nedjar)
    assert mine is not None
    assert mine[1] is Phase.CLOSED
    assert [one.action for one in await house.log()].count("glass:closed") == 1


async def test_without_password_words_or_need_nothing_opens(house: House) -> None:
    wrong = [house.breaking(password="une autre phrase"), house.breaking(words="urgent")]
    for said in wrong:
        with pytest.raises(Invalid):
            await house.glasses.break_one(house.nedjar, said)
    with pytest.raises(NotFound):
        await house.glasses.break_one(house.nedjar, house.breaking(sought=Sought(code="000000")))
    await house.treats(house.nedjar, house.odette)
    with pytest.raises(Conflict) as refused:
        await house.glasses.break_one(house.nedjar, house.breaking())
    assert refused.value.code == "already-open"
    assert await house.glasses.mine(house.nedjar) is None
    assert [one.reason for one in await house.log() if one.action == "patient:searched"] == [
        "0 meant in an emergency",
        "1 meant in an emergency",
    ]


async def test_only_doctors_break_and_only_coordinators_review(house: House) -> None:
    for who in (house.nurse, house.mairie):
        with pytest.raises(NotAllowed):
            await house.glasses.break_one(who, house.breaking())
    await house.glasses.break_one(house.nedjar, house.breaking())
    for who in (house.nurse, house.nedjar, house.aubin):
        with pytest.raises(NotAllowed):
            await house.glasses.review(who, await _id(house), Verdict.CONFIRMED)
        with pytest.raises(NotAllowed):
            await house.glasses.cases(who)
    with pytest.raises(NotFound):
        await house.glasses.review(house.mairie, GlassId(new_id()), Verdict.CONFIRMED)
