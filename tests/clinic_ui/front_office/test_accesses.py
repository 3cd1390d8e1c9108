"""« Qui a ouvert ce dossier ? » at the health worker's desk: in words, by day and person, for this patient alone."""

from __future__ import annotations

from tests.clinic_ui.front_office.village import Village, Visitor, visitor_of


async def test_the_page_says_who_read_and_wrote_what_and_in_what_connection(village: Village, sylvie: Visitor) -> None:
    await village.promised()
    await sylvie.open(village.odette)
    assert "Qui a ouvert ?" in sylvie.text
    await sylvie.open(f"{village.odette}/accesses")
    assert sylvie.status == 200
    assert "Dr Claire Aubin , médecin, 9 h – 9 h 09 pendant votre visite" in sylvie.words
    for said in ("vous a reçu par l’écran", "a signé la note de votre visite", "a demandé un suivi"):
        assert said in sylvie.words
    assert "Sylvie , professionnel accompagnant" in sylvie.words
    assert "à l’accueil" in sylvie.words
    assert "Gonalgie" not in sylvie.text
    assert "Contrôle de la tension" not in sylvie.text
    assert "data-print" in sylvie.text


async def test_the_reading_itself_stands_in_the_book(village: Village, sylvie: Visitor) -> None:
    await sylvie.open(f"{village.odette}/accesses")
    assert "a ouvert cette page" not in sylvie.words
    await sylvie.open(f"{village.odette}/accesses")
    assert "a ouvert cette page" in sylvie.words


async def test_older_days_are_on_the_next_page_and_beyond_the_last_there_is_nothing(village: Village) -> None:
    for _ in range(15):
        await village.clinic.people.read(village.who["sylvie"], village.patients["Odette"])
        village.clock.advance(days=1)
    await village.sign_in()
    async with visitor_of(village, "sylvie") as sylvie:
        await sylvie.open(f"{village.odette}/accesses")
        assert "Plus anciennes" in sylvie.text
        assert "lundi 2 mars" not in sylvie.words
        await sylvie.open(f"{village.odette}/accesses?avant=2026-03-03")
        assert "lundi 2 mars 2026" in sylvie.words
        await sylvie.open(f"{village.odette}/accesses?avant=2026-03-02")
        assert "Rien de plus ancien." in sylvie.words
        await sylvie.open(f"{village.odette}/accesses?avant=nonsense")
        assert sylvie.status == 200


async def test_the_worker_of_another_site_learns_nothing(village: Village, nolwenn: Visitor) -> None:
    await nolwenn.open(f"{village.odette}/accesses")
    assert nolwenn.status == 404
    assert "Odette" not in nolwenn.text
