"""A stop of the medicobus on the pages of the office: named from the proposal to the sheet of its own crew."""

from __future__ import annotations

from sqlalchemy import update

from server.people.tables import CabinRow
from server.scheduler.rules.openings import ResourceKind, WeeklyRule
from tests.clinic_ui.front_office.test_pages import kept
from tests.clinic_ui.front_office.village import ZONE, Village, Visitor

STOP = "arrêt du médicobus, Saint-Fiacre-des-Prés"


async def test_a_stop_is_named_in_the_office_and_its_crew_sees_whom_it_meets(
    village: Village, sylvie: Visitor, nolwenn: Visitor
) -> None:
    promise = await village.promised()
    stops = [WeeklyRule(day, 8 * 60, 12 * 60, site_id=village.site) for day in range(7)]
    async with village.clinic.database.transaction() as tx:
        await tx.execute(update(CabinRow).values(site_id=village.elsewhere))
        await village.clinic.agenda.open_weekly(tx, None, ResourceKind.CABIN, village.cabin, ZONE, stops)
    await sylvie.open(f"/office/promises/{promise}")
    assert STOP in sylvie.words
    await sylvie.send(f"/office/promises/{promise}/hold")
    assert STOP in sylvie.words
    await sylvie.send(kept(sylvie, "confirm"))
    assert STOP in sylvie.words
    booked = (await village.clinic.follow_ups.upcoming(village.who["aubin"]))[0]
    sheet = f"/office?on={booked.wall_time[:10]}"
    await sylvie.open(sheet)
    assert STOP in sylvie.words
    assert "Déplacer" in sylvie.words
    await nolwenn.open(sheet)
    assert "Géré par l’accueil de Saint-Fiacre-des-Prés." in nolwenn.words
    assert "Odette Lavergne" in nolwenn.words
    assert "Déplacer" not in nolwenn.words
