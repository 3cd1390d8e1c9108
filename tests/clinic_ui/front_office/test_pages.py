"""The whole story by plain forms: register, measure, put in the queue, book, move, cancel, take back."""

from __future__ import annotations

import re

from server.encounters.rules import CONSENT_VERSION, EncounterStatus
from server.kernel.access import Door
from tests.clinic_ui.front_office.village import Village, Visitor, visitor_of

NEW = {"birth_name": "Kermarrec", "given_names": "Yann, Marie", "born_on": "9/7/1958", "sex": "male",
       "phone": "06 12 34 56 78"}  # fmt: skip
ASKED = {"reason": "pain", "chest__pain": "no", "breathless": "no", "stroke": "no", "bleeding": "no",
         "accompanied": "with-health-worker", "consent": "yes", "words": "J’ai mal au genou."}  # fmt: skip


async def test_a_person_is_registered_measured_and_put_in_the_queue(village: Village, sylvie: Visitor) -> None:
    await sylvie.open("/office/patients/new")
    await sylvie.send("/office/patients/new", **NEW)
    code = re.search(r"(\d{3}) (\d{3})", sylvie.words)
    assert code is not None
    sheet = re.search(r'href="(/office/patients/[0-9a-f-]{36})"', sylvie.text)
    assert sheet is not None
    await sylvie.open(f"{sheet[1]}/measures")
    await sylvie.send(f"{sheet[1]}/measures", systolic="132", diastolic="84", temperature="37,1")
    assert "Mesures enregistrées" in sylvie.words
    assert "132/84" in sylvie.words.replace(" ", "")
    await sylvie.open(f"{sheet[1]}/queue")
    assert "Vous êtes témoin : Sylvie" in sylvie.words
    await sylvie.send(f"{sheet[1]}/queue", **ASKED)
    assert sylvie.path == "/office?done=queued"
    assert "Yann Kermarrec" in sylvie.words
    (item,) = await village.clinic.front_office.line(village.who["sylvie"])
    assert (item.status, item.seated) == (EncounterStatus.TRIAGED, True)
    assert len(await village.clinic.queue.waiting(village.who["aubin"])) == 1


async def test_the_code_opens_the_cabin_and_is_shown_once(village: Village, sylvie: Visitor) -> None:
    await sylvie.open("/office/patients/new")
    await sylvie.send("/office/patients/new", **NEW)
    code = "".join(re.findall(r"<span>(\d{3})</span>", sylvie.text))
    assert re.fullmatch(r"\d{6}", code)
    home = re.search(r'href="(/office/patients/[0-9a-f-]{36})"', sylvie.text)
    assert home is not None
    assert code not in (await sylvie.open(home[1])).replace(" ", "")


async def test_people_alike_are_shown_before_anything_is_saved(village: Village, sylvie: Visitor) -> None:
    await sylvie.open("/office/patients/new")
    again = {"birth_name": "Lavergne", "given_names": "Odete", "born_on": "03/03/1945", "sex": "female"}
    await sylvie.send("/office/patients/new", **again)
    assert sylvie.status == 409
    assert "Rien n’est encore enregistré" in sylvie.words
    assert f'href="{village.odette}"' in sylvie.text
    assert len(await village.clinic.people.search(village.who["sylvie"], "Lavergne")) == 1
    await sylvie.send("/office/patients/new")  # « C’est quelqu’un d’autre »
    assert "Votre code pour la cabine" in sylvie.words
    assert len(await village.clinic.people.search(village.who["sylvie"], "Lavergne")) == 2


async def test_the_same_answer_sent_again_makes_nobody_twice(village: Village, sylvie: Visitor) -> None:
    again = {"birth_name": "Lavergne", "given_names": "Odette", "born_on": "1945-03-03", "sex": "female"}
    await sylvie.open("/office/patients/new")
    await sylvie.post("/office/patients/new", **again)
    seen = re.search(r'name="seen" value="([^"]*)"', sylvie.text)
    assert seen is not None
    sent = {**again, "seen": seen[1]}
    await sylvie.post("/office/patients/new", **sent)
    await sylvie.open("/office/patients/new")
    await sylvie.post("/office/patients/new", **sent)
    assert sylvie.status == 409
    assert "Comparez encore une fois" in sylvie.words
    assert len(await village.clinic.people.search(village.who["sylvie"], "Lavergne")) == 2


