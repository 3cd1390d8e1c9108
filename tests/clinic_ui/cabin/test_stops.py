"""On the screen of a cabin: the stop where the medicobus will be, and from which day when it comes too late."""

from __future__ import annotations

from datetime import date

from sqlalchemy import update

from server.kernel.ids import CabinId, SiteId, new_id
from server.people.rules import SiteKind
from server.people.tables import CabinRow, SiteRow
from server.scheduler.rules.openings import ResourceKind, WeeklyRule
from tests.clinic_ui.cabin.hamlet import ZONE, Hamlet, Visitor


async def _stops(hamlet: Hamlet, bus: CabinId, valid_from: date | None = None) -> None:
    rules = [WeeklyRule(day, 480, 1080, None, valid_from, site_id=hamlet.site) for day in range(7)]
    async with hamlet.clinic.database.transaction() as tx:
        await hamlet.clinic.agenda.open_weekly(tx, None, ResourceKind.CABIN, bus, ZONE, rules)


async def _a_bus(hamlet: Hamlet) -> CabinId:
    """It takes over from the village's cabin, which is out of service once the visit is over."""
    site, bus = SiteId(new_id()), CabinId(new_id())
    words = dict.fromkeys(("postcode", "address", "phone", "samu_phone", "aed"), "-")
    async with hamlet.clinic.database.transaction() as tx:
        tx.add(
            SiteRow(
                id=site, name="Médicobus", kind=SiteKind.MEDICOBUS, commune="Locarn", insee="22998", zone=ZONE,
                latitude=48, longitude=-3, **words,
            )
        )  # fmt: skip
        await tx.execute(update(CabinRow).values(in_service=False))
        await tx.flush()
        tx.add(CabinRow(id=bus, site_id=site, name="Médicobus", access_notes="-", phone="-", in_service=True))
    return bus


async def test_the_kiosk_names_the_stop_and_the_first_day_when_the_bus_comes_too_late(
    hamlet: Hamlet, screen: Visitor
) -> None:
    await hamlet.open_hours()
    await hamlet.signed()
    bus = await _a_bus(hamlet)
    later = hamlet.clock().date().replace(day=28)
    await _stops(hamlet, bus, later)
    await screen.open("/cabin/rendez-vous")
    assert f"Le médicobus ne passe pas avant le {_spoken(later)}" in screen.words
    await _stops(hamlet, bus)
    await screen.open("/cabin/rendez-vous")
    assert screen.words.count("À l’arrêt du médicobus : Saint-Fiacre-des-Prés") == 3
    await screen.send("/cabin/rendez-vous")
    assert "À l’arrêt du médicobus : Saint-Fiacre-des-Prés" in screen.words
    await screen.send("/cabin/rendez-vous/oui")
    assert "À l’arrêt du médicobus : Saint-Fiacre-des-Prés" in screen.words
    assert "Ici, dans la cabine." not in screen.words


def _spoken(on: date) -> str:
    days = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
    return f"{days[on.weekday()]} {on.day} "
