"""In a real browser: each proposal says why it is there, an empty search who or what lacks, and on which days."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinic_ui.front_office.follow_ups import WEEKDAYS
from server.kernel.ids import InstrumentId, new_id
from server.people.founding.rules import InstrumentKind
from server.people.founding.tables import InstrumentRow
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler import store
from server.scheduler.rules.openings import ResourceKind, WeeklyRule
from tests.clinic_ui.front_office.village import ZONE, Village
from tests.services import ContextFactory

pytestmark = pytest.mark.browser
WISH = FollowUpWish(7, Modality.REMOTE, True, "Palpitations", instrument=InstrumentKind.ECG)


async def test_what_lacks_is_named_and_each_moment_says_its_reasons(
    village: Village, new_context: ContextFactory
) -> None:
    promise = await village.promised(wish=WISH)
    context = await new_context()
    jar = {"tc-office": village.tokens["sylvie"], "tc-lang": "fr"}
    await context.add_cookies([{"name": k, "value": v, "url": village.running.origin} for k, v in jar.items()])
    page, here = await context.new_page(), f"{village.running.origin}/office/promises/{promise}"
    await page.goto(here)
    assert "L’électrocardiographe est pris, ou le lieu n’en a pas." in await page.inner_text("main")
    ecg, agenda = InstrumentId(new_id()), village.clinic.agenda
    every_day = [WeeklyRule(day, 8 * 60, 18 * 60) for day in range(7)]
    async with village.clinic.database.transaction() as tx:
        row = await store.promise(tx, promise)
        due_on, what = row.due_on, InstrumentKind.ECG
        tx.add(InstrumentRow(id=ecg, site_id=row.site_id, name="ECG du bourg", what=what, in_service=True))
        await tx.flush()
        await agenda.open_weekly(tx, None, ResourceKind.INSTRUMENT, ecg, ZONE, every_day)
    await page.goto(here)
    reasons = [" ".join(one.split()) for one in await page.locator(".moment__why").all_inner_texts()]
    assert reasons[0] == "Le médecin qui a demandé ce suivi. Le jour prévu."
    assert reasons[-1] == "Le médecin qui a demandé ce suivi. 1 jour avant le jour prévu."
    assert "ECG du bourg" in await page.locator(".moment").first.inner_text()
    days = [due_on + timedelta(days=n) for n in (-2, -1, 0, 1, 2)]
    away = next(day.weekday() for day in days if day.weekday() < 5)
    for_a_moment = [WeeklyRule(day, 9 * 60, 9 * 60 + 10) for day in range(7) if day != away]
    async with village.clinic.database.transaction() as tx:
        await agenda.open_weekly(tx, None, ResourceKind.HEALTH_WORKER, village.nurse, ZONE, for_a_moment)
    await page.goto(here)
    said = await page.inner_text("main")
    assert "Personne n’est libre pour accompagner pendant ce délai." in said
    assert f"Personne pour accompagner : {WEEKDAYS[away]}." in said
