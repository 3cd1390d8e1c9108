"""The readers see what is wrong, in whichever theme it is."""

from __future__ import annotations

import pytest

from tests.clinic_ui.readers import faults, faults_in_any_theme
from tests.services import ContextFactory

pytestmark = pytest.mark.browser
PAGE = """<!doctype html><html lang="fr"><title>Une page</title>
<style>[data-theme=dark] p { color: #777; background: #888 }</style>
<main><h1>Bonjour</h1><p>Une phrase</p><dialog id="sheet" aria-label="Aide"><img src="data:,"></dialog></main></html>"""


async def test_what_only_a_theme_or_only_a_dialog_shows_is_found(new_context: ContextFactory) -> None:
    page = await (await new_context()).new_page()
    await page.set_content(PAGE)
    assert await faults(page) == []
    found = await faults_in_any_theme(page, "sheet", "not-there")
    assert [fault.split(":")[0] for fault in found] == ["light #sheet image-alt", "dark page color-contrast"]
