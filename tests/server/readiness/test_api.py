"""A check over JSON: bounded figures in, the colour and its sentence in the caller's language out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from server.readiness.rules import RULES
from tests.clinic_ui.cabin.hamlet import Hamlet, hamlet_in
from tests.clock import FakeClock
from tests.server.readiness.figures import GOOD, but
from tests.visitors import Answer, Visitor

PATH = "/api/cabin/readiness"


@pytest_asyncio.fixture(loop_scope="session")
async def hamlet(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Hamlet]:
    async with hamlet_in(tmp_path, clock, support_phone="02 99 00 00 10") as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def screen(hamlet: Hamlet) -> AsyncIterator[Visitor]:
    import aiohttp

    headers = {"Sec-Fetch-Site": "same-origin", "X-TC": "cabin", "Cookie": f"tc-cabin={hamlet.tokens['cabin']}"}
    async with aiohttp.ClientSession(hamlet.running.origin, headers=headers) as session:
        yield Visitor(session, "cabin")


def _as_json(figures: object) -> object:
    return msgspec.to_builtins(figures)


async def _report(screen: Visitor, figures: object, **more: object) -> Answer:
    return await screen.post(PATH, {"figures": figures, **more})


async def test_the_page_gets_the_table_and_the_last_state(screen: Visitor) -> None:
    said = await screen.get(PATH)
    assert (said.status, said.body["checked"], said.body["relays"]) == (200, False, [])
    assert len(said.body["rules"]) == len(RULES)
    assert {"item", "colour", "figure", "test", "limit"} == set(said.body["rules"][0])


async def test_the_answer_names_the_fault_and_whom_to_call_in_both_languages(screen: Visitor) -> None:
    figures = _as_json(but(camera="absent", relay_udp=None, relay_tcp=None, relay_tls=None))
    french = await _report(screen, figures, asked=True)
    assert (french.status, french.body["colour"], french.body["fault"]) == (201, "red", "camera-absent")
    assert french.body["name"] == "La caméra n’est pas trouvée."
    assert french.body["mend"] == "Rebranchez la caméra ; sinon, appelez le dépannage au 02 99 00 00 10."
    english = await screen.send("POST", PATH, {"figures": figures}, Accept_Language="en")
    assert english.body["mend"] == "Plug the camera in again; otherwise call the support on 02 99 00 00 10."
    assert (await screen.get(PATH)).body["colour"] == "red"
    green = await _report(screen, _as_json(GOOD))
    assert (green.body["colour"], green.body["name"], green.body["mend"]) == ("green", "La cabine est prête.", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"light": 256},
        {"loss_up": 1.5},
        {"loss_up": -0.1},
        {"rtt_ms": "fast"},
        {"camera": "golden"},
        {"up_kbps": 1e12},
        {"colour": "green"},
    ],
)
async def test_figures_out_of_bounds_are_refused(screen: Visitor, wrong: dict[str, object]) -> None:
    answer = await _report(screen, {**msgspec.to_builtins(GOOD), **wrong})
    assert (answer.status, answer.code) == (422, "invalid")


async def test_an_offer_that_is_none_is_refused(screen: Visitor) -> None:
    answer = await screen.post(f"{PATH}/echo", {"sdp": "v=0\r\n"})
    assert (answer.status, answer.code) == (422, "invalid")
