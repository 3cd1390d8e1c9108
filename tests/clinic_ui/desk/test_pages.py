"""The desk over HTTP: the queue, the record, the review and the lists, and who may see them."""

from __future__ import annotations

import re

import pytest

from server.encounters.quality_rules import Report, Side
from server.encounters.rules import IncidentKind
from server.kernel.access import Door
from server.kernel.ids import new_id
from server.records.rules.background import BackgroundBody
from server.records.rules.measures import MeasureName as M
from server.records.rules.measures import Reading
from server.records.rules.note import NoteBody, StrikeReason
from signalling.ladder import Rung
from tests.clinic_ui.cabin.hamlet import Hamlet
from tests.clinic_ui.desk.desk import HOSTILE, Desk, desk_of, hostile_visit, measured, second_doctor

PIECES = (
    "/desk/record",
    "/desk/background",
    "/desk/measures",
    "/desk/history",
    "/desk/incidents",
    "/desk/phones",
    "/desk/review",
)
PAGES = (
    "/desk",
    "/desk/notes",
    "/desk/follow-ups",
    "/desk/agenda",
    "/desk/queue",
    "/desk/planned",
    "/desk/alert",
    *PIECES,
)


async def test_nobody_waits_and_the_desk_says_so(desk: Desk) -> None:
    page = await desk.get("/desk")
    assert desk.status == 200
    assert "Personne n’attend." in page
    assert 'data-phase="free"' in page
    assert "Aucun rendez-vous aujourd’hui." in page


async def test_a_newcomer_is_in_the_queue_with_reason_words_and_a_button(hamlet: Hamlet, desk: Desk) -> None:
    visit = await hamlet.waiting()
    said = await desk.words("/desk/queue")
    assert 'data-queue="1"' in said
    for words in ("Odette Lavergne", "Cabine de la mairie · 80 ans", "Douleur", "J’ai mal au genou."):
        assert words in said
    assert f'data-take="{visit}"' in said
    assert desk.headers["X-Fragment"] == "1"


async def test_with_a_patient_there_is_no_button_to_take_another(hamlet: Hamlet, desk: Desk) -> None:
    await hamlet.in_call()
    said = await desk.words("/desk/queue")
    assert "Avec vous" in said
    assert "data-take" not in said


async def test_another_desk_is_told_who_has_the_patient_and_nothing_of_why(hamlet: Hamlet) -> None:
    await hamlet.in_call()
    _who, token = await second_doctor(hamlet)
    async with desk_of(hamlet, token) as other:
        said = await other.words("/desk/queue")
        assert "Odette L." in said
        assert "Dr Claire Aubin" in said
        assert "Lavergne" not in said
        assert "genou" not in said
        await other.get("/desk/record", piece=True)
        assert other.status == 404


async def test_names_words_and_allergies_never_become_markup(hamlet: Hamlet, desk: Desk) -> None:
    visit = await hostile_visit(hamlet)
    pages = [await desk.get("/desk/queue", piece=True)]
    await hamlet.clinic.queue.claim(hamlet.gp, visit)
    await hamlet.clinic.notes.save(hamlet.gp, visit, NoteBody(conclusion=HOSTILE, acts=HOSTILE, advice=HOSTILE), 0)
    pages += [await desk.get(path, piece=path != "/desk") for path in ("/desk", "/desk/record", "/desk/alert")]
    pages += [await desk.get("/desk/review", piece=True)]
    for page in pages:
        assert "<img" not in page
        assert "&lt;img src=x" in page


async def test_an_urgent_child_stands_out(hamlet: Hamlet, desk: Desk) -> None:
    await hostile_visit(hamlet)
    said = await desk.words("/desk/queue")
    assert "queue__item--urgent" in said
    for tag in ("Du mal à respirer", "Enfant", "Accompagné"):
        assert tag in said


async def test_the_record_shows_who_why_and_what_was_written(hamlet: Hamlet, desk: Desk) -> None:
    visit = await hamlet.in_call()
    await hamlet.clinic.notes.save(hamlet.gp, visit, NoteBody(examination="Genou sec."), 0)
    said = await desk.words("/desk/record")
    for words in ("née le 03/03/1945 · 80 ans · F", "Allergies : pas encore demandées", "« J’ai mal au genou. »"):
        assert words in said
    assert "Accord donné à" in said
    assert "Genou sec.</textarea>" in said
    assert 'data-row-ver="1"' in said


async def test_measures_show_the_newest_with_its_way(hamlet: Hamlet, desk: Desk) -> None:
    await measured(hamlet)
    await hamlet.in_call()
    said = await desk.words("/desk/measures")
    for words in ("158/92", "au-dessus", "37,1", "58,4", "chart-line"):
        assert words in said


