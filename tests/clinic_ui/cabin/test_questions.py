"""Why, the four signs and the consent: one question on a screen, and the server decides which."""

from __future__ import annotations

import pytest

from server.encounters.help_rules import HelpKind
from server.encounters.rules import CancelReason, Reason, RedFlag, Step
from server.encounters.store import look
from tests.clinic_ui.cabin.hamlet import Hamlet, Visitor


async def test_six_pictures_then_ones_own_words_then_the_signs(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.arrived()
    await screen.open("/cabin/motif")
    assert screen.text.count('class="picture"') == 6
    await screen.send("/cabin/motif", reason="fever")
    assert screen.path == "/cabin/motif/mots"
    await screen.send("/cabin/motif/mots", said="J’ai chaud depuis hier.")
    assert screen.path == "/cabin/signes"


async def test_the_signs_are_asked_one_at_a_time_and_lead_to_the_consent(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.arrived()
    await hamlet.clinic.intake.say_reason(hamlet.cabin, Reason.SKIN)
    await screen.open("/cabin/signes")
    for number in range(1, 5):
        assert f"Question {number} sur 4" in screen.words
        await screen.send("/cabin/signes", answer="no")
    assert screen.path == "/cabin/accord"


async def test_back_from_a_sign_asks_the_one_before_again(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.answered()
    await screen.open("/cabin/signes?numero=2")
    assert "Question 2 sur 4" in screen.words
    assert 'href="/cabin/signes?numero=1"' in screen.text


async def test_a_yes_shows_the_emergency_and_goes_on_with_priority(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.arrived()
    await hamlet.clinic.intake.say_reason(hamlet.cabin, Reason.PAIN)
    await screen.open("/cabin/signes")
    await screen.send("/cabin/signes", answer="yes")
    assert screen.path == "/cabin/alerte"
    for words in ("C’est peut-être urgent.", "2 place de la Mairie", "15", "112", "114"):
        assert words in screen.words
    assert "L’accueil est prévenu. Restez ici." in screen.called
    (call,) = await hamlet.clinic.help_calls.waiting(hamlet.who["sylvie"])
    assert call.kind is HelpKind.EMERGENCY
    await screen.send("/cabin/alerte")
    assert screen.path == "/cabin/signes"
    visit = await hamlet.clinic.intake.current(hamlet.cabin)
    assert visit is not None
    assert visit.priority


async def test_stopping_at_the_emergency_keeps_its_words_on_the_screen(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.arrived()
    await hamlet.clinic.intake.say_reason(hamlet.cabin, Reason.PAIN)
    await hamlet.clinic.intake.answer_flags(hamlet.cabin, {RedFlag.STROKE: True})
    await screen.open("/cabin/alerte")
    await screen.send("/cabin/partir")
    assert screen.path == "/cabin/alerte"
    assert "je continue" not in screen.words
    await screen.send("/cabin/partir")
    assert screen.path == "/cabin/au-revoir"


async def test_the_consent_says_who_what_and_how_much(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.doctor_is_there()
    await hamlet.answered()
    await screen.open("/cabin/accord")
    for words in (
        "Dr Claire Aubin",
        "Médecin généraliste",
        "Numéro RPPS : 10000000001",
        "Maison de santé de Carhaix",
        "Personne n’enregistre l’image ni le son.",
        "Le prix est celui d’une visite au cabinet.",
        "Vous pouvez dire non, ou arrêter.",
    ):
        assert words in screen.words


async def test_without_a_doctor_the_consent_promises_the_name_before_talking(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.answered()
    await screen.open("/cabin/accord")
    assert "Vous verrez son nom avant de lui parler." in screen.words


async def test_yes_leads_to_the_waiting_room(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.answered()
    await screen.open("/cabin/accord")
    await screen.send("/cabin/accord", answer="yes")
    assert screen.path == "/cabin/salle"


async def test_no_leads_to_a_doctor_in_person(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.answered()
    await screen.open("/cabin/accord")
    await screen.send("/cabin/accord", answer="no")
    assert screen.path == "/cabin/en-personne"
    for words in ("02 99 00 00 01", "Sylvie Le Goff", "Maison de santé de Carhaix"):
        assert words in screen.words
    await screen.send("/cabin/partir")
    assert screen.path == "/cabin/au-revoir"


async def test_an_old_consent_text_is_not_taken_for_the_new_one(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.answered()
    await screen.open("/cabin/accord")
    await screen.send("/cabin/accord", answer="yes", version="2001-01")
    assert screen.status == 422
    visit = await hamlet.clinic.intake.current(hamlet.cabin)
    assert visit is not None
    assert visit.step is Step.CONSENT


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/cabin/motif", {"reason": "pain"}),
        ("/cabin/signes", {"sign": "stroke", "answer": "no"}),
        ("/cabin/accord", {"answer": "yes", "version": "2026-03"}),
        ("/cabin/salle/sortir", {}),
        ("/cabin/salle/arreter", {}),
        ("/cabin/avis", {"face": "3"}),
    ],
)
async def test_a_move_that_is_impossible_answers_in_words(
    hamlet: Hamlet, screen: Visitor, path: str, fields: dict[str, str]
) -> None:
    await hamlet.in_call()
    await screen.open("/cabin/aide")
    await screen.post(path, **fields)
    assert screen.status in (404, 409)
    assert "Retour à l’accueil" in screen.words
    assert "Traceback" not in screen.text


@pytest.mark.parametrize(
    ("path", "fields"),
    [("/cabin/motif", {}), ("/cabin/motif", {"reason": "love"}), ("/cabin/signes", {"sign": "stroke"})],
)
async def test_an_answer_that_makes_no_sense_is_said_in_words(
    hamlet: Hamlet, screen: Visitor, path: str, fields: dict[str, str]
) -> None:
    await hamlet.arrived()
    await screen.open("/cabin/motif")
    await screen.post(path, **fields)
    assert screen.status == 422


async def test_an_abandoned_visit_is_ended_and_the_screen_is_wiped(hamlet: Hamlet, screen: Visitor) -> None:
    encounter = await hamlet.arrived()
    await screen.open("/cabin/motif")
    await screen.send("/cabin/partir", reason="idle")
    assert screen.path == "/cabin/au-revoir"
    assert await hamlet.clinic.intake.current(hamlet.cabin) is None
    async with hamlet.clinic.database.reading() as tx:
        assert (await look(tx, encounter)).cancel_reason is CancelReason.ABANDONED


async def test_a_form_without_its_token_changes_nothing(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.arrived()
    await screen.post("/cabin/motif", csrf="", reason="pain")
    assert screen.status == 403
    visit = await hamlet.clinic.intake.current(hamlet.cabin)
    assert visit is not None
    assert visit.reason is None
