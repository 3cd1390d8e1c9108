"""The search against brute force: never a moment in which somebody who is needed is not free."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from server.kernel.ids import ResourceId
from server.records.rules.note import Modality
from server.scheduler.rules.openings import Calendar, ResourceKind, WeeklyRule
from server.scheduler.rules.promise import Window
from server.scheduler.rules.search import (
    NEEDS,
    Ask,
    Candidate,
    Found,
    PartOfDay,
    Sides,
    WhyEmpty,
    is_open,
    needed,
    search,
)
from server.scheduler.rules.units import day_units, instant_of, local_day, unit_of

PARIS = "Europe/Paris"
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
K = ResourceKind
OFFICE_HOURS = tuple(WeeklyRule(day, 8 * 60, 18 * 60) for day in range(5))


def one(
    kind: ResourceKind,
    number: int,
    rules: tuple[WeeklyRule, ...] = OFFICE_HOURS,
    taken: frozenset[int] = frozenset(),
    cost: int = 0,
    zone: str = PARIS,
) -> Candidate:
    """A candidate with a made-up id."""
    nobody = UUID(int=number)
    return Candidate(Calendar(ResourceId(nobody), kind, nobody, zone, rules, taken=taken), cost)


def sides(**changed: tuple[Candidate, ...]) -> Sides:
    """One candidate on each side, but for those that the test brings."""
    kinds = needed(Modality.REMOTE, with_health_worker=True)
    return {kind: changed.get(kind.name.lower(), (one(kind, n),)) for n, kind in enumerate(kinds, 1)}


def ask(due_on: date, slack: int = 2, **others: object) -> Ask:
    """A remote follow-up, `slack` days around a due date."""
    window = Window(due_on, due_on - timedelta(days=slack), due_on + timedelta(days=slack))
    return Ask(**{"window": window, "zone": PARIS, "modality": Modality.REMOTE, "not_before": LONG_AGO, **others})  # type: ignore[arg-type]


def free_at(candidate: Candidate, unit: int, units: int) -> bool:
    """Whether a resource is open and not taken, asked unit by unit of the wall clock."""
    calendar = candidate.calendar
    for wanted in range(unit, unit + units):
        clock = instant_of(wanted).astimezone(ZoneInfo(calendar.zone))
        minute = clock.hour * 60 + clock.minute
        opened = any(r.weekday == clock.weekday() and r.start_min <= minute < r.end_min for r in calendar.rules)
        if (calendar.kind is not K.PATIENT and not opened) or wanted in calendar.taken:
            return False
    return True


def brute(asked: Ask, everyone: Sides) -> list[Found]:
    """Every moment of the window, compared pair by pair, one for each half-day, cheapest first."""
    best: dict[tuple[date, bool], Found] = {}
    for day in asked.days:
        late = (day - asked.window.due_on).days
        span = day_units(day, asked.zone)
        for unit in (unit for unit in span if unit % 3 == 0):
            fit = {
                k: [c for c in side if free_at(c, unit, NEEDS[k]) and unit + NEEDS[k] <= span.stop]
                for k, side in everyone.items()
            }
            if instant_of(unit) < asked.not_before or not all(fit.values()):
                continue
            serving = {k: min(some, key=lambda c: c.cost) for k, some in fit.items()}
            cost = max(3 * late, -2 * late) + sum(c.cost for c in serving.values())
            equal = [c for c in fit[K.PRACTITIONER] if c.cost == serving[K.PRACTITIONER].cost]
            end = unit + NEEDS[K.PRACTITIONER]
            near = {unit - 3, unit - 2, unit - 1, end, end + 1, end + 2}
            beside = [c for c in equal if near & c.calendar.taken]
            serving[K.PRACTITIONER] = [*beside, serving[K.PRACTITIONER]][0]
            found = Found(unit, cost, {k: c.calendar.subject_id for k, c in serving.items()}, bool(beside))
            half = (day, instant_of(unit).astimezone(ZoneInfo(asked.zone)).hour >= 12)
            if half not in best or (cost, not beside) < (best[half].cost, not best[half].snug):
                best[half] = found
    return sorted(best.values(), key=lambda found: (found.cost, found.unit))


def _taken(seed: list[int], start: int) -> frozenset[int]:
    return frozenset(start + n for n in seed)


# Rules keep clear of 01:00-04:00, where the brute force by wall clock and the first-occurrence rule may differ.
DAYTIME = st.tuples(st.integers(0, 6), st.integers(60, 250), st.integers(3, 30)).map(
    lambda drawn: WeeklyRule(drawn[0], drawn[1] * 5, min((drawn[1] + drawn[2]) * 5, 1440))
)
SOME_RULES = st.lists(DAYTIME, min_size=1, max_size=12).map(tuple)
BUSY = st.lists(st.integers(0, 5 * 288), max_size=60)
PERSON = st.tuples(SOME_RULES, BUSY, st.integers(0, 8))


@given(
    due_on=st.sampled_from([SPRING, AUTUMN, date(2027, 6, 16)]),
    people=st.lists(PERSON, min_size=1, max_size=3),
    booths=st.lists(PERSON, min_size=1, max_size=2),
    workers=st.lists(PERSON, min_size=1, max_size=2),
    patient=BUSY,
    cabin_zone=st.sampled_from([PARIS, "Indian/Reunion", "America/Guadeloupe"]),
    passed=st.integers(0, 72),
)
def test_search_finds_what_brute_force_finds_across_both_changes_of_the_clock(
    due_on: date, people: list, booths: list, workers: list, patient: list[int], cabin_zone: str, passed: int
) -> None:
    first = day_units(due_on - timedelta(days=2), PARIS).start

    def side(kind: ResourceKind, drawn: list, zone: str, number: int) -> tuple[Candidate, ...]:
        some = [one(kind, number + n, r, _taken(t, first), c, zone) for n, (r, t, c) in enumerate(drawn)]
        return tuple(sorted(some, key=lambda candidate: candidate.cost))

    everyone = {
        K.PRACTITIONER: side(K.PRACTITIONER, people, PARIS, 10),
        K.CABIN: side(K.CABIN, booths, cabin_zone, 20),
        K.HEALTH_WORKER: side(K.HEALTH_WORKER, workers, PARIS, 30),
        K.PATIENT: (one(K.PATIENT, 40, taken=_taken(patient, first)),),
    }
    asked = ask(due_on, not_before=instant_of(first) + timedelta(hours=passed))
    wanted = brute(asked, everyone)
    answer = search(asked, everyone)
    assert list(answer.found) == wanted[:3]
    assert (answer.why_empty is None) == bool(wanted)
    assert all(is_open(asked, everyone, found.unit) for found in answer.found)


WEDNESDAY = date(2026, 3, 18)


def days_of(answer_found: tuple[Found, ...]) -> list[tuple[date, str]]:
    return [
        (local_day(f.starts_at, PARIS), f.starts_at.astimezone(ZoneInfo(PARIS)).strftime("%H:%M")) for f in answer_found
    ]


def test_three_moments_differ_by_half_day_and_stay_near_the_due_date() -> None:
    assert days_of(search(ask(WEDNESDAY), sides()).found) == [
        (WEDNESDAY, "08:00"),
        (WEDNESDAY, "12:00"),
        (WEDNESDAY - timedelta(days=1), "08:00"),
    ]


def test_the_doctor_who_asked_is_preferred_to_an_earlier_day_with_another() -> None:
    asked_doctor = one(K.PRACTITIONER, 1, (WeeklyRule(3, 8 * 60, 18 * 60),))
    another = one(K.PRACTITIONER, 9, cost=12)
    found = search(ask(WEDNESDAY), sides(practitioner=(asked_doctor, another))).found
    assert found[0].serving[K.PRACTITIONER] == UUID(int=1)
    assert local_day(found[0].starts_at, PARIS) == WEDNESDAY + timedelta(days=1)


def test_mornings_and_other_days_can_be_asked_for() -> None:
    first = search(ask(WEDNESDAY, part=PartOfDay.MORNING), sides()).found
    seen = frozenset(day for day, _ in days_of(first))
    assert len(seen) == 3
    assert all(time < "12:00" for _, time in days_of(first))
    others = search(ask(WEDNESDAY, seen=seen), sides()).found
    assert not seen & {day for day, _ in days_of(others)}


def test_the_cabin_needs_five_more_minutes_than_the_people() -> None:
    short = one(K.CABIN, 2, (WeeklyRule(2, 540, 560),))
    enough = one(K.CABIN, 2, (WeeklyRule(2, 540, 565),))
    assert search(ask(WEDNESDAY), sides(cabin=(short,))).why_empty is WhyEmpty.NO_CABIN
    assert days_of(search(ask(WEDNESDAY), sides(cabin=(enough,))).found) == [(WEDNESDAY, "09:00")]


def test_the_first_mask_that_empties_the_set_is_named() -> None:
    never: tuple[WeeklyRule, ...] = (WeeklyRule(6, 480, 485),)
    all_taken = frozenset(range(unit_of(datetime(2026, 3, 15, tzinfo=UTC)), unit_of(datetime(2026, 3, 22, tzinfo=UTC))))
    asked = ask(WEDNESDAY)
    cases = {
        WhyEmpty.NO_PRACTITIONER: sides(practitioner=(one(K.PRACTITIONER, 1, never),)),
        WhyEmpty.NO_CABIN: sides(cabin=(one(K.CABIN, 2, taken=all_taken),)),
        WhyEmpty.NO_HEALTH_WORKER: sides(health_worker=()),
        WhyEmpty.PATIENT_BUSY: sides(patient=(one(K.PATIENT, 4, taken=all_taken),)),
        WhyEmpty.CLOSED: sides(cabin=(one(K.CABIN, 2, never),)),
    }
    assert {why: search(asked, everyone).why_empty for why, everyone in cases.items()} == {why: why for why in cases}


def test_filters_that_leave_nothing_are_named_too() -> None:
    mornings = tuple(WeeklyRule(day, 480, 720) for day in range(5))
    only_mornings = sides(practitioner=(one(K.PRACTITIONER, 1, mornings),))
    assert search(ask(WEDNESDAY, part=PartOfDay.AFTERNOON), only_mornings).why_empty is WhyEmpty.NOT_THEN
    every_day = frozenset(ask(WEDNESDAY).days)
    assert search(ask(WEDNESDAY, seen=every_day), sides()).why_empty is WhyEmpty.NO_MORE
    after = datetime(2026, 4, 1, tzinfo=UTC)
    assert search(ask(WEDNESDAY, not_before=after), sides()).why_empty is WhyEmpty.WINDOW_OVER


def test_at_the_surgery_only_the_doctors_hours_there_count() -> None:
    surgery = one(
        K.PRACTITIONER, 1, (WeeklyRule(2, 600, 660, Modality.IN_PERSON), WeeklyRule(2, 480, 540, Modality.REMOTE))
    )
    everyone = {K.PRACTITIONER: (surgery,), K.PATIENT: (one(K.PATIENT, 4),)}
    found = search(ask(WEDNESDAY, modality=Modality.IN_PERSON), everyone).found
    assert days_of(found) == [(WEDNESDAY, "10:00")]
    assert needed(Modality.IN_PERSON, with_health_worker=True) == tuple(everyone)


def test_a_moment_outside_hours_window_or_grid_is_not_open() -> None:
    asked, everyone = ask(WEDNESDAY), sides()
    nine = unit_of(datetime(2026, 3, 18, 8, 0, tzinfo=UTC))
    assert is_open(asked, everyone, nine)
    assert not is_open(asked, everyone, nine + 1)
    assert not is_open(asked, everyone, nine - 24)
    assert not is_open(asked, everyone, nine + 7 * 288)
