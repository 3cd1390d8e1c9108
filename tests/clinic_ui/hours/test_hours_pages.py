"""The week editor by plain forms: add, be told what is wrong, close a day, decide, undo; and who may not come in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio

from clinic_ui.hours.forms import clock_of, minute, monday_of
from clinic_ui.hours.week import Look, cell, week_of, week_span
from server.kernel.access import Door
from server.kernel.ids import ResourceId, new_id
from server.scheduler.rules.openings import Calendar, ResourceKind, WeeklyRule
from tests.clinic_ui.front_office.village import Village, Visitor, village_in, visitor_of
from tests.clinic_ui.test_fonts import KEPT
from tests.clock import FakeClock

PAGE = "/coordination/hours"


@pytest_asyncio.fixture(loop_scope="session")
async def village(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Village]:
    async with village_in(tmp_path, clock, cache_dir=KEPT) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def mayor(village: Village) -> AsyncIterator[Visitor]:
    async with visitor_of(village, "mairie", Door.COORDINATION) as visitor:
        yield visitor


async def test_hours_are_added_shown_in_the_week_and_taken_away(village: Village, mayor: Visitor) -> None:
    await mayor.open(PAGE)
    for words in ("Cabine de la mairie", "Dr Claire Aubin", "Sylvie Le Goff", "Pas d’heures"):
        assert words in mayor.words
    home = f"{PAGE}/{village.cabin}"
    await mayor.open(f"{home}?week=2026-03-04")
    assert "Semaine du lundi 2 mars" in mayor.words
    await mayor.send(f"{home}/weekly", days="2", start="9h00", end="12:30", modality="VR")
    assert (mayor.status, mayor.path) == (200, f"{home}?done=1")
    for words in ("C’est enregistré.", "09:00 – 12:30 · par la cabine", "Ajouté :"):
        assert words in mayor.words
    await mayor.send(f"{home}/gone", weekly="0")
    assert "09:00 – 12:30 · par la cabine Fermé" not in mayor.words
    await mayor.send(f"{home}/undo", change_id=mayor.text.split('name="change_id" value="')[1].split('"')[0])
    assert "annulé" in mayor.words
    await mayor.open(PAGE)
    assert "3 h 30" in mayor.words


async def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(
    village: Village, mayor: Visitor
) -> None:
    home = f"{PAGE}/{village.cabin}"
    await mayor.open(home)
    await mayor.send(f"{home}/weekly", days="2", start="midi", end="12:30")
    assert mayor.status == 422
    assert "Écrivez une heure comme 09:00, par pas de 5 minutes." in mayor.words
    assert 'value="midi"' in mayor.text
    await mayor.send(f"{home}/weekly", days="2", start="09:02", end="12:30")
    assert "par pas de 5 minutes" in mayor.words
    await mayor.send(
        f"{home}/once", kind="closed", starts_on="4/3/2026", start="00:00", ends_on="3/3/2026", end="24:00"
    )
    assert "La fin vient après le début" in mayor.words
    await mayor.open(f"{PAGE}/{new_id()}")
    assert mayor.status == 404


async def test_appointments_that_would_fall_outside_are_shown_and_decided_before_anything_is_saved(
    village: Village, mayor: Visitor
) -> None:
    promise, nurse = await village.promised(in_days=2), village.who["sylvie"]
    choice = (await village.clinic.follow_ups.proposals(nurse, promise)).choices[0].choice
    appointment = await village.clinic.follow_ups.book(nurse, promise, choice, "une-cle-de-test")
    async with visitor_of(village, "mairie", Door.COORDINATION) as visitor:
        home, day = f"{PAGE}/{village.cabin}", choice.starts_at.date()
        await visitor.open(home)
        await visitor.send(
            f"{home}/once", kind="closed", starts_on=day, start="00:00", ends_on=day, end="24:00", reason="Panne"
        )
        assert visitor.status == 200
        assert "1 rendez-vous tombe en dehors des heures" in visitor.words
        assert "Rien n’est encore enregistré." in visitor.words
        assert "Odette" not in visitor.text
        await visitor.send(f"{home}/confirm", free=appointment)
        assert visitor.path == f"{home}?done=1"
        assert "Panne" in visitor.words
    (line,) = await village.clinic.follow_ups.due(village.who["sylvie"])
    assert line.status.value == "due"


@pytest.mark.parametrize(
    ("login", "door", "name"),
    [("aubin", Door.DESK, "Dr Claire Aubin"), ("sylvie", Door.OFFICE, "Sylvie Le Goff")],
)
async def test_a_doctor_and_a_nurse_write_their_own_hours_and_leave_and_take_it_back(
    village: Village, login: str, door: Door, name: str
) -> None:
    promise, nurse = await village.promised(in_days=2), village.who["sylvie"]
    choice = (await village.clinic.follow_ups.proposals(nurse, promise)).choices[0].choice
    await village.clinic.follow_ups.book(nurse, promise, choice, "une-cle-de-test")
    async with visitor_of(village, login, door) as visitor:
        home, day = f"/{door.value}/hours", choice.starts_at.date()
        await visitor.open(home)
        assert (visitor.status, "Mes heures" in visitor.words) == (200, True)
        sent = {"starts_on": day, "start": "00:00", "ends_on": day, "end": "24:00", "reason": "Congé"}
        await visitor.send(f"{home}/once", kind="closed", **sent)
        assert "1 rendez-vous tombe en dehors des heures" in visitor.words
        assert "Odette" not in visitor.words
        await visitor.send(f"{home}/confirm")
        assert (visitor.path, "Congé" in visitor.words) == (f"{home}?done=1", True)
        await visitor.send(f"{home}/undo", change_id=visitor.text.split('name="change_id" value="')[1].split('"')[0])
        assert "annulé" in visitor.words
        await visitor.open(f"{home}/calendar")
        await visitor.send(f"{home}/calendar/feeds")
        assert "/calendar/" in visitor.words
        assert f"X-WR-CALNAME:{name}" in await visitor.open(f"{home}/calendar/hours.ics")


async def test_an_account_without_hours_is_told_so(village: Village) -> None:
    async with visitor_of(village, "nolwenn") as visitor:
        await visitor.open("/office/hours")
        assert (visitor.status, "Demandez à la coordination" in visitor.words) == (404, True)


async def test_a_nurse_and_a_doctor_do_not_come_in(village: Village) -> None:
    async with visitor_of(village, "sylvie") as nurse:
        await nurse.open(PAGE)
        assert nurse.path.startswith("/signin/coordination")


@pytest.mark.parametrize(("text", "minutes"), [("09:00", 540), ("9h05", 545), ("24:00", 1440)])
def test_an_hour_is_read_as_people_write_it(text: str, minutes: int) -> None:
    assert minute(text) == minutes
    assert clock_of(minutes) == f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def test_a_week_begins_on_its_monday_whatever_day_was_asked() -> None:
    assert monday_of("2026-03-08", date(2026, 1, 1)) == date(2026, 3, 2)
    assert monday_of("n’importe quoi", date(2026, 3, 4)) == date(2026, 3, 2)


def test_the_grid_shows_what_is_open_taken_and_outside_on_the_day_of_a_clock_change_too() -> None:
    monday = date(2026, 3, 23)  # its Sunday has 23 hours in Paris
    span = week_span(monday, "Europe/Paris")
    assert len(span) == 7 * 288 - 12
    rules = (WeeklyRule(0, 540, 735), WeeklyRule(6, 0, 300))
    known = Calendar(ResourceId(new_id()), ResourceKind.CABIN, new_id(), "Europe/Paris", rules)
    taken = frozenset({span.start + 9 * 12, span.start + 14 * 12})
    calendar = Calendar(known.resource_id, known.kind, known.subject_id, known.zone, rules, taken=taken)
    week = week_of(calendar, {date(2026, 3, 24): "Fête"}, monday)
    assert week.closing == ("", "Fête", "", "", "", "", "")
    assert [label for label, _ in week.rows][:2] == ["00:00", "00:30"]
    seen = {(label, n): one for label, cells in week.rows for n, one in enumerate(cells)}
    assert seen["09:00", 0].look is Look.TAKEN
    assert seen["12:00", 0].look is Look.PARTLY
    assert (seen["14:00", 0].look, seen["14:00", 0].outside) == (Look.TAKEN, True)
    assert seen["14:00", 1].look is Look.CLOSED
    assert cell(calendar, date(2026, 3, 29), 240).look is Look.OPEN


async def test_every_second_week_asks_for_a_first_day_and_hours_that_do_not_exist_are_said(
    village: Village, mayor: Visitor
) -> None:
    home = f"{PAGE}/{village.cabin}"
    await mayor.open(home)
    await mayor.send(f"{home}/weekly", days="2", start="9h00", end="12:30", every_weeks="2")
    assert (mayor.status, "Donnez le premier jour" in mayor.words) == (422, True)
    await mayor.send(f"{home}/weekly", days="2", start="9h00", end="12:30", every_weeks="2", valid_from="2026-03-04")
    assert "09:00 – 12:30 · une semaine sur 2 · dès le 04/03/2026" in mayor.words
    await mayor.send(f"{home}/weekly", days="6", start="02:30", end="05:00")
    assert "dimanche 29 mars 2026 : 02:30 n’existe pas ce jour-là." in mayor.words
    assert "dimanche 25 octobre 2026 : 02:30 vient deux fois ce jour-là." in mayor.words
    await mayor.open(f"{home}?week=2026-03-23")
    assert "on change d’heure : 02:00 → 03:00" in mayor.words
    night = {"starts_on": "2026-03-29", "start": "02:30", "ends_on": "2026-03-29", "end": "05:00"}
    await mayor.send(f"{home}/once", kind="open", **night)
    assert (mayor.status, "Cette heure n’existe pas ce jour-là" in mayor.words) == (422, True)
