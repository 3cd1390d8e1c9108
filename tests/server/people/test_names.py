"""How near two words are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.people.names import one_slip, shortened, sound

WORDS = st.text("abcdeimnoqrstuy", max_size=9)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("quere", "kerre"),
        ("philippe", "filipe"),
        ("lefebvre", "lefebvres"),
        ("gautier", "gauthier"),
        ("renault", "renaud"),
        ("moreau", "morot"),
        ("henri", "henry"),
        ("catherine", "katerine"),
        ("dupont", "dupond"),
        ("martin", "martyn"),
        ("lambert", "lembert"),
        ("guegan", "guegant"),
        ("schmitt", "chmit"),
    ],
)
def test_names_that_sound_the_same_have_one_key(said: str, written: str) -> None:
    assert sound(said) == sound(written)


@pytest.mark.parametrize(("left", "right"), [("martin", "marin"), ("lavergne", "lavigne"), ("yvon", "yves")])
def test_names_that_sound_different_have_two(left: str, right: str) -> None:
    assert sound(left) != sound(right)


@pytest.mark.parametrize("slip", ["kerdoncuf", "kerdonkuff", "kerdocnuff", "kerdoncufff", "kerdoncuff"])
def test_one_slip_is_a_letter_more_or_less_or_other_or_two_swapped(slip: str) -> None:
    assert one_slip("kerdoncuff", slip)
    assert one_slip(slip, "kerdoncuff")


@pytest.mark.parametrize("other", ["kerdnkuff", "kerdon", "yvon", "ekrdoncfuf"])
def test_two_slips_are_not_one(other: str) -> None:
    assert not one_slip("kerdoncuff", other)


@given(WORDS, WORDS)
def test_words_one_slip_apart_always_share_a_shortened_form(left: str, right: str) -> None:
    if one_slip(left, right):
        assert set(shortened(left)) & set(shortened(right))
