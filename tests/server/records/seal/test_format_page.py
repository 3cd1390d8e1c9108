"""FORMAT.md says of every column whether it is sealed, blind or in clear, and it says so truly."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.database.rows import Row
from server.records import seal
from server.records.seal.envelope import Outcome
from tests.databases import import_all_tables

PAGE = (Path(str(seal.__file__)).parent / "FORMAT.md").read_text()
SECTION = PAGE.partition("## 6.")[2].partition("## 7.")[0]
SEALED = {"wrapped"}
BLIND = {"code_index", "blind"}


def rows() -> dict[str, list[set[str]]]:
    """The page's rows: table -> [sealed, blind, in clear]."""
    found = {}
    for line in SECTION.splitlines():
        cells = [set(re.findall(r"`(\w+)`", cell)) for cell in line.split("|")[1:-1]]
        if len(cells) == 5 and len(cells[0]) == 1:
            found[cells[0].pop()] = cells[1:4]
    return found


def tables() -> dict[str, set[str]]:
    """The project's tables, without those of tests."""
    import_all_tables()
    mapped = {mapper.local_table for mapper in Row.registry.mappers if mapper.class_.__module__.startswith("server.")}
    return {str(table.name): {column.name for column in table.columns} for table in mapped}


@pytest.mark.parametrize("table", sorted(rows()))
def test_each_column_stands_where_the_page_says(table: str) -> None:
    sealed, blind, clear = rows()[table]
    columns = tables()[table]
    assert sealed == {name for name in columns if name.startswith("sealed_") or name in SEALED}
    assert blind == columns & BLIND
    assert clear == columns - sealed - blind


def test_a_table_about_a_patient_or_a_visit_is_told_column_by_column() -> None:
    about = {name for name, columns in tables().items() if columns & {"patient_id", "encounter_id", "sealed_traits"}}
    assert about == set(rows())


def test_every_other_table_is_named_as_one_in_clear() -> None:
    prose = SECTION.partition("In clear as a whole")[2]
    assert set(re.findall(r"`(\w+)`", prose)) == set(tables()) - set(rows())


def test_every_outcome_is_on_the_page() -> None:
    for outcome in Outcome:
        assert f"| `{outcome.value}` |" in PAGE
