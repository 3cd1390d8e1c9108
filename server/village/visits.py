"""The village's past: who came when, to which cabin and doctor, with which measures; pure, from the seed.

    people ──▶ who comes, how often ──▶ a day in the last 270 ──▶ a doctor there by video ──▶ measures ──▶ scene

Times are those of the doctors' own hours by the cabin; one doctor has one visit at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from server.encounters.rules import Accompanied
from server.people.rules import age
from server.records.rules.measures import MeasureName, Reading
from server.village import places, vitals
from server.village.places import Booth, Doctor, Worker
from server.village.population import Person
from server.village.scenes import Scene, scene
from server.village.vitals import Vitals

PAST_DAYS = 270
VISIT_MINUTES = 30  # a visit with its waiting and writing: doctors are planned by this grid
_ZONE = ZoneInfo(places.ZONE)
_COMPANIONS = ("sa fille", "son fils", "son mari", "sa femme", "une voisine")


@dataclass(frozen=True, slots=True)
class Visit:
    """A finished visit. `arrived_at` in UTC; the waiting and the call last so many minutes."""

    person: int
    booth: Booth
    doctor: Doctor
    worker: Worker | None
    arrived_at: datetime
    wait_min: int
    call_min: int
    accompanied: Accompanied
    companion: str
    scene: Scene
    measured: Vitals | None
    face: int | None


@dataclass(frozen=True, slots=True)
class Taking:
    """Measures taken by a health worker between two visits."""

    person: int
    worker: Worker
    taken_at: datetime
    measured: Vitals


def readings(measured: Vitals) -> tuple[Reading, ...]:
    """Return one set of measures as somebody read them, in UCUM units."""
    values: list[tuple[MeasureName, float, str]] = [
        (MeasureName.SYSTOLIC, measured.systolic, "mm[Hg]"),
        (MeasureName.DIASTOLIC, measured.diastolic, "mm[Hg]"),
        (MeasureName.HEART_RATE, measured.pulse, "/min"),
        (MeasureName.OXYGEN_SATURATION, measured.spo2, "%"),
        (MeasureName.TEMPERATURE, measured.temperature, "Cel"),
        (MeasureName.WEIGHT, measured.weight, "kg"),
    ]
    if measured.glucose is not None:
        values.append((MeasureName.GLUCOSE, measured.glucose, "mg/dL"))
    return tuple(Reading(name, value, unit) for name, value, unit in values)


def visits(seed: int, people: Sequence[Person], named: int, count: int, today: date) -> list[Visit]:
    """Return about `count` past visits in the order of time; the first `named` people all have two or three."""
    planned: set[tuple[str, datetime]] = set()
    found: list[Visit] = []
    for number, days_ago in _comings(Random(f"{seed}/comings"), people, named, count):
        rng = Random(f"{seed}/visit/{number}/{days_ago}")
        visit = _visit(rng, number, people[number], today, days_ago, planned)
        if visit is not None:
            found.append(visit)
    return sorted(found, key=lambda visit: visit.arrived_at)


def takings(seed: int, people: Sequence[Person], numbers: Iterable[int], today: date) -> list[Taking]:
    """Return three sets of measures over the last year for each of these people, in the order of time."""
    found: list[Taking] = []
    for number in numbers:
        person = people[number]
        rng = Random(f"{seed}/takings/{number}")
        days = [rng.randint(low, low + 40) for low in (310, 190, 70)]
        for days_ago, measured in zip(days, vitals.course(rng, person.body, _years(days)), strict=True):
            worker = rng.choice([one for one in places.WORKERS if one.village == person.village])
            at = _instant(today - timedelta(days=days_ago), rng.choice((570, 600, 645, 690)))
            found.append(Taking(number, worker, at, measured))
    return sorted(found, key=lambda taking: taking.taken_at)


def there(workers: Sequence[Worker], village: str, at: datetime) -> Worker | None:
    """Return the health worker who is in the village at this instant, if one is."""
    local = at.astimezone(_ZONE)
    minute = local.hour * 60 + local.minute
    for worker in workers:
        for hours in worker.hours if worker.village == village else ():
            if hours.weekday == local.weekday() and hours.start_min <= minute < hours.end_min:
                return worker
    return None


def _comings(rng: Random, people: Sequence[Person], named: int, count: int) -> Iterator[tuple[int, int]]:
    """Yield who comes, and how many days ago."""
    for number in range(min(named, len(people))):
        for around in (200, 110, 35)[: 3 if people[number].conditions else 1]:
            yield number, around - rng.randint(0, 25)
    others = range(named, len(people))
    weights = [1 + 3 * len(people[number].conditions) for number in others]
    for number in rng.choices(others, weights, k=max(count - 3 * named, 0)) if others else ():
        yield number, rng.randint(1, PAST_DAYS)


def _visit(
    rng: Random, number: int, person: Person, today: date, days_ago: int, planned: set[tuple[str, datetime]]
) -> Visit | None:
    day = today - timedelta(days=days_ago)
    free = [one for one in _video_starts(day) if (one[0].login, one[1]) not in planned]
    own = [one for one in free if one[0].login == person.treated_by]
    if not free:
        return None
    doctor, starts_at = rng.choice(own or free)
    planned.add((doctor.login, starts_at))
    worker = there(places.WORKERS, person.village, starts_at)
    feverish = rng.random() < (0.35 if age(person.traits.born_on, day) < 12 else 0.08)
    measured = vitals.course(rng, person.body, _years([days_ago]))[0]
    measured = vitals.fever(rng, measured) if feverish else measured
    accompanied, companion = _company(rng, age(person.traits.born_on, day), worker)
    return Visit(
        person=number,
        booth=rng.choice([booth for booth in places.BOOTHS if booth.village == person.village]),
        doctor=doctor,
        worker=worker,
        arrived_at=starts_at,
        wait_min=rng.randint(3, 12),
        call_min=rng.randint(6, 14),
        accompanied=accompanied,
        companion=companion,
        scene=scene(rng, person, measured, feverish),
        measured=measured if worker else None,
        face=rng.choices((None, 3, 2, 1), (4, 10, 4, 1))[0],
    )


def _company(rng: Random, years: int, worker: Worker | None) -> tuple[Accompanied, str]:
    if years < 16:
        return Accompanied.WITH_SOMEONE, "sa mère"
    if worker is not None and rng.random() < 0.7:
        return Accompanied.WITH_HEALTH_WORKER, worker.name
    if years >= 78 and rng.random() < 0.4:
        return Accompanied.WITH_SOMEONE, rng.choice(_COMPANIONS)
    return Accompanied.ALONE, ""


def _video_starts(day: date) -> list[tuple[Doctor, datetime]]:
    """Return each doctor with each moment of the day at which a visit by the cabin may begin."""
    return [
        (doctor, _instant(day, minute))
        for doctor in places.DOCTORS
        for hours in doctor.hours
        if hours.weekday == day.weekday() and hours.modality == places.VR
        for minute in range(hours.start_min, hours.end_min - VISIT_MINUTES + 1, VISIT_MINUTES)
    ]


def _instant(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), _ZONE).astimezone(UTC)


def _years(days_ago: Iterable[int]) -> list[float]:
    return [-days / 365 for days in days_ago]
