"""T27: names, ids, words and tokens planted everywhere are found in no log, address, Redis, browser store or number."""

from __future__ import annotations

import asyncio
import re
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_plus
from urllib.request import urlopen

from playwright.async_api import BrowserContext, Page

from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from server.village.sign_ins import PASSWORD
from tests import components
from tests.components import free_port
from tests.flows.conftest import settle
from tests.processes import Server
from tests.visitors import visitors

ID = "T27"
CLAIM = (
    "No name, code, word, note, password or session of anybody is in logs, addresses, Redis, browser stores or metrics"
)

NAME, GIVEN = "Zanzibarine", "Quetzalcoatline"
PHONE, STREET = "06 99 91 82 73", "17 impasse du Canari"
WORDS, NOTE, ADVICE = "canari-motif-jaune", "canari-examen-bleu", "canari-conseil-vert"
PLANTED = [NAME, GIVEN, PHONE, PHONE.replace(" ", ""), STREET, WORDS, NOTE, ADVICE, PASSWORD]
FLAGS = {"chest-pain": False, "breathless": False, "stroke": False, "bleeding": False}
STORED = """async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie,
  await caches.keys(), await indexedDB.databases(), history.state, window.name])"""
CARELESS = "from tests.trust.t27_canaries import tell_the_log; tell_the_log()"


def tell_the_log() -> None:
    """Turn the defence off: log whatever was typed, and let every field through."""
    import structlog

    from server import logs
    from server.people.service import People

    search = People.search

    async def told(self: People, who: object, wanted: str) -> object:
        structlog.get_logger().warning("searched", words=wanted)
        return await search(self, who, wanted)  # type: ignore[arg-type]

    logs._only_allowed = lambda _logger, _method, event: event  # type: ignore[assignment]
    People.search = told  # type: ignore[method-assign,assignment]


@dataclass
class Sinks:
    """Everything that leaves the server or stays behind, as text."""

    urls: list[str] = field(default_factory=list)
    redis: list[bytes] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    log: str = ""
    numbers: str = ""
    secrets: list[str] = field(default_factory=list)

    def texts(self) -> dict[str, str]:
        """Each sink, addresses as people read them."""
        return {
            "logs": self.log,
            "addresses": "\n".join(unquote_plus(url) for url in self.urls),
            "redis": b"".join(self.redis).decode("utf-8", "replace"),
            "browser": "\n".join(self.stored),
            "metrics": self.numbers,
        }


@contextmanager
def _overheard(port: int, heard: list[bytes]) -> Iterator[None]:
    """Hear every command that Redis gets."""
    line = socket.create_connection(("127.0.0.1", port), 5)
    line.settimeout(None)
    line.sendall(b"MONITOR\r\n")

    def listen() -> None:
        while piece := line.recv(65536):
            heard.append(piece)

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    try:
        yield
    finally:
        line.shutdown(socket.SHUT_RDWR)
        listening.join(5)
        line.close()


async def _enter(context: BrowserContext, origin: str, door: str, login: str, sinks: Sinks) -> Page:
    """Sign in by the form of a door, and write down every address that the browser asks for."""
    context.on("request", lambda request: sinks.urls.append(request.url))
    page = await context.new_page()
    await page.goto(f"{origin}/signin/{door}")
    await page.fill("input[name=login]", login)
    await page.fill("input[name=password]", PASSWORD)
    async with page.expect_navigation():
        await page.locator("form:has(input[name=password])").evaluate("(form) => form.requestSubmit()")
    sinks.secrets += [cookie["value"] for cookie in await context.cookies() if cookie["name"] == f"tc-{door}"]
    return page


async def _send(page: Page, action: str) -> None:
    async with page.expect_navigation():
        await page.locator(f'form[action="{action}"]').first.evaluate("(form) => form.requestSubmit()")


async def _office(page: Page, origin: str, sinks: Sinks) -> str:
    """Register somebody, search for them, open their sheet; return the code of their paper."""
    await page.goto(f"{origin}/office/patients/new")
    typed = {"birth_name": NAME, "given_names": GIVEN, "born_on": "03/03/1945", "phone": PHONE, "address": STREET}
    for name, words in typed.items():
        await page.fill(f"[name={name}]", words)
    await page.locator("[name=sex][value=female]").evaluate("(one) => { one.checked = true; }")
    await _send(page, "/office/patients/new")
    code = re.search(r"\b(\d{3})\s(\d{3})\b", await page.inner_text("main"))
    assert code is not None
    await page.goto(f"{origin}/office/patients")
    await page.fill("[name=q]", NAME)
    await _send(page, "/office/patients")
    await page.locator("main a", has_text=NAME).first.click()
    await page.wait_for_url("**/office/patients/*")
    sinks.stored.append(await page.evaluate(STORED))
    return code[1] + code[2]