async def test_the_warning_score_stands_under_the_measures_with_its_reasons(hamlet: Hamlet, desk: Desk) -> None:
    await measured(hamlet)
    await hamlet.in_call()
    said = await desk.words("/desk/measures")
    assert "NEWS2 incomplet." in said
    assert "Il manque : Respiration, Oxygène (SpO₂), Oxygène donné (0 : air), Pouls, Conscience." in said
    values = {M.BREATHING_RATE: 26, M.OXYGEN_SATURATION: 90, M.INHALED_OXYGEN: 2, M.SYSTOLIC: 88, M.HEART_RATE: 132}
    values |= {M.CONSCIOUSNESS: 1, M.TEMPERATURE: 39.2}
    readings = tuple(Reading(name, value) for name, value in values.items())
    await hamlet.clinic.measures.take(hamlet.who["sylvie"], hamlet.odette, readings)
    said = await desk.words("/desk/measures")
    for words in ("NEWS2 : 19 sur 20, urgence.", "Alerter le 15", "confusion nouvelle", "Ce n’est pas un diagnostic."):
        assert words in said
    kept = await hamlet.clinic.background.read(hamlet.gp, hamlet.odette)
    await hamlet.clinic.background.save(hamlet.gp, hamlet.odette, BackgroundBody(pregnant=True), kept.row_ver)
    said = await desk.words("/desk/measures")
    assert "Pas de score NEWS2" in said
    assert "19" not in said


async def test_the_history_holds_signed_notes_only(hamlet: Hamlet, desk: Desk) -> None:
    await hamlet.signed(in_days=None)
    await hamlet.clinic.intake.goodbye(hamlet.cabin)
    visit = await hamlet.in_call()
    await hamlet.clinic.notes.save(hamlet.gp, visit, NoteBody(conclusion="Brouillon."), 0)
    said = await desk.words("/desk/history")
    assert "Gonalgie." in said
    assert "Dr Claire Aubin" in said
    assert "Brouillon." not in said


async def test_an_author_may_add_to_a_note_or_strike_it_and_nobody_else(hamlet: Hamlet, desk: Desk) -> None:
    visit = await hamlet.signed(in_days=None)
    said = await desk.words("/desk/notes")
    for words in ("Odette Lavergne", "Gonalgie.", f'data-amend="{visit}"', f'data-strike="{visit}"'):
        assert words in said
    await hamlet.clinic.notes.amend(hamlet.gp, visit, "Le genou gauche.")
    said = await desk.words("/desk/notes")
    assert "Le genou gauche." in said
    assert "data-strike" not in said
    _who, token = await second_doctor(hamlet)
    async with desk_of(hamlet, token) as other:
        assert "Aucune note signée." in await other.words("/desk/notes")


async def test_a_note_entered_in_error_is_struck_through_where_it_is_read(hamlet: Hamlet, desk: Desk) -> None:
    visit = await hamlet.signed(in_days=None)
    await hamlet.clinic.notes.strike(hamlet.gp, visit, StrikeReason.WRONG_PATIENT)
    await hamlet.clinic.intake.goodbye(hamlet.cabin)
    await hamlet.in_call()
    for path in ("/desk/notes", "/desk/history"):
        said = await desk.words(path)
        assert "<del>Gonalgie.</del>" in said
        assert "Saisie par erreur" in said
        assert "data-amend" not in said


async def test_a_note_of_long_ago_is_not_among_ones_own(hamlet: Hamlet) -> None:
    await hamlet.signed(in_days=None)
    hamlet.clock.advance(days=29)
    assert [note.content.body.conclusion for _who, note in await hamlet.clinic.notes.mine(hamlet.gp)] == ["Gonalgie."]
    hamlet.clock.advance(days=2)
    assert await hamlet.clinic.notes.mine(hamlet.gp) == []


async def test_what_is_known_beforehand_can_be_corrected_at_the_desk(hamlet: Hamlet, desk: Desk) -> None:
    await hamlet.in_call()
    said = await desk.words("/desk/background")
    assert f'data-background="{hamlet.odette}" data-row-ver="0"' in said
    known = BackgroundBody(allergies=(), conditions=("asthme",), pregnant=False, low_oxygen_target=True)
    await hamlet.clinic.background.save(hamlet.gp, hamlet.odette, known, 0)
    said = await desk.words("/desk/background")
    for words in ("Aucune allergie connue", "asthme</textarea>", 'value="allergies" checked', "88 à 92 %"):
        assert words in said


async def test_the_first_visit_has_an_empty_history(hamlet: Hamlet, desk: Desk) -> None:
    await hamlet.in_call()
    assert "Rien avant aujourd’hui." in await desk.words("/desk/history")


async def test_the_alert_gives_the_place_of_the_patient_and_the_number_of_its_samu(hamlet: Hamlet, desk: Desk) -> None:
    assert "Demandez le SAMU du lieu du patient." in await desk.words("/desk/alert")
    await hamlet.in_call()
    said = await desk.words("/desk/alert")
    for words in ("02 99 00 00 15", "2 place de la Mairie", "Code 12", "22999", "Odette Lavergne", "02 99 00 00 03"):
        assert words in said
    assert 'href="tel:15"' not in said


