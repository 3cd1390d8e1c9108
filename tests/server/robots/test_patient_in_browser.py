"""A robot patient and a real desk in Chromium: picture, voice and measures arrive, and the visit is signed."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from server.robots.patient import PatientPlan, visit_as_patient
from server.village.sign_ins import PASSWORD
from tests.e2e.screens import WITHIN, desk_screen
from tests.running import Running
from tests.server.robots.notebook import Notebook, begun
from tests.services import ContextFactory

pytestmark = pytest.mark.browser


async def test_a_person_alone_takes_a_robot_patient_at_the_desk(
    demonstration: Running, new_context: ContextFactory
) -> None:
    told = Notebook()
    plan = PatientPlan("cabine-saint-fiacre", PASSWORD, {"code": "258036"})
    desk = await desk_screen(new_context, demonstration.origin)
    async with begun(visit_as_patient(demonstration.origin, plan, told)) as visit:
        await desk.take("Odette Lavergne")
        await expect(desk.page.locator("#workbench[data-phase=live]")).to_be_attached(timeout=WITHIN)
        assert await desk.frames() == 320
        assert await desk.hears()
        device = desk.page.locator("[data-device]")
        await expect(device).to_contain_text("appareil fictif", timeout=WITHIN)
        await expect(device).to_contain_text("personne n’est mesuré")
        temperature, pulse = [
            await device.locator(f"[data-measure={name}] dd").inner_text() for name in ("temperature", "heart-rate")
        ]
        assert 36 < float(temperature.replace(",", ".")) < 38
        assert 60 < int(pulse) < 90
        await desk.write(conclusion="Essai avec un robot.")
        await desk.page.check("#none_prescribed")
        await desk.page.check("#no_incident")
        await desk.press("Raccrocher")
        await desk.press("Relire et signer")
        await desk.press("Signer et terminer")
        await expect(desk.page.locator("[data-signed]")).to_be_visible(timeout=WITHIN)
        await expect(device).to_be_hidden()
        await asyncio.wait_for(visit, 60)
    assert "laisse un sourire" in told
    assert desk.faults == []
