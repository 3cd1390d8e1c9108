"""Names, ages and traits."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.errors import Invalid
from server.people.rules import Sex, Traits, age, check_traits, discreet_name, display_name, name_keys, plain

ODETTE = Traits("Kerdoncuff", ("Odette", "Marie"), date(1945, 3, 3), Sex.FEMALE, used_name="Lavergne-Le Goff")
TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Lavergne-Le Goff", "lavergne le goff"),
        ("  Éloïse ", "eloise"),
        ("O’Brien", "o brien"),
        ("Œuvrard", "oeuvrard"),
    ],
)
def test_names_are_compared_without_accents_case_or_hyphens(written: str, compared: str) -> None:
    assert plain(written) == compared


@given(st.text(max_size=50))
def test_comparing_twice_changes_nothing(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_the_screen_of_a_village_shows_an_initial_only() -> None:
    assert display_name(ODETTE) == "Odette Lavergne-Le Goff"
    assert discreet_name(ODETTE) == "Odette L."


def test_a_birthday_makes_one_older_on_the_day_itself() -> None:
    assert age(date(1945, 3, 3), date(2026, 3, 2)) == 80
    assert age(date(1945, 3, 3), date(2026, 3, 3)) == 81
    assert age(date(2024, 2, 29), date(2025, 2, 28)) == 0


def test_a_person_is_found_by_birth_name_and_by_used_name() -> None:
    assert name_keys(ODETTE) == {"kerdoncuff|1945-03-03", "lavergne le goff|1945-03-03"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"birth_name": " - "}, "birth_name"),
        ({"birth_name": "x" * 101}, "birth_name"),
        ({"given_names": ()}, "given_names"),
        ({"given_names": ("",)}, "given_names"),
        ({"born_on": date(2026, 3, 3)}, "born_on"),
        ({"born_on": date(1890, 1, 1)}, "born_on"),
        ({"phone": "call me"}, "phone"),
        ({"address": "x" * 301}, "address"),
        ({"birth_place_insee": "2A0"}, "birth_place_insee"),
    ],
)
def test_impossible_traits_are_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_traits(msgspec.structs.replace(ODETTE, **change), TODAY)
    assert field in refused.value.fields


def test_traits_come_back_trimmed() -> None:
    loose = msgspec.structs.replace(ODETTE, birth_name=" Kerdoncuff ", given_names=(" Odette ", ""))
    checked = check_traits(loose, TODAY)
    assert (checked.birth_name, checked.given_names) == ("Kerdoncuff", ("Odette",))
