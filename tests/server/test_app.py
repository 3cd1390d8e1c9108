"""The roof: it answers, it closes what it opened, and it does not open on a wrong key or schema."""

from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from server.app import make_app
from server.database.engine import Database
from server.database.migrate import migrate
from server.kernel.errors import ConfigError
from server.records.seal.keyring import init_key
from tests.running import config_in, running


async def test_it_says_that_it_is_alive_and_ready(tmp_path: Path) -> None:
    async with running(config_in(tmp_path)) as house, aiohttp.ClientSession(house.origin) as guest:
        for path, words in (("/healthz", {"alive": True}), ("/readyz", {"ready": True})):
            async with guest.get(path) as answer:
                assert (answer.status, await answer.json()) == (200, words)
                assert "Server" not in answer.headers


async def test_it_does_not_open_on_a_database_without_schema(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="telecabin migrate"):
        await make_app(config_in(tmp_path))


async def test_it_does_not_open_without_a_key_nor_with_another_one(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    async with running(config):
        pass
    with pytest.raises(ConfigError, match="TELECABIN_KEK_FILE"):
        await make_app(replace(config, kek_file=None))
    other = init_key(tmp_path / "other.json").path
    with pytest.raises(ConfigError, match="is not the key that sealed this database"):
        await make_app(replace(config, kek_file=other))


async def test_a_missing_turn_secret_is_named(tmp_path: Path) -> None:
    config = replace(config_in(tmp_path), turn_secret_file=tmp_path / "nowhere")
    database = Database(config.database_url)
    await migrate(database)
    await database.close()
    with pytest.raises(ConfigError, match="TELECABIN_TURN_SECRET_FILE"):
        await make_app(config)


async def test_an_unknown_address_is_told_in_plain_words(tmp_path: Path) -> None:
    french = {"Accept-Language": "fr"}
    async with (
        running(config_in(tmp_path)) as house,
        aiohttp.ClientSession(house.origin, headers=french) as guest,
        guest.get("/nowhere") as answer,
    ):
        page = await answer.text()
        assert answer.status == 404
        assert "Cette page n’existe pas." in page
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
