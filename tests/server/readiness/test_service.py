"""Checking cabins: judged, kept, told; what red closes, what opens it again, and who may what; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from aiortc import AudioStreamTrack

from server.audit.rules import Action
from server.kernel.access import Identity, Role
from server.kernel.errors import Conflict, Invalid, NotAllowed, TooMany
from server.kernel.ids import CabinId
from server.readiness import store
from server.readiness.faults import Fault
from server.readiness.rules import KEPT_FOR, UNCHECKED_AFTER, Colour, Figures, Verdict, Way
from server.readiness.service import BURST, Readiness
from server.readiness.tables import ReadinessRow
from server.scheduler.rules.search import WhyEmpty
from server.scheduler.service.views import CabinDown
from signalling.peer_link import Link
from tests.server.readiness.figures import GOOD, but
from tests.server.scheduler.clinic import Clinic, in_minutes


@pytest.fixture
def coordinator(clinic: Clinic) -> Identity:
    return replace(clinic.nurse, role=Role.COORDINATOR, site_id=None)


def _cabin_id(who: Identity) -> CabinId:
    assert who.cabin_id is not None
    return who.cabin_id


async def _report(readiness: Readiness, who: Identity, figures: Figures = GOOD) -> Verdict:
    return await readiness.report(who, None, figures, asked=True)


async def test_a_report_is_judged_kept_logged_and_told(clinic: Clinic, readiness: Readiness) -> None:
    cabin = clinic.village.cabin
    verdict = await _report(readiness, cabin, but(light=5))
    assert (verdict.colour, verdict.fault) == (Colour.AMBER, Fault.BLACK)
    kept = await readiness.mine(cabin)
    assert kept
    assert (kept.at, kept.colour, kept.fault, kept.asked) == (clinic.clock(), Colour.AMBER, Fault.BLACK, True)
    assert kept.figures == but(light=5)
    assert await clinic.village.logged(Action.CABIN_CHECKED) == 1
    assert clinic.village.exchange.nudged[-2:] == ["readiness", f"site:{clinic.village.site}"]
    assert await readiness.mine(clinic.village.other_cabin) is None


async def test_what_a_page_needs_names_each_relay_alone_with_credentials_of_its_own(
    clinic: Clinic, readiness: Readiness
) -> None:
    begun = await readiness.begin(clinic.village.cabin)
    assert not begun.standing.checked
    assert [relay.way for relay in begun.relays] == [Way.UDP, Way.TLS]
    assert all(len(relay.server.urls) == 1 for relay in begun.relays)
    assert len({relay.server.username for relay in begun.relays} | {begun.ice_servers[0].username}) == 3


async def test_nothing_is_checked_while_somebody_sits_in_the_cabin(clinic: Clinic, readiness: Readiness) -> None:
    await clinic.village.waiting()
    for refused in (readiness.begin(clinic.village.cabin), readiness.answer(clinic.village.cabin, "v=0")):
        with pytest.raises(Conflict) as no:
            await refused
        assert no.value.code == "visit"
    await readiness.begin(clinic.village.other_cabin)


async def test_an_offer_that_makes_no_sense_is_refused_and_a_cabin_asks_only_so_often(
    clinic: Clinic, readiness: Readiness
) -> None:
    cabin = clinic.village.cabin
    with pytest.raises(Invalid):
        await readiness.answer(cabin, "v=0\r\n")
    for _ in range(BURST):
        await _report(readiness, cabin)
    with pytest.raises(TooMany):
        await _report(readiness, cabin)


async def test_a_page_that_claims_a_line_which_the_echo_never_heard_is_red(
    clinic: Clinic, readiness: Readiness
) -> None:
    page = Link(tracks=[AudioStreamTrack()])
    try:
        key, _unused = await readiness.answer(clinic.village.cabin, await page.offer())
        verdict = await readiness.report(clinic.village.cabin, key, GOOD, asked=True)
    finally:
        await page.close()
    assert (verdict.colour, verdict.fault) == (Colour.RED, Fault.LINE_DOWN)


async def test_red_closes_booking_and_a_later_green_opens_it(clinic: Clinic, readiness: Readiness) -> None:
    cabin, promise = clinic.village.cabin, await clinic.promised()
    elsewhere = clinic.choice(in_minutes(60), cabin_id=clinic.village.other_cabin.cabin_id)
    moved = await clinic.follow_ups.book(clinic.nurse, await clinic.promised(), elsewhere, "key-0000")
    await _report(readiness, cabin, but(connected=False))
    shown = await clinic.follow_ups.proposals(clinic.nurse, promise)
    assert {one.cabin.id for one in shown.choices if one.cabin} == {clinic.village.other_cabin.cabin_id}
    with pytest.raises(CabinDown) as refused:
        await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0001")
    assert refused.value.code == "cabin-down"
    assert "panne" in str(refused.value)
    with pytest.raises(CabinDown):
        await clinic.follow_ups.move(clinic.nurse, moved, 1, clinic.choice())
    await _report(readiness, clinic.village.other_cabin, but(connected=False))
    assert (await clinic.follow_ups.proposals(clinic.nurse, promise)).why_empty is WhyEmpty.CABIN_DOWN
    clinic.clock.advance(minutes=30)
    await _report(readiness, cabin)
    shown = await clinic.follow_ups.proposals(clinic.nurse, promise)
    assert {one.cabin.id for one in shown.choices if one.cabin} == {cabin.cabin_id}
    assert shown.choices[0].starts_at == in_minutes(30)  # beside what is booked already
    await clinic.follow_ups.book(clinic.nurse, promise, clinic.choice(), "key-0002")


async def test_amber_and_a_cabin_that_nobody_checks_stay_open(clinic: Clinic, readiness: Readiness) -> None:
    await _report(readiness, clinic.village.cabin, but(light=5))
    clinic.clock.advance(UNCHECKED_AFTER + timedelta(hours=1))
    states = await readiness.of_cabins(clinic.nurse, [_cabin_id(clinic.village.cabin)])
    assert [(one.checked, one.closes) for one in states.values()] == [(False, False)]
    async with clinic.database.reading() as tx:
        assert await store.closed(tx, [_cabin_id(clinic.village.cabin)]) == frozenset()


async def test_the_coordinator_sees_every_cabin_with_thirty_days_and_old_checks_are_forgotten(
    clinic: Clinic, readiness: Readiness, coordinator: Identity
) -> None:
    cabin = clinic.village.cabin
    await _report(readiness, cabin, but(connected=False))
    clinic.clock.advance(days=31)
    await _report(readiness, cabin)
    seen = {one.cabin.id: one for one in await readiness.all(coordinator)}
    assert set(seen) == {cabin.cabin_id, clinic.village.other_cabin.cabin_id}
    assert [check.colour for check in seen[_cabin_id(cabin)].checks] == [Colour.GREEN]
    assert seen[_cabin_id(cabin)].standing.colour is Colour.GREEN
    assert not seen[_cabin_id(clinic.village.other_cabin)].standing.checked
    assert await clinic.count(ReadinessRow) == 2
    clinic.clock.advance(KEPT_FOR)
    await _report(readiness, cabin)
    assert await clinic.count(ReadinessRow) == 2


async def test_only_cabins_check_and_doctors_do_not_watch(clinic: Clinic, readiness: Readiness) -> None:
    for not_a_cabin in (clinic.nurse, clinic.village.gp):
        with pytest.raises(NotAllowed):
            await _report(readiness, not_a_cabin)
    for not_watching in (clinic.village.cabin, clinic.village.gp):
        with pytest.raises(NotAllowed):
            await readiness.all(not_watching)
