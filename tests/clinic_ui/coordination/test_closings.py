"""Closing days by plain forms: copied, closed for one place, opened again, refused, undone."""

from __future__ import annotations

from pathlib import Path

from server.kernel.access import Door
from tests.clinic_ui.front_office.village import village_in, visitor_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock

PAGE = "/coordination/closings"


async def test_days_are_copied_closed_for_a_place_shown_with_whom_they_hit_and_undone(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with village_in(tmp_path, clock, cache_dir=KEPT) as village:
        promise, nurse = await village.promised(in_days=2), village.who["sylvie"]
        choice = (await village.clinic.follow_ups.proposals(nurse, promise)).choices[0].choice
        appointment = await village.clinic.follow_ups.book(nurse, promise, choice, "une-cle-de-test")
        async with visitor_of(village, "mairie", Door.COORDINATION) as mayor:
            await mayor.open("/coordination/hours")
            assert f'href="{PAGE}"' in mayor.text
            await mayor.open(PAGE)
            assert "France métropolitaine · 2026" in mayor.words
            await mayor.send(f"{PAGE}/holidays")
            assert "lundi 6 avril Lundi de Pâques France métropolitaine Fermé Rouvrir" in mayor.words
            here = f"{PAGE}?area={village.site}&year=2026"
            await mayor.open(here)
            await mayor.send(PAGE, 1, first=choice.starts_at.date(), label="")
            assert mayor.status == 422
            assert "Dites pourquoi" in mayor.words
            await mayor.send(PAGE, 1, first=choice.starts_at.date(), label="Pont")
            assert "1 rendez-vous tombe en dehors des heures" in mayor.words
            assert "Odette" not in mayor.words
            await mayor.send(f"{PAGE}/confirm", free=appointment)
            assert mayor.path == f"{here}&done=1"
            assert "Saint-Fiacre-des-Prés" in mayor.words
            assert "Pont" in mayor.words
            await mayor.send(f"{PAGE}/undo", change_id=mayor.text.split('name="change_id" value="')[1].split('"')[0])
            assert "annulé" in mayor.words
            await mayor.send(f"{PAGE}/turn", on="2026-05-25")
            assert "lundi 25 mai Lundi de Pentecôte Saint-Fiacre-des-Prés" in mayor.words
            await mayor.open(f"{PAGE}?area=Mars&year=2026")
            assert mayor.status == 404
