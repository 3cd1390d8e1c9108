"""A series: ordered at signing or at the desk, booked whole, moved and cancelled from one time on, stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import PromiseId, SeriesId, SiteId, new_id
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler.promises.rules import WithdrawReason
from server.scheduler.promises.service import Promises
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.rules.units import wall_time
from server.scheduler.series.service import Series, SeriesView
from server.scheduler.service.views import CancelReason
from server.scheduler.tables import BusyUnit
from tests.server.scheduler.clinic import IN_A_WEEK, PARIS, Clinic

WEEKLY = FollowUpWish(7, Modality.REMOTE, True, "Contrôle de la tension", times=4, every_days=7)
"""From Monday 9 March 2026 on: the clocks change between the third time and the fourth."""


def of(clinic: Clinic) -> Series:
    """The service under test."""
    promises = Promises(clinic.database, clinic.clock, clinic.village.exchange)
    return Series(clinic.database, clinic.village.people, clinic.vault, clinic.clock, clinic.follow_ups, promises)


async def ordered(clinic: Clinic, wish: FollowUpWish = WEEKLY) -> tuple[PromiseId, SeriesId]:
    """The doctor has signed, with a series."""
    first = await clinic.promised(wish)
    series_id = (await clinic.stored(first)).series_id
    assert series_id is not None
    return first, series_id


async def booked(clinic: Clinic) -> tuple[Series, SeriesId, SeriesView]:
    """All of it is booked at once."""
    series, (_, series_id) = of(clinic), await ordered(clinic)
    shown = await series.view(clinic.nurse, series_id)
    lines = [(line.promise.id, line.proposal.choice) for line in shown.lines if line.proposal]
    assert (await series.book(clinic.nurse, series_id, lines)).changed == 4
    return series, series_id, await series.view(clinic.nurse, series_id)


def hours(view: SeriesView) -> list[str]:
    """When each time stands, by the clock on the wall."""
    return [wall_time(line.booked.starts_at, PARIS) for line in view.lines if line.booked]


async def test_a_series_is_proposed_at_the_same_hour_with_the_same_people_and_booked_at_once(clinic: Clinic) -> None:
    _, _, view = await booked(clinic)
    at = hours(view)
    assert [one[:10] for one in at] == ["2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"]
    assert len({one[11:] for one in at}) == 1
    assert len({line.booked.practitioner.id for line in view.lines if line.booked}) == 1
    assert [line.promise.series_no for line in view.lines] == [1, 2, 3, 4]
    assert {line.promise.series_times for line in view.lines} == {4}
    assert {line.promise.reason for line in view.lines} == {"Contrôle de la tension"}


async def test_a_lost_moment_leaves_its_line_open_and_shows_another(clinic: Clinic) -> None:
    series, (_, series_id) = of(clinic), await ordered(clinic)
    shown = await series.view(clinic.nurse, series_id)
    lines = [(line.promise.id, line.proposal.choice) for line in shown.lines if line.proposal]
    other = await clinic.promised(IN_A_WEEK)
    await clinic.follow_ups.reserve(clinic.nurse, other, lines[0][1], "une-cle-de-test")
    done = await series.book(clinic.nurse, series_id, lines)
    assert (done.changed, done.left) == (3, 1)
    then = await series.view(clinic.nurse, series_id)
    assert then.lines[0].proposal is not None
    assert then.lines[0].proposal.starts_at != lines[0][1].starts_at
    with pytest.raises(NotFound):
        await series.book(clinic.nurse, series_id, [(other, lines[0][1])])


async def test_one_time_is_moved_and_the_following_ones_go_with_it(clinic: Clinic) -> None:
    series, series_id, view = await booked(clinic)
    second = view.lines[1].booked
    assert second is not None
    later = clinic.choice(second.starts_at + timedelta(days=1, hours=2))
    done = await series.move_following(clinic.nurse, second.id, second.version, later)
    assert (done.changed, done.left) == (3, 0)
    before, after = hours(view), hours(await series.view(clinic.nurse, series_id))
    assert after[0] == before[0]
    assert [one[:10] for one in after[1:]] == ["2026-03-17", "2026-03-24", "2026-03-31"]
    assert {one[11:] for one in after[1:]} == {f"{int(before[1][11:13]) + 2:02d}{before[1][13:]}"}
    with pytest.raises(Conflict):
        await series.move_following(clinic.nurse, second.id, second.version, later)


async def test_the_rest_is_cancelled_and_the_same_moments_can_be_put_back(clinic: Clinic) -> None:
    series, series_id, view = await booked(clinic)
    assert (await series.cancel_from(clinic.nurse, series_id, 3, CancelReason.PATIENT)).changed == 2
    shown = await series.view(clinic.nurse, series_id)
    assert [line.promise.status for line in shown.lines] == [PromiseStatus.BOOKED] * 2 + [PromiseStatus.DUE] * 2
    back = [(line.promise.id, line.proposal.choice) for line in shown.lines if line.proposal]
    clinic.clock.advance(minutes=1)
    await series.book(clinic.nurse, series_id, back)
    assert hours(await series.view(clinic.nurse, series_id)) == hours(view)


async def test_a_stopped_series_leaves_nothing_to_book(clinic: Clinic) -> None:
    series, series_id, _ = await booked(clinic)
    await series.stop(clinic.nurse, series_id, WithdrawReason.NO_LONGER_NEEDED)
    shown = await series.view(clinic.nurse, series_id)
    assert {line.promise.status for line in shown.lines} == {PromiseStatus.WITHDRAWN}
    assert await clinic.count(BusyUnit) == 0


async def test_the_nurse_makes_a_series_of_a_single_follow_up_once(clinic: Clinic) -> None:
    series, first = of(clinic), await clinic.promised(IN_A_WEEK)
    with pytest.raises(Invalid):
        await series.repeat(clinic.nurse, first, 7, 1)
    series_id = await series.repeat(clinic.nurse, first, 2, 5)
    shown = await series.view(clinic.nurse, series_id)
    due = [line.promise.due_on for line in shown.lines]
    assert due[0] == (await clinic.stored(first)).due_on
    for before, then in pairwise(shown.lines):
        assert before.promise.latest_on < then.promise.earliest_on
    assert all(line.promise.due_on.weekday() < 5 for line in shown.lines)
    with pytest.raises(Conflict):
        await series.repeat(clinic.nurse, first, 7, 3)


async def test_nobody_of_another_site_sees_or_changes_a_series(clinic: Clinic) -> None:
    series, (first, series_id) = of(clinic), await ordered(clinic)
    stranger = replace(clinic.nurse, site_id=SiteId(new_id()))
    for attempt in (
        series.view(stranger, series_id),
        series.book(stranger, series_id, []),
        series.cancel_from(stranger, series_id, 1, CancelReason.OTHER),
        series.stop(stranger, series_id, WithdrawReason.MISTAKE),
        series.repeat(stranger, first, 7, 3),
        series.view(clinic.nurse, SeriesId(uuid4())),
    ):
        with pytest.raises(NotFound):
            await attempt
    with pytest.raises(NotAllowed):
        await series.view(clinic.village.gp, series_id)


async def test_a_single_follow_up_has_no_following_ones(clinic: Clinic) -> None:
    promise = await clinic.promised()
    appointment = await clinic.follow_ups.reserve(clinic.nurse, promise, clinic.choice(), "une-cle-de-test")
    with pytest.raises(NotFound):
        await of(clinic).move_following(clinic.nurse, appointment, 1, clinic.choice())