async def test_of_somebody_known_elsewhere_only_the_identity_is_shown(village: Village, nolwenn: Visitor) -> None:
    await nolwenn.open("/office/patients/new")
    await nolwenn.send(
        "/office/patients/new", birth_name="Lavergne", given_names="Odette", born_on="03/03/1945", sex="female"
    )
    assert "suivie à Saint-Fiacre-des-Prés" in nolwenn.words
    assert "3 rue du Lavoir" not in nolwenn.text
    assert "02 99 00 11 22" not in nolwenn.text
    assert village.odette not in nolwenn.text


async def test_nobody_found_leads_to_a_form_with_the_name_in_it(sylvie: Visitor) -> None:
    await sylvie.open("/office/patients")
    await sylvie.send("/office/patients", q="Zimmer")
    assert "Personne n’est trouvé" in sylvie.words
    assert sylvie.path == "/office/patients"  # a name never stands in an address
    await sylvie.send("/office/patients/new")
    assert 'value="Zimmer"' in sylvie.text


async def test_an_unlikely_value_asks_to_measure_again_or_confirm(village: Village, sylvie: Visitor) -> None:
    page = f"{village.odette}/measures"
    await sylvie.open(page)
    await sylvie.send(page, systolic="30", temperature="37,1")
    assert sylvie.status == 422
    assert "Refaire ou confirmer ?" in sylvie.words
    assert 'name="confirm" value="systolic"' in sylvie.text
    assert 'value="37,1"' in sylvie.text
    assert await village.clinic.measures.read(village.who["sylvie"], village.patients["Odette"]) == []
    await sylvie.send(page, systolic="30", temperature="37,1", confirm="systolic")
    assert "Mesures enregistrées" in sylvie.words
    await sylvie.send(page, oxygen__saturation="120")
    assert "n’est pas possible" in sylvie.words
    assert 'value="oxygen-saturation"' not in sylvie.text  # no confirmation helps


async def test_a_measure_is_taken_back(village: Village, sylvie: Visitor) -> None:
    page = f"{village.odette}/measures"
    await sylvie.open(page)
    await sylvie.send(page, weight="585", source="hand", confirm="weight")
    strike = re.search(rf'action="({page}/[0-9a-f-]+/strike)"', sylvie.text)
    assert strike is not None
    await sylvie.send(strike[1])
    assert "La mesure est annulée" in sylvie.words
    assert "Aucune mesure" in sylvie.words


async def test_measures_of_a_device_name_it_and_belong_to_the_open_visit(village: Village, sylvie: Visitor) -> None:
    encounter = await village.waiting()
    page = f"{village.odette}/measures"
    await sylvie.open(page)
    await sylvie.send(page, heart__rate="84", source="device")
    assert "Écrivez quel appareil" in sylvie.words
    await sylvie.send(page, heart__rate="84", source="device", device="Oxymètre 3")
    (one,) = await village.clinic.measures.read(village.who["sylvie"], village.patients["Odette"])
    assert (one.device, one.encounter_id) == ("Oxymètre 3", encounter)


async def test_a_grave_sign_shows_the_emergency_page_first(village: Village, sylvie: Visitor) -> None:
    page = f"{village.odette}/queue"
    await sylvie.open(page)
    await sylvie.send(page, **{**ASKED, "chest__pain": "yes"})
    assert "Appelez le 15 maintenant" in sylvie.words
    assert "2 place de la Mairie" in sylvie.words
    assert await village.clinic.front_office.line(village.who["sylvie"]) == ()
    await sylvie.send(page)
    (item,) = await village.clinic.front_office.line(village.who["sylvie"])
    assert item.priority


async def test_a_refused_consent_is_kept_and_leads_to_somebody_in_person(village: Village, sylvie: Visitor) -> None:
    page = f"{village.odette}/queue"
    await sylvie.open(page)
    await sylvie.send(page, **{**ASKED, "consent": "no"})
    assert "Le refus est noté" in sylvie.words
    assert await village.clinic.front_office.line(village.who["sylvie"]) == ()


async def test_nobody_stands_in_the_queue_twice_and_may_leave_it(village: Village, sylvie: Visitor) -> None:
    encounter = await village.waiting()
    await sylvie.open(f"{village.odette}/queue")
    assert "déjà dans la file" in sylvie.words
    await sylvie.open("/office")
    assert "Attend le médecin" in sylvie.words
    assert f'href="/office/visits/{encounter}/out"' in sylvie.text
    await sylvie.open(f"/office/visits/{encounter}/out")
    await sylvie.send(f"/office/visits/{encounter}/out")
    assert (sylvie.status, "Choisissez pourquoi" in sylvie.words) == (422, True)
    await sylvie.send(f"/office/visits/{encounter}/out", reason="redirected")
    assert "La personne n’est plus dans la file" in sylvie.words
    assert "Personne n’attend" in sylvie.words