async def _cabin(page: Page, origin: str, code: str, sinks: Sinks) -> None:
    """Come by the code, and say why in one's own words, as far as the waiting room."""
    await page.goto(f"{origin}/cabin/qui/code?pour=medecin&avec=alone")
    await page.fill("input[name=code]", code)
    await _send(page, "/cabin/qui/code")
    sinks.stored.append(await page.evaluate(STORED))
    await _send(page, "/cabin/moi")
    ask = """async (body) => fetch(body.shift(), {method: "POST", body: JSON.stringify(body[0]),
      headers: {"X-TC": "cabin", "Content-Type": "application/json"}}).then((answer) => answer.status)"""
    for path, said in (
        ("reason", {"reason": "other", "words": WORDS}),
        ("flags", {"flags": FLAGS}),
        ("consent", {"given": True, "text_version": "2026-03"}),
    ):
        assert await page.evaluate(ask, [f"/api/cabin/{path}", said]) < 300
    await page.goto(f"{origin}/cabin/salle")
    await page.wait_for_load_state("networkidle")
    sinks.stored.append(await page.evaluate(STORED))


async def _desk(page: Page, origin: str, sinks: Sinks) -> None:
    """A doctor takes the patient, reads, writes, and looks at the workbench."""
    async with visitors(origin, desk="aubin") as (desk,):
        queue = (await desk.get("/api/queue")).body
        (waiting,) = [one for one in queue["queue"] if one["words"] == WORDS]
        encounter = f"/api/encounters/{waiting['encounter_id']}"
        assert (await desk.post(f"{encounter}/claim")).status == 201
        note = {"examination": NOTE, "advice": ADVICE}
        assert (await desk.put(f"{encounter}/note", {"body": note, "row_ver": 0})).status == 200
        assert (await desk.put(f"{encounter}/note", {"body": note, "row_ver": 7})).status == 409
    await page.goto(f"{origin}/desk")
    await page.wait_for_load_state("networkidle")
    sinks.stored.append(await page.evaluate(STORED))


async def _visit(server: Server, sinks: Sinks, whole: bool) -> str:
    """Go through the house with canaries in every pocket; return the code, which is one of them.

    Without `whole` only the front office is visited: enough to see a careless log tell.
    """
    async with components.chromium() as browser:
        office, cabin, desk = [await browser.new_context(locale="fr-FR") for _ in range(3)]
        code = await _office(await _enter(office, server.origin, "office", "sylvie", sinks), server.origin, sinks)
        if not whole:
            return code
        await _cabin(
            await _enter(cabin, server.origin, "cabin", "cabine-saint-fiacre", sinks), server.origin, code, sinks
        )
        await _desk(await _enter(desk, server.origin, "desk", "aubin", sinks), server.origin, sinks)
    return code


def _hits(sinks: Sinks, code: str) -> list[tuple[str, str]]:
    """Every canary in every sink, and every sink alone, in which it was found."""
    # Six digits alone may stand in any number: the code counts where it stands by itself.
    patterns = [re.escape(one) for one in [*PLANTED, *sinks.secrets]] + [rf"(?<![\d.]){code}(?![\d.])"]
    return [(pattern, sink) for sink, text in sinks.texts().items() for pattern in patterns if re.search(pattern, text)]


async def attempt(defence: bool) -> tuple[int, int]:
    """Plant, use the house, scan everything that it left behind."""
    sinks, metrics = Sinks(), free_port()
    with tempfile.TemporaryDirectory(prefix="telecabin-t27-") as name, components.service_folder() as services:
        folder = Path(name)
        url, key_file = f"sqlite:///{folder}/telecabin.db", init_key(folder / "keys.json").path
        await settle(url, key_file, utc_now())
        with components.redis(services) as port, _overheard(port, sinks.redis):
            settings = {"DATABASE_URL": url, "KEK_FILE": str(key_file), "REDIS_URL": f"redis://127.0.0.1:{port}/0"}
            settings |= {"LOG_LEVEL": "debug", "METRICS_PORT": str(metrics)}
            settings = {f"TELECABIN_{key}": value for key, value in settings.items()}
            server = Server(folder, settings, prelude="" if defence else CARELESS)
            try:
                server.start()
                code = await _visit(server, sinks, defence)
                sinks.numbers = await asyncio.to_thread(lambda: _read(f"http://127.0.0.1:{metrics}/metrics"))
            finally:
                server.stop()
        sinks.log = server.log.read_text(encoding="utf-8")
    empty = [sink for sink, text in sinks.texts().items() if not text]
    assert not empty, f"nothing was overheard: {empty}"
    tried = len(sinks.texts()) * (len(PLANTED) + len(sinks.secrets) + 1)
    return tried, tried - len(_hits(sinks, code))


def _read(url: str) -> str:
    with urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())
