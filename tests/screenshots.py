"""Makes the pictures of the README from the running demo: `python -m tests.screenshots`.

The two cameras show drawings of our own (deploy/screens/*.svg), as motion JPEG that Chromium takes for a camera.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from server.database.engine import Database
from server.encounters.rules import CONSENT_VERSION, RedFlag
from server.kernel.clock import utc_now
from server.people.store import by_code
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from tests import components, tools
from tests.e2e.screens import cabin_screen, desk_screen
from tests.flows.conftest import settle
from tests.processes import Server, serving
from tests.visitors import visitors

SCREENS = Path(__file__).parent.parent / "deploy/screens"
FRAMES = 60
EXAMINATION = "Orientée, pas de déficit moteur, pas de chute. TA refaite à 5 min : 152/90."


async def _camera(browser: Browser, drawing: str, folder: Path) -> Path:
    """A film of one drawing, for --use-file-for-fake-video-capture."""
    page = await browser.new_page(viewport={"width": 640, "height": 420})
    await page.goto((SCREENS / drawing).as_uri())
    frame = await page.screenshot(type="jpeg", quality=90)
    await page.close()
    film = folder / f"{drawing}.mjpeg"
    film.write_bytes(frame * FRAMES)
    return film


@asynccontextmanager
async def _window(film: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(
            executable_path=tools.CHROMIUM.path(),
            args=[*components.CHROMIUM_FLAGS, f"--use-file-for-fake-video-capture={film}"],
        )
        try:
            yield browser
        finally:
            await browser.close()


OTHERS = (
    ("cabine_trebrivan", "147082", "renewal", "Renouvellement, et ma tension."),
    ("cabine_locarn", "620115", "fever", "Fièvre depuis hier."),
    ("cabine_saint_fiacre_2", "368124", "skin", "Plaie à la main."),
)


async def _others_wait(server: Server, url: str, key_file: Path) -> None:
    """Three more people wait in other cabins."""
    database = Database(url)
    vault = await unlock(database, key_file, utc_now)
    doors = {f"cabin_{login}": login.replace("_", "-") for login, *_ in OTHERS}
    async with visitors(server.origin, **doors) as cabins:
        for cabin, (_, code, reason, words) in zip(cabins, OTHERS, strict=True):
            async with database.reading() as tx:
                row = await by_code(tx, vault.blind("patient", "code", code))
            assert row is not None
            await cabin.post("/api/cabin/arrive", {"patient_id": str(row.id)})
            await cabin.post("/api/cabin/reason", {"reason": reason, "words": words})
            await cabin.post("/api/cabin/flags", {"flags": dict.fromkeys(RedFlag, False)})
            await cabin.post("/api/cabin/consent", {"given": True, "text_version": CONSENT_VERSION})
    await database.close()


async def main() -> None:
    """Tell Odette's visit up to the middle of the call, and take pictures on the way."""
    with tempfile.TemporaryDirectory(prefix="telecabin-screens-") as name:
        folder = Path(name)
        url, key_file = f"sqlite:///{folder}/telecabin.db", init_key(folder / "keys.json").path
        await settle(url, key_file, utc_now())
        async with components.chromium() as browser:
            patient, doctor = [await _camera(browser, f"{who}.svg", folder) for who in ("patient", "doctor")]
        with serving(folder, database_url=url, kek_file=str(key_file)) as server:
            async with _window(patient) as village, _window(doctor) as town:

                async def in_village(**options: object) -> BrowserContext:
                    return await village.new_context(permissions=["camera", "microphone"], **options)  # type: ignore[arg-type]

                async def in_town(**options: object) -> BrowserContext:
                    return await town.new_context(permissions=["camera", "microphone"], **options)  # type: ignore[arg-type]

                desk = await desk_screen(in_town, server.origin)
                await desk.page.get_by_text("Je suis là", exact=True).click()
                cabin = await cabin_screen(in_village, server.origin)
                await _font_is_there(cabin.page)
                await cabin.page.screenshot(path=SCREENS / "cabin.png")
                await cabin.intake("258036", "J’ai la tête qui tourne le matin depuis une semaine.")
                await _others_wait(server, url, key_file)
                await desk.page.reload()
                await desk.take("Odette Lavergne")
                await desk.frames()
                await desk.shows("Examen")
                await desk.write(examination=EXAMINATION, conclusion="Vertiges positionnels probables.")
                await desk.frames()
                await desk.page.screenshot(path=SCREENS / "desk.png")


async def _font_is_there(page: Page) -> None:
    """Come back until the typeface is cut and the page asks for it."""

    while "plex-latin" not in await page.content():
        await asyncio.sleep(0.5)
        await page.reload()


if __name__ == "__main__":
    asyncio.run(main())
