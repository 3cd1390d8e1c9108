"""The table of a cabin's check: each row, what decides among several, and what no figures may lead to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.ids import CabinId, new_id
from server.readiness.faults import Fault
from server.readiness.rules import (
    AGAIN_AFTER_RED,
    BEFORE_OPENING,
    CHECK_EVERY,
    RULES,
    UNCHECKED_AFTER,
    WORSE,
    Check,
    Colour,
    Device,
    Figures,
    Item,
    Relays,
    Verdict,
    Way,
    Witness,
    due_at,
    joined,
    judge,
    relays,
    seen,
    standing,
    way_of,
)
from server.readiness.rules import Test as RuleTest
from tests.server.readiness.figures import GOOD, but

EVERY_WAY = tuple(Way)
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
OPENS = NOW.replace(hour=9)
CABIN = CabinId(new_id())


def judged(figures: Figures, configured: tuple[Way, ...] = EVERY_WAY) -> Verdict:
    return judge(seen(figures, configured))


def checked(colour: Colour, at: datetime) -> Check:
    return Check(CABIN, at, colour, None, False, GOOD)


def test_a_good_cabin_is_green_and_nothing_is_found() -> None:
    assert judged(GOOD) == Verdict(Colour.GREEN, None, ())


@pytest.mark.parametrize(
    ("wrong", "colour", "fault"),
    [
        ({"camera": Device.ABSENT}, Colour.RED, Fault.CAMERA_ABSENT),
        ({"camera": Device.REFUSED}, Colour.RED, Fault.CAMERA_REFUSED),
        ({"camera": Device.BUSY}, Colour.RED, Fault.CAMERA_BUSY),
        ({"microphone": Device.ABSENT}, Colour.RED, Fault.MICROPHONE_ABSENT),
        ({"microphone": Device.REFUSED}, Colour.RED, Fault.MICROPHONE_REFUSED),
        ({"microphone": Device.BUSY}, Colour.RED, Fault.MICROPHONE_BUSY),
        ({"level_db": -120}, Colour.RED, Fault.MICROPHONE_SILENT),
        ({"heard": False}, Colour.RED, Fault.SOUND_UNHEARD),
        ({"connected": False}, Colour.RED, Fault.LINE_DOWN),
        ({"relay_udp": False, "relay_tcp": False, "relay_tls": False}, Colour.RED, Fault.RELAY_DOWN),
        ({"up_kbps": 40}, Colour.RED, Fault.LINE_SLOW),
        ({"down_kbps": 0}, Colour.AMBER, Fault.LINE_SLOW),
        ({"loss_up": 0.3}, Colour.RED, Fault.LINE_LOSSY),
        ({"rtt_ms": 1500}, Colour.RED, Fault.LINE_LATE),
        ({"relay_udp": False}, Colour.AMBER, Fault.RELAY_NOT_UDP),
        ({"relay_tls": False}, Colour.AMBER, Fault.RELAY_FALLBACK),
        ({"up_kbps": 200}, Colour.AMBER, Fault.LINE_SLOW),
        ({"loss_down": 0.08}, Colour.AMBER, Fault.LINE_LOSSY),
        ({"rtt_ms": 600}, Colour.AMBER, Fault.LINE_LATE),
        ({"jitter_ms": 180}, Colour.AMBER, Fault.LINE_UNSTEADY),
        ({"first_frame_ms": 12_000}, Colour.AMBER, Fault.PICTURE_LATE),
        ({"light": 3}, Colour.AMBER, Fault.BLACK),
        ({"light": 30}, Colour.AMBER, Fault.DARK),
        ({"light": 240}, Colour.AMBER, Fault.GLARE),
        ({"tone_rise_db": 1}, Colour.AMBER, Fault.TONE_LOST),
        ({"noise_db": -20}, Colour.AMBER, Fault.NOISE),
        ({"rtt_ms": None}, Colour.AMBER, Fault.INCOMPLETE),
        ({"relay_udp": None, "relay_tcp": None, "relay_tls": None}, Colour.AMBER, Fault.INCOMPLETE),
    ],
)
def test_one_thing_wrong_has_its_colour_and_its_fault(wrong: dict[str, object], colour: Colour, fault: Fault) -> None:
    verdict = judged(but(**wrong))
    assert (verdict.colour, verdict.fault) == (colour, fault)


def test_every_row_looks_at_a_figure_and_says_whence_it_comes() -> None:
    known = set(seen(GOOD, EVERY_WAY))
    assert [rule.figure for rule in RULES if rule.figure not in known or not rule.source] == []


def test_of_two_faults_the_worse_is_told_and_of_equals_the_higher_row() -> None:
    assert judged(but(light=3, connected=False)).fault is Fault.LINE_DOWN
    assert judged(but(camera=Device.ABSENT, microphone=Device.ABSENT)).fault is Fault.CAMERA_ABSENT
    verdict = judged(but(light=3, noise_db=-20))
    assert verdict.fault is Fault.BLACK
    light, microphone = verdict.of(Item.LIGHT), verdict.of(Item.MICROPHONE)
    assert light
    assert light.fault is Fault.BLACK
    assert microphone
    assert microphone.fault is Fault.NOISE
    assert verdict.of(Item.LINE) is None


def test_a_person_who_hears_the_sound_goes_before_the_microphone() -> None:
    assert judged(but(heard=True, tone_rise_db=0)).colour is Colour.GREEN
    assert judged(but(tone_rise_db=None)).colour is Colour.GREEN  # a page that may not play: no opinion


def test_relays_count_by_what_is_configured_whatever_a_page_says() -> None:
    assert relays(GOOD, ()) is None
    assert judged(but(relay_udp=False, relay_tcp=False, relay_tls=False), ()).colour is Colour.GREEN
    assert relays(but(relay_tls=False), (Way.UDP, Way.TCP)) is Relays.ALL
    assert relays(but(relay_udp=None), (Way.UDP, Way.TCP)) is Relays.NOT_UDP
    assert relays(but(relay_tcp=False), (Way.TCP,)) is Relays.NONE


def test_a_turn_address_says_how_it_is_reached() -> None:
    assert way_of("turn:turn.example.org:3478") is Way.UDP
    assert way_of("turn:turn.example.org:3478?transport=udp") is Way.UDP
    assert way_of("turn:turn.example.org:3478?transport=tcp") is Way.TCP
    assert way_of("turns:turn.example.org:5349?transport=tcp") is Way.TLS


def test_what_the_echo_saw_goes_before_a_better_word_of_the_page() -> None:
    assert joined(GOOD, None) == GOOD
    seen_worse = joined(GOOD, Witness(True, 0.4, 50))
    assert (seen_worse.loss_up, seen_worse.jitter_ms) == (0.4, 50)
    assert judged(seen_worse).fault is Fault.LINE_LOSSY
    assert judged(joined(GOOD, Witness(False, None, None))).fault is Fault.LINE_DOWN
    assert joined(but(loss_up=0.5), Witness(True, 0.1, 1)).loss_up == 0.5


_NUMBERS = {
    "light": (0, 255),
    "level_db": (-200, 200),
    "noise_db": (-200, 200),
    "tone_rise_db": (-200, 200),
    "first_frame_ms": (0, 120_000),
    "rtt_ms": (0, 120_000),
    "jitter_ms": (0, 120_000),
    "loss_up": (0, 1),
    "loss_down": (0, 1),
    "up_kbps": (0, 10_000_000),
    "down_kbps": (0, 10_000_000),
}
_YES_OR_NO = ("heard", "connected", "relay_udp", "relay_tcp", "relay_tls")
ANY_FIGURES = st.builds(
    Figures,
    camera=st.sampled_from(Device),
    microphone=st.sampled_from(Device),
    **{name: st.none() | st.floats(low, high) for name, (low, high) in _NUMBERS.items()},
    **{name: st.none() | st.booleans() for name in _YES_OR_NO},
)


@given(ANY_FIGURES, st.sets(st.sampled_from(Way)))
@settings(max_examples=200)
def test_any_figures_have_one_colour_that_is_the_worst_of_what_was_found(figures: Figures, ways: set[Way]) -> None:
    verdict = judge(seen(figures, ways))
    worst = max((WORSE[one.colour] for one in verdict.findings), default=0)
    assert WORSE[verdict.colour] == worst
    assert (verdict.fault is None) is (verdict.colour is Colour.GREEN)
    missing = {rule.figure for rule in RULES if rule.test is RuleTest.MISSING}
    if verdict.colour is Colour.GREEN:
        assert all(getattr(figures, name) is not None for name in missing)
        assert figures.camera is figures.microphone is Device.OK
    assert msgspec.json.decode(msgspec.json.encode(figures), type=Figures) == figures
    assert len(msgspec.json.encode(figures)) <= 2000


# A page that may not play hears no tone; jitter and noise come with the loss and the level, which are wanted.
MAY_BE_LEFT_OUT = {"tone_rise_db", "jitter_ms", "noise_db"}


@given(ANY_FIGURES, st.sampled_from(sorted(_NUMBERS)))
@settings(max_examples=100)
def test_to_measure_less_makes_no_green_but_of_what_may_be_left_out(figures: Figures, name: str) -> None:
    less = msgspec.structs.replace(figures, **{name: None})
    if judged(figures).colour is not Colour.GREEN and judged(less).colour is Colour.GREEN:
        assert name in MAY_BE_LEFT_OUT


def test_red_stays_and_green_fades_after_a_day_and_a_night() -> None:
    later = NOW + UNCHECKED_AFTER + timedelta(seconds=1)
    assert not standing(None, NOW).checked
    assert standing(checked(Colour.GREEN, NOW), NOW + UNCHECKED_AFTER).colour is Colour.GREEN
    faded = standing(checked(Colour.GREEN, NOW), later)
    assert (faded.colour, faded.checked, faded.closes) == (Colour.AMBER, False, False)
    still = standing(checked(Colour.RED, NOW), later)
    assert (still.colour, still.checked, still.closes) == (Colour.RED, True, True)


def test_a_cabin_checks_itself_before_it_opens_even_when_yesterdays_check_was_late() -> None:
    morning = OPENS - BEFORE_OPENING
    assert due_at(None, NOW, is_open=False, opens_at=OPENS) == morning
    yesterday = checked(Colour.GREEN, NOW - timedelta(hours=14))
    assert due_at(yesterday, NOW, is_open=False, opens_at=OPENS) == morning
    done = checked(Colour.GREEN, morning + timedelta(minutes=1))
    assert due_at(done, NOW, is_open=False, opens_at=OPENS) == done.at + CHECK_EVERY
    assert due_at(None, NOW, is_open=False, opens_at=None) is None


def test_an_open_cabin_checks_itself_when_its_check_is_old_and_soon_again_after_red() -> None:
    assert due_at(None, NOW, is_open=True, opens_at=None) == NOW
    for colour, again in ((Colour.GREEN, CHECK_EVERY), (Colour.AMBER, CHECK_EVERY), (Colour.RED, AGAIN_AFTER_RED)):
        assert due_at(checked(colour, NOW), NOW, is_open=True, opens_at=None) == NOW + again
