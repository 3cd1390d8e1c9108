"""A prescription on paper: the items of the law in reading order, two zones, no name in what the file says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import msgspec
import pytest
import pytest_asyncio

from clinic_ui.paper.prescription import prescription_sheet
from clinic_ui.paper.press import Press
from clinic_ui.paper.words import abroad
from server.records.prescriptions.rules import Line, Moment, PrescriptionBody, Route, SignedPrescription
from tests.clinic_ui.paper.reading import Paper, read_pdf
from tests.server.records.prescriptions.test_rules import DOCTOR, ODETTE, RAMIPRIL

PAIN = Line(
    "Tramadol 50 mg",
    "gélule",
    Route.ORAL,
    "1 gélule",
    (Moment.MORNING, Moment.NIGHT),
    "si douleur",
    packs=1,
    renewals=2,
    letters="cinquante milligrammes, une gélule, trente gélules",
    reason="Paracétamol insuffisant",
)
BODY = PrescriptionBody((RAMIPRIL, PAIN), weight=58.4, remark="Revenir en cas de vertige.")
SIGNED_ON = date(2026, 11, 22)


@pytest_asyncio.fixture(loop_scope="session")
async def press() -> AsyncIterator[Press]:
    opened = Press()
    yield opened
    await opened.close()


async def drawn(press: Press, body: PrescriptionBody, locale: str = "fr", cancelled: date | None = None) -> Paper:
    content = SignedPrescription(body, DOCTOR, ODETTE)
    [pdf] = await press.draw(prescription_sheet(content, SIGNED_ON, locale, cancelled))
    return read_pdf(pdf)


def in_order(text: str, *wanted: str) -> None:
    places = [text.find(words) for words in wanted]
    assert -1 not in places, wanted[places.index(-1)]
    assert places == sorted(places)


async def test_every_item_of_the_law_is_read_in_order(press: Press) -> None:
    paper = await drawn(press, BODY)
    in_order(
        paper.text,
        "Ordonnance du 22/11/2026",
        "Dr Aubin",
        "Médecine générale",
        "RPPS 10999900011",
        "1 rue Haute, France",
        "+33 2 61 91 00 01",
        "aubin@x.example",
        "Odette LAVERGNE",
        "nom de naissance : MARTIN",
        "femme",
        "03/03/1945",
        "58,4 kg",
        "Ramipril 5 mg",
        "1 comprimé, le matin",
        "pendant 90 jours",
        "Tramadol 50 mg",
        "1 gélule, le matin, au coucher, si douleur",
        "1 boîte, à renouveler 2 fois",
        "En toutes lettres : cinquante milligrammes",
        "Revenir en cas de vertige.",
        "2 médicaments prescrits.",
        "Rien n’est prescrit sous cette ligne.",
        "Signé par Dr Aubin, le 22/11/2026.",
    )
    assert "insuffisant" not in paper.text
    assert (paper.title, paper.language, paper.pages) == ("Ordonnance du 22/11/2026", "fr", 1)


async def test_the_files_description_names_nobody(press: Press) -> None:
    paper = await drawn(press, BODY)
    for word in ("Odette", "Lavergne", "LAVERGNE", "Martin", "1945", "Ramipril", "Aubin"):
        assert word not in paper.spoken_of


async def test_a_long_illness_makes_two_zones_and_the_numbers_go_on(press: Press) -> None:
    ald = msgspec.structs.replace(RAMIPRIL, ald=True)
    paper = await drawn(press, PrescriptionBody((PAIN, ald)))
    in_order(paper.text, "EXONÉRANTE", "1. Ramipril", "SANS RAPPORT", "2. Tramadol")
    alone = await drawn(press, PrescriptionBody((ald,)))
    in_order(alone.text, "EXONÉRANTE", "1. Ramipril", "SANS RAPPORT", "Rien.")


async def test_a_cancelled_one_says_so_and_an_english_one_is_english(press: Press) -> None:
    cancelled = await drawn(press, BODY, cancelled=date(2026, 11, 23))
    in_order(cancelled.text, "ANNULÉE le 23/11/2026", "Ramipril")
    english = await drawn(press, BODY, "en")
    assert english.language == "en"
    in_order(english.text, "Prescription of 22/11/2026", "in the morning", "for 90 days", "Nothing is prescribed below")


@pytest.mark.parametrize(
    ("here", "there"),
    [("02 61 91 00 01", "+33 2 61 91 00 01"), ("+33 2 61 91 00 01", "+33 2 61 91 00 01"), ("15", "15")],
)
def test_numbers_are_given_as_they_are_dialled_from_abroad(here: str, there: str) -> None:
    assert abroad(here) == there
