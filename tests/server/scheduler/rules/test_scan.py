"""The search over the index finds what the plain search finds, whatever the hours, the bookings and the question."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.ids import ResourceId, new_id
from server.records.rules.note import Modality
from server.scheduler.rules.index import WEEK, Index
from server.scheduler.rules.openings import Calendar, Exceptional, ExceptionKind, ResourceKind, WeeklyRule
from server.scheduler.rules.promise import Window
from server.scheduler.rules.scan import Scan, Tier
from server.scheduler.rules.search import Ask, Candidate, PartOfDay, WhyEmpty, needed, search
from server.scheduler.rules.units import day_units, unit_of

DUE = date(2026, 3, 30)  # the clocks of Paris go forward the day before
ZONES = ("Europe/Paris", "Indian/Reunion", "America/Guadeloupe", "Australia/Lord_Howe", "UTC")
FIRST = day_units(DUE - timedelta(days=16), "UTC").start
hours = st.builds(
    lambda weekday, start, length, modality: WeeklyRule(weekday, start * 5, (start + length) * 5, modality),
    st.integers(0, 6),
    st.integers(0, 280),
    st.integers(6, 130),
    st.sampled_from([None, *Modality]),
)
closures = st.builds(
    lambda start, length, kind: Exceptional(
        kind, datetime(2026, 3, 14, tzinfo=UTC) + timedelta(minutes=5 * start), _later(start + length)
    ),
    st.integers(0, 32 * 288),
    st.integers(1, 600),
    st.sampled_from(ExceptionKind),
)
taken = st.sets(st.integers(0, 32 * 24), max_size=40).map(
    lambda blocks: frozenset(FIRST + 12 * block + n for block in blocks for n in range(5))
)


def _later(units: int) -> datetime:
    return datetime(2026, 3, 14, tzinfo=UTC) + timedelta(minutes=5 * units)


@st.composite
def calendars(draw: st.DrawFn, kind: ResourceKind) -> Calendar:
    """A resource with some hours, some exceptions and some bookings."""
    return Calendar(
        ResourceId(new_id()),
        kind,
        new_id(),
        draw(st.sampled_from(ZONES)),
        tuple(draw(st.lists(hours, max_size=6))),
        tuple(draw(st.lists(closures, max_size=2))),
        frozenset(draw(st.sets(st.dates(DUE - timedelta(days=9), DUE + timedelta(days=9)), max_size=2))),
        draw(taken),
        0 if kind is ResourceKind.PATIENT else draw(st.sampled_from([0, 0, 1, 3, 12])),
    )


@st.composite
def questions(draw: st.DrawFn) -> tuple[Ask, dict[ResourceKind, tuple[Candidate, ...]]]:
    """What is asked, and who could serve."""
    tolerance = draw(st.integers(0, 12))
    window = Window(DUE, DUE - timedelta(days=tolerance), DUE + timedelta(days=tolerance))
    modality = draw(st.sampled_from(Modality))
    ask = Ask(
        window,
        draw(st.sampled_from(ZONES)),
        modality,
        datetime(2026, 3, 20, 9, 7, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 400))),
        draw(st.sampled_from([None, *PartOfDay])),
        frozenset(draw(st.sets(st.sampled_from(window.days), max_size=2))),
    )
    sides = {}
    for kind in needed(modality, with_health_worker=draw(st.booleans()), with_instrument=draw(st.booleans())):
        some = draw(st.lists(calendars(kind), min_size=1, max_size=1 if kind is ResourceKind.PATIENT else 4))
        costs = sorted(draw(st.lists(st.sampled_from([0, 3, 12]), min_size=len(some), max_size=len(some))))
        sides[kind] = tuple(Candidate(one, cost) for one, cost in zip(some, costs, strict=True))
    if sides[ResourceKind.PATIENT][0].cost:
        sides[ResourceKind.PATIENT] = (Candidate(sides[ResourceKind.PATIENT][0].calendar),)
    return ask, sides


def scanned(ask: Ask, sides: dict[ResourceKind, tuple[Candidate, ...]]) -> Scan:
    """The same question to an index."""
    index = Index()
    tiers: dict[ResourceKind, tuple[Tier, ...]] = {}
    for kind, side in sides.items():
        if kind is ResourceKind.PATIENT:
            continue
        for one in side:
            index.put(one.calendar)
            index.take(one.calendar.resource_id, one.calendar.taken)
        costs = sorted({one.cost for one in side})
        by_cost = {cost: [one.calendar.subject_id for one in side if one.cost == cost] for cost in costs}
        tiers[kind] = tuple(Tier(cost, index.rows(subjects)) for cost, subjects in by_cost.items())
    return Scan(index, ask, tiers, sides[ResourceKind.PATIENT][0].calendar)


@given(questions(), st.integers(1, 20))
@settings(max_examples=80, deadline=None)
def test_the_index_finds_the_same_moments_as_the_plain_search(
    question: tuple[Ask, dict[ResourceKind, tuple[Candidate, ...]]], wanted: int
) -> None:
    ask, sides = question
    assert scanned(ask, sides).search(wanted) == search(ask, sides, wanted)


def test_weekdays_without_a_nurse_are_known() -> None:
    nurse = Calendar(
        ResourceId(new_id()), ResourceKind.HEALTH_WORKER, new_id(), "Europe/Paris", (WeeklyRule(0, 540, 720),)
    )
    doctor = Calendar(
        ResourceId(new_id()), ResourceKind.PRACTITIONER, new_id(), "Europe/Paris", (WeeklyRule(1, 540, 720),)
    )
    ask = Ask(
        Window(DUE, DUE, DUE + timedelta(days=2)), "Europe/Paris", Modality.IN_PERSON, datetime(2026, 3, 20, tzinfo=UTC)
    )
    index = Index()
    index.put(nurse)
    index.put(doctor)
    sides = {
        ResourceKind.PRACTITIONER: (Tier(0, index.rows([doctor.subject_id])),),
        ResourceKind.HEALTH_WORKER: (Tier(0, index.rows([nurse.subject_id])),),
    }
    patient = Calendar(ResourceId(new_id()), ResourceKind.PATIENT, new_id(), "Europe/Paris")
    scan = Scan(index, ask, sides, patient)
    assert scan.search().why_empty is WhyEmpty.NO_HEALTH_WORKER
    assert scan.closed_weekdays(WhyEmpty.NO_HEALTH_WORKER) == (1, 2)
    assert scan.closed_weekdays(WhyEmpty.NO_PRACTITIONER) == (0, 2)
    assert scan.closed_weekdays(WhyEmpty.NOT_THEN) == ()
    assert unit_of(ask.not_before) // WEEK > 0
