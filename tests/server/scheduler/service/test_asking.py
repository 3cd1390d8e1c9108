"""Who may serve a promise, and what a choice must name."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from server.kernel.errors import Invalid
from server.people.tables import CabinRow, CareRelation
from server.records.rules.note import Modality
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.search import WhyEmpty
from server.scheduler.service.asking import bench, days_seen, held
from server.scheduler.service.views import Why
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic


async def test_the_doctor_who_asked_comes_first_then_ones_own_then_others(clinic: Clinic) -> None:
    patient = await clinic.village.patient()
    promise = await clinic.promised(patient=patient)
    async with clinic.database.transaction() as tx:
        tx.add(
            CareRelation(
                patient_id=patient,
                practitioner_id=clinic.village.other_gp.practitioner_id,
                since=clinic.clock(),
                until=None,
                treating=True,
            )
        )
    async with clinic.database.reading() as tx:
        around = await bench(tx, await clinic.stored(promise), clinic.clock())
    costs = [one.cost for one in around.sides[ResourceKind.PRACTITIONER]]
    assert costs == [0, 3]
    assert set(around.whys.values()) == {Why.ASKED, Why.TREATING}


async def test_a_choice_names_each_side_once_and_nobody_else(clinic: Clinic) -> None:
    async with clinic.database.reading() as tx:
        around = await bench(tx, await clinic.stored(await clinic.promised()), clinic.clock())
    whole = around.chosen(clinic.choice())
    assert whole is not None
    assert len(held(whole, NEXT_MONDAY, Modality.REMOTE)) == 17
    assert around.chosen(clinic.choice(health_worker_id=None)) is None
    assert around.chosen(clinic.choice(cabin_id=clinic.nurse.health_worker_id)) is None


async def test_a_cabin_out_of_service_is_not_proposed(clinic: Clinic) -> None:
    promise = await clinic.promised()
    async with clinic.database.transaction() as tx:
        await tx.execute(update(CabinRow).values(in_service=False))
    shown = await clinic.follow_ups.proposals(clinic.nurse, promise)
    assert shown.why_empty is WhyEmpty.NO_CABIN


def test_days_seen_are_read_back() -> None:
    assert days_seen("2026-03-09.2026-03-10") == {date(2026, 3, 9), date(2026, 3, 10)}
    assert days_seen(None) == days_seen("") == frozenset()
    with pytest.raises(Invalid):
        days_seen(".".join(["2026-03-09"] * 61))
