"""The plan at one site: a line is booked or written off, a lost moment is said and replaced, no other site sees it."""

from __future__ import annotations

from datetime import timedelta

from server.scheduler.rules.openings import Exceptional, ExceptionKind, ResourceKind, WeeklyRule
from tests.clinic_ui.front_office.village import ZONE, Village, Visitor, visitor_of


async def _planned(village: Village) -> None:
    village.clinic.planning.seconds = 0.2
    await village.clinic.planning.start(village.who["mairie"])
    await village.clinic.planning.made()


async def test_a_line_is_written_off_and_its_follow_up_stays_to_be_booked(village: Village, sylvie: Visitor) -> None:
    promise = await village.promised()
    await _planned(village)
    await sylvie.open("/office/plan")
    await sylvie.post(f"/office/plan/{promise}/accept", starts_at="demain")
    assert sylvie.status == 422
    async with visitor_of(village, "nolwenn") as elsewhere:
        await elsewhere.open("/office/plan")
        assert "Tout est vu." in elsewhere.words
        await elsewhere.open("/office/promises")
        await elsewhere.post(f"/office/plan/{promise}/decline")
        assert elsewhere.status == 404
    await sylvie.send(f"/office/plan/{promise}/decline")
    assert "Écarté : ce suivi reste à réserver à la main." in sylvie.words
    await sylvie.open("/office/promises")
    assert "Odette Lavergne" in sylvie.words


async def test_a_moment_that_was_lost_is_said_and_the_next_one_is_booked(village: Village, sylvie: Visitor) -> None:
    first = await village.promised()
    await _planned(village)
    nurse = village.who["sylvie"]
    plan = await village.clinic.planning.of_site(nurse)
    assert plan is not None
    moment = plan.lines[0].starts_at
    assert moment is not None
    await sylvie.open("/office/plan")
    away = Exceptional(ExceptionKind.CLOSED, moment, moment + timedelta(minutes=20))
    agenda = village.clinic.agenda
    async with village.clinic.database.transaction() as tx:
        rules = [WeeklyRule(day, 8 * 60, 18 * 60) for day in range(7)]
        doctor = await agenda.open_weekly(tx, None, ResourceKind.PRACTITIONER, village.aubin, ZONE, rules)
        await agenda.except_for(tx, None, doctor, away, "Formation")
    await sylvie.send(f"/office/plan/{first}/accept")
    assert sylvie.status == 409
    assert "Voici le meilleur moment qui reste." in sylvie.words
    assert "Nouveau moment" in sylvie.words
    await sylvie.send(f"/office/plan/{first}/accept")
    assert "C’est réservé." in sylvie.words
