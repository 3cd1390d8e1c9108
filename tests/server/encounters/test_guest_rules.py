"""The third seat's rules: the patient decides, an end is an end, a code is eight digits."""

from __future__ import annotations

from itertools import product

import pytest

from server.encounters.guest_rules import (
    MOVES,
    OPEN,
    GuestMove,
    GuestStatus,
    WrongGuestMove,
    after,
    opposite,
    pair,
    read_code,
    read_name,
)
from server.kernel.errors import Invalid
from server.kernel.ids import GuestId, new_id
from signalling.protocol import Offer, Seat, may_say


def test_nobody_is_admitted_but_by_the_patients_yes_to_a_name() -> None:
    leading = {key for key, status in MOVES.items() if status is GuestStatus.ADMITTED}
    assert leading == {(GuestStatus.ASKING, GuestMove.AGREE)}


def test_what_is_over_stays_over() -> None:
    for status, move in product(set(GuestStatus) - set(OPEN), GuestMove):
        with pytest.raises(WrongGuestMove):
            after(status, move)


def test_every_open_invitation_ends_with_the_call_and_at_the_doctors_word() -> None:
    for status, move in product(OPEN, (GuestMove.END, GuestMove.REMOVE)):
        assert after(status, move) not in OPEN


def test_a_code_is_eight_digits_however_it_is_spaced() -> None:
    assert read_code(" 1234 5678 ") == read_code("12-34-56.78") == "12345678"
    for wrong in ("", "1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨"):
        with pytest.raises(Invalid):
            read_code(wrong)


def test_a_name_is_said_and_can_be_read() -> None:
    assert read_name("  Amina   Benali ") == "Amina Benali"
    for wrong in ("", "   ", "a\u202eb", "x" * 200):
        with pytest.raises(Invalid):
            read_name(wrong)


def test_each_pair_has_its_own_name_and_one_offerer() -> None:
    guest = GuestId(new_id())
    assert pair(guest, Seat.PATIENT) != pair(guest, Seat.PRACTITIONER)
    for seat in (Seat.PATIENT, Seat.PRACTITIONER):
        assert may_say(seat, Offer("")) != may_say(opposite(seat), Offer(""))
