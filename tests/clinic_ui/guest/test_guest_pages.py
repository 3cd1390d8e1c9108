"""The guest's page before anybody is known: two languages, refusals in words, and a code that stands in no address."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from tests.running import config_in, running


async def test_who_has_no_code_is_told_so_and_the_form_keeps_the_name_but_never_the_code(tmp_path: Path) -> None:
    async with running(config_in(tmp_path)) as house:
        headers = {"Sec-Fetch-Site": "same-origin"}
        async with aiohttp.ClientSession(house.origin, headers=headers) as guest:
            english = await (await guest.get("/invite", headers={"Accept-Language": "en"})).text()
            assert "You do not see the record." in english
            wrong = await guest.post("/invite", data={"code": "12", "name": ""})
            assert wrong.status == 422
            assert "Écrivez votre nom." in await wrong.text()
            unknown = await guest.post("/invite", data={"code": "8765 4321", "name": "Amina Benali"})
            said = await unknown.text()
            assert unknown.status == 404
            assert "Ce code n’ouvre rien" in said
            assert 'value="Amina Benali"' in said
            assert "8765" not in said + str(unknown.url)
            foreign = await guest.post(
                "/invite", data={"code": "87654321", "name": "A"}, headers={"Sec-Fetch-Site": "cross-site"}
            )
            assert foreign.status == 403
            for _ in range(6):
                last = await guest.post("/invite", data={"code": "87654321", "name": "A"})
            assert last.status == 429
            assert int(last.headers["Retry-After"]) > 0
