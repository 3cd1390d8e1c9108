"""When a cabin on its first screen goes to check itself, and what the check's screen says before it runs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinic_ui.cabin.check import NOT_AGAIN_FOR, STANDS_FOR, Mornings
from server.readiness.rules import AGAIN_AFTER_RED, BEFORE_OPENING, CHECK_EVERY, Figures
from tests.clinic_ui.cabin.hamlet import Hamlet, Visitor
from tests.server.readiness.figures import GOOD, but

AGAIN = "/cabin/controle?seule=1"


async def _reported(hamlet: Hamlet, figures: Figures = GOOD) -> None:
    await hamlet.clinic.readiness.report(hamlet.cabin, None, figures, asked=False)


def _mornings(hamlet: Hamlet) -> Mornings:
    return Mornings(hamlet.clinic.readiness, hamlet.clinic.hours, hamlet.clock)


def _live(screen: Visitor) -> str:
    """The address that the first screen fetches again."""
    return screen.text.split('<tc-live class="home"')[1].split('src="')[1].split('"')[0]


async def test_a_screen_that_stands_goes_to_its_check_and_one_just_opened_does_not(
    hamlet: Hamlet, screen: Visitor
) -> None:
    await screen.open("/cabin")
    live = _live(screen)
    assert 'data-next="61"' in screen.text
    await screen.open(live)
    assert screen.path == live
    hamlet.clock.advance(STANDS_FOR)
    await screen.open(live)
    assert screen.path == AGAIN
    await screen.open("/cabin")  # somebody wanted the doctor: the check is not offered again at once
    hamlet.clock.advance(STANDS_FOR + timedelta(seconds=1))
    live_again = _live(screen)
    await screen.open(live_again)
    assert screen.path == live_again
    hamlet.clock.advance(NOT_AGAIN_FOR)
    await hamlet.clinic.help_calls.ask(hamlet.cabin)  # somebody stands there
    await screen.open(live_again)
    assert screen.path == live_again
    await hamlet.clinic.help_calls.settle(hamlet.cabin)
    await screen.open(live_again)
    assert screen.path == AGAIN


async def test_a_check_is_due_before_the_door_opens_and_each_day(hamlet: Hamlet) -> None:
    await hamlet.open_hours()  # from 8 to 18; the tests' clock stands at 9 in the morning of Paris
    mornings, stands = _mornings(hamlet), str(int(hamlet.clock().timestamp()) - 3600)
    assert await mornings.seconds(hamlet.cabin, stands) == 0
    await _reported(hamlet)
    assert await mornings.seconds(hamlet.cabin, stands) == timedelta(hours=6).total_seconds() + 1
    hamlet.clock.advance(hours=14)
    before = timedelta(hours=9) - BEFORE_OPENING
    assert await mornings.seconds(hamlet.cabin, stands) == timedelta(hours=6).total_seconds() + 1
    hamlet.clock.advance(before - timedelta(minutes=10))
    assert await mornings.seconds(hamlet.cabin, stands) == 601
    hamlet.clock.advance(minutes=11)
    assert await mornings.seconds(hamlet.cabin, stands) == 0


async def test_red_looks_again_after_half_an_hour_and_green_after_a_day(hamlet: Hamlet) -> None:
    mornings = _mornings(hamlet)
    for figures, again in ((but(connected=False), AGAIN_AFTER_RED), (GOOD, CHECK_EVERY)):
        await _reported(hamlet, figures)
        assert await mornings.seconds(hamlet.cabin, "0") != 0
        hamlet.clock.advance(again)
        assert await mornings.seconds(hamlet.cabin, "0") == 0


@pytest.mark.parametrize("stands", ["", "yesterday", "1e9", "99999999999999999999"])
async def test_an_address_that_makes_no_sense_counts_from_now(hamlet: Hamlet, stands: str) -> None:
    assert await _mornings(hamlet).seconds(hamlet.cabin, stands) == 61


async def test_the_screen_lists_what_is_looked_at_and_gives_way_to_a_visit(hamlet: Hamlet, screen: Visitor) -> None:
    await screen.open("/cabin/controle")
    for words in ("Caméra", "Lumière", "Micro", "Haut-parleur", "Liaison", "Relais des appels"):
        assert words in screen.words
    assert "Je viens voir un médecin" not in screen.words
    await screen.open(AGAIN)
    assert "Je viens voir un médecin" in screen.words
    await hamlet.arrived()
    await screen.open("/cabin/controle")
    assert screen.path == "/cabin/motif"
    await screen.open("/cabin/etat?depuis=0")
    assert screen.path == "/cabin/motif"
