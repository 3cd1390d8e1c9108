"""Who looks alike, who must not be joined, and links that come and go without a trace."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.errors import ClinicError
from server.kernel.ids import PatientId, SiteId, new_id
from server.people.duplicates import beneath, pairs, refuse_merge, stands_first
from server.people.rules import DocumentKind, IdentityStatus, Patient, Sex, Traits

SITE = SiteId(new_id())
ODETTE = Traits("Lavergne", ("Odette",), date(1945, 3, 3), Sex.FEMALE)
INS, OTHER_INS = "258036399900163", "147091599801226"


def _patient(
    traits: Traits = ODETTE, status: IdentityStatus = IdentityStatus.PROV, fictitious: bool = False
) -> Patient:
    return Patient(PatientId(new_id()), SITE, traits, status, fictitious, 1)


def _odette(**changes: object) -> Traits:
    return msgspec.structs.replace(ODETTE, **changes)


@pytest.mark.parametrize(
    "other",
    [
        ODETTE,
        _odette(birth_name="Lavernge"),
        _odette(given_names=("Odète",)),
        _odette(born_on=date(1945, 3, 13)),
        _odette(birth_name="Morvan", used_name="LAVERGNE"),
        _odette(birth_name="La Vergne"),
    ],
)
def test_records_that_one_slip_explains_are_a_pair(other: Traits) -> None:
    first, second = _patient(), _patient(other)
    assert [{one.first.id, one.second.id} for one in pairs([first, second])] == [{first.id, second.id}]


@pytest.mark.parametrize(
    "other",
    [
        _odette(given_names=("Paulette",)),  # a twin
        _odette(birth_name="Kermarrec"),
        _odette(born_on=date(1946, 4, 3)),
    ],
)
def test_twins_namesakes_and_neighbours_are_no_pair(other: Traits) -> None:
    assert pairs([_patient(), _patient(other)]) == []


def test_the_same_number_is_a_pair_whatever_the_names_and_comes_first() -> None:
    known = _patient(_odette(ins=INS, insi_answered=True), IdentityStatus.RECUP)
    wed = Traits("Quéré", ("Jeanne",), date(1950, 1, 1), Sex.FEMALE, ins=INS, insi_answered=True)
    found = pairs([_patient(), known, _patient(wed, IdentityStatus.RECUP)])
    assert [one.same_ins for one in found] == [True, False]


def test_a_number_of_a_broken_fixture_makes_no_pair_and_no_fall() -> None:
    broken = "123456789012244"  # of a published example: month 45, and another key
    one = _patient(_odette(ins=broken, insi_answered=True))
    other = _patient(Traits("Quéré", ("Jeanne",), date(1950, 1, 1), Sex.FEMALE, ins=broken, insi_answered=True))
    assert pairs([one, other]) == []


def test_the_surer_identity_stands_first_and_of_equals_the_older_record() -> None:
    sure = _patient(status=IdentityStatus.VALI)
    old, young = sorted([_patient(), _patient()], key=lambda one: one.id)
    assert stands_first(old, sure) == (sure, old)
    assert stands_first(young, old) == (old, young)


@pytest.mark.parametrize(
    ("kept", "joined", "why"),
    [
        (_patient(), _patient(fictitious=True), "fictive"),
        (_patient(_odette(doubtful=True)), _patient(), "douteuse"),
        (
            _patient(_odette(ins=INS, insi_answered=True), IdentityStatus.QUAL),
            _patient(_odette(ins=OTHER_INS, insi_answered=True), IdentityStatus.RECUP),
            "matricules INS",
        ),
        (
            _patient(_odette(document=DocumentKind.PASSPORT), IdentityStatus.VALI),
            _patient(_odette(document=DocumentKind.ID_CARD, born_on=date(1945, 3, 13)), IdentityStatus.VALI),
            "vérifiées avec une pièce",
        ),
        (_patient(), _patient(status=IdentityStatus.VALI), "mieux vérifiée"),
    ],
)
def test_what_must_not_be_joined_is_refused_in_words(kept: Patient, joined: Patient, why: str) -> None:
    with pytest.raises(ClinicError) as refused:
        refuse_merge(kept, joined)
    assert why in refused.value.message


def test_records_of_one_person_may_be_joined() -> None:
    refuse_merge(_patient(_odette(ins=INS, insi_answered=True), IdentityStatus.QUAL), _patient())


@given(st.lists(st.integers(0, 7), min_size=8, max_size=8), st.integers(0, 7))
def test_what_lies_beneath_a_record_is_what_leads_to_it(into: list[int], asked: int) -> None:
    ids = [PatientId(new_id()) for _ in range(8)]
    links = {ids[one]: ids[to] for one, to in enumerate(into) if to < one}  # a forest: each to an earlier one

    def leads(one: PatientId) -> bool:
        return one == ids[asked] or (one in links and leads(links[one]))

    assert beneath(links, ids[asked]) == {one for one in ids if leads(one)}
