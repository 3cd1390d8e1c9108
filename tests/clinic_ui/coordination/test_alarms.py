"""A cabin that saw another log is shown to coordinators, until one of them notes the cause."""

from __future__ import annotations

from pathlib import Path

from server.kernel.access import Door, Identity, Role
from server.kernel.ids import AccountId, new_id
from tests.clinic_ui.front_office.village import village_in, visitor_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock


async def test_an_alarm_of_a_witness_is_shown_and_settled(tmp_path: Path, clock: FakeClock) -> None:
    async with village_in(tmp_path, clock, cache_dir=KEPT) as village:
        booth = Identity(
            AccountId(new_id()), Role.CABIN, "cabine", "Cabine", cabin_id=village.cabin, site_id=village.site
        )
        seen = (await village.clinic.witnessing.show(booth, None)).checkpoint
        assert (await village.clinic.witnessing.show(booth, seen, forked=True)).forked
        async with visitor_of(village, "mairie", Door.COORDINATION) as mayor:
            await mayor.open("/coordination")
            assert "Le journal des accès n’est plus celui d’avant" in mayor.words
            assert "Cabine de la mairie, " in mayor.words
            (alarm,) = await village.clinic.witnessing.alarms(village.who["mairie"])
            await mayor.send(f"/coordination/alarms/{alarm.id}")
            assert (mayor.status, mayor.path) == (200, "/coordination")
            assert "Le journal des accès n’est plus celui d’avant" not in mayor.words
            await mayor.post(f"/coordination/alarms/{alarm.id}")
            assert mayor.status != 500
