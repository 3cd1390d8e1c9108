"""Calendars of hours by plain forms: an address shown once and readable without a session, hours out and in."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp

from server.kernel.access import Door
from tests.clinic_ui.front_office.village import village_in, visitor_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock

PAGE = "/coordination/hours"


async def test_an_address_is_shown_once_works_for_a_program_and_hours_go_out_and_come_back(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with village_in(tmp_path, clock, cache_dir=KEPT) as village:
        await village.open_hours()
        home = f"{PAGE}/{village.cabin}/calendar"
        async with visitor_of(village, "mairie", Door.COORDINATION) as mayor:
            await mayor.open(home)
            await mayor.send(f"{home}/feeds")
            address = re.search(r"http://[^<\s]+/calendar/[\w-]{43}", mayor.text)
            assert address
            await mayor.open(home)
            assert address[0] not in mayor.text
            async with aiohttp.ClientSession() as program, program.get(address[0]) as answer:
                assert (answer.status, answer.content_type) == (200, "text/calendar")
                assert "X-WR-CALNAME:Cabine de la mairie" in await answer.text()
            hours = await mayor.open(f"{home}/hours.ics")
            assert hours.count("BEGIN:VEVENT") == 7
            await mayor.open(home)
            form = aiohttp.FormData()
            for name in ("csrf", "seen"):
                value = re.search(rf'name="{name}" value="([^"]*)"', mayor.text.split("multipart/form-data")[1])
                assert value
                form.add_field(name, value[1])
            fewer = re.sub(r"BEGIN:VEVENT(?:(?!END:VEVENT).)*BYDAY=SU.*?END:VEVENT\r?\n", "", hours, flags=re.DOTALL)
            form.add_field("file", fewer.encode(), filename="hours.ics", content_type="text/calendar")
            origin = village.running.origin
            headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
            async with mayor._session.post(f"{origin}{home}/hours", data=form, headers=headers) as answer:
                assert (answer.status, answer.url.path) == (200, f"{PAGE}/{village.cabin}")
                told = " ".join(re.sub(r"<[^>]+>", " ", await answer.text()).split())
            assert "Retiré : dimanche 08:00 – 18:00" in told.replace("\u00a0", " ")
            await mayor.open(home)
            await mayor.send(f"{home}/hours", file="pas un fichier")
            assert (mayor.status, "Choisissez un fichier .ics." in mayor.words) == (422, True)
