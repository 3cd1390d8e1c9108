"""Tending follow-ups by plain forms: at the front office, at the doctor's desk, and in the territory."""

from __future__ import annotations

from server.kernel.access import Door
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler.service.views import CancelReason
from tests.clinic_ui.front_office.village import Village, Visitor, visitor_of


async def test_a_follow_up_is_withdrawn_with_a_reason_that_the_page_tells(village: Village, sylvie: Visitor) -> None:
    home = f"/office/promises/{await village.promised()}"
    await sylvie.open(home)
    assert f'href="{home}/care"' in sylvie.text
    await sylvie.open(f"{home}/care")
    assert "Jamais vu(e) en personne ici. 1 visite par la cabine depuis." in sylvie.words
    assert "À l’accueil de jouer" in sylvie.words
    await sylvie.send(f"{home}/withdraw")
    assert (sylvie.status, "Choisissez pourquoi." in sylvie.words) == (422, True)
    await sylvie.send(f"{home}/withdraw", reason="seen-elsewhere")
    assert "Le suivi est retiré." in sylvie.words
    assert "Vue ailleurs" in sylvie.words
    await sylvie.open("/office/promises")
    assert "Tout est réservé." in sylvie.words


async def test_who_came_in_person_is_marked_by_the_doctor_and_the_front_office_sees_it(village: Village) -> None:
    appointment = await _in_person_now(village)
    async with visitor_of(village, "aubin", Door.DESK) as aubin:
        await aubin.open("/desk/follow-ups")
        assert "Venu(e) ?" in aubin.words
        await aubin.send(f"/desk/follow-ups/appointments/{appointment}", came="true")
        assert "C’est noté." in aubin.words
    async with visitor_of(village, "sylvie") as sylvie:
        await sylvie.open(f"/office/appointments/{appointment}")
        assert "Vu(e)" in sylvie.words
        assert "Pas venu(e)" not in sylvie.words


async def test_the_coordinator_reads_numbers_hands_over_and_takes_it_back(village: Village) -> None:
    await village.promised()
    async with visitor_of(village, "mairie", Door.COORDINATION) as mairie:
        await mairie.open("/coordination/promises")
        assert "Saint-Fiacre-des-Prés 0 1 0 0 0 0 Rien d’urgent" in mairie.words
        for secret in ("Odette", "Lavergne", "tension"):
            assert secret not in mairie.text
        act = "/coordination/promises/hand-over"
        await mairie.send(act, from_id=village.aubin, to_id=village.nurse)
        assert (mairie.status, "Choisissez deux médecins" in mairie.words) == (422, True)
        await mairie.send(act, from_id=village.aubin)
        assert (mairie.status, "Choisissez une personne." in mairie.words) == (422, True)
        other = await village.another_doctor()
        await mairie.open("/coordination/promises")
        await mairie.send(act, from_id=village.aubin, to_id=other)
        assert "Le relais est passé." in mairie.words
        assert "1 suivi passé" in mairie.words
        (past,) = await village.clinic.handing.past(village.who["mairie"])
        await mairie.send(f"/coordination/promises/handovers/{past.id}/undo")
        assert "Le relais est annulé." in mairie.words
    (line,) = await village.clinic.follow_ups.due(village.who["aubin"])
    assert line.practitioner.id == village.aubin


async def test_what_nobody_has_read_is_marked_until_the_page_is_opened(village: Village, sylvie: Visitor) -> None:
    promise = await village.promised()
    for is_fresh in (True, False):
        await sylvie.open("/office/promises")
        assert ("Pas encore lu" in sylvie.words) is is_fresh
    nurse, follow_ups = village.who["sylvie"], village.clinic.follow_ups
    choice = (await follow_ups.proposals(nurse, promise)).choices[0].choice
    booked = await follow_ups.book(nurse, promise, choice, "une-cle-de-test")
    await follow_ups.cancel(nurse, booked, 1, CancelReason.PATIENT)
    village.clock.advance(days=3)
    await village.sign_in()
    async with visitor_of(village, "sylvie") as later:
        await later.open("/office/promises")
        assert "Pas encore lu par le médecin" in later.words
    async with visitor_of(village, "mairie", Door.COORDINATION) as mairie:
        await mairie.open("/coordination/promises")
        assert "Pas lus" in mairie.words
        assert "Saint-Fiacre-des-Prés 0 1 0 0 1 0 Rien d’urgent" in mairie.words
    async with visitor_of(village, "aubin", Door.DESK) as aubin:
        for is_fresh in (True, False):
            await aubin.open("/desk/follow-ups")
            assert ("Pas encore lu Ne pouvait pas venir" in aubin.words) is is_fresh


async def _in_person_now(village: Village) -> object:
    """Odette has an appointment at the surgery, and it has begun."""
    promise = await village.promised(in_days=3, wish=FollowUpWish(3, Modality.IN_PERSON, False, "Pied"))
    nurse = village.who["sylvie"]
    choice = (await village.clinic.follow_ups.proposals(nurse, promise)).choices[0].choice
    booked = await village.clinic.follow_ups.book(nurse, promise, choice, "une-cle-de-test")
    village.clock.set(choice.starts_at)
    village.clock.advance(minutes=30)
    await village.sign_in()
    return booked
