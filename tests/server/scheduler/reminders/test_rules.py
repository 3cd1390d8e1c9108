"""When a reminder goes out, what may stand in it, and the states that it goes through."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.errors import Conflict, Invalid
from server.scheduler.reminders.rules import (
    AT_LEAST,
    EVENING,
    MOVES,
    QUIET_FROM,
    QUIET_TO,
    Channel,
    Occasion,
    Quiet,
    ReminderMove,
    ReminderStatus,
    address_for,
    after,
    dialled,
    gsm,
    segments,
    wait_for,
    window,
)

PARIS = ZoneInfo("Europe/Paris")
HOLIDAY = date(2026, 5, 1)
VILLAGE = Quiet("Europe/Paris", frozenset({HOLIDAY}))
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
S, M = ReminderStatus, ReminderMove


def _paris(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=PARIS)  # type: ignore[arg-type,misc]


@settings(max_examples=200)
@given(INSTANTS, INSTANTS, st.sampled_from([one for one in Occasion if one is not Occasion.OFFER]))
def test_no_reminder_goes_out_at_night_on_sundays_on_closing_days_before_the_booking_or_after_the_hour(
    booked_at: datetime, starts_at: datetime, occasion: Occasion
) -> None:
    found = window(occasion, starts_at, booked_at, VILLAGE)
    if found is None:
        return
    local = found.not_before.astimezone(PARIS)
    assert QUIET_TO <= local.time() < QUIET_FROM
    assert local.weekday() != 6
    assert local.date() != HOLIDAY
    assert booked_at <= found.not_before < found.not_after <= starts_at - AT_LEAST


@settings(max_examples=200)
@given(INSTANTS)
def test_an_instant_that_is_not_quiet_stays_and_a_quiet_one_moves_the_way_that_is_asked(at: datetime) -> None:
    later, sooner = VILLAGE.later(at), VILLAGE.sooner(at)
    assert not VILLAGE.is_quiet(later)
    assert not VILLAGE.is_quiet(sooner)
    assert sooner <= at <= later
    assert (sooner == at == later) is not VILLAGE.is_quiet(at)


def test_a_reminder_before_an_early_hour_comes_the_evening_before_and_one_of_monday_on_saturday() -> None:
    early = window(Occasion.HOURS, _paris(2026, 3, 10, 9), _paris(2026, 3, 1, 12), VILLAGE)
    assert early is not None
    assert early.not_before == datetime.combine(date(2026, 3, 9), EVENING, PARIS)
    monday = window(Occasion.DAY, _paris(2026, 3, 9, 15), _paris(2026, 3, 1, 12), VILLAGE)
    assert monday is not None
    assert monday.not_before == datetime.combine(date(2026, 3, 7), EVENING, PARIS)


def test_what_was_booked_too_late_is_not_announced_as_if_it_were_news() -> None:
    assert window(Occasion.TWO_DAYS, _paris(2026, 3, 10, 9), _paris(2026, 3, 9, 10), VILLAGE) is None
    assert window(Occasion.BOOKED, _paris(2026, 3, 10, 8, 20), _paris(2026, 3, 9, 21), VILLAGE) is None


@given(st.lists(st.sampled_from(list(M)), max_size=40))
def test_a_reminder_that_is_dropped_or_delivered_never_goes_out_again(moves: list[ReminderMove]) -> None:
    status, seen = S.DUE, [S.DUE]
    for move in moves:
        try:
            status = after(status, move)
        except Conflict:
            continue
        seen.append(status)
    for end in (S.DROPPED, S.DELIVERED):
        assert end not in seen[:-1]
    assert all(before is S.SENDING or then is not S.UNKNOWN for before, then in itertools.pairwise(seen))


def test_every_state_of_a_reminder_can_be_reached_and_only_a_person_sends_again_what_was_given_up() -> None:
    assert set(MOVES.values()) == set(S)
    assert {move for (_, move), then in MOVES.items() if then is S.DUE} == {M.AGAIN, M.RETRY}
    assert (wait_for(1), wait_for(3), wait_for(30)) == (
        timedelta(minutes=1), timedelta(minutes=4), timedelta(minutes=60),
    )  # fmt: skip


def test_an_sms_keeps_to_its_alphabet_and_its_parts_are_counted() -> None:
    assert gsm("Reçu « déjà » à l’hôpital, cœur…") == 'Recu " déjà " à l\'hopital, coeur...'
    assert gsm("été où Ça 12 €") == "été où Ça 12 €"
    assert gsm("日") == "?"
    assert (segments("a" * 160), segments("a" * 161), segments("€" * 81)) == (1, 2, 2)


@given(st.text(max_size=60))
def test_nothing_that_is_sent_as_sms_needs_the_wide_alphabet(text: str) -> None:
    assert gsm(gsm(text)) == gsm(text)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("0692.12.34.56", "+262692123456"),
        ("+32 470 12 34 56", "+32470123456"),
        ("0033 6 12 34 56 78", "+33612345678"),
        ("0590 12 34 56", "+590590123456"),
    ],
)
def test_a_number_is_written_as_the_network_wants_it(said: str, number: str) -> None:
    assert dialled(said) == number


@pytest.mark.parametrize("said", ["", "12", "06 12 34 56", "+0 612345678", "appelez-moi"])
def test_a_number_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(Invalid):
        dialled(said)


def test_each_channel_has_its_address_and_an_sms_needs_a_mobile() -> None:
    assert address_for(Channel.CARD, "", "") == ""
    assert address_for(Channel.VOICE, "02 99 00 11 22", "") == "+33299001122"
    assert address_for(Channel.SMS, "07 12 34 56 78", "") == "+33712345678"
    assert address_for(Channel.EMAIL, "", " odette@exemple.fr ") == "odette@exemple.fr"
    with pytest.raises(Invalid, match="mobile"):
        address_for(Channel.SMS, "02 99 00 11 22", "")
    for wrong in ("odette", "a@b@c", "odette@exemple.fr\nBcc: x@y.fr", "a b@c.fr"):
        with pytest.raises(Invalid):
            address_for(Channel.EMAIL, "", wrong)
