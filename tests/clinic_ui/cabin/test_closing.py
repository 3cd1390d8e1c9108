"""After the call: the doctor's words, three moments, a smiley, and nothing left."""

from __future__ import annotations

import re

from server.evaluation.store import of_visit
from tests.clinic_ui.cabin.hamlet import ADVICE, Hamlet, Visitor


async def test_the_summary_says_the_doctors_plain_words_and_nothing_of_the_record(
    hamlet: Hamlet, screen: Visitor
) -> None:
    await hamlet.signed(in_days=None)
    await screen.open("/cabin/resume")
    for sentence in ADVICE.splitlines():
        assert sentence in screen.words
    assert "Dr Claire Aubin" in screen.words
    assert "Gonalgie" not in screen.text
    assert "Choisir un rendez-vous" not in screen.words


async def test_three_moments_are_offered_and_one_is_chosen(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.open_hours()
    await hamlet.signed()
    await screen.open("/cabin/resume")
    assert "Choisir un rendez-vous" in screen.words
    await screen.open("/cabin/rendez-vous")
    assert screen.text.count("Choisir<span") == 3
    assert "Sylvie Le Goff" in screen.words
    await screen.send("/cabin/rendez-vous")
    await screen.send("/cabin/rendez-vous/oui")
    assert screen.path == "/cabin/resume"
    assert "Votre prochain rendez-vous" in screen.words
    assert "Ici, dans la cabine." in screen.words
    await screen.open("/cabin/rendez-vous")
    assert screen.path == "/cabin/resume"


async def test_morning_afternoon_and_other_days_narrow_the_choice(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.open_hours()
    await hamlet.signed()
    await screen.open("/cabin/rendez-vous?partie=apres-midi")
    hours = [int(hour) for hour in re.findall(r'<b class="num">(\d+)', screen.text)]
    assert len(hours) == 3
    assert min(hours) >= 12
    first = set(re.findall(r'name="starts_at" value="([^"]+)"', screen.text))
    more = re.search(r'href="(/cabin/rendez-vous\?apres=[^"]+)"', screen.text)
    assert more is not None
    await screen.open(more[1].replace("&amp;", "&"))
    assert not first & set(re.findall(r'name="starts_at" value="([^"]+)"', screen.text))


async def test_a_moment_that_was_taken_meanwhile_greys_and_fresh_ones_come(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.open_hours()
    await hamlet.signed()
    await screen.open("/cabin/rendez-vous")
    await hamlet.take(re.findall(r'name="starts_at" value="([^"]+)"', screen.text)[0])
    await screen.send("/cabin/rendez-vous")
    assert screen.status == 409
    assert "Ce moment vient d’être pris." in screen.words
    assert "slot--gone" in screen.text


async def test_a_moment_is_kept_until_a_yes_or_a_no(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.open_hours()
    await hamlet.signed()
    await screen.open("/cabin/rendez-vous")
    first = re.findall(r'name="starts_at" value="([^"]+)"', screen.text)[0]
    await screen.send("/cabin/rendez-vous")
    assert screen.path == "/cabin/rendez-vous/garde"
    assert "Nous gardons ce moment cinq minutes." in screen.words
    await screen.send("/cabin/rendez-vous/non")
    assert re.findall(r'name="starts_at" value="([^"]+)"', screen.text)[0] == first
    await screen.send("/cabin/rendez-vous")
    hamlet.clock.advance(minutes=6)
    await hamlet.clinic.follow_ups.sweep()
    await screen.send("/cabin/rendez-vous/oui")
    assert screen.status == 409
    assert "Ce moment n’est plus gardé. En voici d’autres." in screen.words
    await screen.send("/cabin/rendez-vous")
    hamlet.clock.advance(minutes=6)
    await screen.open("/cabin/rendez-vous/garde")
    assert "Ce moment n’est plus gardé. En voici d’autres." in screen.words
    assert await hamlet.clinic.follow_ups.upcoming(hamlet.gp) == []


async def test_the_same_press_twice_books_once(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.open_hours()
    await hamlet.signed()
    await screen.open("/cabin/rendez-vous")
    await screen.send("/cabin/rendez-vous")
    shown = screen.text
    await screen.send("/cabin/rendez-vous/oui")
    screen.text = shown
    await screen.send("/cabin/rendez-vous/oui")
    assert screen.path == "/cabin/resume"
    assert len(await hamlet.clinic.follow_ups.upcoming(hamlet.gp)) == 1


async def test_who_does_not_know_is_called_back(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.open_hours()
    await hamlet.signed()
    await screen.open("/cabin/rendez-vous")
    await screen.send("/cabin/rendez-vous/rappel")
    assert screen.path == "/cabin/resume"
    assert "On vous appelle pour choisir un jour." in screen.words


async def test_when_nothing_is_free_the_screen_says_why(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.signed()
    await screen.open("/cabin/rendez-vous")
    assert "Pas de moment libre." in screen.words
    assert "rappelez-moi" in screen.words


async def test_a_smiley_is_kept_and_the_seat_is_free(hamlet: Hamlet, screen: Visitor) -> None:
    encounter = await hamlet.signed(in_days=None)
    await screen.open("/cabin/avis")
    await screen.send("/cabin/avis", face=3)
    assert screen.path == "/cabin/au-revoir"
    assert await hamlet.clinic.intake.current(hamlet.cabin) is None
    async with hamlet.clinic.database.reading() as tx:
        kept = await of_visit(tx, encounter)
    assert kept is not None
    assert kept.face == 3


async def test_the_smiley_may_be_passed(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.signed(in_days=None)
    await screen.open("/cabin/avis")
    await screen.send("/cabin/avis")
    assert screen.path == "/cabin/au-revoir"


async def test_who_does_not_wait_for_the_doctors_words_may_go(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.hung_up()
    await screen.open("/cabin/avis")
    await screen.send("/cabin/avis")
    assert await hamlet.clinic.intake.current(hamlet.cabin) is None


async def test_after_goodbye_every_address_shows_home(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.signed()
    await screen.open("/cabin/avis")
    await screen.send("/cabin/avis")
    for path in ("/cabin/resume", "/cabin/rendez-vous", "/cabin/avis", "/cabin/salle", "/cabin/accord", "/cabin"):
        await screen.open(path)
        assert screen.path == "/cabin"
        assert "Odette" not in screen.text
