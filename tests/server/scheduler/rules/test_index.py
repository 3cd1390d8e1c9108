"""The index draws again what a booking or new hours change, and nothing else; the past is let go."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.ids import ResourceId, SiteId, new_id
from server.records.rules.note import Modality
from server.scheduler.rules.index import WEEK, Index, union
from server.scheduler.rules.openings import Calendar, ResourceKind, WeeklyRule, starts
from server.scheduler.rules.search import NEEDS

WEEKLY = WeeklyRule(0, 0, 24 * 60)
WEEK_OF_MONDAY = 2900
MONDAY = 4 * 288  # weeks of the epoch begin on Thursdays


def doctor() -> Calendar:
    """Open on Mondays, the whole day, by the clock of UTC."""
    return Calendar(ResourceId(new_id()), ResourceKind.PRACTITIONER, new_id(), "UTC", (WEEKLY,))


def at(index: Index, row: int, bit: int, *, snug: bool = False) -> bool:
    """Whether somebody can begin there."""
    column = index.column(Modality.REMOTE, WEEK_OF_MONDAY)
    return bool((column.snug if snug else column.starts)[row] >> bit & 1)


def test_a_booking_closes_what_overlaps_and_marks_what_touches() -> None:
    index, calendar = Index(), doctor()
    index.put(calendar)
    unit = WEEK_OF_MONDAY * WEEK + MONDAY + 100
    assert at(index, 0, MONDAY + 100)
    index.take(calendar.resource_id, range(unit, unit + 4))
    assert not any(at(index, 0, MONDAY + 100 + n) for n in range(-3, 4))
    assert at(index, 0, MONDAY + 104, snug=True)
    assert at(index, 0, MONDAY + 96, snug=True)
    assert at(index, 0, MONDAY + 106, snug=True)
    assert not at(index, 0, MONDAY + 107, snug=True)
    assert not at(index, 0, MONDAY + 93, snug=True)
    index.set_taken(calendar.resource_id, WEEK_OF_MONDAY, 0)
    assert at(index, 0, MONDAY + 100)


@given(
    st.sampled_from([ResourceKind.PRACTITIONER, ResourceKind.CABIN, ResourceKind.HEALTH_WORKER]),
    st.sampled_from([0, 0, 2]),
    st.lists(st.integers(-20, WEEK + 20), max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_bookings_are_seen_whether_the_week_was_looked_at_before_or_after_and_across_its_ends(
    kind: ResourceKind, buffer: int, booked: list[int]
) -> None:
    rules = tuple(WeeklyRule(day, 0, 24 * 60) for day in range(7))
    calendar = replace(doctor(), kind=kind, rules=rules, buffer=buffer)
    looked, fresh = Index(), Index()
    looked.put(calendar)
    fresh.put(calendar)
    for modality in Modality:
        for week in (-1, 0, 1):
            looked.column(modality, WEEK_OF_MONDAY + week)
    for first in (-2, WEEK - 1, 500, 507, *booked):
        for index in (looked, fresh):
            index.book(calendar.resource_id, WEEK_OF_MONDAY * WEEK + first, 4)
    for modality in Modality:
        for week in (-1, 0, 1):
            columns = [index.column(modality, WEEK_OF_MONDAY + week) for index in (looked, fresh)]
            assert columns[0] == columns[1]


def test_new_hours_replace_the_old_ones_and_newcomers_are_entered() -> None:
    index, calendar = Index(), doctor()
    index.put(calendar)
    assert at(index, 0, MONDAY)
    index.put(replace(calendar, rules=(replace(WEEKLY, weekday=1),)))
    other = doctor()
    index.put(other)
    assert (len(index), index.rows([other.subject_id, new_id(), calendar.subject_id])) == (2, (1, 0))
    assert not at(index, 0, MONDAY)
    assert at(index, 0, MONDAY + 288)
    assert at(index, 1, MONDAY)
    assert union([1, 2, 4], (0, 2)) == 5
    assert (union([1, 2, 4], ()), union([1, 2, 4], (1,))) == (0, 2)


def test_load_is_counted_in_minutes_and_what_is_over_or_unsure_is_let_go() -> None:
    index, calendar = Index(), doctor()
    index.put(calendar)
    monday = WEEK_OF_MONDAY * WEEK + MONDAY
    index.take(calendar.resource_id, range(monday, monday + 72))
    assert index.load(0, range(WEEK_OF_MONDAY * WEEK, (WEEK_OF_MONDAY + 1) * WEEK)) == 0.25
    index.forget_taken()
    assert index.load(0, range(WEEK_OF_MONDAY * WEEK, (WEEK_OF_MONDAY + 1) * WEEK)) == 0
    index.take(calendar.resource_id, range(monday, monday + 72))
    index.forget_before(WEEK_OF_MONDAY + 1)
    assert index.load(0, range(WEEK_OF_MONDAY * WEEK, (WEEK_OF_MONDAY + 1) * WEEK)) == 0
    index.set_taken(ResourceId(new_id()), WEEK_OF_MONDAY, 1)  # a patient, or one that is not known yet
    assert index.load(0, range(0)) == 1


HERE, THERE = SiteId(new_id()), SiteId(new_id())


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 2000), max_size=8), st.sampled_from([None, HERE, THERE, SiteId(new_id())]), st.booleans())
def test_who_is_at_several_sites_can_begin_at_each_where_the_calendar_says(
    taken: set[int], at: SiteId | None, at_home: bool
) -> None:
    week, needed = 2930, NEEDS[ResourceKind.HEALTH_WORKER]
    rules = (WeeklyRule(0, 480, 720, site_id=THERE), WeeklyRule(0, 840, 1080), WeeklyRule(2, 0, 1440, site_id=HERE))
    held = frozenset(week * WEEK + unit for unit in taken)
    whole = Calendar(
        ResourceId(new_id()),
        ResourceKind.HEALTH_WORKER,
        new_id(),
        "UTC",
        rules,
        taken=held,
        home=HERE if at_home else None,
    )
    index = Index()
    index.put(whole)
    index.column(Modality.REMOTE, week)
    for unit in sorted(held):
        index.book(whole.resource_id, unit, 1)
    (row,) = index.rows([whole.subject_id], at)
    span = range(week * WEEK, (week + 1) * WEEK + 8)
    expected = starts(whole.free_in(span, Modality.REMOTE, at), needed) & (1 << WEEK) - 1
    assert index.column(Modality.REMOTE, week).starts[row] == expected
    assert (index.subjects(ResourceKind.HEALTH_WORKER), index.subject(row)) == ((whole.subject_id,), whole.subject_id)
    index.forget_taken()
    assert index.column(Modality.REMOTE, week).starts[row] == starts(
        whole.open_in(span, Modality.REMOTE, at), needed
    ) & ((1 << WEEK) - 1)
