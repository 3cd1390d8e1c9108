"""The numbers that an operator watches tell what happens, and never who it happens to."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest_asyncio
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from server.app import METRICS
from server.database.engine import Database
from server.database.migrate import migrate
from server.encounters.facts import CallNumbers, open_visits, recent_calls
from server.encounters.tables import CallQualityRow
from server.kernel.policy import ROUTES
from server.metrics import BOOKINGS, CLAIM, Metrics
from server.records.seal.keyring import init_key
from signalling.meter import Meter
from signalling.protocol import Seat
from tests.clinic_ui.cabin.hamlet import Hamlet, hamlet_in
from tests.clinic_ui.desk.desk import Desk, desk_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock
from tests.components import free_port
from tests.processes import serving

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|\b[0-9a-f]{32}\b")


@pytest_asyncio.fixture(loop_scope="session")
async def hamlet(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Hamlet]:
    """A fresh hamlet, served."""
    async with hamlet_in(tmp_path, clock, cache_dir=KEPT) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def desk(hamlet: Hamlet) -> AsyncIterator[Desk]:
    async with desk_of(hamlet, hamlet.tokens["aubin"]) as signed_in:
        yield signed_in


@pytest_asyncio.fixture(loop_scope="session")
async def shown(hamlet: Hamlet) -> AsyncIterator[aiohttp.ClientSession]:
    """Where Prometheus looks."""
    database = hamlet.clinic.database
    hour_ago = hamlet.clinic.now() - timedelta(hours=1)
    page = hamlet.running.app[METRICS].page(lambda: open_visits(database), lambda: recent_calls(database, hour_ago))
    async with TestServer(page) as server, aiohttp.ClientSession(str(server.make_url("/"))) as session:
        yield session


async def look(shown: aiohttp.ClientSession) -> str:
    async with shown.get("/metrics") as answer:
        assert answer.status == 200
        return await answer.text()


def number(text: str, series: str) -> float:
    """The value of one series, 0 when it was never counted."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def test_a_visit_is_counted_in_states_answers_tickets_and_transactions(
    hamlet: Hamlet, desk: Desk, shown: aiohttp.ClientSession
) -> None:
    visit = await hamlet.waiting()
    assert number(await look(shown), 'telecabin_visits{call="none",visit="triaged"}') == 1
    claim = {"method": "POST", "path": f"/api/encounters/{visit}/claim"}
    for expected in (200, 409):  # the second time it is taken already
        headers = {"X-TC": "desk", "Sec-Fetch-Site": "same-origin"}
        async with desk._session.post(claim["path"], json={}, headers=headers) as answer:
            assert answer.status // 100 == expected // 100, await answer.text()
    text = await look(shown)
    assert number(text, 'telecabin_visits{call="ringing",visit="in-progress"}') == 1
    assert number(text, 'telecabin_claims_total{outcome="taken"}') == 1
    assert number(text, 'telecabin_claims_total{outcome="conflict"}') == 1
    assert number(text, f'telecabin_http_seconds_count{{route="{CLAIM}"}}') == 2
    assert number(text, 'telecabin_tickets_total{outcome="issued"}') >= 1
    assert number(text, 'telecabin_transaction_seconds_count{end="commit"}') >= 5
    assert 'telecabin_build_info{python="3.' in text
    assert "process_resident_memory_bytes" in text


async def test_how_the_calls_of_the_hour_went_is_told_in_sums_and_shares(
    hamlet: Hamlet, shown: aiohttp.ClientSession
) -> None:
    visit = await hamlet.in_call()
    async with hamlet.clinic.database.transaction() as tx:
        for seat, high in ((Seat.PATIENT, 180), (Seat.PRACTITIONER, 90)):
            names = [column.name for column in CallQualityRow.__table__.columns]
            zeros = {name: 0 for name in names if name not in ("at", "seat", "call")}
            numbers = zeros | {"encounter_id": visit, "video_for": 300, "voice_for": 20, "cuts": 2, "delay_high": high}
            tx.add(CallQualityRow(seat=seat, call=uuid4(), at=hamlet.clinic.now(), **numbers))
    text = await look(shown)
    assert number(text, "telecabin_call_ends") == 2
    assert number(text, "telecabin_call_cuts") == 4
    assert number(text, 'telecabin_call_seconds{rung="video"}') == 600
    assert number(text, 'telecabin_call_seconds{rung="voice"}') == 40
    assert number(text, 'telecabin_call_line{measure="delay",quantile="0.95"}') == 180


async def test_no_name_no_word_and_no_number_of_a_person_is_ever_shown(
    hamlet: Hamlet, desk: Desk, shown: aiohttp.ClientSession
) -> None:
    visit = await hamlet.in_call()
    await desk.get("/desk")
    for path in ("/desk/record", "/nowhere/Lavergne", f"/api/encounters/{visit}/note", "/signin/Odette?back=Lavergne"):
        await desk.get(path)
    text = await look(shown)
    canaries = ["Odette", "Lavergne", "Aubin", "aubin", "genou", "Saint-Fiacre", "Sylvie", hamlet.code, str(visit)]
    canaries += [str(hamlet.odette), str(hamlet.aubin), str(hamlet.cabin_id), UUID(str(visit)).hex]
    assert [word for word in canaries if word in text] == []
    assert _UUID.search(text) is None
    before = len(text.splitlines())
    for number_of_nothing in range(20):
        await desk.get(f"/nowhere/{number_of_nothing}")
        await desk.get(f"/api/encounters/{number_of_nothing}/note")
    assert len((await look(shown)).splitlines()) <= before + 2  # one answer that was not given before


def test_every_route_that_is_counted_apart_exists() -> None:
    assert ("POST", CLAIM) in ROUTES
    assert {path for path in BOOKINGS if ("POST", path) not in ROUTES} == set()


async def test_the_exchange_counts_without_knowing_prometheus() -> None:
    meter = Meter()
    meter.frames += 7
    meter.closes[4408] += 2
    page = Metrics(CollectorRegistry(), meter).page(nobody, no_calls)
    async with TestServer(page) as server, aiohttp.ClientSession(str(server.make_url("/"))) as session:
        text = await look(session)
        async with session.get("/") as elsewhere:
            assert elsewhere.status == 404
    assert number(text, "telecabin_signal_frames_total") == 7
    assert number(text, 'telecabin_signal_closes_total{code="4408"}') == 2


async def no_calls() -> CallNumbers:
    return CallNumbers(0, {}, 0, {"delay": []})


async def nobody() -> dict[tuple[str, str], int]:
    return {}


async def test_the_numbers_are_on_an_address_of_their_own_and_off_unless_asked_for(tmp_path: Path) -> None:
    url, key_file = f"sqlite:///{tmp_path}/telecabin.db", init_key(tmp_path / "keys.json").path
    database = Database(url)
    await migrate(database)
    await database.close()
    port = free_port()
    with serving(tmp_path, database_url=url, kek_file=str(key_file), metrics_port=str(port)) as server:
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                assert "telecabin_build_info" in await answer.text()
            async with session.get(f"{server.origin}/metrics") as answer:
                assert answer.status == 404
