"""The planning board: free and booked minutes of every cabin's day, a red cabin, a holiday, and nobody's name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from clinic_ui.coordination.board import day_of
from clinic_ui.hours.week import Look
from server.kernel.access import Door, Role
from server.kernel.ids import ResourceId, new_id
from server.scheduler.rules.openings import Calendar, ResourceKind, WeeklyRule
from server.scheduler.rules.units import day_units
from tests.clinic_ui.front_office.village import village_in, visitor_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock
from tests.server.readiness.figures import but

PAGE = "/coordination/board"


async def test_the_week_of_every_cabin_with_its_booked_time_and_a_red_one(tmp_path: Path, clock: FakeClock) -> None:
    async with village_in(tmp_path, clock, cache_dir=KEPT) as village:
        async with visitor_of(village, "mairie", Door.COORDINATION) as mayor:
            await mayor.open(PAGE)
            assert "Cabine de la mairie Saint-Fiacre-des-Prés Pas d’heures" in mayor.words
        promise, nurse = await village.promised(in_days=7), village.who["sylvie"]
        choice = (await village.clinic.follow_ups.proposals(nurse, promise)).choices[0].choice
        await village.clinic.follow_ups.book(nurse, promise, choice, "une-cle-de-test")
        async with visitor_of(village, "mairie", Door.COORDINATION) as mayor:
            await mayor.open(f"{PAGE}?week={choice.starts_at.date()}")
            assert "9 h 35 libre 25 min réservé" in mayor.words
            assert mayor.words.count("10 h libre") == 6
            assert "1 ouverte" in mayor.words
            assert "Odette" not in mayor.text
            booth = replace(village.who["sylvie"], role=Role.CABIN, cabin_id=village.cabin)
            await village.clinic.readiness.report(booth, None, but(camera="absent"), asked=True)
            await mayor.open(f"{PAGE}/now")
            assert "En panne" in mayor.words


def test_a_day_counts_what_is_free_taken_and_outside_its_hours() -> None:
    day = date(2026, 3, 29)  # clocks spring forward in Paris
    span = day_units(day, "Europe/Paris")
    known = Calendar(ResourceId(new_id()), ResourceKind.CABIN, new_id(), "Europe/Paris", (WeeklyRule(6, 540, 720),))
    nine = span.start + 8 * 12
    busy = replace(known, taken=frozenset({nine, nine + 1, nine + 60}))
    told = day_of(busy, day)
    assert (told.free_min, told.taken_min, told.outside, told.closed) == (170, 15, True, False)
    assert (told.strip[4], told.strip[5], told.strip[0]) == (Look.TAKEN, Look.OPEN, Look.CLOSED)
    assert day_of(replace(known, closing_days=frozenset({day})), day, "Fête").closed
