"""T29: a doctor types while the line is cut and the server is killed, and every letter is there afterwards."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

from playwright.async_api import BrowserContext, Page, Route

import clinic_ui
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

NOTE = Path(clinic_ui.__file__).parent / "static" / "js" / "desk" / "note.js"
CUTS, FEW = 100, 3
KILL_EACH = 3  # of so many cuts, one kills the server; the others cut the line
LETTERS = (3, 12)  # typed before a cut, and again while it lasts
PATIENT, SOON = 60.0, 4.0  # s until the words must be there; without the defence they never come
ONLINE = 'addEventListener("online", () => this.#soon(0), options);'
RETRY = "this.#soon(pause);"


async def _without_trying_again(route: Route) -> None:
    """Turn the defence off: what could not be saved once waits for the next word."""
    answer = await route.fetch()
    script = await answer.text()
    await route.fulfill(response=answer, body=script.replace(ONLINE, "").replace(RETRY, ""))


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

    async def cut(self, *, kill: bool) -> None:
        """Type; cut the line or kill the server; type on; and let it come back."""
        await self.type()
        if kill:
            self.server.kill()
            await self.type()
            await asyncio.sleep(1)  # so that a save meets the dead server
            await asyncio.to_thread(self.server.start)
            return
        await self.page.context.set_offline(True)
        await self.type()
        await asyncio.sleep(1)
        await self.page.context.set_offline(False)


async def _typed(server: Server, writer: Writer, cuts: int, defence: bool) -> int:
    chance, held = random.Random(29), 0
    async with chromium() as browser:
        context = await browser.new_context(permissions=["camera", "microphone"], locale="fr-FR")
        if not defence:
            await context.route("**/js/desk/note.js", _without_trying_again)
        typist = Typist(await _open(context, server.origin, writer), server, chance)
        for turn in range(cuts):
            await typist.cut(kill=turn % KILL_EACH == KILL_EACH - 1)
            held += await _kept(writer, typist.words, PATIENT if defence else SOON)
    return held


async def attempt(defence: bool) -> tuple[int, int]:
    """Cut and kill while a doctor types, and compare what the server has with what was typed."""
    cuts, script = times(CUTS, FEW) if defence else FEW, NOTE.read_text(encoding="utf-8")
    assert ONLINE in script
    assert RETRY in script
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
