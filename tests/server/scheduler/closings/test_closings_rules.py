"""Closing days as rules: who decides about a day, what opens it again, public holidays by zone and by department."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.errors import Conflict, Invalid
from server.kernel.ids import SiteId, new_id
from server.scheduler.closings.rules import (
    ClosingLine,
    Wanted,
    areas_of,
    closed_days,
    closing,
    days_here,
    department_of,
    digest,
    holidays_of,
    lacking,
    put,
    refuse_other,
    turned,
)

PARIS, SITE = "Europe/Paris", SiteId(new_id())
HERE = areas_of(PARIS, "67482", SITE)
FRIDAY, MONDAY = date(2027, 3, 26), date(2027, 3, 29)  # Good Friday, Easter Monday


def _said(wanted: Wanted) -> dict[date, ClosingLine]:
    return {on: line for on, line in wanted.lines.items() if line is not None}


COUNTRY, ALSACE = _said(lacking(PARIS, PARIS, 2027, {})), _said(lacking("67", PARIS, 2027, {}))
SAID = {PARIS: COUNTRY, "67": ALSACE}


def test_areas_go_from_the_zone_to_the_site() -> None:
    assert (PARIS, "67", str(SITE)) == HERE
    assert areas_of(PARIS) == (PARIS,)
    assert [department_of(insee) for insee in ("22128", "97411", "2A004", "")] == ["22", "974", "2A", ""]


def test_local_law_closes_two_days_more_in_alsace_and_moselle_and_overseas_has_its_own() -> None:
    assert sorted(ALSACE) == [FRIDAY, date(2027, 12, 26)]
    assert holidays_of("22", PARIS, [2027]) == {}
    assert len(COUNTRY) == 11
    assert {FRIDAY, MONDAY} <= closed_days(HERE, SAID)
    assert FRIDAY not in closed_days(areas_of(PARIS, "22128"), SAID)
    assert date(2027, 5, 27) in holidays_of("America/Guadeloupe", "America/Guadeloupe", [2027])
    assert date(2027, 12, 20) in holidays_of("Indian/Reunion", "Indian/Reunion", [2027])


def test_a_site_opens_a_day_that_is_closed_around_it_and_closes_it_again() -> None:
    opened = turned(MONDAY, HERE, SAID, PARIS)
    here = {**SAID, str(SITE): _said(opened)}
    assert opened.lines[MONDAY] == ClosingLine(MONDAY, "Lundi de Pâques", closed=False)
    assert MONDAY not in closed_days(HERE, here)
    assert MONDAY in closed_days(areas_of(PARIS, "67482"), here)
    assert turned(MONDAY, HERE, here, PARIS).lines == {MONDAY: None}
    with pytest.raises(Conflict):
        turned(date(2027, 3, 30), HERE, SAID, PARIS)


def test_a_holiday_that_was_opened_for_all_stays_a_line_and_a_bridge_day_goes_away() -> None:
    opened = turned(MONDAY, (PARIS,), SAID, PARIS)
    assert opened.lines[MONDAY] == ClosingLine(MONDAY, "Lundi de Pâques", closed=False)
    then = {**SAID, PARIS: {**COUNTRY, **_said(opened)}}
    assert MONDAY not in lacking(PARIS, PARIS, 2027, then[PARIS]).lines  # it is not copied anew
    assert turned(MONDAY, (PARIS,), then, PARIS).lines[MONDAY] == COUNTRY[MONDAY]
    bridge = date(2027, 5, 7)
    own = {**SAID, str(SITE): _said(closing(bridge, bridge, " Pont  du maire "))}
    assert days_here(HERE, own)[bridge].label == "Pont du maire"
    assert turned(bridge, HERE, own, PARIS).lines == {bridge: None}


@pytest.mark.parametrize(("days", "label"), [(0, ""), (0, "x" * 121), (-1, "Pont"), (31, "Pont")])
def test_too_many_days_or_no_word_are_refused(days: int, label: str) -> None:
    with pytest.raises(Invalid):
        closing(MONDAY, MONDAY + timedelta(days=days), label)


def test_who_saw_other_days_is_refused() -> None:
    refuse_other(COUNTRY, digest(dict(reversed(COUNTRY.items()))))
    with pytest.raises(Conflict):
        refuse_other(COUNTRY, digest(ALSACE))


LINES = st.dictionaries(
    st.dates(date(2027, 5, 1), date(2027, 5, 9)), st.tuples(st.sampled_from(["Pont", "Fête"]), st.booleans())
).map(lambda drawn: {on: ClosingLine(on, *words) for on, words in drawn.items()})


@settings(max_examples=60, deadline=None)
@given(LINES, LINES, LINES, st.dates(date(2027, 5, 1), date(2027, 5, 9)))
def test_to_turn_a_day_turns_that_day_alone_and_to_put_back_what_was_before_undoes_it(
    wide: dict[date, ClosingLine], own: dict[date, ClosingLine], third: dict[date, ClosingLine], on: date
) -> None:
    said = {PARIS: wide, "67": third, str(SITE): own}
    if on not in days_here(HERE, said):
        return
    before, then = put(own, turned(on, HERE, said, PARIS))
    after = {day: line for day, line in {**own, **then.lines}.items() if line is not None}
    assert closed_days(HERE, said) ^ closed_days(HERE, {**said, str(SITE): after}) == {on}
    back = {day: line for day, line in {**after, **before.lines}.items() if line is not None}
    assert back == own
