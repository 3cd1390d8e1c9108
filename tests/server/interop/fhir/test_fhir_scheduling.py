"""Schedules and slots are FHIR that another library accepts, and hold exactly what is open and booked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from fhir.resources.R4B.schedule import Schedule
from fhir.resources.R4B.slot import Slot
from hypothesis import given, settings
from hypothesis import strategies as st

from server.interop.fhir.scheduling import schedule, slots
from server.kernel.ids import ResourceId, new_id
from server.records.rules.note import Modality
from server.scheduler.rules.openings import Calendar, ResourceKind, WeeklyRule
from server.scheduler.rules.units import instant_of, unit_of

WEEK = range(2930 * 2016, 2931 * 2016)
RULES = tuple(WeeklyRule(day, 540, 720, Modality.REMOTE if day % 2 else None) for day in range(5))
CALENDAR = Calendar(ResourceId(new_id()), ResourceKind.PRACTITIONER, new_id(), "Europe/Paris", RULES)


def test_another_library_accepts_them() -> None:
    told = schedule(CALENDAR, "Dr Aubin", WEEK)
    assert Schedule.model_validate(told).actor[0].display == "Dr Aubin"
    busy = replace(CALENDAR, taken=frozenset({WEEK.start + 300}))
    found = [Slot.model_validate(one) for one in slots(busy, WEEK, Modality.REMOTE)]
    assert {one.status for one in found} == {"free", "busy"}
    assert len({one.id for one in found}) == len(found)
    held = frozenset({WEEK.start + 300, WEEK.start + 400})
    found = [Slot.model_validate(one) for one in slots(busy, WEEK, Modality.REMOTE, held)]
    assert {one.status for one in found} == {"free", "busy-tentative"}
    with pytest.raises(KeyError):
        schedule(replace(CALENDAR, kind=ResourceKind.PATIENT), "", WEEK)


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(0, len(WEEK) - 1), max_size=60), st.sampled_from(Modality))
def test_free_and_busy_slots_are_the_units_that_are_free_and_taken(taken: set[int], modality: Modality) -> None:
    calendar = replace(CALENDAR, taken=frozenset(WEEK.start + unit for unit in taken))
    units: dict[str, set[int]] = {"free": set(), "busy": set()}
    for one in slots(calendar, WEEK, modality):
        start, stop = (unit_of(datetime.fromisoformat(one[end])) for end in ("start", "end"))
        units[one["status"]] |= set(range(start, stop))
    free = calendar.free_in(WEEK, modality)
    assert units["busy"] == calendar.taken
    assert units["free"] == {unit for unit in WEEK if free >> unit - WEEK.start & 1}
    assert instant_of(WEEK.start).tzinfo is not None
