"""A small village that runs as a demonstration: its accounts are known to be invented."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from clinic_ui.signin.pages import DemoPerson
from server.config import Config
from server.kernel.clock import utc_now
from server.village.sign_ins import sign_ins
from tests.flows.conftest import settle
from tests.running import Running, config_in, running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a village in it, settled once and copied for each test."""
    folder = tmp_path_factory.mktemp("village")
    config = config_in(folder)
    assert config.kek_file
    await settle(config.database_url, config.kek_file, utc_now())
    return folder


@pytest.fixture
def village_config(settled: Path, tmp_path: Path) -> Config:
    """The settings of a village of one's own."""
    shutil.copytree(settled, tmp_path, dirs_exist_ok=True)
    return config_in(tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def demonstration(village_config: Config) -> AsyncIterator[Running]:
    """The whole product as `make demo` runs it, with few people."""
    who = sign_ins()
    people = [DemoPerson(one.door, one.login, who.password, one.name, one.about) for one in who.people]
    async with running(village_config, demo_people=people) as house:
        yield house
