"""Who comes is recognised without showing or keeping anything private."""

from __future__ import annotations

import re

import pytest

from server.encounters import store
from server.encounters.rules import CONSENT_VERSION, Accompanied, CancelReason, Reason, Step
from server.encounters.service import ConsentSaid
from server.kernel.access import Door
from server.kernel.ids import EncounterId
from tests.clinic_ui.cabin.hamlet import PASSWORD, Hamlet, Visitor


async def test_from_hello_to_why_with_a_code(hamlet: Hamlet, screen: Visitor) -> None:
    await screen.open("/cabin/avec?pour=medecin")
    assert "Je suis seul" in screen.words
    await screen.open("/cabin/qui?pour=medecin&avec=alone")
    await screen.open("/cabin/qui/code?pour=medecin&avec=alone")
    await screen.send("/cabin/qui/code", code=hamlet.code)
    assert "Odette L." in screen.words
    await screen.send("/cabin/moi")
    assert screen.path == "/cabin/motif"


async def test_the_confirmation_shows_a_discreet_name_and_the_month_of_birth_only(
    hamlet: Hamlet, screen: Visitor
) -> None:
    await screen.open("/cabin/qui/code")
    await screen.send("/cabin/qui/code", code=hamlet.code)
    assert "Mois de naissance : mars 1945" in screen.words
    for private in ("Lavergne", "03/03/1945", "3 mars"):
        assert private not in screen.words


async def test_the_name_is_never_in_an_address(hamlet: Hamlet, screen: Visitor) -> None:
    await screen.open("/cabin/qui/nom")
    await screen.send("/cabin/qui/nom", name="lavergne", day=3, month=3, year=1945)
    assert "Odette L." in screen.words
    assert screen.path == "/cabin/qui/nom"


async def test_who_is_helped_may_say_by_whom(hamlet: Hamlet, screen: Visitor) -> None:
    await screen.open("/cabin/qui/code?avec=with-someone")
    await screen.send("/cabin/qui/code", code=hamlet.code)
    await screen.send("/cabin/moi")
    assert "Qui vous aide ?" in screen.words
    await screen.send("/cabin/moi", companion="Jeanne Lavergne")
    visit = await hamlet.clinic.intake.current(hamlet.cabin)
    assert visit is not None
    assert visit.accompanied is Accompanied.WITH_SOMEONE


async def test_a_wrong_code_is_said_in_words_and_asked_again(screen: Visitor) -> None:
    await screen.open("/cabin/qui/code?pour=rendez-vous")
    await screen.send("/cabin/qui/code", code="000000")
    assert screen.status == 422
    assert "Ce code n’est pas connu." in screen.words
    assert 'name="pour" value="rendez-vous"' in screen.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "", "day": 3, "month": 3, "year": 1945}, "Écrivez votre nom de famille."),
        ({"name": "Lavergne", "day": "", "month": 3, "year": 1945}, "Choisissez le jour."),
        ({"name": "Lavergne", "day": 31, "month": 2, "year": 1945}, "Cette date n’existe pas."),
        ({"name": "Lavergne", "day": 3, "month": 3, "year": 2099}, "Cette année n’est pas possible."),
        ({"name": "Lavergne", "day": 3, "month": 3, "year": "hier"}, "Écrivez l’année, avec 4 chiffres."),
        ({"name": "Inconnue", "day": 3, "month": 3, "year": 1945}, "Nous ne vous trouvons pas"),
    ],
)
async def test_a_wrong_name_or_date_is_said_and_what_was_right_is_kept(
    screen: Visitor, given: dict[str, object], said: str
) -> None:
    await screen.open("/cabin/qui/nom")
    await screen.send("/cabin/qui/nom", **given)
    assert screen.status == 422
    assert said in screen.words
    assert str(given["name"]) in screen.text


async def test_saying_yes_without_the_code_again_recognises_nobody(hamlet: Hamlet, screen: Visitor) -> None:
    await screen.open("/cabin/qui/code")
    await screen.post("/cabin/moi", pour="medecin", avec="alone")
    assert screen.status == 422
    assert await hamlet.clinic.intake.current(hamlet.cabin) is None


async def test_guessing_codes_is_slowed_down(screen: Visitor) -> None:
    await screen.open("/cabin/qui/code")
    for number in range(10):
        await screen.send("/cabin/qui/code", code=f"{number:06d}")
    await screen.send("/cabin/qui/code", code="000011")
    assert screen.status == 429
    assert "C’est allé trop vite." in screen.words


