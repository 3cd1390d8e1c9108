"""« Remettre une copie du dossier »: confirmed first, complete, readable without this software, and noted."""

from __future__ import annotations

import io
import re
import zipfile

import msgspec

from clinic_ui.front_office.copying import GivenTo
from tests.clinic_ui.front_office.village import Village, Visitor
from tests.clinic_ui.paper.reading import read_pdf

WANTED = {"given_to": GivenTo.PERSON.value, "seen": "yes", "locale": "en"}


async def _taken(nurse: Visitor, action: str) -> bytes:
    """Send the form of the page, and return the file that comes."""
    token = re.search(r'name="csrf" value="([^"]*)"', nurse.text)
    assert token
    headers = {"Origin": nurse._origin, "Sec-Fetch-Site": "same-origin"}
    sent = {"csrf": token[1], **WANTED}
    async with nurse._session.post(nurse._origin + action, data=sent, headers=headers) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        return await answer.read()


async def test_a_copy_is_handed_over_once_it_is_said_to_whom_and_stands_in_the_book(
    village: Village, sylvie: Visitor
) -> None:
    await village.promised()
    await sylvie.open(f"{village.odette}/accesses")
    assert f"{village.odette}/copy" in sylvie.text
    await sylvie.open(f"{village.odette}/copy")
    assert "Chacun a droit à une copie" in sylvie.text
    await sylvie.send(f"{village.odette}/copy", given_to=GivenTo.PERSON.value)
    assert (sylvie.status, "Vérifiez d’abord une pièce d’identité." in sylvie.text) == (422, True)
    raw = await _taken(sylvie, f"{village.odette}/copy")
    with zipfile.ZipFile(io.BytesIO(raw)) as folder:
        paper, bundle = read_pdf(folder.read("dossier.pdf")), msgspec.json.decode(folder.read("dossier.fhir.json"))
    assert paper.language == "en"
    for words in ("Odette", "Lavergne", "Gonalgie", "Contrôle de la tension", "Sylvie", "made the copy"):
        assert words in paper.text, words
    assert {one["resource"]["resourceType"] for one in bundle["entry"]} >= {"Patient", "Encounter", "Composition"}
    await sylvie.open(f"{village.odette}/accesses")
    assert "a préparé la copie de votre dossier" in sylvie.words


async def test_the_nurse_of_another_site_gets_no_copy(village: Village, nolwenn: Visitor) -> None:
    await nolwenn.open("/office")
    await nolwenn.post(f"{village.odette}/copy", **WANTED)
    assert nolwenn.status == 404
