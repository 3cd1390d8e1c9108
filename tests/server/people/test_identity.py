"""The key of a number, and the status that the evidence gives."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.errors import Invalid
from server.people.identity import (
    INS_NIA_OID,
    INS_NIR_OID,
    Move,
    ins_is_sound,
    ins_oid,
    moved,
    rpps_is_sound,
    status_of,
    written_ins,
)
from server.people.rules import DocumentKind, IdentityStatus, Sex, Traits

ODETTE = Traits("Lavergne", ("Odette",), date(1945, 3, 3), Sex.FEMALE)
SOUND = "258036399900163"


@pytest.mark.parametrize(
    "ins",
    [
        SOUND,
        "147091599801226",
        "265112A99900364",
        "180072B99800450",
        "293079999900555",
        "101099719900683",
        "785019999900702",
        "258036399906497",
    ],
)
def test_a_sound_number_has_its_key(ins: str) -> None:
    assert ins_is_sound(ins)


@pytest.mark.parametrize(
    "ins",
    [
        "",
        "258036399900164",
        "258036399900100",
        "258136399900112",
        "265112A99900337",
        "180072B99800493",
        "25803639990016",
        "958036399900163",
        "123456789012244",  # of a published example
        "٢58036399900163",
    ],
)
def test_a_mistyped_number_is_refused(ins: str) -> None:
    assert not ins_is_sound(ins)


@given(st.integers(0, 12), st.integers(1, 9))
def test_no_single_wrong_digit_passes(place: int, more: int) -> None:
    wrong = SOUND[:place] + str((int(SOUND[place]) + more) % 10) + SOUND[place + 1 :]
    assert not ins_is_sound(wrong)


def test_a_number_is_kept_without_spaces_and_names_its_system() -> None:
    assert written_ins("2 65 11 2a 999.003-64") == "265112A99900364"
    assert (ins_oid(SOUND), ins_oid("785019999900702")) == (INS_NIR_OID, INS_NIA_OID)


def _after(*moves: Move, traits: Traits = ODETTE) -> Traits:
    for move in moves:
        traits = moved(traits, move, document=DocumentKind.PASSPORT, ins=SOUND, fictitious=False)
    return traits


@pytest.mark.parametrize(
    ("moves", "status"),
    [
        ((), IdentityStatus.PROV),
        ((Move.DOCUMENT,), IdentityStatus.VALI),
        ((Move.INSI,), IdentityStatus.RECUP),
        ((Move.DOCUMENT, Move.INSI), IdentityStatus.QUAL),
        ((Move.INSI, Move.DOCUMENT), IdentityStatus.QUAL),
        ((Move.INSI, Move.DOCUMENT, Move.DOUBT), IdentityStatus.PROV),
        ((Move.DOCUMENT, Move.DOUBT, Move.SURE), IdentityStatus.VALI),
    ],
)
def test_the_status_follows_from_the_evidence(moves: tuple[Move, ...], status: IdentityStatus) -> None:
    assert status_of(_after(*moves), fictitious=False) is status


def test_the_invented_and_the_doubtful_stay_provisional() -> None:
    qualified = _after(Move.DOCUMENT, Move.INSI)
    assert status_of(qualified, fictitious=True) is IdentityStatus.PROV
    with pytest.raises(Invalid):
        moved(ODETTE, Move.DOCUMENT, document=DocumentKind.PASSPORT, ins="", fictitious=True)
    with pytest.raises(Invalid):
        _after(Move.DOUBT, Move.INSI)


def test_an_imported_number_without_its_key_raises_nothing() -> None:
    imported = msgspec.structs.replace(ODETTE, ins="123456789012244", insi_answered=True)
    assert status_of(imported, fictitious=False) is IdentityStatus.PROV


@pytest.mark.parametrize(("move", "field"), [(Move.DOCUMENT, "document"), (Move.INSI, "ins")])
def test_evidence_that_is_missing_is_named(move: Move, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        moved(ODETTE, move, document=None, ins="123", fictitious=False)
    assert field in refused.value.fields


@pytest.mark.parametrize("number", ["10003879623", "99700237045", "10999900011", "10999900029", "10999900037"])
def test_an_rpps_number_with_its_key_is_sound(number: str) -> None:
    assert rpps_is_sound(number)


@pytest.mark.parametrize(
    "number",
    [
        "10002673899",
        "10100050075",
        "10999900012",
        "1099990001",
        "1099990001A",
        "",
        "１０９９９９０００１１",
        "10999900011\n",
    ],
)
def test_published_examples_without_a_right_key_and_other_texts_are_told_and_not_stumbled_over(number: str) -> None:
    assert not rpps_is_sound(number)


@given(st.integers(0, 10**10 - 1), st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_of_an_rpps_number_is_always_seen(body: int, place: int, by: int) -> None:
    (number,) = (one for key in range(10) if rpps_is_sound(one := f"{body:010d}{key}"))
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert not rpps_is_sound(wrong)
