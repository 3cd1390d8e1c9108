"""« Qui a ouvert mon dossier ? » in the cabin: for who sits there, in big plain words, and for nobody else."""

from __future__ import annotations

from tests.clinic_ui.cabin.hamlet import Hamlet, Visitor


async def test_after_the_visit_the_patient_reads_who_opened_their_record(hamlet: Hamlet, screen: Visitor) -> None:
    await hamlet.signed(in_days=None)
    await screen.open("/cabin/resume")
    assert "Qui a ouvert mon dossier ?" in screen.words
    await screen.open("/cabin/acces")
    assert "Dr Claire Aubin , médecin" in screen.words
    assert "a signé la note de votre visite" in screen.words
    assert "Cabine de la mairie" in screen.words
    for secret in ("Gonalgie", "Yvon", "Le Bras", hamlet.code):
        assert secret not in screen.text
    await screen.open("/cabin/acces?avant=2020-01-01")
    assert "Rien de plus ancien." in screen.words


async def test_with_nobody_in_the_cabin_the_screen_is_home(hamlet: Hamlet, screen: Visitor) -> None:
    await screen.open("/cabin/acces")
    assert screen.path == "/cabin"
    assert "Dr Claire Aubin , médecin" not in screen.words
