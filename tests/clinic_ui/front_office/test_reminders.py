"""Reminders by plain forms: a person chooses, the worker sees what became of each, and the link frees the moment."""

from __future__ import annotations

from server.scheduler.reminders.letters import keys_of
from server.scheduler.reminders.service import ReminderLine
from tests.clinic_ui.front_office.village import Village, Visitor


async def _booked_with_a_card(village: Village, sylvie: Visitor) -> tuple[str, ReminderLine]:
    """Odette wants a card, and has an appointment tomorrow."""
    await sylvie.open(f"{village.odette}/reminders")
    assert "Carte imprimée" in sylvie.words
    assert "SMS sur un mobile" not in sylvie.words  # nobody has set up a gateway
    await sylvie.send(f"{village.odette}/reminders", wanted="card", locale="fr")
    assert "C’est noté." in sylvie.words
    promise, nurse = await village.promised(in_days=2), village.who["sylvie"]
    found = await village.clinic.follow_ups.proposals(nurse, promise)
    booked = await village.clinic.follow_ups.book(nurse, promise, found.choices[0].choice, "une-cle-de-test")
    await village.clinic.sending.plan()
    (line,) = await village.clinic.reminders.of_appointment(nurse, booked)
    return f"/office/appointments/{booked}", line


async def test_a_card_is_printed_and_its_code_leads_to_the_appointment(village: Village, sylvie: Visitor) -> None:
    appointment, line = await _booked_with_a_card(village, sylvie)
    keys = keys_of(village.clinic.vault, line.id)
    await sylvie.open("/office/promises")
    assert 'href="/office/reminders"' in sylvie.text
    await sylvie.open("/office/reminders")
    assert "Odette Lavergne" in sylvie.words
    await sylvie.open(appointment)
    assert f'href="{appointment}/reminders"' in sylvie.text
    await sylvie.open(f"{appointment}/reminders")
    assert f"{keys.code[:4]} {keys.code[4:]}" in sylvie.words
    assert "data-print" in sylvie.text
    await sylvie.open("/office/reminders")
    await sylvie.send(f"/office/reminders/{line.id}")
    assert "C’est noté : fait à la main." in sylvie.words
    assert "Rien à faire." in sylvie.words
    await sylvie.send("/office/reminders/code", code="12")
    assert (sylvie.status, "Le code a huit chiffres" in sylvie.words) == (422, True)
    await sylvie.send("/office/reminders/code", code=keys.code)
    assert sylvie.path == f"{appointment}/cancel"


async def test_a_number_that_is_none_is_told_beside_its_field(village: Village, sylvie: Visitor) -> None:
    await sylvie.open(f"{village.odette}/reminders")
    await sylvie.send(f"{village.odette}/reminders", wanted="voice", phone="12", locale="fr")
    assert (sylvie.status, "Écrivez le numéro avec dix chiffres." in sylvie.words) == (422, True)


async def test_the_link_shows_when_and_where_without_a_name_and_frees_the_moment(
    village: Village, sylvie: Visitor
) -> None:
    appointment, line = await _booked_with_a_card(village, sylvie)
    link = f"/rdv/{keys_of(village.clinic.vault, line.id).token}"
    await sylvie.open(link)
    assert sylvie.status == 200
    for secret in ("Odette", "Lavergne", "Aubin", "tension", "Infirmière"):
        assert secret not in sylvie.words
    assert "Saint-Fiacre-des-Prés" in sylvie.words
    await sylvie.send(link)
    assert "vous ne venez pas" in sylvie.words
    assert "Je ne peux pas venir" not in sylvie.words
    await sylvie.open(appointment)
    assert "Annulé" in sylvie.words
    await sylvie.open("/office/promises")
    assert "À rappeler" in sylvie.words
    await sylvie.open(link)
    await sylvie.send(link)  # what is left is: no more reminders
    assert "plus de rappels" in sylvie.words
    await sylvie.open("/rdv/nothing")
    assert sylvie.status == 404


async def test_the_nurse_of_another_site_sees_no_reminder(village: Village, sylvie: Visitor, nolwenn: Visitor) -> None:
    appointment, _ = await _booked_with_a_card(village, sylvie)
    for path in (f"{appointment}/reminders", f"{village.odette}/reminders"):
        await nolwenn.open(path)
        assert (nolwenn.status, "Odette" in nolwenn.text) == (404, False)
    await nolwenn.open("/office/reminders")
    assert "Rien à faire." in nolwenn.words
