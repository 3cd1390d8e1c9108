"""Both ends report their calls, on both databases: seconds on each rung, and one incident when the video was away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.audit.rules import Action
from server.encounters import store
from server.encounters.quality_rules import MOST_CALLS, Report, Side, Spread
from server.encounters.rules import IncidentKind
from server.kernel.errors import Conflict, Invalid, NotFound, TooMany
from server.kernel.ids import EncounterId, new_id
from signalling.ladder import Rung
from tests.server.encounters.village import Village


def told(*, video: int = 0, still: int = 0, voice: int = 0) -> Report:
    seconds = {Rung.VIDEO: video, Rung.STILL: still, Rung.VOICE: voice}
    return Report(new_id(), seconds, {Side.CABIN: still + voice}, cuts=1, cut_for=2, delay=Spread(40, 300))


async def called(village: Village, seconds: int = 300) -> EncounterId:
    """A call that has run for a while."""
    encounter_id = await village.in_call()
    village.clock.advance(seconds=seconds)
    return encounter_id


async def incidents(village: Village) -> list[tuple[IncidentKind, int]]:
    desk = await village.queue.desk_visit(village.gp)
    assert desk is not None
    return [(one.kind, one.seconds) for one in desk.incidents]


async def test_both_ends_reports_become_one_quality_of_the_visit(village: Village) -> None:
    encounter_id = await called(village)
    await village.calls.quality(village.cabin, told(video=200, still=20))
    await village.calls.quality(village.gp, told(video=202, still=21), encounter_id)
    desk = await village.queue.desk_visit(village.gp)
    assert desk is not None
    assert desk.quality is not None
    assert (desk.quality.with_video, desk.quality.without_video) == (202, 21)
    assert desk.quality.is_video_visit
    assert await incidents(village) == []


async def test_a_later_report_replaces_the_former_and_an_overtaken_one_changes_nothing(village: Village) -> None:
    encounter_id = await called(village)
    first = told(video=100)
    for seconds in (100, 150, 120):
        await village.calls.quality(village.gp, replace(first, seconds={Rung.VIDEO: seconds}), encounter_id)
    async with village.database.reading() as tx:
        rows = await store.call_qualities(tx, encounter_id)
        assert [(store.report(row).lasted, row.delay_high, row.cuts) for row in rows] == [(150, 300, 1)]
        assert (await store.rung_seconds(tx))[Rung.VIDEO] == 150


async def test_more_than_half_a_minute_without_video_is_one_incident_that_grows(village: Village) -> None:
    encounter_id = await called(village)
    cabin, doctor = told(video=100, still=30), told(video=100, still=31)
    await village.calls.quality(village.cabin, cabin)
    assert await incidents(village) == []
    village.exchange.nudged.clear()
    await village.calls.quality(village.gp, doctor, encounter_id)
    assert await incidents(village) == [(IncidentKind.AUDIO_ONLY, 31)]
    assert f"desk:{village.gp.account_id}" in village.exchange.nudged
    village.clock.advance(seconds=60)
    grown = {Rung.VIDEO: 100, Rung.STILL: 31, Rung.VOICE: 45}
    await village.calls.quality(village.cabin, replace(cabin, seconds=grown))
    await village.calls.quality(village.gp, replace(doctor, seconds=grown), encounter_id)
    assert await incidents(village) == [(IncidentKind.AUDIO_ONLY, 76)]
    assert await village.logged(Action.CALL_INCIDENT) == 2


async def test_a_report_comes_after_hanging_up_too_and_not_after_signing(village: Village) -> None:
    encounter_id = await called(village)
    await village.calls.hang_up(village.gp, encounter_id)
    await village.calls.quality(village.gp, told(video=200), encounter_id)
    async with village.database.transaction() as tx:
        await village.endings.finish(village.gp, tx, encounter_id)
    with pytest.raises(Conflict):
        await village.calls.quality(village.gp, told(video=201), encounter_id)


async def test_strangers_and_impossible_numbers_are_refused(village: Village) -> None:
    encounter_id = await called(village)
    for who in (village.other_gp, village.other_cabin):
        with pytest.raises(NotFound):
            await village.calls.quality(who, told(video=10), encounter_id)
    with pytest.raises(Invalid):
        await village.calls.quality(village.gp, told(video=1000), encounter_id)


async def test_a_page_that_reloads_for_ever_or_does_not_stop_fills_nothing(village: Village) -> None:
    encounter_id = await called(village)
    for _ in range(MOST_CALLS + 3):
        village.clock.advance(seconds=5)
        await village.calls.quality(village.cabin, told(video=1))
    async with village.database.reading() as tx:
        assert len(await store.call_qualities(tx, encounter_id)) == MOST_CALLS
    for _ in range(30):
        await village.calls.quality(village.gp, told(video=1), encounter_id)
    with pytest.raises(TooMany):
        await village.calls.quality(village.gp, told(video=1), encounter_id)


async def test_one_cut_that_both_ends_tell_of_is_one_incident_as_long_as_the_longer(village: Village) -> None:
    encounter_id = await called(village)
    await village.calls.incident(village.cabin, IncidentKind.CUT, 4)
    village.clock.advance(seconds=2)
    await village.calls.incident(village.gp, IncidentKind.CUT, 6, encounter_id)
    village.clock.advance(seconds=30)
    await village.calls.incident(village.gp, IncidentKind.CUT, 3, encounter_id)
    assert await incidents(village) == [(IncidentKind.CUT, 6), (IncidentKind.CUT, 3)]
