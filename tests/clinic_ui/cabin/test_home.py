"""The first screen says what is true today; emergency, help and goodbye always answer."""

from __future__ import annotations

from sqlalchemy import update

from server.people.tables import CabinRow
from tests.clinic_ui.cabin.hamlet import Hamlet, Visitor


async def test_home_asks_one_question_with_three_answers(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.doctor_is_there()
    await screen.open("/cabin")
    assert screen.status == 200
    for words in ("Que voulez-vous faire ?", "Voir un médecin", "J’ai un rendez-vous", "Prendre un rendez-vous"):
        assert words in screen.words
    assert "Dr Claire Aubin est là." in screen.words
    assert "moins de 5 minutes" in screen.words


async def test_home_says_until_when_the_cabin_is_open(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.open_hours()
    await screen.open("/cabin")
    assert "Ouvert jusqu’à 18 h" in screen.words


async def test_without_a_doctor_one_may_wait_and_no_time_is_promised(screen: Visitor) -> None:
    await screen.open("/cabin")
    assert "Pas de médecin maintenant. On peut attendre." in screen.words
    assert "minutes" not in screen.words
    assert 'data-lit="no"' in screen.text


async def test_at_night_home_says_when_it_opens_and_whom_to_call(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.open_hours()
    hamlet.clock.advance(hours=14)
    await screen.open("/cabin")
    assert "La cabine est fermée." in screen.words
    assert "Elle ouvre mardi 3 mars à 8 h." in screen.words
    assert "02 99 00 00 01" in screen.words
    assert "Voir un médecin</b>" not in screen.text


async def test_a_doctor_who_is_there_keeps_the_cabin_open_beyond_its_hours(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.open_hours()
    hamlet.clock.advance(hours=11)
    await hamlet.doctor_is_there()
    await screen.open("/cabin")
    assert "Voir un médecin" in screen.words


async def test_a_cabin_out_of_order_says_so(hamlet: Hamlet, screen: Visitor) -> None:
    async with hamlet.clinic.database.transaction() as tx:
        await tx.execute(update(CabinRow).values(in_service=False))
    await screen.open("/cabin")
    assert "La cabine est en panne." in screen.words
    assert "Appelez l’accueil." in screen.words


async def test_the_living_part_of_home_is_a_piece_that_leaves_when_somebody_sits_down(
    hamlet: Hamlet, screen: Visitor
) -> None:
    await screen.open("/cabin/etat")
    assert screen.headers["X-Fragment"] == "1"
    await hamlet.waiting()
    await screen.open("/cabin/etat")
    assert screen.path == "/cabin/salle"


async def test_emergency_gives_numbers_and_the_address_to_read(screen: Visitor) -> None:
    await screen.open("/cabin/urgence")
    for words in ("15", "112", "114", "2 place de la Mairie", "Sous le porche de la mairie", "02 99 00 00 01"):
        assert words in screen.words


async def test_help_says_who_is_there_and_rings_the_site(hamlet: Hamlet, screen: Visitor) -> None:
    await screen.open("/cabin/aide")
    assert "Sylvie Le Goff" in screen.words
    assert screen.called == ""
    await screen.send("/cabin/aide")
    assert screen.path == "/cabin/aide"
    assert "L’accueil est prévenu. Restez ici." in screen.called
    assert "Faire venir quelqu’un" not in screen.words


async def test_a_page_without_scripts_looks_again_by_itself_while_somebody_is_called(screen: Visitor) -> None:
    again = '<noscript><meta http-equiv="refresh" content="15"></noscript>'
    assert again not in await screen.open("/cabin/aide")
    assert again in await screen.send("/cabin/aide")


async def test_every_screen_says_who_comes_until_it_is_good(hamlet: Hamlet, screen: Visitor) -> None:
    await screen.open("/cabin/aide")
    await screen.send("/cabin/aide")
    await hamlet.clinic.help_calls.answer(hamlet.who["sylvie"], hamlet.cabin_id)
    for path in ("/cabin", "/cabin/avec", "/cabin/urgence", "/cabin/aide"):
        await screen.open(path)
        assert "Sylvie arrive. Restez ici." in screen.called
    await screen.send("/cabin/aide/merci")
    assert (screen.path, screen.called) == ("/cabin/aide", "")
    assert await hamlet.clinic.help_calls.waiting(hamlet.who["sylvie"]) == ()


async def test_after_a_minute_without_an_answer_the_number_of_the_reception_is_large(
    hamlet: Hamlet, screen: Visitor
) -> None:
    await screen.open("/cabin/aide")
    await screen.send("/cabin/aide")
    assert 'data-next="60"' in screen.text
    hamlet.clock.advance(seconds=59)
    await screen.open("/cabin/aide/etat")
    assert (screen.headers["X-Fragment"], 'data-next="1"' in screen.text) == ("1", True)
    hamlet.clock.advance(seconds=1)
    await screen.open("/cabin/aide")
    assert "Personne n’a encore répondu. Appelez : 02 99 00 00 01" in screen.called
    assert "called__line" in screen.text


async def test_goodbye_wipes_the_cache_and_the_settings_but_not_the_session(screen: Visitor) -> None:
    await screen.open("/cabin/au-revoir")
    assert "Tout est effacé de cet écran." in screen.words
    assert screen.headers["Clear-Site-Data"] == '"cache"'
    assert screen.headers["Refresh"] == "10; url=/cabin"
    await screen.open("/cabin")
    assert (screen.status, screen.path) == (200, "/cabin")


async def test_no_screen_is_kept_by_a_cache(hamlet: Hamlet, screen: Visitor) -> None:
    for path in ("/cabin", "/cabin/avec", "/cabin/qui/code", "/cabin/urgence", "/cabin/au-revoir"):
        await screen.open(path)
        assert screen.headers["Cache-Control"] == "no-store"


async def test_who_is_not_the_cabin_does_not_see_its_screen(hamlet: Hamlet, screen: Visitor) -> None:
    async with hamlet.clinic.database.transaction() as tx:
        await tx.execute(update(CabinRow).values(in_service=True))
    await hamlet.clinic.accounts.sign_out(hamlet.cabin)
    await screen.open("/cabin")
    assert screen.path.startswith("/signin/cabin")
