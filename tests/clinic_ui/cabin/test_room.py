"""The waiting room tells the truth, and every address of the cabin leads to where the visit is."""

from __future__ import annotations

import pytest

from tests.clinic_ui.cabin.hamlet import Hamlet, Visitor

SCREENS = ("/cabin", "/cabin/avec", "/cabin/motif", "/cabin/signes", "/cabin/accord", "/cabin/salle", "/cabin/resume")


async def test_the_next_one_knows_it_and_how_long(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.doctor_is_there()
    await hamlet.waiting()
    await screen.open("/cabin/salle")
    assert "Vous êtes le prochain." in screen.words
    assert "Le médecin vous voit dans moins de 5 minutes." in screen.words
    assert "Dr Claire Aubin" in screen.words


async def test_without_a_doctor_no_time_is_promised(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.waiting()
    await screen.open("/cabin/salle")
    assert "Aucun médecin n’est là maintenant. On garde votre place." in screen.words


async def test_the_piece_follows_the_visit_from_waiting_to_the_summary(hamlet: Hamlet, screen: Visitor) -> None:
    encounter = await hamlet.waiting()
    await screen.open("/cabin/salle/etat")
    assert screen.headers["X-Fragment"] == "1"
    assert 'data-step="waiting"' in screen.text
    await hamlet.clinic.queue.claim(hamlet.gp, encounter)
    await screen.open("/cabin/salle/etat")
    assert 'data-step="call"' in screen.text
    await hamlet.clinic.calls.hang_up(hamlet.gp, encounter)
    await screen.open("/cabin/salle/etat")
    assert 'data-step="closing"' in screen.text
    assert "Le médecin termine d’écrire." in screen.words


async def test_a_signed_note_brings_the_summary(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.signed()
    await screen.open("/cabin/salle/etat")
    assert screen.path == "/cabin/resume"


async def test_stopping_gives_the_place_back(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.waiting()
    await screen.open("/cabin/salle")
    await screen.send("/cabin/salle/arreter")
    assert screen.path == "/cabin/au-revoir"
    assert await hamlet.clinic.intake.current(hamlet.cabin) is None


async def test_whom_the_front_office_put_in_the_queue_finds_the_waiting_room(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.put_in_queue()
    await screen.open("/cabin")
    assert screen.path == "/cabin/salle"


@pytest.mark.parametrize(
    ("at", "screen_of_it"),
    [
        ("arrived", "/cabin/motif"),
        ("waiting", "/cabin/salle"),
        ("in_call", "/cabin/salle"),
        ("hung_up", "/cabin/salle"),
        ("signed", "/cabin/resume"),
    ],
)
async def test_every_address_leads_to_where_the_visit_is(
    hamlet: Hamlet, screen: Visitor, at: str, screen_of_it: str
) -> None:
    await getattr(hamlet, at)()
    for path in SCREENS:
        await screen.open(path)
        assert screen.status == 200
        assert screen.path == screen_of_it


async def test_during_a_call_nobody_is_sent_away_by_silence(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.in_call()
    await screen.open("/cabin/salle")
    assert 'id="idle"' not in screen.text
    await screen.open("/cabin/aide")
    await screen.post("/cabin/partir", reason="idle")
    assert screen.path == "/cabin/salle"
