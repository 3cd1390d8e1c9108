"""The named people are those of the pictures, and no identifier of theirs could be a real person's."""

from __future__ import annotations

from datetime import date

from server.people.rules import INS_TEST_OID, Sex, check_traits, display_name
from server.village import places
from server.village.cast import ROLES, cast
from server.village.illnesses import Condition

TODAY = date(2026, 3, 2)
TEST_VECTORS = {
    "258036399900163",
    "147091599801226",
    "265112A99900364",
    "180072B99800450",
    "293079999900555",
    "101099719900683",
    "785019999900702",
    "258036399906497",
}


def test_odette_is_who_the_pictures_show() -> None:
    odette = cast(1, TODAY)[0]
    assert (odette.code, display_name(odette.traits), odette.traits.born_on) == (
        "258036",
        "Odette Lavergne",
        date(1945, 3, 3),
    )
    assert set(odette.conditions) == {Condition.HYPERTENSION, Condition.DIABETES_2}
    assert [one.substance for one in odette.allergies] == ["Pénicilline"]


def test_the_pictures_people_are_all_there() -> None:
    there = {display_name(person.traits) for person in cast(1, TODAY)}
    assert {"Marcel Quéré", "Inès Ferreira", "Yvon Tanguy", "Lucie Morvan", "Ahmed Belkacem"} <= there


def test_every_identifier_is_a_test_vector_under_the_test_authority() -> None:
    carriers = [person.traits for person in cast(1, TODAY) if person.traits.ins]
    assert len(carriers) == 6
    assert {traits.ins for traits in carriers} <= TEST_VECTORS
    assert {traits.ins_oid for traits in carriers} == {INS_TEST_OID}


def test_an_identifier_agrees_with_its_persons_traits() -> None:
    for traits in (person.traits for person in cast(1, TODAY) if person.traits.ins):
        assert traits.ins[0] == {Sex.FEMALE: "2", Sex.MALE: "1"}[traits.sex]
        assert traits.ins[1:5] == traits.born_on.strftime("%y%m")
        assert traits.ins[5:10] == traits.birth_place_insee


def test_codes_are_six_digits_and_nobody_shares_one() -> None:
    codes = [role.code for role in ROLES]
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert len(set(codes)) == len(codes)


def test_everybody_can_be_registered_and_lives_and_is_treated_where_somebody_is() -> None:
    for person in cast(1, TODAY):
        assert check_traits(person.traits, TODAY) == person.traits
        assert person.village in places.BY_KEY
        assert person.treated_by in {"", *(doctor.login for doctor in places.DOCTORS)}


def test_the_seed_changes_addresses_and_not_people() -> None:
    one, other = cast(1, TODAY), cast(2, TODAY)
    assert [p.traits.ins for p in one] == [p.traits.ins for p in other]
    assert [p.traits.address for p in one] != [p.traits.address for p in other]
