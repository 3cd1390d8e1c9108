"""Every sealed column of the house has its place, also where the row has no number or no patient of its own."""

from __future__ import annotations

from server import schema
from server.kernel.ids import PatientId, new_id
from server.kernel.sealing import Place
from server.records.places import COPIES, place_of

IN_A_DOCUMENT = {"document_chunk", "document_piece"}
"""Sealed in their document's own way: FORMAT.md §2a."""


def test_each_table_with_sealed_columns_says_which_row_it_is() -> None:
    sealed = [one for one in schema.METADATA.sorted_tables if any(c.name.startswith("sealed_") for c in one.columns)]
    unknown = [
        table.name
        for table in sealed
        if table.name not in COPIES.keys() | IN_A_DOCUMENT
        and [column.name for column in table.primary_key.columns] not in (["id"], ["patient_id"])
    ]
    assert unknown == [], "say in server/records/places.py where their words lie"


def test_places_are_those_of_the_services() -> None:
    one, patient = new_id(), PatientId(new_id())
    assert place_of("patient", "sealed_traits", {"id": patient, "row_ver": 3}) == Place(
        "patient", "sealed_traits", patient, patient, 3
    )
    row = {"note_id": one, "patient_id": patient, "row_ver": 2}
    assert place_of("note_version", "sealed_body", row) == Place("note", "sealed_body", one, patient, 2)
    assert place_of("guest", "sealed_name", {"id": one, "row_ver": 1}, patient).patient_id == patient
