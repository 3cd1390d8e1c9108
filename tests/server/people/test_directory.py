"""Finding who is meant."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.ids import PatientId, new_id
from server.people.directory import Directory, NameFit
from server.people.rules import Sex, Traits
from server.people.wanted import DateFit, understood

ODETTE = Traits("Kerdoncuff", ("Odette", "Marie"), date(1945, 3, 7), Sex.FEMALE, used_name="Lavergne-Le Goff")
YVON = Traits("Quéré", ("Yvon",), date(1950, 11, 2), Sex.MALE)
MARIE = Traits("Quéré", ("Marie-Claude",), date(1950, 11, 3), Sex.FEMALE)
IDS = {name: PatientId(new_id()) for name in ("odette", "yvon", "marie")}
NAMES = {one: name for name, one in IDS.items()}


@pytest.fixture
def village() -> Directory:
    directory = Directory()
    for one, traits in zip(IDS.values(), (ODETTE, YVON, MARIE), strict=True):
        directory.put(one, traits)
    return directory


def _found(directory: Directory, line: str) -> list[str]:
    return [NAMES[hit.patient_id] for hit in directory.find(understood(line), 20)]


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("odette", "odette"),
        ("lav", "odette"),
        ("Lavergne Odette", "odette"),
        ("kerdoncuf", "odette"),
        ("kerdonkuff", "odette"),
        ("kerdocnuff", "odette"),
        ("goff", "odette"),
        ("legoff", "odette"),
        ("ODETTE marie", "odette"),
        ("0703", "odette"),
        ("07031945", "odette"),
        ("kerre ivon", "yvon"),
        ("yvon quere 03/11/1950", "yvon"),
        ("Yvonne Quéré 02/11/1950", "yvon"),
        ("marieclaude", "marie"),
        ("kerdon cuff odette", "odette"),
        ("Guéré Marie", "marie"),
        ("odette kerlavos 07/03/1945", "odette"),
    ],
)
def test_somebody_is_found_by_what_was_said_of_them(village: Directory, line: str, first: str) -> None:
    assert _found(village, line)[0] == first


@pytest.mark.parametrize(
    "line",
    ["", "zoe", "odette quere", "kerdnmuff", "ldavergne gaspard", "odette kerlavos 07/04/1954", "yvon 1945", "0101"],
)
def test_somebody_else_is_not(village: Directory, line: str) -> None:
    assert _found(village, line) == []


@pytest.mark.parametrize(
    ("line", "name_fit", "date_fit"),
    [
        ("quere yvon 02/11/1950", NameFit.SAME, DateFit.SAME),
        ("kerre yvon 11/02/1950", NameFit.SOUND, DateFit.SWAPPED),
        ("quete yvon 02/11/1951", NameFit.SLIP, DateFit.YEAR),
        ("que yvon", NameFit.START, None),
        ("gaspard yvon 02/11/1950", NameFit.PART, DateFit.SAME),
        ("quere yvon 05/06/1977", NameFit.SAME, DateFit.OTHER),
    ],
)
def test_each_is_found_with_the_reason(
    village: Directory, line: str, name_fit: NameFit, date_fit: DateFit | None
) -> None:
    hit = village.find(understood(line), 20)[0]
    assert (NAMES[hit.patient_id], hit.name_fit, hit.date_fit) == ("yvon", name_fit, date_fit)


def test_the_better_fit_stands_first_and_no_more_than_asked(village: Directory) -> None:
    assert _found(village, "Quéré 03/11/1950") == ["marie", "yvon"]
    assert len(village.find(understood("Quéré"), 1)) == 1


def test_new_traits_replace_the_old_ones_and_who_is_dropped_is_gone(village: Directory) -> None:
    village.put(IDS["yvon"], Traits("Morvan", ("Yvon",), YVON.born_on, Sex.MALE))
    assert _found(village, "quere") == ["marie"]
    assert _found(village, "morvan") == ["yvon"]
    village.drop(IDS["yvon"])
    village.drop(IDS["yvon"])
    assert (_found(village, "morvan"), _found(village, "02111950"), len(village)) == ([], ["marie"], 2)


@settings(max_examples=50)
@given(st.sampled_from(["odette kerdoncuff", "yvon quere"]), st.data())
def test_any_one_slip_in_each_name_is_forgiven_when_the_date_is_right(line: str, data: st.DataObject) -> None:
    directory = Directory()
    directory.put(IDS["odette"], ODETTE)
    directory.put(IDS["yvon"], YVON)
    slipped = []
    for word in line.split():
        place = data.draw(st.integers(0, len(word) - 1))
        slipped.append(word[:place] + data.draw(st.sampled_from("abeimt")) + word[place + 1 :])
    born = {"odette": ODETTE, "yvon": YVON}[line.split()[0]].born_on
    asked = understood(f"{' '.join(slipped)} {born.isoformat()}")
    assert NAMES[directory.find(asked, 1)[0].patient_id] == line.split()[0]
