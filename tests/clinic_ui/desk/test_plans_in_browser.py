"""In a real browser: what is usual for a condition fills the follow-up in, and the doctor may change it."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.clinic_ui.cabin.hamlet import Hamlet
from tests.clinic_ui.readers import faults
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
PATIENT = 60_000  # ms that a busy machine may take


async def test_a_template_proposes_delay_place_and_reason(hamlet: Hamlet, new_context: ContextFactory) -> None:
    visit = await hamlet.hung_up()
    context = await new_context()
    context.set_default_timeout(PATIENT)
    cookie = {"name": "tc-desk", "value": hamlet.tokens["aubin"], "url": hamlet.running.origin}
    await context.add_cookies([cookie])
    page = await context.new_page()
    await page.goto(f"{hamlet.running.origin}/desk")
    async with page.expect_response(lambda answer: "HbA1c" in (answer.request.post_data or "")):
        await page.get_by_label("Suivi habituel pour").select_option("diabetes")
    assert await faults(page, "#panel-notes") == []
    await expect(page.get_by_label("Pourquoi")).to_have_value("Suivi du diabète, HbA1c")
    async with page.expect_response(lambda answer: "Pieds" in (answer.request.post_data or "")):
        await page.get_by_label("Pourquoi").fill("Pieds")
    wish = (await hamlet.clinic.notes.draft(hamlet.gp, visit)).body.follow_up
    assert wish is not None
    assert (wish.in_days, wish.modality.value, wish.with_health_worker, wish.why) == (90, "VR", True, "Pieds")
