"""T29: a doctor types while the line is cut and the server is killed, and every letter is there afterwards."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

from playwright.async_api import BrowserContext, Page

from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from tests.components import chromium
from tests.flows.conftest import settle
from tests.processes import Server
from tests.trust.claims import times
from tests.trust.t01_kill import Writer, _patients, _take
from tests.visitors import visitors

ID = "T29"
CLAIM = "No letter that a doctor typed is lost when the line is cut or the server killed meanwhile"

CUTS, FEW = 100, 2
KILL_EACH = 4  # of so many cuts, one kills the server, and so does the last; the others cut the line
LETTERS = (3, 12)  # typed before a cut, and again while it lasts
PATIENT, SOON = 60.0, 4.0  # s until the words must be there; without the defence they never come
# The defence turned off: what could not be saved once is never tried again.
NEVER_AGAIN = """
const real = window.fetch;
let gone = false;
window.fetch = async (path, init) => {
  if (init?.method !== "PUT") return real(path, init);
  if (gone) return new Promise(() => {});
  try { return await real(path, init); } catch (error) { gone = true; throw error; }
};
"""


async def _open(context: BrowserContext, origin: str, writer: Writer) -> Page:
    jar = writer.desk.session.cookie_jar
    await context.add_cookies([{"name": one.key, "value": one.value, "url": origin} for one in jar])
    context.set_default_timeout(1000 * PATIENT)
    page = await context.new_page()
    await page.goto(f"{origin}/desk")
    await page.locator("#note").wait_for()
    await page.get_by_role("textbox", name="Examen").click()
    return page


async def _kept(writer: Writer, words: str, within: float) -> bool:
    """Whether the server has the words, in this time."""
    for _ in range(int(within * 10)):
        note = await writer.desk.get(f"/api/encounters/{writer.encounter_id}/note")
        if note.body["body"]["examination"] == words:
            return True
        await asyncio.sleep(0.1)
    return False


class Typist:
    """A doctor who types on whatever happens, and knows what was typed."""

    def __init__(self, page: Page, server: Server, chance: random.Random) -> None:
        self.page, self.server, self.chance = page, server, chance
        self.words = ""

    async def type(self) -> None:
        """Type some letters, at a hand's pace."""
        letters = "".join(self.chance.choices("abcdefgh éàç", k=self.chance.randint(*LETTERS)))
        await self.page.keyboard.type(letters, delay=20)
        self.words += letters

    async def _told(self) -> None:
        """Wait until the page has tried to save, and says that it keeps the words."""
        await self.page.locator("#note-state").get_by_text("Gardé ici").wait_for()

    async def cut(self, *, kill: bool) -> None:
        """Type; cut the line or kill the server; type on; and let it come back."""
        await self.type()
        if kill:
            self.server.kill()
            await self.type()
            await self._told()
            await asyncio.to_thread(self.server.start)
            return
        await self.page.context.set_offline(True)
        await self.type()
        await self._told()
        await self.page.context.set_offline(False)


async def _typed(server: Server, writer: Writer, cuts: int, defence: bool) -> int:
    chance, held = random.Random(29), 0
    async with chromium() as browser:
        context = await browser.new_context(permissions=["camera", "microphone"], locale="fr-FR")
        if not defence:
            await context.add_init_script(NEVER_AGAIN)
        typist = Typist(await _open(context, server.origin, writer), server, chance)
        for turn in range(cuts):
            await typist.cut(kill=turn % KILL_EACH == KILL_EACH - 1 or turn == cuts - 1)
            if not await _kept(writer, typist.words, PATIENT if defence else SOON):
                break  # what follows stands on words that are gone
            held += 1
    return held


async def attempt(defence: bool) -> tuple[int, int]:
    """Cut and kill while a doctor types, and compare what the server has with what was typed."""
    cuts = times(CUTS, FEW) if defence else FEW
    with tempfile.TemporaryDirectory(prefix="telecabin-t29-") as name:
        folder = Path(name)
        database, key_file = folder / "telecabin.db", init_key(folder / "keys.json").path
        await settle(f"sqlite:///{database}", key_file, utc_now())
        settings = {"TELECABIN_DATABASE_URL": f"sqlite:///{database}", "TELECABIN_KEK_FILE": str(key_file)}
        server = Server(folder, settings)
        try:
            server.start()
            people = {"cabin_1": "cabine-saint-fiacre", "desk_1": "aubin"}
            async with visitors(server.origin, **people) as (cabin, desk):
                writer = await _take(cabin, desk, _patients(database, 1)[0])
                return cuts, await _typed(server, writer, cuts, defence)
        finally:
            server.kill()