async def test_the_review_ticks_what_is_there_and_names_what_lacks(hamlet: Hamlet, desk: Desk) -> None:
    visit = await hamlet.in_call()
    during = await desk.words("/desk/review")
    assert 'data-complete="no"' in during
    assert during.count("legal__item--lacks") == 4
    assert "« Autre chose ? »" in during
    assert "10000000001" in during
    await hamlet.clinic.calls.connected(hamlet.cabin)
    hamlet.clock.advance(minutes=9)
    await hamlet.clinic.calls.hang_up(hamlet.gp, visit)
    body = NoteBody(conclusion="Gonalgie.", acts="Paracétamol.", no_incident=True)
    await hamlet.clinic.notes.save(hamlet.gp, visit, body, 0)
    after = await desk.words("/desk/review")
    assert 'data-complete="yes"' in after
    assert "legal__item--lacks" not in after


async def test_the_calls_log_is_ready_for_the_note(hamlet: Hamlet, desk: Desk) -> None:
    visit = await hamlet.in_call()
    assert 'data-log=""' in await desk.words("/desk/incidents")
    await hamlet.clinic.calls.incident(hamlet.cabin, IncidentKind.CUT, 4)
    await hamlet.clinic.calls.incident(hamlet.gp, IncidentKind.CUT, 12, visit)
    said = await desk.words("/desk/incidents")
    assert re.search(r'data-log="\d\d:\d\d coupure, 12 s" data-over="no"', said)


async def test_what_was_no_video_is_said_at_signing_and_proposed_for_the_note(hamlet: Hamlet, desk: Desk) -> None:
    visit = await hamlet.in_call()
    hamlet.clock.advance(minutes=5)
    assert "Pas une visite en vidéo" not in await desk.words("/desk/review")
    told = Report(new_id(), {Rung.VIDEO: 200, Rung.STILL: 40, Rung.VOICE: 36}, {Side.CABIN: 76})
    await hamlet.clinic.calls.quality(hamlet.cabin, told)
    await hamlet.clinic.calls.quality(hamlet.gp, told, visit)
    review = await desk.words("/desk/review")
    assert "Pas une visite en vidéo" in review
    assert "76 secondes sans vidéo" in review
    assert re.search(r'data-log="\d\d:\d\d voix seule, sans image, 76 s"', await desk.words("/desk/incidents"))
    assert 'data-without-video="76"' in await desk.get("/desk")


async def test_the_numbers_to_telephone_are_one_press_away(hamlet: Hamlet, desk: Desk) -> None:
    assert await desk.get("/desk/phones", piece=True)
    assert desk.status == 404
    await hamlet.in_call()
    phones = await desk.words("/desk/phones")
    assert phones.count('href="tel:') >= 2
    assert "Dans la cabine" in phones


async def test_follow_ups_are_to_be_booked_then_booked(hamlet: Hamlet, desk: Desk) -> None:
    await hamlet.open_hours()
    assert "Rien à suivre." in await desk.get("/desk/follow-ups")
    await hamlet.signed()
    due = await desk.get("/desk/follow-ups")
    assert "À placer" in due
    assert "Odette Lavergne" in due
    assert 'aria-label="1 suivi à placer"' in due
    hamlet.clock.advance(minutes=24 * 60 * 10)
    await hamlet.sign_in_again("cabin")
    signed = await hamlet.clinic.accounts.sign_in("aubin", "un mot de passe de douze lettres", Door.DESK, "127.0.0.1")
    async with desk_of(hamlet, signed.token) as later:
        assert "En retard" in await later.get("/desk/follow-ups")


async def test_a_booked_follow_up_is_in_the_agenda(hamlet: Hamlet, desk: Desk) -> None:
    await hamlet.open_hours()
    assert "Aucun rendez-vous." in await desk.get("/desk/agenda")
    await hamlet.booked_and_gone()
    agenda = await desk.get("/desk/agenda")
    assert "Odette Lavergne" in agenda
    assert "Par la cabine" in agenda
    assert "Placés" in await desk.get("/desk/follow-ups")


@pytest.mark.parametrize("path", PAGES)
async def test_a_stranger_is_sent_to_the_door(hamlet: Hamlet, path: str) -> None:
    async with desk_of(hamlet, "no-such-token") as stranger:
        await stranger.get(path)
        assert (stranger.status, stranger.headers["Location"].split("?")[0]) == (303, "/signin/desk")
        assert await stranger.get(path, piece=True) == ""
        assert (stranger.status, stranger.headers["X-Sign-In"]) == (401, "/signin/desk")


@pytest.mark.parametrize("login", ["cabin", "sylvie"])
async def test_the_session_of_another_door_does_not_open_the_desk(hamlet: Hamlet, login: str) -> None:
    async with desk_of(hamlet, hamlet.tokens[login]) as other:
        await other.get("/desk")
        assert other.status == 303


@pytest.mark.parametrize("path", PIECES)
async def test_without_a_visit_there_is_nothing_to_show_of_one(desk: Desk, path: str) -> None:
    text = await desk.get(path, piece=True)
    assert desk.status == 404
    assert "Vous n’avez pas de visite en cours." in text
