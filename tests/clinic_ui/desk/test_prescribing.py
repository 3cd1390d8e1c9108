"""Prescriptions over HTTP: the tab, its preview, the signed paper, the cabin's screen, and who may print."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from server.kernel.access import Door
from server.kernel.ids import EncounterId
from server.records.prescriptions.rules import PrescriptionBody
from server.records.rules.note import NoteBody
from tests.clinic_ui.cabin.hamlet import Hamlet, visitor_of
from tests.clinic_ui.desk.desk import Desk, desk_of, second_doctor
from tests.clinic_ui.paper.reading import read_pdf
from tests.server.records.prescriptions.test_rules import RAMIPRIL, changed

BODY = PrescriptionBody((RAMIPRIL,))
NOTE = NoteBody(conclusion="HTA équilibrée.", no_incident=True, advice="Prenez-le le matin.")


async def written(hamlet: Hamlet) -> tuple[EncounterId, int, int]:
    """The call is over, note and prescription are written; the versions of both."""
    visit = await hamlet.hung_up()
    drawn = await hamlet.clinic.prescriptions.save(hamlet.gp, visit, BODY, 0)
    return visit, await hamlet.clinic.notes.save(hamlet.gp, visit, NOTE, 0), drawn.row_ver


async def test_the_tab_holds_the_draft_what_the_rules_say_and_the_dated_list(hamlet: Hamlet, desk: Desk) -> None:
    visit = await hamlet.in_call()
    await hamlet.clinic.prescriptions.save(hamlet.gp, visit, changed(drug="Tramadol 50 mg"), 0)
    piece = await desk.get("/desk/prescription", piece=True)
    found = re.search(r'data-drawn="([^"]*)"', piece)
    assert found is not None
    drawn = json.loads(unescape(found[1]))
    assert drawn["body"]["lines"][0]["drug"] == "Tramadol 50 mg"
    [alert] = drawn["alerts"]
    assert (alert["rule"], alert["words"]) == ("letters", "Ordonnance sécurisée : en toutes lettres")
    assert set(drawn["missing"]) == {"0.letters"}
    said = await desk.words("/desk/prescription")
    for words in ("Allergies : pas encore demandées.", "Liste des médicaments surveillés", "R.5132-5", "tramadol"):
        assert words in said
    assert "Reprendre celle" not in said


async def test_the_preview_is_the_signed_paper_byte_by_byte(hamlet: Hamlet, desk: Desk) -> None:
    visit, note_ver, ver = await written(hamlet)
    preview = await desk.paper(f"/desk/visits/{visit}/prescription/preview")
    report = await desk.paper("/desk/report")
    assert desk.headers["Content-Type"] == "application/pdf"
    assert desk.headers["Cache-Control"] == "no-store"
    said = await desk.words("/desk/review")
    assert f'data-prescription-ver="{ver}"' in said
    assert "Ramipril 5 mg" in said
    assert 'data-complete="yes"' in said
    await hamlet.clinic.closing.sign(hamlet.gp, visit, note_ver, ver)
    [signed] = await hamlet.clinic.prescriptions.mine(hamlet.gp)
    assert await desk.paper(f"/desk/prescriptions/{signed.id}") == preview
    assert await desk.paper(f"/desk/reports/{visit}") == report
    paper = read_pdf(report)
    assert "/H2" in paper.roles
    for words in ("HTA équilibrée.", "Ramipril 5 mg : 1 comprimé, le matin", "RPPS 10000000001", "Odette LAVERGNE"):
        assert words in paper.text
    assert "Lavergne" not in paper.spoken_of
    assert paper.language == "fr"


async def test_an_incomplete_prescription_keeps_the_note_from_being_signed(hamlet: Hamlet, desk: Desk) -> None:
    visit, _note, ver = await written(hamlet)
    await hamlet.clinic.prescriptions.save(hamlet.gp, visit, changed(dose=""), ver)
    said = await desk.words("/desk/review")
    assert 'data-complete="no"' in said
    assert "L’ordonnance n’est pas complète" in said


async def test_the_cabin_sees_nothing_before_the_signature_then_plain_words_and_pages(hamlet: Hamlet) -> None:
    visit, note_ver, ver = await written(hamlet)
    async with visitor_of(hamlet) as screen:
        await screen.open("/cabin/ordonnance")
        assert screen.path == "/cabin/salle"
        await hamlet.clinic.closing.sign(hamlet.gp, visit, note_ver, ver)
        await screen.open("/cabin/resume")
        assert "Votre ordonnance" in screen.words
        await screen.open("/cabin/ordonnance")
        for words in ("Ramipril 5 mg", "1 comprimé", "le matin", "pendant 90 jours", "pharmacie de votre choix"):
            assert words in screen.words
        assert 'data-page="/cabin/ordonnance/1"' in screen.text
        assert (await screen.open("/cabin/ordonnance/1")).startswith("<svg")
        assert screen.headers["Cache-Control"] == "no-store"
        for wrong in ("0", "2", "x", "9999999999"):
            await screen.open(f"/cabin/ordonnance/{wrong}")
            assert screen.status == 404


async def test_without_one_there_is_no_word_of_it_in_the_cabin(hamlet: Hamlet) -> None:
    await hamlet.signed()
    async with visitor_of(hamlet) as screen:
        await screen.open("/cabin/resume")
        assert "Votre ordonnance" not in screen.words
        await screen.open("/cabin/ordonnance")
        assert screen.status == 404


async def test_the_front_office_prints_what_is_signed_and_another_doctor_reads_nothing(hamlet: Hamlet) -> None:
    visit, note_ver, ver = await written(hamlet)
    await hamlet.clinic.closing.sign(hamlet.gp, visit, note_ver, ver)
    [signed] = await hamlet.clinic.prescriptions.mine(hamlet.gp)
    async with desk_of(hamlet, hamlet.tokens["sylvie"], Door.OFFICE) as office:
        page = await office.get(f"/office/patients/{hamlet.odette}/prescriptions")
        assert f'href="/office/prescriptions/{signed.id}"' in page
        assert "Ramipril" not in page
        assert "Ramipril 5 mg" in read_pdf(await office.paper(f"/office/prescriptions/{signed.id}")).text
    _who, token = await second_doctor(hamlet)
    async with desk_of(hamlet, token) as other:
        for path in (f"/desk/prescriptions/{signed.id}", f"/desk/reports/{visit}"):
            await other.paper(path)
            assert other.status == 404


async def test_an_appointment_becomes_a_card_without_a_reason(hamlet: Hamlet) -> None:
    await hamlet.open_hours()
    await hamlet.booked_and_gone()
    [coming] = await hamlet.clinic.follow_ups.upcoming(hamlet.gp)
    async with desk_of(hamlet, hamlet.tokens["sylvie"], Door.OFFICE) as office:
        card = read_pdf(await office.paper(f"/office/appointments/{coming.id}/card"))
    assert card.pages == 1
    for words in ("Votre prochain rendez-vous", "Odette Lavergne", "Dr Claire Aubin", "02 99 00 00 01"):
        assert words in card.text
    assert "Tension" not in card.text


@pytest.mark.parametrize("path", ["/desk/prescription", "/desk/report"])
async def test_without_a_visit_there_is_nothing_to_prescribe_in(desk: Desk, path: str) -> None:
    await desk.get(path, piece=True)
    assert desk.status == 404
