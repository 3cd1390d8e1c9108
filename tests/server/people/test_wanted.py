"""What is understood of a line at the counter."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.people.wanted import DateFit, Wanted, understood

BORN = date(1945, 3, 7)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Quéré Yvon 3/7/1945", Wanted(("quere", "yvon"), 3, 7, 1945)),
        ("1945-07-03 yvon", Wanted(("yvon",), 3, 7, 1945)),
        ("03071945", Wanted((), 3, 7, 1945)),
        ("le goff 03.07.1945", Wanted(("le", "goff"), 3, 7, 1945)),
        ("yvon 1945", Wanted(("yvon",), 0, 0, 1945)),
        ("0307 quere", Wanted(("quere",), 3, 7, 0)),
        ("quere 3/7", Wanted(("quere",), 3, 7, 0)),
        ("Saint-Yves", Wanted(("saint", "yves"))),
        ("quere 9999", Wanted(("quere", "9999"))),
    ],
)
def test_names_and_dates_are_told_apart(line: str, wanted: Wanted) -> None:
    assert understood(line) == wanted


@pytest.mark.parametrize(
    ("line", "fit"),
    [
        ("07/03/1945", DateFit.SAME),
        ("03/07/1945", DateFit.SWAPPED),
        ("08/03/1945", DateFit.DAY),
        ("07/04/1945", DateFit.MONTH),
        ("07/03/1954", DateFit.YEAR),
        ("08/04/1945", DateFit.OTHER),
        ("1945", DateFit.SAME),
        ("0803", DateFit.OTHER),
    ],
)
def test_a_date_fits_or_differs_in_one_part_or_is_another(line: str, fit: DateFit) -> None:
    assert understood(line).date_fit(BORN) is fit


@given(st.text(max_size=60))
def test_no_line_is_too_strange_to_be_read(line: str) -> None:
    understood(line).date_fit(BORN)
