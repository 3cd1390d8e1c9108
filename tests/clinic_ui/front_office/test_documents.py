"""The documents page of the front office: what one sent oneself, and how one takes it back."""

from __future__ import annotations

from server.records.documents.uploads import NewFile
from tests.clinic_ui.front_office.village import Village, Visitor
from tests.server.records.documents.files import jpeg, pdf


async def _send(village: Village, content: bytes, title: str = "") -> None:
    uploads, sylvie = village.clinic.documents.uploads, village.who["sylvie"]
    begun = await uploads.begin(sylvie, village.patients["Odette"], None, NewFile(len(content), title))
    await uploads.receive(sylvie, begun.upload_id, 0, content)
    await uploads.finish(sylvie, begun.upload_id)


async def test_what_was_sent_is_seen_again_and_taken_back(village: Village, sylvie: Visitor) -> None:
    page = f"{village.odette}/documents"
    assert "Vous n’avez rien envoyé pour cette personne." in await sylvie.open(page)
    await _send(village, pdf(), "Courrier <b>du</b> cardiologue")
    await _send(village, jpeg())
    text = await sylvie.open(page)
    assert text.count("data:image/jpeg;base64,") == 1
    assert "Courrier &lt;b&gt;du&lt;/b&gt; cardiologue" in text
    assert 'aria-current="page"' in text
    (photo, letter) = await village.clinic.documents.documents.of_patient(
        village.who["sylvie"], village.patients["Odette"]
    )
    assert "Le document est annulé." in await sylvie.send(f"{page}/{letter.id}/strike")
    assert "cardiologue" not in await sylvie.open(page)
    assert f"/office/documents/{photo.id}/file" in await sylvie.open(f"{page}?liste")


async def test_the_nurse_of_another_site_finds_no_such_page(village: Village, nolwenn: Visitor) -> None:
    await nolwenn.open(f"{village.odette}/documents")
    assert nolwenn.status == 404
