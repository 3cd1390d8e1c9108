"""« Versions de la fiche »: who changed what, one version taken back, and a conflict shown side by side."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from server.kernel.access import Door
from server.people.tables import CareRelation
from server.records.rules.background import BackgroundBody
from tests.clinic_ui.cabin.hamlet import Hamlet
from tests.clinic_ui.desk.desk import HOSTILE, second_doctor
from tests.clinic_ui.desk.test_records import at
from tests.clinic_ui.readers import faults
from tests.services import ContextFactory

PATIENT = 60_000  # ms that a busy machine may take
FIRST = BackgroundBody(allergies=("Pénicilline",), conditions=(), pregnant=False)
SECOND = BackgroundBody(allergies=(HOSTILE,), conditions=(), medications=("Ramipril",))


async def _two_saves(hamlet: Hamlet) -> None:
    sheet = hamlet.clinic.background
    await sheet.save(hamlet.who["sylvie"], hamlet.odette, FIRST, 0)
    hamlet.clock.advance(minutes=5)
    await sheet.save(hamlet.who["sylvie"], hamlet.odette, SECOND, 1)


async def _follow(hamlet: Hamlet) -> None:
    async with hamlet.clinic.database.transaction() as tx:
        row = {"patient_id": hamlet.odette, "practitioner_id": hamlet.aubin, "treating": True}
        tx.add(CareRelation(since=hamlet.clock(), until=None, **row))


async def test_a_version_is_taken_back_and_a_conflict_shows_both(hamlet: Hamlet) -> None:
    await _two_saves(hamlet)
    await _follow(hamlet)
    path = f"/desk/records/{hamlet.odette}/background"
    wish = {"record_id": hamlet.odette, "version": "1"}
    async with at(hamlet, Door.DESK, hamlet.tokens["aubin"]) as aubin:
        await aubin.open(f"/desk/records/{hamlet.odette}")
        assert f'href="{path}"' in aubin.text
        await aubin.open(path)
        assert "Sylvie" in aubin.words
        assert "<del>Pénicilline</del>" in aubin.text
        assert "<ins>Ramipril</ins>" in aubin.text
        assert "Grossesse → non" in aubin.words
        assert HOSTILE not in aubin.text
        await aubin.send(path, **wish, row_ver="1")
        assert aubin.status == 409
        assert "Comparez, puis choisissez" in aubin.words
        assert aubin.words.index("La version à reprendre") < aubin.words.index("Enregistré entre-temps")
        assert 'name="row_ver" value="2"' in aubin.text
        await aubin.send(path, **wish, row_ver="2")
        assert (aubin.status, aubin.path) == (200, path)
        assert "Dr Claire Aubin" in aubin.words
    assert (await hamlet.clinic.background.read(hamlet.gp, hamlet.odette)).body == FIRST
    async with at(hamlet, Door.DESK, (await second_doctor(hamlet))[1]) as nedjar:
        await nedjar.open(path)
        assert nedjar.status == 404


@pytest.mark.browser
@pytest.mark.timeout(240)
async def test_beside_the_visit_a_version_fills_the_form_and_a_later_save_is_shown(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    await _two_saves(hamlet)
    await hamlet.hung_up()
    context = await new_context()
    context.set_default_timeout(PATIENT)
    await context.add_cookies([{"name": "tc-desk", "value": hamlet.tokens["aubin"], "url": hamlet.running.origin}])
    page = await context.new_page()
    await page.goto(f"{hamlet.running.origin}/desk")
    await page.get_by_role("button", name="Corriger la fiche").click()
    sheet = page.locator("#sheet-background")
    await sheet.get_by_role("button", name="Versions").click()
    await expect(sheet.locator("del")).to_have_text(["Pénicilline"], timeout=PATIENT)
    assert await faults(page, "#sheet-background") == []
    await sheet.locator("details").last.locator("summary").click()
    await sheet.get_by_role("button", name="Reprendre cette version").last.click()
    await expect(sheet.get_by_label("Allergies")).to_have_value("Pénicilline")
    await expect(sheet.get_by_label("Grossesse")).to_have_value("no")
    meanwhile = BackgroundBody(allergies=("Iode",), pregnant=True)
    await hamlet.clinic.background.save(hamlet.who["sylvie"], hamlet.odette, meanwhile, 2)
    await sheet.get_by_role("button", name="Enregistrer").click()
    await expect(sheet.locator("[data-theirs=allergies]")).to_contain_text("Iode", timeout=PATIENT)
    await expect(sheet.locator("[data-theirs=pregnant]")).to_contain_text("oui")
    async with page.expect_response("**/desk/background"):
        await sheet.locator("form").first.evaluate("form => form.requestSubmit()")  # two presses within 400 ms are one
    assert (await hamlet.clinic.background.read(hamlet.gp, hamlet.odette)).body == FIRST
