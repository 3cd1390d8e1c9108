"""The keys go away in the middle of a visit: records shut, the call goes on, nothing is written in clear."""

from __future__ import annotations

import asyncio
import itertools
import os
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.records.seal import keeper
from signalling.protocol import VERSION, Candidate, Hello, Join, Joined
from tests.flows.test_first_visit import _recognised, _taken_by_one_of_two, _waits
from tests.running import Running
from tests.signalling.exchange import TestPage
from tests.visitors import Visitor, visitors

_NUMBERS = itertools.count(1)
SAID = "Cela ne doit jamais être écrit en clair."


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server looks after its keys more often than every two seconds."""
    monkeypatch.setattr(keeper, "LOOK_EVERY", 0.05)


async def _sits(who: Visitor, origin: str, seat: str) -> TestPage:
    """Open the socket of a page, and take the seat of the call."""
    line, ticket = await who.post("/api/line-ticket"), await who.post(seat)
    page = TestPage(await who.session.ws_connect("/signal", headers={"Origin": origin}))
    await page.say(Hello(VERSION, line.body["ticket"]))
    await page.say(Join(ticket.body["ticket"], f"page-{who.door}"))
    while not isinstance(await page.next(), Joined):
        pass
    return page


async def _relayed(one: TestPage, other: TestPage) -> bool:
    """Whether what one page says arrives at the other."""
    said = Candidate(f"candidate:{next(_NUMBERS)} 1 udp 1 192.0.2.1 9 typ host", "0")
    await one.say(said)
    async with asyncio.timeout(10):
        while await other.next() != said:
            pass
    return True


async def _ready(house: Running, status: int) -> None:
    async with aiohttp.ClientSession() as anybody, asyncio.timeout(10):
        while True:
            async with anybody.get(f"{house.origin}/readyz") as answer:
                if answer.status == status:
                    return
            await asyncio.sleep(0.02)


async def _alive(house: Running) -> bool:
    async with aiohttp.ClientSession() as anybody, anybody.get(f"{house.origin}/healthz") as answer:
        return answer.status == 200


async def test_keys_that_go_shut_the_records_while_the_call_goes_on(village: Running) -> None:
    key_file = village.config.kek_file
    assert key_file is not None
    everybody = {"cabin": "cabine-saint-fiacre", "desk_1": "aubin", "desk_2": "haddad"}
    async with visitors(village.origin, **everybody) as (cabin, aubin, haddad):
        visit = f"/api/encounters/{await _waits(cabin, await _recognised(cabin, village))}"
        desk = await _taken_by_one_of_two(aubin, haddad, visit)
        booth = await _sits(cabin, village.origin, "/api/cabin/seat")
        doctor = await _sits(desk, village.origin, f"{visit}/seat")
        assert await _relayed(booth, doctor)
        saved = await desk.put(f"{visit}/note", {"body": {"examination": "avant"}, "row_ver": 0})
        hidden = key_file.with_name("hidden")
        os.rename(key_file, hidden)
        await _ready(village, 503)

        refused = await desk.put(f"{visit}/note", {"body": {"examination": SAID}, "row_ver": saved.body["row_ver"]})
        assert (refused.status, refused.code) == (503, "sealed")
        assert "Rien n’a été perdu" in refused.body["error"]["message"]
        assert ((await desk.get(f"{visit}/note")).status, await _alive(village)) == (503, True)
        assert await _relayed(doctor, booth), "the call in progress goes on"
        assert (await desk.post(f"{visit}/connected")).status == 200, "and is followed"
        assert await _written(village) == 0

        os.rename(hidden, key_file)
        await _ready(village, 200)
        again = await desk.put(f"{visit}/note", {"body": {"examination": "après"}, "row_ver": saved.body["row_ver"]})
        assert again.status == 200, again
        await booth.ws.close()
        await doctor.ws.close()


async def _written(house: Running) -> int:
    """How many files of the database hold what was refused."""
    folder = Path(house.config.database_url.removeprefix("sqlite:///")).parent
    files = [path for path in folder.iterdir() if path.name.startswith("telecabin.db")]
    return sum(SAID.encode() in path.read_bytes() for path in files)


async def _alter_a_note(tx: AsyncSession) -> None:
    draft = "FROM note WHERE status = 'preliminary'"
    sealed = (await tx.execute(text(f"SELECT sealed_body {draft}"))).scalar_one()
    harmed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    await tx.execute(text("UPDATE note SET sealed_body = :harmed WHERE status = 'preliminary'"), {"harmed": harmed})


async def _alter_a_promise(tx: AsyncSession) -> None:
    await tx.execute(text("UPDATE patient_key SET commit_tag = zeroblob(32)"))


async def test_a_note_that_was_altered_answers_with_a_reference_and_no_word_of_it(
    village: Running, caplog: pytest.LogCaptureFixture
) -> None:
    everybody = {"cabin": "cabine-saint-fiacre", "desk_1": "aubin", "desk_2": "haddad"}
    async with visitors(village.origin, **everybody) as (cabin, aubin, haddad):
        visit = f"/api/encounters/{await _waits(cabin, await _recognised(cabin, village))}"
        desk = await _taken_by_one_of_two(aubin, haddad, visit)
        await desk.put(f"{visit}/note", {"body": {"examination": SAID}, "row_ver": 0})
        bodies = []
        for harm in (_alter_a_note, _alter_a_promise):
            async with village.clinic.database.transaction() as tx:
                await harm(tx)
            village.clinic.vault.forget()
            answer = await desk.get(f"{visit}/note")
            assert answer.status == 500
            message = str(answer.body["error"]["message"])
            bodies.append(message.rpartition(":")[0])
            assert SAID not in message
        assert bodies[0] == bodies[1] != "", "both causes read the same outside"
    outcomes = [line.__dict__.get("outcome") for line in caplog.records if line.getMessage() == "sealed field refused"]
    assert outcomes == ["tampered", "wrong-key"]
    assert SAID not in caplog.text
