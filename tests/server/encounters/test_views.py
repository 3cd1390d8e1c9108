"""What the pages see: a doctor as a patient is told, and no more."""

from __future__ import annotations

from server.encounters.views import CabinVisit, Doctor, LineItem, doctor
from server.kernel.ids import PractitionerId, new_id
from server.people.rules import Practitioner


def test_a_patient_is_told_name_specialty_number_and_place_and_no_telephone() -> None:
    known = Practitioner(PractitionerId(new_id()), "Dr Aubin", "Médecine générale", "10999900011", "Lorgues", "01")
    assert doctor(known) == Doctor("Dr Aubin", "Médecine générale", "10999900011", "Lorgues")


def test_the_cabin_is_told_no_patient_id_and_neither_it_nor_the_front_office_the_words() -> None:
    assert {"patient_id", "words"} & set(CabinVisit.__slots__) == set()
    assert {"words", "reason", "flags"} & set(LineItem.__slots__) == set()
