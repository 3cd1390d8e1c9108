"""The coordinator's day: true numbers, and nothing that points at a person."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from server.database.engine import Database
from server.encounters import store
from server.encounters.help_rules import HelpKind
from server.encounters.quality_rules import Report, Side
from server.encounters.rules import Accompanied, CallStatus, CancelReason, EncounterStatus, IncidentKind
from server.encounters.tables import CallQualityRow, DutyRow, EncounterRow, HelpCallRow, IncidentRow
from server.evaluation.overview import Overview
from server.evaluation.rules import CabinState, middle
from server.kernel.access import Identity, Role
from server.kernel.errors import NotAllowed
from server.kernel.ids import AccountId, CabinId, EncounterId, PatientId, PractitionerId, SiteId, new_id
from server.people.rules import IdentityStatus, SiteKind
from server.people.tables import CabinRow, PatientRow, PractitionerRow, SiteRow
from signalling.ladder import Rung
from signalling.protocol import Seat
from tests.clock import FakeClock

WATCHER = Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "La mairie")
GP, SITE, CABIN, SPARE = PractitionerId(new_id()), SiteId(new_id()), CabinId(new_id()), CabinId(new_id())


@pytest.fixture
async def overview(database: Database, clock: FakeClock) -> Overview:
    words = dict.fromkeys(
        ("name", "commune", "insee", "postcode", "address", "phone", "samu_phone", "aed", "zone"), "-"
    )
    place = {"id": SITE, "kind": SiteKind.TOWN_HALL, "latitude": 48.0, "longitude": -3.0}
    booth = {"site_id": SITE, "access_notes": "", "phone": "-"}
    async with database.transaction() as tx:
        await tx.execute(insert(SiteRow).values(**words, **place))
        await tx.execute(insert(CabinRow).values(id=CABIN, name="A", in_service=True, **booth))
        await tx.execute(insert(CabinRow).values(id=SPARE, name="B", in_service=False, **booth))
        doctor = {"name": "Dr Aubin", "specialty": "-", "rpps": "10999900011", "place": "-", "phone": "-"}
        await tx.execute(insert(PractitionerRow).values(id=GP, **doctor))
    return Overview(database, clock)


async def _visit(database: Database, clock: FakeClock, **values: object) -> EncounterId:
    patient_id, encounter_id = PatientId(new_id()), EncounterId(new_id())
    async with database.transaction() as tx:
        await tx.execute(
            insert(PatientRow).values(
                id=patient_id,
                site_id=SITE,
                sealed_traits=b"-",
                status=IdentityStatus.PROV,
                fictitious=True,
                created_at=clock(),
                row_ver=1,
            )
        )
        usual: dict[str, object] = {
            "id": encounter_id,
            "patient_id": patient_id,
            "cabin_id": CABIN,
            "site_id": SITE,
            "status": EncounterStatus.TRIAGED,
            "call": CallStatus.NONE,
            "fence": 0,
            "accompanied": Accompanied.ALONE,
            "locale": "fr",
            "priority": False,
            "sealed_intake": b"-",
            "row_ver": 1,
            "arrived_at": clock(),
            "triaged_at": clock(),
            "seated_at": clock(),
            "version": 1,
        }
        await tx.execute(insert(EncounterRow).values(**{**usual, **values}))
    return encounter_id


async def test_an_empty_day_is_all_zeros_and_a_dash(overview: Overview) -> None:
    day = await overview.today(WATCHER)
    assert [line.state for line in day.cabins] == [CabinState.FREE, CabinState.OUT_OF_SERVICE]
    assert (day.visits_finished, day.visits_left, day.incidents, day.median_wait_minutes) == (0, 0, 0, None)
    assert day.doctors == ()


async def test_who_waits_is_counted_and_not_named(overview: Overview, database: Database, clock: FakeClock) -> None:
    await _visit(database, clock)
    clock.advance(minutes=25)
    line = (await overview.today(WATCHER)).cabins[0]
    assert (line.state, line.waiting, line.longest_wait_minutes) == (CabinState.WAITING, 1, 25)


@pytest.mark.parametrize(
    ("status", "call", "state"),
    [
        (EncounterStatus.ARRIVED, CallStatus.NONE, CabinState.INTAKE),
        (EncounterStatus.IN_PROGRESS, CallStatus.RINGING, CabinState.WITH_DOCTOR),
        (EncounterStatus.IN_PROGRESS, CallStatus.LIVE, CabinState.WITH_DOCTOR),
        (EncounterStatus.IN_PROGRESS, CallStatus.ENDED, CabinState.CLOSING),
        (EncounterStatus.FINISHED, CallStatus.ENDED, CabinState.CLOSING),
        (EncounterStatus.ON_LEAVE, CallStatus.NONE, CabinState.WAITING),
    ],
)
async def test_each_state_of_a_visit_has_its_word(
    overview: Overview,
    database: Database,
    clock: FakeClock,
    status: EncounterStatus,
    call: CallStatus,
    state: CabinState,
) -> None:
    await _visit(database, clock, status=status, call=call)
    assert (await overview.today(WATCHER)).cabins[0].state is state


async def test_the_days_visits_waits_and_incidents_are_those_of_today(
    overview: Overview, database: Database, clock: FakeClock
) -> None:
    gone = {"left_at": clock(), "practitioner_id": GP}
    for minutes in (4, 10, 30):
        taken = clock() + timedelta(minutes=minutes)
        finished = {"status": EncounterStatus.FINISHED, "call": CallStatus.ENDED, "finished_at": taken}
        seen = await _visit(database, clock, claimed_at=taken, **finished, **gone)
    cancelled = {"status": EncounterStatus.CANCELLED, "cancel_reason": CancelReason.GAVE_UP, "left_at": clock()}
    await _visit(database, clock, **cancelled)
    async with database.transaction() as tx:
        incident = {"id": new_id(), "encounter_id": seen, "at": clock(), "kind": IncidentKind.CUT, "seconds": 4}
        await tx.execute(insert(IncidentRow).values(**incident))
    day = await overview.today(WATCHER)
    assert (day.visits_finished, day.visits_left, day.incidents, day.median_wait_minutes) == (3, 1, 1, 10)
    clock.advance(days=1)
    tomorrow = await overview.today(WATCHER)
    assert (tomorrow.visits_finished, tomorrow.visits_left, tomorrow.incidents) == (0, 0, 0)


async def test_who_came_only_to_book_did_not_leave_without_a_doctor(
    overview: Overview, database: Database, clock: FakeClock
) -> None:
    for why in (CancelReason.BOOKED_ONLY, CancelReason.BOOKED_ONLY, CancelReason.ABANDONED, None):
        await _visit(database, clock, status=EncounterStatus.CANCELLED, cancel_reason=why, left_at=clock())
    assert (await overview.today(WATCHER)).visits_left == 2


@pytest.mark.parametrize(
    ("kind", "state"), [(HelpKind.HELP, CabinState.HELP), (HelpKind.EMERGENCY, CabinState.EMERGENCY)]
)
async def test_a_call_for_help_goes_before_all_else_until_it_closes(
    overview: Overview, database: Database, clock: FakeClock, kind: HelpKind, state: CabinState
) -> None:
    await _visit(database, clock)
    async with database.transaction() as tx:
        for cabin in (CABIN, SPARE):
            tx.add(HelpCallRow(cabin_id=cabin, site_id=SITE, kind=kind, asked_at=clock()))
    assert [line.state for line in (await overview.today(WATCHER)).cabins] == [state, state]
    async with database.transaction() as tx:
        await tx.execute(update(HelpCallRow).values(answered_at=clock()))
    clock.advance(minutes=10)
    states = [line.state for line in (await overview.today(WATCHER)).cabins]
    assert states == [CabinState.WAITING, CabinState.OUT_OF_SERVICE]


async def test_a_doctor_is_there_until_the_desk_was_not_seen_for_ten_minutes(
    overview: Overview, database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(DutyRow).values(practitioner_id=GP, since=clock(), seen_at=clock()))
    assert (await overview.today(WATCHER)).doctors == ("Dr Aubin",)
    async with database.transaction() as tx:
        await tx.execute(update(DutyRow).values(seen_at=clock() - timedelta(minutes=11)))
    assert (await overview.today(WATCHER)).doctors == ()


@pytest.mark.parametrize("role", [Role.CABIN, Role.GP, Role.HEALTH_WORKER])
async def test_the_overview_is_for_coordinators_and_admins(overview: Overview, role: Role) -> None:
    with pytest.raises(NotAllowed):
        await overview.today(Identity(AccountId(new_id()), role, "x", "X"))


def test_the_middle_of_nothing_is_nothing() -> None:
    assert middle([]) is None
    assert middle([1.0, 2.0, 9.0]) == 2


async def test_lines_are_told_by_village_and_week_and_to_the_coordinator_alone(
    overview: Overview, database: Database, clock: FakeClock
) -> None:
    for _ in range(5):
        encounter_id = await _visit(database, clock, seated_at=None)
        for seat in (Seat.PATIENT, Seat.PRACTITIONER):
            row = CallQualityRow(encounter_id=encounter_id, seat=seat, call=new_id())
            store.write_report(row, Report(new_id(), {Rung.VIDEO: 90, Rung.VOICE: 10}, {Side.CABIN: 10}), clock())
            async with database.transaction() as tx:
                tx.add(row)
    (line,) = await overview.lines(WATCHER)
    assert (line.shown, line.visits, line.without_video, line.weak) == (True, 5, 0.1, Side.CABIN)
    with pytest.raises(NotAllowed):
        await overview.lines(Identity(AccountId(new_id()), Role.GP, "aubin", "Dr Aubin", practitioner_id=GP))
    clock.advance(seconds=5 * 7 * 24 * 3600)
    assert await overview.lines(WATCHER) == ()
