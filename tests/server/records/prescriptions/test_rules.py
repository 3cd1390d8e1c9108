"""What a prescription must say before it is signed, and what cannot even be saved."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from server.people.rules import Sex
from server.records.prescriptions.rules import (
    Line,
    Moment,
    Prescriber,
    PrescriptionBody,
    Route,
    Situation,
    Treated,
    missing_on_paper,
    tidy,
    wrong_prescription,
)

RAMIPRIL = Line("Ramipril 5 mg", "comprimé", dose="1 comprimé", moments=(Moment.MORNING,), days=90)
DOCTOR = Prescriber("Dr Aubin", "Médecine générale", "10999900011", "1 rue Haute", "02 61 91 00 01", "aubin@x.example")
ODETTE = Treated("Martin", "Lavergne", ("Odette",), Sex.FEMALE, date(1945, 3, 3))
KNOWN = Situation(DOCTOR, ODETTE, (), date(2026, 11, 22))


def changed(**values: object) -> PrescriptionBody:
    return PrescriptionBody((msgspec.structs.replace(RAMIPRIL, **values),))


def test_a_complete_prescription_lacks_nothing() -> None:
    assert missing_on_paper(PrescriptionBody((RAMIPRIL,)), KNOWN) == {}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"drug": ""}, "0.drug"),
        ({"dose": ""}, "0.dose"),
        ({"moments": ()}, "0.frequency"),
        ({"days": None}, "0.days"),
    ],
)
def test_each_item_of_a_line_that_lacks_is_named(changes: dict[str, object], field: str) -> None:
    assert list(missing_on_paper(changed(**changes), KNOWN)) == [field]


def test_packs_end_a_treatment_as_well_as_days_and_words_say_when_as_well_as_moments() -> None:
    body = changed(days=None, packs=2, moments=(), frequency="si douleur, 3 par jour au plus")
    assert missing_on_paper(body, KNOWN) == {}


@pytest.mark.parametrize("field", ["name", "specialty", "rpps", "place", "phone", "email"])
def test_a_prescriber_without_one_of_the_six_items_of_the_law_cannot_sign(field: str) -> None:
    doctor = msgspec.structs.replace(DOCTOR, **{field: " "})
    known = Situation(doctor, ODETTE, (), date(2026, 11, 22))
    assert set(missing_on_paper(PrescriptionBody((RAMIPRIL,)), known)) == {"prescriber"}


def test_a_person_of_unknown_sex_and_a_child_without_weight_are_named() -> None:
    child = msgspec.structs.replace(ODETTE, born_on=date(2015, 1, 1), sex=Sex.UNKNOWN)
    known = Situation(DOCTOR, child, (), date(2026, 11, 22))
    assert set(missing_on_paper(PrescriptionBody((RAMIPRIL,)), known)) == {"treated", "weight"}
    weighed = PrescriptionBody((RAMIPRIL,), weight=31.5)
    assert set(missing_on_paper(weighed, known)) == {"treated"}


def test_a_prescription_without_a_line_is_none() -> None:
    assert set(missing_on_paper(PrescriptionBody(), KNOWN)) == {"lines"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (changed(days=0), "0.days"),
        (changed(packs=100), "0.packs"),
        (changed(renewals=12), "0.renewals"),
        (changed(dose="x" * 301), "0.dose"),
        (PrescriptionBody((RAMIPRIL,) * 21), "lines"),
        (PrescriptionBody(remark="x" * 2001), "remark"),
        (PrescriptionBody(weight=0.0), "weight"),
        (PrescriptionBody(height=400.0), "height"),
    ],
)
def test_what_cannot_be_is_not_saved(body: PrescriptionBody, field: str) -> None:
    assert set(wrong_prescription(body)) == {field}


def test_blank_lines_go_and_words_are_trimmed() -> None:
    body = PrescriptionBody((Line(route=Route.SKIN), msgspec.structs.replace(RAMIPRIL, drug=" Ramipril 5 mg ")))
    assert tidy(body) == PrescriptionBody((RAMIPRIL,))


def test_one_line_of_a_long_illness_makes_two_zones() -> None:
    assert not PrescriptionBody((RAMIPRIL,)).is_bizone
    assert changed(ald=True).is_bizone