async def test_the_background_says_asked_and_none_apart_from_not_asked(village: Village, sylvie: Visitor) -> None:
    await sylvie.open(village.odette)
    assert "Allergies : pas encore demandées" in sylvie.words
    page = f"{village.odette}/background"
    await sylvie.open(page)
    await sylvie.send(page, allergies="Pénicilline", conditions="", none="conditions")
    assert "Allergie : Pénicilline" in sylvie.words
    assert "Aucun antécédent connu" in sylvie.words
    await sylvie.open(page)
    await sylvie.send(page, allergies="Pénicilline", none="allergies")
    assert sylvie.status == 422
    assert "Gardez l’un des deux" in sylvie.words


async def test_a_sheet_changed_elsewhere_shows_both_and_overwrites_nothing(village: Village, sylvie: Visitor) -> None:
    page = f"{village.odette}/background"
    await sylvie.open(page)
    await sylvie.send(page, allergies="Iode", row_ver="0")
    await sylvie.open(page)
    await sylvie.send(page, allergies="Latex", row_ver="0")
    assert sylvie.status == 409
    assert "Quelqu’un d’autre a modifié cette fiche" in sylvie.words
    assert "Latex" in sylvie.text
    assert "Iode" in sylvie.text
    await sylvie.send(page, allergies="Iode\nLatex")
    assert "Allergie : Iode, Latex" in sylvie.words


def kept(sylvie: Visitor, answer: str) -> str:
    """Where « Confirmer » or « Laisser » leads."""
    found = re.search(rf'action="(/office/holds/[^"]+/{answer})"', sylvie.text)
    assert found is not None
    return found[1]


async def test_a_follow_up_is_booked_moved_cancelled_and_put_back(village: Village, sylvie: Visitor) -> None:
    promise = await village.promised()
    await sylvie.open("/office")
    assert "1 suivi à réserver" in sylvie.words
    await sylvie.open("/office/promises")
    assert "Odette Lavergne" in sylvie.words
    await sylvie.open(f"/office/promises/{promise}")
    assert sylvie.text.count('name="starts_at"') == 3
    await sylvie.send(f"/office/promises/{promise}/hold")
    assert "Gardé jusqu’à" in sylvie.words
    await sylvie.send(kept(sylvie, "let-go"))
    assert "Gardé jusqu’à" not in sylvie.words
    await sylvie.send(f"/office/promises/{promise}/hold")
    await sylvie.send(kept(sylvie, "confirm"))
    assert "C’est réservé" in sylvie.words
    appointment = sylvie.path.split("?")[0]
    await sylvie.open(f"{appointment}/move?part=afternoon")
    await sylvie.send(f"{appointment}/move")
    assert "Gardé jusqu’à" in sylvie.words
    await sylvie.send(kept(sylvie, "confirm"))
    assert "Le rendez-vous est déplacé" in sylvie.words
    assert sylvie.path.split("?")[0] == appointment
    await sylvie.open(f"{appointment}/cancel")
    await sylvie.send(f"{appointment}/cancel", reason="patient")
    assert "Le rendez-vous est annulé" in sylvie.words
    await sylvie.send(f"/office/promises/{promise}/book")
    assert "C’est réservé" in sylvie.words
    assert await village.clinic.follow_ups.due(village.who["sylvie"]) == []


async def test_who_arrives_for_an_appointment_goes_into_the_queue_as_expected(village: Village) -> None:
    appointment = await village.expected_now()
    async with visitor_of(village, "sylvie") as sylvie:
        await sylvie.open("/office")
        assert "Odette Lavergne" in sylvie.words
        page = f"{village.odette}/queue"
        await sylvie.open(f"{page}?appointment={appointment}")
        assert "Rendez-vous de" in sylvie.words
        await sylvie.send(page, **ASKED)
        assert "La personne est dans la file" in sylvie.words
        assert "Attend le médecin" in sylvie.words
        assert "Pas venu(e)" not in sylvie.words
    (item,) = await village.clinic.queue.waiting(village.who["aubin"])
    assert item.planned


async def test_who_telephones_is_waited_for_and_that_can_be_taken_back(village: Village) -> None:
    appointment = await village.expected_now()
    page = f"/office/appointments/{appointment}"
    async with visitor_of(village, "sylvie") as sylvie:
        await sylvie.open("/office")
        assert "En retard ?" in sylvie.words
        await sylvie.open(page)
        await sylvie.send(f"{page}/late", minutes="20")
        assert "le médecin voit le retard" in sylvie.words
        await sylvie.open("/office")
        assert "En retard de 20 min" in sylvie.words
        assert "Pas venu(e)" not in sylvie.words
        async with visitor_of(village, "mairie", Door.COORDINATION) as mayor:
            await mayor.open("/coordination")
            assert "En retard de 20 min" in mayor.words
            assert "Lavergne" not in mayor.words
            assert "Odette" not in mayor.words
        await sylvie.open(page)
        await sylvie.send(f"{page}/late")
        assert "En retard de 20 min" not in sylvie.words
        async with visitor_of(village, "mairie", Door.COORDINATION) as mayor:
            await mayor.open("/coordination")
            assert "En retard de" not in mayor.words


