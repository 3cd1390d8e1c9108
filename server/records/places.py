"""Where the sealed columns of any row lie: for those who go through all tables, whatever stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.kernel.ids import PatientId
from server.kernel.sealing import Place

NAMELESS = 1
"""The version of what is sealed once and never again, whatever its row goes through."""
COPIES = {
    "note_version": ("note", "note_id"),
    "patient_background_version": ("patient_background", "patient_id"),
}
"""Rows that hold the very ciphertext of another table's row, in that one's place."""


def place_of(table: str, column: str, row: Mapping[str, Any], patient_id: PatientId | None = None) -> Place:
    """Return the place of a sealed column; `patient_id` for rows that do not say whose they are."""
    if table == "document_piece":  # pieces cannot change places: their number stands as the version
        return Place(table, column, row["upload_id"], PatientId(row["patient_id"]), row["number"] + 1)
    table_of, number = COPIES.get(table, (table, "id" if "id" in row else "patient_id"))
    whose = row["id"] if table == "patient" else row.get("patient_id", patient_id)
    return Place(table_of, column, row[number], PatientId(whose), row.get("row_ver", NAMELESS))
