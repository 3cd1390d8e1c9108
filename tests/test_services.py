"""The test services themselves: each is real, and each is ours."""

from __future__ import annotations

import socket

import asyncpg
import pytest
from playwright.async_api import Page

from tests import tools
from tests.clock import FakeClock
from tests.services import Turn


def test_redis_answers_and_is_empty(redis_url: str) -> None:
    port = int(redis_url.rsplit(":", 1)[1].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(b"DBSIZE\r\n")
        assert line.recv(64) == b":0\r\n"


async def test_postgres_gives_an_empty_database(postgres_url: str) -> None:
    line = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    try:
        assert await line.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
    finally:
        await line.close()


def test_coturn_listens(turn: Turn, turn_url: str) -> None:
    with socket.create_connection(("127.0.0.1", turn.port), 5):
        assert turn_url.startswith("turn:127.0.0.1:")


async def test_the_browser_has_a_camera_and_a_microphone(page: Page) -> None:
    await page.route("**/*", lambda route: route.fulfill(content_type="text/html", body="<p>here</p>"))
    await page.goto("http://localhost:9/")
    tracks = await page.evaluate(
        "async () => (await navigator.mediaDevices.getUserMedia({audio: true, video: true}))"
        ".getTracks().map(track => track.kind).sort()"
    )
    assert tracks == ["audio", "video"]


def test_an_absent_component_says_what_to_install() -> None:
    absent = tools.Tool("Redis", lambda: None, ("redis-server",), "brew install redis")
    with pytest.raises(tools.Absent, match="apt-get install redis-server"):
        absent.path()


def test_the_fake_clock_moves_only_by_hand(clock: FakeClock) -> None:
    before = clock()
    assert clock() == before
    assert (clock.advance(minutes=5) - before).total_seconds() == 300
