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


DIALOG = """(id) => [
  ...Array.from(document.styleSheets, (sheet) => sheet.href), innerWidth, document.body.className,
  document.getElementById(id)?.outerHTML.replace(/ (value|action|href|id)="[^"]*[0-9a-f]{8}[^"]*"/g, "") ?? "",
].join(" ")"""
"""What a reader meets in a dialog: its words, its styles and its room, but for the ids and tokens of one visit."""

_met: set[tuple[str, str]] = set()
"""Themes and dialogs that were found without fault in this session: most pages carry the same few."""


async def _check(page: Page, part: str | None, options: object) -> list[str]:
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(Axe().axe_script)
    found: list[str] = await page.evaluate(CHECK, [part, options])
    return found


async def faults(page: Page, part: str | None = None) -> list[str]:
    """Every fault of the page, or of the part that a selector names, in its present theme (with `bypass_csp`)."""
    return await _check(page, part, ALL)


async def faults_in_any_theme(page: Page, *sheets: str) -> list[str]:
    """Every fault of the page and of each of these dialogs when it is open, in every theme.

    A dialog that was already without fault, word for word, on another page is not opened again.
    """
    found: list[str] = []
    drawn = {name: str(await page.evaluate(DIALOG, name)) for name in sheets if await page.locator(f"#{name}").count()}
    for theme in THEMES:
        await page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        options = ALL if theme == THEMES[0] else COLOURS
        said = await _check(page, None, options)
        for sheet in [name for name in drawn if (theme, drawn[name]) not in _met]:
            said += await _faults_in_dialog(page, sheet, options, (theme, drawn[sheet]))
        found += [f"{theme} {fault}" for fault in said]
    return found


async def _faults_in_dialog(page: Page, sheet: str, options: object, shown: tuple[str, str]) -> list[str]:
    """Open one dialog, look, close it, and remember it when it has no fault."""
    await page.evaluate("id => document.getElementById(id).showModal()", sheet)
    said = await _check(page, f"#{sheet}", options)
    await page.evaluate("id => document.getElementById(id).close()", sheet)
    if not said:
        _met.add(shown)
    return said
