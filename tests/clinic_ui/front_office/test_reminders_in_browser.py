"""In a real browser: the pages of reminders and of tending read well, and saying no asks once more before it counts."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from server.scheduler.reminders.letters import keys_of
from server.scheduler.reminders.rules import Channel
from tests.clinic_ui.front_office.village import Village
from tests.clinic_ui.readers import faults
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
PATIENT = 60_000  # ms that a busy machine may take


async def test_the_pages_read_well_and_the_patient_says_no_by_the_link(
    village: Village, new_context: ContextFactory
) -> None:
    nurse, clinic = village.who["sylvie"], village.clinic
    await clinic.reminders.choose(nurse, village.patients["Odette"], [Channel.CARD], "", "", "fr")
    promise = await village.promised(in_days=2)
    choice = (await clinic.follow_ups.proposals(nurse, promise)).choices[0].choice
    booked = await clinic.follow_ups.book(nurse, promise, choice, "une-cle-de-test")
    await clinic.sending.plan()
    (line,) = await clinic.reminders.of_appointment(nurse, booked)
    origin, context = village.running.origin, await new_context()
    context.set_default_timeout(PATIENT)
    await context.add_cookies(
        [
            {"name": f"tc-{door}", "value": village.tokens[login], "url": origin}
            for door, login in (("office", "sylvie"), ("coordination", "mairie"))
        ]
    )
    page = await context.new_page()
    for path in (
        "/office/reminders",
        f"{village.odette}/reminders",
        f"/office/appointments/{booked}/reminders",
        f"/office/promises/{promise}/care",
        "/coordination/promises",
        f"/rdv/{keys_of(clinic.vault, line.id).token}",
    ):
        await page.goto(origin + path)
        assert await faults(page) == [], path
    await page.get_by_text("Je ne peux pas venir").click()
    await page.get_by_role("button", name="Oui, annuler ce rendez-vous").click()
    await expect(page.get_by_text("vous ne venez pas")).to_be_visible(timeout=PATIENT)
    (waiting,) = await clinic.follow_ups.due(nurse)
    assert waiting.status.value == "offered"
