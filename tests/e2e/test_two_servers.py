"""Two servers over a real Redis and one PostgreSQL carry one call: the cabin on one, the doctor on the other."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.async_api import expect

from server.kernel.clock import utc_now
from server.records.seal.keyring import init_key
from tests.e2e.screens import WITHIN, cabin_screen, desk_screen
from tests.flows.conftest import settle
from tests.processes import serving
from tests.services import ContextFactory

pytestmark = [pytest.mark.browser, pytest.mark.postgres, pytest.mark.redis]


async def test_the_cabin_on_one_server_and_the_doctor_on_the_other_see_and_hear_each_other(
    postgres_url: str, redis_url: str, new_context: ContextFactory, tmp_path: Path
) -> None:
    key_file = init_key(tmp_path / "keys.json").path
    await settle(postgres_url, key_file, utc_now())
    settings = {"database_url": postgres_url, "redis_url": redis_url, "kek_file": str(key_file)}
    with ExitStack() as running:
        one, other = (running.enter_context(serving(tmp_path, **settings)) for _ in range(2))
        desk = await desk_screen(new_context, other.origin)
        cabin = await cabin_screen(new_context, one.origin)
        await cabin.waits("258036", "La tête me tourne.")
        newcomer = desk.page.get_by_role("button", name="Prendre Odette Lavergne")
        await expect(newcomer).to_be_visible(timeout=WITHIN)  # the nudge crossed Redis
        await newcomer.click()
        assert await desk.frames() > 0
        assert await cabin.frames() > 0
        assert await desk.hears()
        assert await cabin.hears()

        one.kill()  # the cabin's server dies: media need none, so the picture goes on
        assert await desk.frames() > 0
        assert await cabin.frames() > 0
        await desk.press("Raccrocher")
        one.start()
        await cabin.shows("Le médecin termine d’écrire.")
        assert cabin.faults + desk.faults == []