async def test_while_somebody_sits_here_nobody_else_is_asked_who_they_are(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.arrived()
    for path in ("/cabin", "/cabin/avec", "/cabin/qui", "/cabin/qui/nom"):
        await screen.open(path)
        assert screen.path == "/cabin/motif"


async def test_without_an_appointment_today_the_screen_says_so_kindly(hamlet: Hamlet, screen: Visitor) -> None:
    await screen.open("/cabin/qui/code?pour=rendez-vous&avec=alone")
    await screen.send("/cabin/qui/code", code=hamlet.code)
    await screen.send("/cabin/moi")
    assert screen.path == "/cabin/mon-rendez-vous"
    assert "Pas de rendez-vous aujourd’hui." in screen.words


async def test_an_appointment_of_today_is_expected(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.open_hours()
    await hamlet.booked_and_gone()
    hamlet.clock.set(await hamlet.next_appointment())
    await hamlet.sign_in_again("cabin")
    await screen.sit(hamlet.tokens["cabin"])
    await screen.open("/cabin/qui/code?pour=rendez-vous&avec=alone")
    await screen.send("/cabin/qui/code", code=hamlet.code)
    await screen.send("/cabin/moi")
    assert "Bonjour, on vous attend." in screen.words
    assert "Avec Dr" in screen.words
    visit = await hamlet.clinic.intake.current(hamlet.cabin)
    assert visit is not None
    await hamlet.answered()
    await hamlet.clinic.intake.consent(hamlet.cabin, ConsentSaid(True, CONSENT_VERSION))
    signed = await hamlet.clinic.accounts.sign_in("aubin", PASSWORD, Door.DESK, "127.0.0.1")
    (waiting,) = await hamlet.clinic.queue.waiting(signed.who)
    assert (waiting.encounter_id, waiting.planned) == (visit.encounter_id, True)


async def test_a_promise_that_is_due_is_booked_without_a_visit_to_the_doctor(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.open_hours()
    await hamlet.signed()
    await hamlet.clinic.intake.goodbye(hamlet.cabin)
    await screen.open("/cabin/qui/code?pour=reserver")
    await screen.send("/cabin/qui/code", code=hamlet.code)
    await screen.send("/cabin/moi")
    assert screen.path == "/cabin/rendez-vous"
    assert "Choisissez un moment." in screen.words
    await screen.send("/cabin/rendez-vous")
    await screen.send("/cabin/rendez-vous/oui")
    assert "Votre prochain rendez-vous" in screen.words
    assert "9 mars" in screen.words or "8 mars" in screen.words
    sat = await hamlet.clinic.intake.current(hamlet.cabin)
    assert sat is not None
    await screen.send("/cabin/partir")
    assert screen.path == "/cabin/au-revoir"
    assert await _why_left(hamlet, sat.encounter_id) is CancelReason.BOOKED_ONLY


@pytest.mark.parametrize("page", ["/cabin/rendez-vous", "/cabin/mon-rendez-vous"])
async def test_who_is_gone_from_a_booking_did_not_miss_a_doctor(hamlet: Hamlet, screen: Visitor, page: str) -> None:
    encounter = await hamlet.arrived()
    await screen.open(page)
    idle = re.search(r"<form[^>]*data-abandon>.*?</form>", screen.text, re.DOTALL)
    assert idle is not None
    await screen.post("/cabin/partir", **dict(re.findall(r'name="(\w+)" value="([^"]*)"', idle[0])))
    booking = page == "/cabin/rendez-vous"
    expected = CancelReason.BOOKED_ONLY if booking else CancelReason.ABANDONED
    assert await _why_left(hamlet, encounter) is expected


async def test_who_said_why_they_come_is_counted_as_gone_without_a_doctor(hamlet: Hamlet, screen: Visitor) -> None:
    encounter = await hamlet.arrived()
    await hamlet.clinic.intake.say_reason(hamlet.cabin, Reason.PAIN)
    await screen.open("/cabin/rendez-vous")
    await screen.send("/cabin/partir", pour="reserver")
    assert await _why_left(hamlet, encounter) is CancelReason.GAVE_UP


async def _why_left(hamlet: Hamlet, encounter_id: EncounterId) -> CancelReason | None:
    async with hamlet.clinic.database.reading() as tx:
        return (await store.look(tx, encounter_id)).cancel_reason


async def test_without_a_promise_a_booking_leads_to_the_phone(hamlet: Hamlet, screen: Visitor) -> None:
    await screen.open("/cabin/qui/code?pour=reserver")
    await screen.send("/cabin/qui/code", code=hamlet.code)
    await screen.send("/cabin/moi")
    assert "Pour un rendez-vous, appelez l’accueil." in screen.words
    assert "02 99 00 00 01" in screen.words


async def test_who_went_out_comes_back_by_saying_who_they_are(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.waiting()
    await screen.open("/cabin/salle")
    await screen.send("/cabin/salle/sortir")
    assert "Votre place est gardée." in screen.words
    await screen.open("/cabin")
    assert screen.path == "/cabin"
    await screen.open("/cabin/qui/code?avec=alone")
    await screen.send("/cabin/qui/code", code=hamlet.code)
    await screen.send("/cabin/moi")
    visit = await hamlet.clinic.intake.current(hamlet.cabin)
    assert visit is not None
    assert visit.step is Step.WAITING
    assert screen.path == "/cabin/salle"
