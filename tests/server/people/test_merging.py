"""Joining two records and parting them again, on both databases: all is read together, and nothing is rewritten."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.kernel.access import Identity, Role
from server.kernel.errors import Conflict, NotAllowed, NotFound
from server.kernel.ids import PatientId, SiteId, new_id
from server.people import store
from server.people.merging import Merging
from server.people.rules import Sex, Traits
from server.people.service import People
from server.people.tables import CareRelation
from server.records.rules.background import BackgroundBody
from server.records.rules.measures import MeasureName, Reading
from server.records.seal.shred import Shredder
from server.records.seal.vault import PatientVault
from server.records.service import Background, Measures
from tests.clock import FakeClock
from tests.server.records.village import Diary, Village, settle

ODETTE = Traits("Lavergne", ("Odette",), date(1945, 3, 3), Sex.FEMALE)


@dataclass
class Waiting:
    """Who has a visit just now, in place of the visits."""

    people: set[PatientId] = field(default_factory=set)

    async def __call__(self, _tx: AsyncSession, patient_id: PatientId) -> bool:
        return patient_id in self.people


@dataclass
class Office:
    """What these tests play with."""

    database: Database
    people: People
    merging: Merging
    measures: Measures
    background: Background
    waiting: Waiting
    nurse: Identity
    doctor: Identity
    clock: FakeClock
    village: Village
    codes: dict[PatientId, str] = field(default_factory=dict)

    async def register(self, **changes: object) -> PatientId:
        """Enter Odette (or nearly) once more."""
        new = await self.people.register(self.nurse, msgspec.structs.replace(ODETTE, **changes), force=True)
        self.codes[new.patient_id] = new.code
        return new.patient_id

    async def join(self, kept: PatientId, joined: PatientId) -> None:
        """Join two records in their first version."""
        await self.merging.merge(self.nurse, (kept, 1), (joined, 1))

    async def weigh(self, patient_id: PatientId, kilos: float) -> None:
        """Take one measure."""
        await self.measures.take(self.nurse, patient_id, (Reading(MeasureName.WEIGHT, kilos),))

    async def read(self, patient_id: PatientId) -> tuple[object, ...]:
        """Everything that is read of a record."""
        sheet = await self.background.read(self.nurse, patient_id)
        seen = await self.measures.read(self.nurse, patient_id)
        return (await self.people.read(self.nurse, patient_id)).id, sheet, sorted(one.value for one in seen)


@pytest_asyncio.fixture(loop_scope="session")
async def office(database: Database, vault: PatientVault, clock: FakeClock) -> Office:
    village, people, waiting = await settle(database), People(database, vault, clock), Waiting()
    return Office(
        database,
        people,
        Merging(database, people, waiting, clock),
        Measures(database, vault, Diary({}), people, clock),
        Background(database, vault, people, clock),
        waiting,
        village.worker(),
        village.doctor(),
        clock,
        village,
    )


async def test_two_records_of_one_person_are_read_as_one_and_parted_as_they_were(office: Office) -> None:
    kept, joined = await office.register(), await office.register(birth_name="Lavernge")
    await office.weigh(kept, 61)
    await office.weigh(joined, 62)
    await office.background.save(office.nurse, kept, BackgroundBody(("Iode",), None, ()), 0)
    await office.background.save(office.nurse, joined, BackgroundBody(("iode", "Pénicilline"), ("Asthme",)), 0)
    before = [await office.read(one) for one in (kept, joined)]
    (pair,) = await office.merging.alike(office.nurse)
    assert {pair.first.id, pair.second.id} == {kept, joined}
    office.clock.advance(minutes=1)
    await office.join(kept, joined)
    for either in (kept, joined):
        patient_id, sheet, weights = await office.read(either)
        assert (patient_id, weights) == (kept, [61, 62])
        assert sheet.body == BackgroundBody(("Iode", "Pénicilline"), ("Asthme",), ())  # type: ignore[attr-defined]
    assert await office.merging.alike(office.nurse) == []
    assert [one.patient.id for one in await office.people.search(office.nurse, "lavernge")] == [kept]
    booth = Identity(office.nurse.account_id, Role.CABIN, "x", "X", cabin_id=office.village.booth)
    assert (await office.people.recognise_code(booth, office.codes[joined])).id == kept
    assert (await office.people.recognise_name(booth, "Lavergne", ODETTE.born_on)).id == kept
    assert await office.merging.part(office.nurse, joined) == kept
    assert [await office.read(one) for one in (kept, joined)] == before
    (line,) = await office.merging.trail(office.nurse, joined)
    assert (line.joined.id, line.into.id, line.parted_at) == (joined, kept, office.clock())
    async with office.database.reading() as tx:
        acts = await tx.execute(
            text("SELECT action FROM audit_event WHERE action IN ('patient:merged', 'patient:parted')")
        )
        assert sorted(acts.scalars()) == ["patient:merged"] * 2 + ["patient:parted"] * 2


async def test_a_sheet_saved_since_they_were_joined_is_the_whole_truth(office: Office) -> None:
    kept, joined = await office.register(), await office.register()
    await office.background.save(office.nurse, joined, BackgroundBody(("Iode",)), 0)
    office.clock.advance(minutes=1)
    await office.join(kept, joined)
    office.clock.advance(minutes=1)
    sheet = await office.background.read(office.nurse, joined)
    assert (sheet.row_ver, sheet.body.allergies) == (0, ("Iode",))
    await office.background.save(office.nurse, joined, BackgroundBody(()), sheet.row_ver)
    assert (await office.background.read(office.nurse, kept)).body.allergies == ()


async def test_the_doctor_of_one_record_opens_both(office: Office) -> None:
    kept, joined = await office.register(), await office.register()
    async with office.database.transaction() as tx:
        treats = CareRelation(patient_id=joined, practitioner_id=office.village.gp, since=office.clock(), treating=True)
        tx.add(treats)
    with pytest.raises(NotFound):
        await office.people.read(office.doctor, kept)
    await office.join(kept, joined)
    assert (await office.people.read(office.doctor, kept)).id == kept
    async with office.database.reading() as tx:
        assert await store.treating_practitioner(tx, kept) == office.village.gp


async def test_nothing_is_joined_that_was_changed_joined_or_received_meanwhile(office: Office) -> None:
    kept, joined, third = [await office.register() for _ in range(3)]
    for versions in ((2, 1), (1, 2)):
        with pytest.raises(Conflict, match="entre-temps"):
            await office.merging.merge(office.nurse, (kept, versions[0]), (joined, versions[1]))
    office.waiting.people.add(joined)
    with pytest.raises(Conflict, match="visite"):
        await office.join(kept, joined)
    office.waiting.people.clear()
    await office.join(kept, joined)
    for records in ((kept, joined), (third, joined), (joined, third)):
        with pytest.raises(Conflict, match="déjà réuni"):
            await office.join(*records)
    office.waiting.people.add(kept)
    with pytest.raises(Conflict, match="visite"):
        await office.merging.part(office.nurse, joined)
    with pytest.raises(Conflict, match="aucun autre"):
        await office.merging.part(office.nurse, third)


async def test_only_the_health_workers_of_the_site_join_records(office: Office) -> None:
    kept, joined = await office.register(), await office.register()
    with pytest.raises(NotAllowed):
        await office.merging.merge(office.doctor, (kept, 1), (joined, 1))
    elsewhere = office.village.worker(site=SiteId(new_id()))
    with pytest.raises(NotFound):
        await office.merging.compare(elsewhere, kept, joined)


async def test_two_who_join_the_same_records_crosswise_end_with_one_person(office: Office) -> None:
    one, other = await office.register(), await office.register()
    done = await asyncio.gather(office.join(one, other), office.join(other, one), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Conflict", "NoneType"]


async def test_people_kept_apart_are_not_shown_again(office: Office) -> None:
    one, other = await office.register(), await office.register()
    for _ in range(2):
        await office.merging.keep_apart(office.nurse, other, one)
    assert await office.merging.alike(office.nurse) == []


async def test_half_of_a_person_is_not_shredded(office: Office) -> None:
    kept, joined = await office.register(), await office.register()
    await office.join(kept, joined)
    chief = Identity(office.nurse.account_id, Role.ADMIN, "x", "X")
    for either in (kept, joined):
        with pytest.raises(Conflict, match="Séparez"):
            await Shredder(office.database, office.clock).ask(chief, either, "fin de conservation")


Step = tuple[int, int]
STEPS = st.tuples(st.integers(0, 3), st.integers(0, 3))


@given(st.lists(STEPS, max_size=3), STEPS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_to_join_and_to_part_is_as_if_nothing_had_been(office: Office, before: list[Step], step: Step) -> None:
    ids = [await office.register() for _ in range(4)]
    for weight, one in enumerate(ids, 60):
        await office.weigh(one, weight)
    for kept, joined in before:
        with contextlib.suppress(Conflict):
            await office.join(ids[kept], ids[joined])
    stood = await _all_of(office, ids)
    with contextlib.suppress(Conflict):
        await office.join(ids[step[0]], ids[step[1]])
        assert await _all_of(office, ids) != stood
        await office.merging.part(office.nurse, ids[step[1]])
    assert await _all_of(office, ids) == stood


async def _all_of(office: Office, ids: Sequence[PatientId]) -> list[object]:
    """What is read of each record, which rows it is made of, and every row as it lies there."""
    async with office.database.reading() as tx:
        together = [await store.same_ids(tx, one) for one in ids]
        rows = [(row.id, row.sealed_traits, row.row_ver) for row in await store.patients(tx, ids)]
        links = [(link.patient_id, link.into_id) for one in ids for link in await store.links_of(tx, one)]
    return [together, sorted(rows), links, [await office.read(one) for one in ids]]
