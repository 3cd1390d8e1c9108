"""The cabin's own script keeps the newest checkpoint, sees another log, says so, and begins anew once it is settled."""

from __future__ import annotations

import pytest

from clinic_ui.assets import Assets
from server.kernel.access import Identity, Role
from server.kernel.ids import AccountId, new_id
from tests.clinic_ui.cabin.hamlet import Hamlet
from tests.services import ContextFactory

pytestmark = pytest.mark.browser

WATCH = f"import('{Assets.of_package().url('js/cabin/witness.js')}').then((one) => one.watch())"
FORGE = "localStorage.setItem('tc-witness', localStorage.getItem('tc-witness').replace(/\\n[^\\n]{43}=\\n/, {0}))"
ANOTHER = "`\\n${'A'.repeat(43)}=\\n`"


async def test_a_cabin_that_kept_another_log_raises_the_alarm_by_itself(
    hamlet: Hamlet, new_context: ContextFactory
) -> None:
    mayor = Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "La mairie")
    context = await new_context()
    cookie = {"name": "tc-cabin", "value": hamlet.tokens["cabin"], "url": hamlet.running.origin}
    await context.add_cookies([cookie])
    page = await context.new_page()
    await page.goto(f"{hamlet.running.origin}/cabin")
    assert await page.evaluate(WATCH)
    await hamlet.clinic.people.search(hamlet.who["sylvie"], "Lavergne")
    assert await page.evaluate(WATCH)
    kept = await page.evaluate("localStorage.getItem('tc-witness')")
    assert kept.startswith("telecabin-audit/")
    assert await hamlet.clinic.witnessing.alarms(mayor) == []

    await page.evaluate(FORGE.replace("{0}", ANOTHER))
    for _ in range(2):
        assert not await page.evaluate(WATCH)
        await page.get_by_text("Le journal des accès a changé. Prévenez l’accueil.").wait_for()
    (alarm,) = await hamlet.clinic.witnessing.alarms(mayor)
    assert alarm.cabin_id == hamlet.cabin_id

    await hamlet.clinic.witnessing.settle(mayor, alarm.id)
    assert await page.evaluate(WATCH)
    assert await page.get_by_text("Le journal des accès a changé.").count() == 0
    assert await page.evaluate(WATCH)
    assert await page.evaluate("Object.keys({...localStorage})") == ["tc-witness"]
