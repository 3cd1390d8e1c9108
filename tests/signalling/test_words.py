"""What servers say to each other is read as it was written."""

from __future__ import annotations

import msgspec
import pytest

from signalling import words
from signalling.call import Claim
from signalling.protocol import Seat
from signalling.words import CallWords, NodeWords

CLAIM = Claim(1, "a", "c", "p")
PLACE = words.Place("call", Seat.PATIENT, CLAIM)


@pytest.mark.parametrize(
    "word",
    [
        words.Sat("a", "call", Seat.PATIENT, CLAIM, 3, True),
        words.Stood("a", "call", Seat.PATIENT, "c", "gone"),
        words.Dismissed("a", "call", Seat.PATIENT, "moved"),
        words.Ended("a", "call", "closed"),
        words.Said("a", "call", Seat.PATIENT, "c", 4, 2, '{"type":"restart"}'),
        words.Missed("a", "call", "c", 3),
        words.Taken("a", "call", Seat.PATIENT, CLAIM),
    ],
)
def test_words_on_a_call(word: CallWords) -> None:
    assert words.read_on_call(words.write(word)) == word


@pytest.mark.parametrize(
    "word",
    [
        words.Asked("a", "r", "hash", 7),
        words.Found("a", "r", "c", ("queue",), "account", PLACE, True),
        words.Found("a", "r", "c", (), "account", None, False),
        words.Refused("a", "r", False),
        words.TakenOff("a", "c"),
        words.Handed("a", "c", 3, 7, ["frame"], True, {Seat.PRACTITIONER: CLAIM}, 2, {"d": 4}),
    ],
)
def test_words_to_one_server(word: NodeWords) -> None:
    assert words.read_to_node(words.write(word)) == word


def test_words_on_a_line_and_to_every_server() -> None:
    assert words.read_nudge(words.write(words.Nudged("a", "queue"))) == words.Nudged("a", "queue")
    assert words.read_to_all(words.write(words.Alive("a"))) == words.Alive("a", False)


def test_words_of_one_kind_are_not_taken_for_another() -> None:
    with pytest.raises(msgspec.ValidationError):
        words.read_on_call(words.write(words.Alive("a")))
