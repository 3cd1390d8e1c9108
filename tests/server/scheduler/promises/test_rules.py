"""Whom a promise waits for, and when the next contact should be in person."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.scheduler.promises.rules import AlternationRule, Concern, Contact, Outcome, Readings, concern, unread
from server.scheduler.rules.promise import PromiseStatus

DUE = date(2026, 6, 1)
FIRST, LAST = DUE - timedelta(days=12), DUE + timedelta(days=12)
S, C = PromiseStatus, Concern


@pytest.mark.parametrize(
    ("status", "day", "whom"),
    [
        (S.DUE, FIRST - timedelta(days=8), C.NOBODY),
        (S.DUE, FIRST - timedelta(days=7), C.HEALTH_WORKER),
        (S.OFFERED, FIRST - timedelta(days=40), C.HEALTH_WORKER),
        (S.DUE, DUE, C.HEALTH_WORKER),
        (S.DUE, DUE + timedelta(days=1), C.DOCTOR),
        (S.MISSED, DUE + timedelta(days=1), C.HEALTH_WORKER),
        (S.MISSED, LAST + timedelta(days=1), C.DOCTOR),
        (S.DUE, LAST + timedelta(days=15), C.COORDINATOR),
        (S.MISSED, LAST + timedelta(days=15), C.COORDINATOR),
        (S.BOOKED, LAST + timedelta(days=90), C.NOBODY),
        (S.KEPT, LAST + timedelta(days=90), C.NOBODY),
    ],
)
def test_a_promise_that_waits_climbs_from_the_village_to_the_territory(
    status: PromiseStatus, day: date, whom: Concern
) -> None:
    assert concern(status, FIRST, DUE, LAST, day) is whom


@settings(max_examples=60)
@given(st.sampled_from([S.DUE, S.OFFERED, S.MISSED]), st.integers(-60, 60), st.integers(0, 30))
def test_waiting_longer_never_makes_it_less_pressing(status: PromiseStatus, day: int, more: int) -> None:
    on = DUE + timedelta(days=day)
    assert concern(status, FIRST, DUE, LAST, on) <= concern(status, FIRST, DUE, LAST, on + timedelta(days=more))


MADE = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "whom"), [(0, C.NOBODY), (2.9, C.NOBODY), (3, C.HEALTH_WORKER), (7, C.DOCTOR), (14, C.COORDINATOR)]
)
def test_what_nobody_reads_climbs_from_the_village_to_the_territory(days: float, whom: Concern) -> None:
    now = MADE + timedelta(days=days)
    assert Readings(MADE).at_site(now) is whom
    back = Readings(MADE - timedelta(days=90), MADE, None, Outcome.CANNOT_COME, MADE)
    assert (back.at_site(now), back.at_doctor(now), back.concern(now)) == (None, whom, whom)


@settings(max_examples=40)
@given(st.integers(0, 30), st.integers(0, 30))
def test_what_stays_unread_longer_never_gets_less_pressing(days: int, more: int) -> None:
    then = MADE + timedelta(days=days)
    assert unread(MADE, then) <= unread(MADE, then + timedelta(days=more))


def test_the_doctor_has_something_to_read_only_when_something_came_of_it_since() -> None:
    now, later = MADE + timedelta(days=30), MADE + timedelta(days=20)
    assert (Readings(MADE, MADE).at_doctor(now), Readings(MADE, MADE).concern(now)) == (None, C.NOBODY)
    read = Readings(MADE, MADE, later, Outcome.DECLINED, later)
    assert (read.at_doctor(now), read.news) == (None, None)
    again = Readings(MADE, MADE, later - timedelta(days=1), Outcome.DECLINED, later)
    assert (again.at_doctor(now), again.news) == (C.DOCTOR, Outcome.DECLINED)


def test_what_was_booked_in_the_cabin_and_stands_open_again_is_counted_from_then() -> None:
    back_at = MADE + timedelta(days=60)
    freed = Readings(MADE, None, None, Outcome.CANNOT_COME, back_at)
    assert freed.at_site(back_at + timedelta(days=3)) is C.HEALTH_WORKER


def _seen(*days: str) -> list[Contact]:
    """`2026-01-01r` by screen, `2026-01-01p` in person."""
    return [Contact(date.fromisoformat(one[:10]), one.endswith("p")) for one in days]


def test_two_by_screen_since_the_last_in_person_are_enough() -> None:
    rule = AlternationRule()
    one = rule.judge(_seen("2026-01-01r", "2026-02-01p", "2026-03-01r"), DUE)
    assert (one.remote_in_a_row, one.last_in_person_on, one.advises_in_person) == (1, date(2026, 2, 1), False)
    two = rule.judge(_seen("2026-04-01r", "2026-02-01p", "2026-03-01r"), DUE)
    assert (two.remote_in_a_row, two.too_often, two.too_long) == (2, True, False)


def test_a_year_without_anybody_is_too_long_and_a_site_may_say_otherwise() -> None:
    contacts = _seen("2025-05-01p", "2026-05-01r")
    assert AlternationRule().judge(contacts, DUE).too_long
    assert not AlternationRule(remote_in_a_row=5, months_without=24).judge(contacts, DUE).advises_in_person


def test_who_never_came_is_not_held_to_anything() -> None:
    assert not AlternationRule().judge([], DUE).advises_in_person
