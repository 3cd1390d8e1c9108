"""A doctor hides their network address, and the server then tells every one of their pages to use the relay alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from server.kernel.access import Door
from server.kernel.errors import NotAllowed
from tests.clinic_ui.cabin.hamlet import Hamlet, hamlet_in
from tests.clinic_ui.desk.desk import Desk
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock

HIDE = "Cacher mon adresse réseau"


@pytest_asyncio.fixture(loop_scope="session")
async def relayed(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Hamlet]:
    """A hamlet whose installation has a relay."""
    secret = tmp_path / "turn"
    secret.write_text("a secret")
    turn = {"turn_urls": ("turn:turn.example:3478",), "turn_secret_file": secret}
    async with hamlet_in(tmp_path, clock, cache_dir=KEPT, **turn) as served:
        yield served


def at(hamlet: Hamlet, door: Door, login: str) -> aiohttp.ClientSession:
    """A browser that is signed in at one door."""
    jar = aiohttp.CookieJar(unsafe=True)
    jar.update_cookies({f"tc-{door.value}": hamlet.tokens[login], "tc-lang": "fr"}, URL(hamlet.running.origin))
    headers = {"Sec-Fetch-Site": "same-origin", "X-TC": door.value}
    return aiohttp.ClientSession(hamlet.running.origin, cookie_jar=jar, headers=headers)


async def save(aubin: aiohttp.ClientSession, ticked: bool) -> str:
    """Send the form as a browser does, and return the page that follows."""
    page = await (await aubin.get("/desk/settings")).text()
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    form = {"csrf": csrf, **({"hides_address": "yes"} if ticked else {})}
    async with aubin.post("/desk/settings", data=form) as answer:
        assert str(answer.url.relative()) == "/desk/settings?saved=1"
        return await answer.text()


async def reach(who: aiohttp.ClientSession) -> Any:
    async with who.get("/api/ice-servers") as answer:
        return await answer.json()


async def test_the_choice_is_kept_and_told_to_every_page_of_the_doctor_and_of_nobody_else(relayed: Hamlet) -> None:
    async with at(relayed, Door.DESK, "aubin") as aubin, at(relayed, Door.CABIN, "cabin") as cabin:
        for ticked in (True, False):
            page = await save(aubin, ticked)
            assert ('value="yes" checked' in page) is ticked
            assert "C’est enregistré." in page
            told = await reach(aubin)
            assert told["relay_only"] is ticked
            assert told["ice_servers"][0]["urls"] == ["turn:turn.example:3478"]
            assert (await reach(cabin))["relay_only"] is False


async def test_without_a_relay_nobody_can_hide_behind_it(hamlet: Hamlet, desk: Desk) -> None:
    page = await desk.get("/desk/settings")
    assert desk.status == 200
    assert HIDE not in page
    assert "cette installation n’a pas de relais" in page


async def test_the_menu_of_the_desk_leads_there(desk: Desk) -> None:
    assert 'href="/desk/settings"' in await desk.get("/desk")


async def test_only_a_doctor_has_an_address_to_hide(hamlet: Hamlet) -> None:
    for who in ("cabin", "sylvie"):
        with pytest.raises(NotAllowed):
            await hamlet.clinic.accounts.hide_address(hamlet.who[who], True)
