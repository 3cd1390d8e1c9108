"""Robots' instruments, their words on the terminal, who of the invented people comes, and the command itself."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from server.cli import main
from server.kernel.words import N_
from server.records.rules.measures import MEASURES
from server.robots.errors import Refused
from server.robots.measures import Instruments, read_words
from server.robots.patient import Tell
from server.robots.run import EX_REFUSED, invented, run
from server.village.cast import ROLES
from server.village.places import BOOTHS

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_instruments_say_plausible_values_in_the_units_of_the_records() -> None:
    words = read_words(Instruments("Odette").measure(NOON))
    assert words is not None
    assert (words.version, words.robot, words.taken_at) == (1, True, NOON)
    assert "ROBOT" in words.device
    for one in words.readings:
        low, high = MEASURES[one.measure].plausible
        assert (one.unit, low < one.value < high) == (MEASURES[one.measure].unit, True)


@pytest.mark.parametrize("words", ["", "36,6", "[]", '{"type": "still"}', '{"type": "measures"}', "\ud800"])
def test_what_is_no_instruments_message_is_none(words: str) -> None:
    assert read_words(words) is None


def test_each_cabin_gets_somebody_else_of_its_own_village_first() -> None:
    codes = [who["code"] for who in invented(booth.login for booth in BOOTHS)]
    assert len(set(codes)) == len(BOOTHS)
    village = {role.code: role.village for role in ROLES}
    assert [village[code] for code in codes] == [booth.village for booth in BOOTHS]
    assert invented(["elsewhere"])


async def _refuse(_: Tell) -> None:
    raise Refused(N_("La cabine %(cabin)s est occupée. Une autre : --cabin"), cabin="une")


async def _lose(_: Tell) -> None:
    raise TimeoutError


async def _press_ctrl_c(_: Tell) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("work", "locale", "code", "told"),
    [
        (_refuse, "fr", EX_REFUSED, "La cabine une est occupée."),
        (_refuse, "en", EX_REFUSED, "The cabin une is occupied."),
        (_lose, "fr", EX_REFUSED, "La ligne avec le serveur est perdue."),
        (_press_ctrl_c, "en", 0, "Stopped. Everything is hung up."),
    ],
    ids=["refused", "in English", "lost", "stopped"],
)
def test_a_run_ends_with_one_sentence_and_its_code(work, locale, code, told, capsys) -> None:  # type: ignore[no-untyped-def]
    assert run(work, locale) == code
    said = capsys.readouterr().out
    assert told in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("who", ["patient", "gp"])
def test_the_command_says_in_a_sentence_that_nothing_answers(who: str) -> None:
    ran = CliRunner().invoke(main, ["robot", who, "--origin", "http://localhost:1"])
    assert (ran.exit_code, "Lancez d’abord : make demo" in ran.output) == (EX_REFUSED, True), ran.output


def test_several_patients_each_go_to_a_cabin_of_their_own() -> None:
    ran = CliRunner().invoke(main, ["robot", "patient", "--count", "3", "--origin", "http://localhost:1"])
    assert ran.exit_code == EX_REFUSED
    assert CliRunner().invoke(main, ["robot", "patient", "--count", "99"]).exit_code == 2
