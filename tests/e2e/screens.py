"""The screens as people use them in a real Chromium: what they press, and what they wait for."""

from __future__ import annotations

from playwright.async_api import BrowserContext, Page, expect

from server.encounters.rules import CONSENT_VERSION, Reason, RedFlag
from server.village.sign_ins import PASSWORD
from tests.services import ContextFactory

WITHIN = 30_000  # ms: a loaded machine with two cores
FROM_THE_CABIN = {"X-TC": "cabin", "Sec-Fetch-Site": "same-origin"}
FRAMES = """
video => new Promise((seen, failed) => {
  const late = setTimeout(() => failed(new Error("no picture")), 30000);
  let left = 3;
  const next = () => {
    if (--left) return void video.requestVideoFrameCallback(next);
    clearTimeout(late);
    seen(video.videoWidth);
  };
  video.requestVideoFrameCallback(next);
})
"""
HEARD = """
async video => {
  const tracks = video.srcObject.getAudioTracks();
  return tracks.length > 0 && tracks.every(track => track.readyState === "live" && !track.muted);
}
"""


class Screen:
    """One browser window that somebody has signed in at."""

    def __init__(self, page: Page, faults: list[str]) -> None:
        self.page = page
        self.faults = faults

    async def press(self, name: str) -> None:
        """Press the button or link with these words."""
        await self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name)).first.click()

    async def shows(self, words: str) -> None:
        """Wait until these words are in sight."""
        await expect(self.page.get_by_text(words).first).to_be_visible(timeout=WITHIN)

    async def frames(self) -> int:
        """Wait for three new frames of the other's picture; return its width in pixels."""
        return int(await self.page.locator("video[data-remote]").evaluate(FRAMES))

    async def hears(self) -> bool:
        """Whether the other's voice arrives as a live track."""
        return bool(await self.page.locator("video[data-remote]").evaluate(HEARD))


class CabinScreen(Screen):
    """The villager's screen."""

    async def intake(self, code: str, words: str) -> None:
        """From « Voir un médecin » to the waiting room, every question by hand."""
        await self._says_who(code)
        await self.press("Autre")
        await self.page.fill("#said", words)
        await self.press("Continuer")
        for question in range(1, 5):
            await self.shows(f"Question {question} sur 4")
            await self.page.locator('button[name="answer"][value="no"]').click()
        await self.press("Oui, je suis d’accord")
        await self.shows("Vous êtes le prochain.")

    async def waits(self, code: str, words: str) -> None:
        """The same, the questions answered without their screens: for stories that begin in the waiting room."""
        await self._says_who(code)
        await self.shows("Pourquoi")
        flags = dict.fromkeys(RedFlag, False)
        said: dict[str, object] = {"reason": {"reason": Reason.OTHER, "words": words}, "flags": {"flags": flags}}
        said["consent"] = {"given": True, "text_version": CONSENT_VERSION}
        for name, body in said.items():
            answer = await self.page.request.post(f"/api/cabin/{name}", data=body, headers=FROM_THE_CABIN)
            assert answer.ok, await answer.text()
        await self.page.goto("/cabin/salle")
        await self.shows("Vous êtes le prochain.")

    async def _says_who(self, code: str) -> None:
        await self.press("Voir un médecin")
        await self.press("Je suis seul")
        await self.press("J’ai un papier avec un code")
        for digit in code:
            await self.page.locator(f'[data-key="{digit}"]').click()
        await self.press("Continuer")
        await self.shows("C’est bien vous ?")
        await self.press("Oui, c’est moi")


class DeskScreen(Screen):
    """The doctor's screen."""

    async def take(self, name: str) -> None:
        """Press « Prendre » beside this name."""
        await self.page.get_by_role("button", name=f"Prendre {name}").click()

    async def write(self, **boxes: str) -> None:
        """Type into the note, and wait until it is saved."""
        for box, words in boxes.items():
            await self.page.fill(f"#{box}", words)
        await self.shows("Enregistré à")


async def enter(new_context: ContextFactory, origin: str, door: str, login: str, size: tuple[int, int]) -> Page:
    """Sign somebody in at a door, in a window of their own."""
    width, height = size
    context: BrowserContext = await new_context(
        base_url=origin, viewport={"width": width, "height": height}, locale="fr-FR", timezone_id="Europe/Paris"
    )
    page = await context.new_page()
    page.set_default_timeout(WITHIN)
    await page.goto(f"/signin/{door}")
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.get_by_role("button", name="Entrer").first.click()
    await page.wait_for_url(f"**/{door}")
    return page


def watched(page: Page) -> list[str]:
    """Return the list into which the page's faults fall: exceptions, and refusals of the security policy."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    return faults


async def cabin_screen(new_context: ContextFactory, origin: str, login: str = "cabine-saint-fiacre") -> CabinScreen:
    """The screen of a cabin, at home."""
    page = await enter(new_context, origin, "cabin", login, (1280, 800))
    return CabinScreen(page, watched(page))


async def desk_screen(new_context: ContextFactory, origin: str, login: str = "aubin") -> DeskScreen:
    """The screen of a doctor, who is there and ready."""
    page = await enter(new_context, origin, "desk", login, (1440, 900))
    return DeskScreen(page, watched(page))
