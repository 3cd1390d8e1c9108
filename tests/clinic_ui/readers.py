"""What a screen reader, or eyes that see little contrast, would stumble over on a page in a real browser."""

from __future__ import annotations

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

THEMES = ("light", "dark", "contrast")
ALL = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
"""All that a theme can change. A page needs the rest once only."""

CHECK = """([part, options]) => axe.run(part ?? document, options).then(({ violations }) => violations.map(
    (fault) => `${part ?? "page"} ${fault.id}: ${fault.nodes.map((node) => node.html.slice(0, 120))}`))"""


async def _check(page: Page, part: str | None, options: object) -> list[str]:
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(Axe().axe_script)
    found: list[str] = await page.evaluate(CHECK, [part, options])
    return found


async def faults(page: Page, part: str | None = None) -> list[str]:
    """Every fault of the page, or of the part that a selector names, in its present theme (with `bypass_csp`)."""
    return await _check(page, part, ALL)


async def faults_in_any_theme(page: Page, *sheets: str) -> list[str]:
    """Every fault of the page and of each of these dialogs when it is open, in every theme."""
    found: list[str] = []
    for theme in THEMES:
        await page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        options = ALL if theme == THEMES[0] else COLOURS
        said = await _check(page, None, options)
        for sheet in [name for name in sheets if await page.locator(f"#{name}").count()]:
            await page.evaluate("id => document.getElementById(id).showModal()", sheet)
            said += await _check(page, f"#{sheet}", options)
            await page.evaluate("id => document.getElementById(id).close()", sheet)
        found += [f"{theme} {fault}" for fault in said]
    return found