async def test_who_did_not_come_has_a_follow_up_to_book_again(village: Village) -> None:
    appointment = await village.expected_now()
    async with visitor_of(village, "sylvie") as sylvie:
        await sylvie.open("/office")
        await sylvie.send(f"/office/appointments/{appointment}/miss")
        assert "de nouveau à réserver" in sylvie.words
        await sylvie.open("/office")
        assert "1 suivi à réserver" in sylvie.words
        await sylvie.open(f"{village.odette}/queue?appointment={appointment}")
        assert sylvie.status == 200


async def test_an_appointment_of_somebody_else_is_no_way_into_the_queue(village: Village) -> None:
    appointment = await village.expected_now()
    async with visitor_of(village, "sylvie") as sylvie:
        page = f"/office/patients/{village.patients['Yvon']}/queue"
        await sylvie.open(page)
        await sylvie.send(page, **{**ASKED, "appointment": appointment})
        assert sylvie.status == 404
    assert await village.clinic.front_office.line(village.who["sylvie"]) == ()


async def test_other_days_are_a_step_away_and_a_strange_day_is_today(sylvie: Visitor) -> None:
    await sylvie.open("/office?on=2026-03-04")
    assert sylvie.words.startswith("Mercredi 4 mars 2026")
    assert "En ce moment" not in sylvie.words
    await sylvie.open("/office?on=9999-99-99")
    assert sylvie.words.startswith("Aujourd’hui lundi 2 mars 2026")


async def test_a_moment_that_was_just_taken_is_said_with_fresh_ones(village: Village, sylvie: Visitor) -> None:
    promise = await village.promised()
    await sylvie.open(f"/office/promises/{promise}")
    fields = dict(re.findall(r'name="(starts_at|practitioner_id|cabin_id|health_worker_id)" value="([^"]*)"',
                             sylvie.text.split('class="moment card"')[1]))  # fmt: skip
    found = await village.clinic.follow_ups.proposals(village.who["sylvie"], promise)
    booked = await village.clinic.follow_ups.book(
        village.who["sylvie"], promise, found.choices[0].choice, "la-cle-d-une-autre"
    )
    await sylvie.post(f"/office/promises/{promise}/book", key="ma-cle-a-moi", **fields)
    assert sylvie.status == 409
    assert "n’est plus à réserver" in sylvie.words
    await sylvie.open(f"/office/appointments/{booked}/cancel")
    await village.clinic.follow_ups.move(village.who["sylvie"], booked, 1, found.choices[1].choice)
    await sylvie.send(f"/office/appointments/{booked}/cancel", reason="patient")
    assert sylvie.status == 409
    assert "a changé entre-temps" in sylvie.words


async def test_a_moment_kept_too_long_is_gone_and_said_with_fresh_ones(village: Village, sylvie: Visitor) -> None:
    promise = await village.promised()
    await sylvie.open(f"/office/promises/{promise}")
    await sylvie.send(f"/office/promises/{promise}/hold")
    village.clock.advance(minutes=6)
    await village.clinic.follow_ups.sweep()
    await sylvie.send(kept(sylvie, "confirm"))
    assert sylvie.status == 409
    assert "Ce moment n’est plus gardé pour vous." in sylvie.words
    assert sylvie.text.count('name="starts_at"') == 3


async def test_who_does_not_know_yet_is_called_back(village: Village, sylvie: Visitor) -> None:
    promise = await village.promised()
    await sylvie.open(f"/office/promises/{promise}")
    await sylvie.send(f"/office/promises/{promise}/call-back")
    assert "C’est noté : à rappeler" in sylvie.words
    assert "À rappeler" in sylvie.words


async def test_a_consent_text_of_yesterday_is_read_again(village: Village, sylvie: Visitor) -> None:
    page = f"{village.odette}/queue"
    await sylvie.open(page)
    await sylvie.send(page, **{**ASKED, "version": "2020-01"})
    assert sylvie.status == 409
    assert "Le texte de l’accord a changé" in sylvie.words
    assert f'value="{CONSENT_VERSION}"' in sylvie.text
