"""A call for help is kept, answered, shown and closed, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from server.accounts.tables import Account
from server.audit.rules import Action
from server.encounters.help_rules import HelpKind
from server.encounters.rules import CancelReason, RedFlag
from server.encounters.service import HelpCalls
from server.encounters.tables import HelpCallRow
from server.encounters.views import HelpAsked, HelpWaiting
from server.kernel.access import Identity
from server.kernel.errors import Conflict, NotAllowed, NotFound
from server.kernel.ids import AccountId, CabinId, SiteId, new_id
from tests.server.encounters.village import NO_FLAGS, Village

URGENT = {**NO_FLAGS, RedFlag.BREATHLESS: True}


async def _known(village: Village, name: str = "Louise Perrin") -> Identity:
    """A nurse of the site who has an account."""
    nurse = replace(village.nurse, account_id=AccountId(new_id()), name=name)
    async with village.database.transaction() as tx:
        tx.add(
            Account(
                id=nurse.account_id,
                login=name.lower(),
                password_hash="-",
                role=nurse.role,
                name=name,
                site_id=nurse.site_id,
                created_at=village.clock(),
            )
        )
    return nurse


async def _mine(village: Village) -> HelpAsked:
    seen = await HelpCalls(village.ground).mine(village.cabin)
    assert seen is not None
    return seen


async def _only(village: Village, who: Identity | None = None) -> HelpWaiting:
    (seen,) = await HelpCalls(village.ground).waiting(who or village.nurse)
    return seen


async def _answer(village: Village, who: Identity, cabin: Identity | None = None) -> None:
    cabin_id = (cabin or village.cabin).cabin_id
    assert cabin_id is not None
    await HelpCalls(village.ground).answer(who, cabin_id)


async def test_a_call_is_seen_by_the_site_and_by_the_cabin(village: Village) -> None:
    asked_at = village.clock()
    await HelpCalls(village.ground).ask(village.cabin)
    village.clock.advance(minutes=2)
    seen = await _only(village)
    assert (seen.cabin_id, seen.cabin, seen.kind) == (village.cabin.cabin_id, "Cabine de la mairie", HelpKind.HELP)
    assert (seen.since, seen.is_answered) == (asked_at, False)
    assert (await _mine(village)).is_late
    assert {f"site:{village.site}", f"cabin:{village.cabin.cabin_id}", "queue"} == set(village.exchange.nudged)
    assert await village.logged(Action.HELP_ASKED) == 1


async def test_asking_again_keeps_the_first_time_and_writes_nothing(village: Village) -> None:
    calls = HelpCalls(village.ground)
    asked_at = village.clock()
    await calls.ask(village.cabin)
    village.clock.advance(minutes=3)
    await calls.ask(village.cabin)
    assert (await _only(village)).since == asked_at
    assert await village.logged(Action.HELP_ASKED) == 1


async def test_two_touches_at_once_make_one_call(village: Village) -> None:
    calls = HelpCalls(village.ground)
    await asyncio.gather(*(calls.ask(village.cabin) for _ in range(4)))
    async with village.database.reading() as tx:
        assert await tx.scalar(select(func.count()).select_from(HelpCallRow)) == 1


async def test_the_cabin_is_told_who_comes_and_the_first_stays(village: Village) -> None:
    sylvie, thomas = await _known(village, "Sylvie Kerdoncuff"), await _known(village, "Thomas Guéguen")
    await HelpCalls(village.ground).ask(village.cabin)
    village.exchange.nudged.clear()
    await _answer(village, sylvie)
    await _answer(village, thomas)
    seen = await _mine(village)
    assert (seen.is_answered, seen.answered_by, seen.changes_in) == (True, "Sylvie Kerdoncuff", 600)
    assert ((await _only(village, sylvie)).is_mine, (await _only(village, thomas)).is_mine) == (True, False)
    assert f"cabin:{village.cabin.cabin_id}" in village.exchange.nudged
    assert await village.logged(Action.HELP_ANSWERED) == 1


async def test_somebody_without_an_account_any_more_comes_without_a_name(village: Village) -> None:
    await HelpCalls(village.ground).ask(village.cabin)
    await _answer(village, village.nurse)
    assert (await _mine(village)).answered_by == ""


async def test_an_answered_call_closes_after_ten_minutes(village: Village) -> None:
    calls = HelpCalls(village.ground)
    await calls.ask(village.cabin)
    await _answer(village, village.nurse)
    village.clock.advance(minutes=10)
    assert (await calls.mine(village.cabin), await calls.waiting(village.nurse)) == (None, ())
    with pytest.raises(Conflict) as refused:
        await _answer(village, village.nurse)
    assert refused.value.code == "help-over"
    await calls.ask(village.cabin)
    assert (await _only(village)).since == village.clock()


async def test_the_cabin_says_that_it_is_good(village: Village) -> None:
    calls = HelpCalls(village.ground)
    await calls.ask(village.cabin)
    await calls.settle(village.cabin)
    await calls.settle(village.cabin)
    assert (await calls.mine(village.cabin), await calls.waiting(village.nurse)) == (None, ())
    assert await village.logged(Action.HELP_SETTLED) == 1
    with pytest.raises(Conflict):
        await _answer(village, village.nurse)


async def test_a_yes_to_a_grave_sign_alerts_the_site(village: Village) -> None:
    await village.arrived()
    village.exchange.nudged.clear()
    await village.intake.answer_flags(village.cabin, URGENT)
    seen = await _only(village)
    assert (seen.kind, seen.is_answered) == (HelpKind.EMERGENCY, False)
    assert {f"site:{village.site}", f"cabin:{village.cabin.cabin_id}"} <= set(village.exchange.nudged)


async def test_four_noes_alert_nobody(village: Village) -> None:
    await village.arrived()
    await village.intake.answer_flags(village.cabin, NO_FLAGS)
    assert await HelpCalls(village.ground).waiting(village.nurse) == ()


async def test_an_alert_that_cannot_be_kept_keeps_no_answer_either(village: Village) -> None:
    """One transaction: a cabin that already waits refuses new answers, and nobody is alerted."""
    await village.waiting()
    with pytest.raises(Conflict):
        await village.intake.answer_flags(village.cabin, URGENT)
    assert await HelpCalls(village.ground).waiting(village.nurse) == ()


async def test_an_emergency_outranks_a_call_that_was_answered(village: Village) -> None:
    await village.arrived()
    asked_at = village.clock()
    await HelpCalls(village.ground).ask(village.cabin)
    await _answer(village, village.nurse)
    village.clock.advance(minutes=1)
    await village.intake.answer_flags(village.cabin, URGENT)
    seen = await _only(village)
    assert (seen.kind, seen.is_answered, seen.since) == (HelpKind.EMERGENCY, False, asked_at)


async def test_emergencies_come_first_then_the_oldest(village: Village) -> None:
    calls, third = HelpCalls(village.ground), await village.add_cabin("Cabine du port")
    for cabin, kind in (
        (village.cabin, HelpKind.HELP),
        (third, HelpKind.HELP),
        (village.other_cabin, HelpKind.EMERGENCY),
    ):
        await calls.ask(cabin, kind)
        village.clock.advance(minutes=1)
    seen = [one.cabin for one in await calls.waiting(village.nurse)]
    assert seen == ["Cabine du bourg", "Cabine de la mairie", "Cabine du port"]


async def test_a_goodbye_closes_a_call_for_help(village: Village) -> None:
    calls = HelpCalls(village.ground)
    await village.finished()
    await calls.ask(village.cabin)
    await village.intake.goodbye(village.cabin)
    assert await calls.waiting(village.nurse) == ()


async def test_who_gives_up_needs_no_help_any_more(village: Village) -> None:
    await village.arrived()
    await HelpCalls(village.ground).ask(village.cabin)
    await village.intake.leave(village.cabin)
    assert await HelpCalls(village.ground).waiting(village.nurse) == ()


async def test_an_unanswered_emergency_outlives_a_goodbye_that_nobody_may_have_touched(village: Village) -> None:
    calls = HelpCalls(village.ground)
    await village.arrived()
    await village.intake.answer_flags(village.cabin, URGENT)
    await village.intake.leave(village.cabin, CancelReason.EMERGENCY)
    await village.intake.goodbye(village.cabin)
    assert (await _only(village)).kind is HelpKind.EMERGENCY
    await _answer(village, village.nurse)
    village.clock.advance(minutes=10)
    assert await calls.waiting(village.nurse) == ()


async def test_calls_of_another_site_are_neither_seen_nor_answered(village: Village) -> None:
    await HelpCalls(village.ground).ask(village.cabin)
    stranger = replace(village.nurse, site_id=SiteId(new_id()))
    assert await HelpCalls(village.ground).waiting(stranger) == ()
    with pytest.raises(NotFound):
        await _answer(village, stranger)
    with pytest.raises(NotFound):
        await HelpCalls(village.ground).answer(village.nurse, CabinId(new_id()))
    with pytest.raises(NotFound):
        await HelpCalls(village.ground).waiting(replace(village.nurse, site_id=None))


async def test_each_role_has_its_part_of_a_call(village: Village) -> None:
    calls = HelpCalls(village.ground)
    for who in (village.nurse, village.gp):
        for act in (calls.ask, calls.settle, calls.mine):
            with pytest.raises(NotAllowed):
                await act(who)
    for who in (village.cabin, village.gp):
        with pytest.raises(NotAllowed):
            await calls.waiting(who)
        with pytest.raises(NotAllowed):
            await _answer(village, who)
