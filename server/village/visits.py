"""The village's past: who came when, to which cabin and doctor, with which measures; pure, from the seed.

    person ──▶ a first day ──▶ a doctor there by video ──▶ measures ──▶ scene ──follow-up──▶ the next day …

Times are those of the doctors' own hours by the cabin; doctor, cabin and health worker are in one visit at a time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from server.encounters.rules import Accompanied
from server.people.rules import age
from server.records.rules.measures import MeasureName, Reading
from server.records.rules.note import FollowUpWish, Modality
from server.scheduler.rules.openings import public_holidays
from server.scheduler.rules.promise import window
from server.village import places, vitals
from server.village.places import Booth, Doctor, Worker
from server.village.population import Person
from server.village.scenes import Scene, scene
from server.village.vitals import Vitals

PAST_DAYS = 270
KEPT = 0.8  # share of follow-ups by the cabin that were kept
LATE, LATE_DAYS = 6, 120  # follow-ups that nobody kept, left for the worklist: so many, asked for since
WEEKS = 4  # of them, enough visits that the coordination may show how the lines were
LATELY = {"saint-fiacre": 6, "locarn": 6}  # visits a week there; Trébrivan has few, and so shows nothing
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
    keeps: bool
    """Whether it was booked to keep the follow-up that the person's visit before asked for."""
    with_worker: bool
    """Whether that follow-up asked for a health worker beside."""


@dataclass(frozen=True, slots=True)
class Taking:
    """Measures taken by a health worker between two visits."""

    person: int
    worker: Worker
    taken_at: datetime
    measured: Vitals


@dataclass(frozen=True, slots=True)
class _Opening:
    """A moment at which a doctor could see somebody in a cabin, with who stands beside."""

    starts_at: datetime
    doctor: Doctor
    booth: Booth
    worker: Worker | None


@dataclass(slots=True)
class _Diary:
    """Who and what is taken when: (login, instant)."""

    today: date
    taken: set[tuple[str, datetime]] = field(default_factory=set)

    def openings(self, day: date, village: str) -> list[_Opening]:
        """Return the free moments of a day in a village."""
        found = []
        for doctor, at in _video_starts(day):
            booths = [one for one in places.BOOTHS if one.village == village and (one.login, at) not in self.taken]
            if booths and (doctor.login, at) not in self.taken:
                worker = there(places.WORKERS, village, at)
                busy = worker is not None and (worker.login, at) in self.taken
                found.append(_Opening(at, doctor, booths[0], None if busy else worker))
        return found

    def write(self, one: _Opening) -> None:
        """Take the moment."""
        self.taken |= {(one.doctor.login, one.starts_at), (one.booth.login, one.starts_at)}
        if one.worker is not None:
            self.taken.add((one.worker.login, one.starts_at))


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


def visits(
    seed: int, people: Sequence[Person], named: Mapping[int, int], count: int, today: date, weeks: int = 0
) -> list[Visit]:
    """Return about `count` past visits in the order of time, and those of the last `weeks` in two busy villages.

    `named` people first came so many days ago, and keep every follow-up since; others are drawn, those with
    illnesses more often.
    """
    diary = _Diary(today)
    found: list[Visit] = []
    for number, days_ago in named.items():
        found += _story(Random(f"{seed}/story/{number}"), number, people[number], days_ago, 1.0, diary)
    rng = Random(f"{seed}/comings")
    others = [number for number in range(len(people)) if number not in named]
    weights = [1 + 3 * len(people[number].conditions) for number in others]
    while any(weights) and len(found) < count:
        number = rng.choices(others, weights)[0]
        weights[others.index(number)] = 0  # one story each
        found += _story(
            Random(f"{seed}/story/{number}"), number, people[number], rng.randint(1, PAST_DAYS), KEPT, diary
        )
    unseen = [number for number in others if number not in {visit.person for visit in found}]
    found += _lately(Random(f"{seed}/lately"), people, unseen, diary, weeks)
    return _forgiven(sorted(found, key=lambda visit: visit.arrived_at), today)


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
            if hours.weekday == local.weekday() and hours.start_min <= minute < hours.end_min - VISIT_MINUTES:
                return worker
    return None


def _story(rng: Random, number: int, person: Person, days_ago: int, kept: float, diary: _Diary) -> Iterator[Visit]:
    """Yield a first visit, and those that kept its follow-ups."""
    day, before = diary.today - timedelta(days=days_ago), None
    while day < diary.today:
        visit = _visit(rng, number, person, day, before, diary)
        if visit is None:
            return
        visit = visit if kept < 1 else _by_the_cabin(visit)
        yield visit
        wish = visit.scene.note.follow_up
        if wish is None or wish.modality is not Modality.REMOTE or rng.random() >= kept:
            return
        day, before = visit.arrived_at.astimezone(_ZONE).date() + timedelta(days=wish.in_days), visit


def _lately(rng: Random, people: Sequence[Person], unseen: Sequence[int], diary: _Diary, weeks: int) -> Iterator[Visit]:
    """Yield one visit each of people who came for the first time in the last weeks, and were asked for no other."""
    monday = diary.today - timedelta(days=diary.today.weekday())
    for village, most in LATELY.items():
        coming = [number for number in unseen if people[number].village == village]
        for back in range(weeks):
            free = [day for day in range(5) if monday + timedelta(days=day - 7 * back) < diary.today]
            came = 0
            while free and coming and came < most:
                day = monday + timedelta(days=rng.choice(free) - 7 * back)
                number = coming.pop(rng.randrange(len(coming)))
                if visit := _visit(rng, number, people[number], day, None, diary):
                    came += 1
                    yield _without_order(visit)


def _visit(rng: Random, number: int, person: Person, day: date, before: Visit | None, diary: _Diary) -> Visit | None:
    known = day > person.traits.born_on + timedelta(days=14)
    opening = _opening(rng, person, day, before, diary) if known else None
    if opening is None:
        return None
    diary.write(opening)
    years = age(person.traits.born_on, day)
    measured = vitals.course(rng, person.body, _years([(diary.today - day).days]))[0]
    feverish = before is None and not person.conditions and rng.random() < (0.5 if years < 12 else 0.2)
    measured = vitals.fever(rng, measured) if feverish else measured
    planned = before is not None and _with_worker(before)
    accompanied, companion = _company(rng, years, opening.worker, planned=planned)
    return Visit(
        person=number,
        booth=opening.booth,
        doctor=opening.doctor,
        worker=opening.worker,
        arrived_at=opening.starts_at,
        wait_min=rng.randint(3, 12),
        call_min=rng.randint(6, 14),
        accompanied=accompanied,
        companion=companion,
        scene=scene(rng, person, measured, feverish),
        measured=measured if opening.worker else None,
        face=rng.choices((None, 3, 2, 1), (4, 10, 4, 1))[0],
        keeps=before is not None,
        with_worker=planned,
    )


def _opening(rng: Random, person: Person, day: date, before: Visit | None, diary: _Diary) -> _Opening | None:
    """Choose a moment: of the doctor who asked or one's own if they are there; a follow-up may wait two days."""
    for later in range(3 if before else 1):
        on = day + timedelta(days=later)
        if on >= diary.today:
            return None
        free = diary.openings(on, person.village)
        if before is not None and _with_worker(before):
            free = [one for one in free if one.worker is not None]
        login = before.doctor.login if before else person.treated_by
        wanted = [one for one in free if one.doctor.login == login] or free
        if wanted:
            return rng.choice(wanted)
    return None


def _with_worker(visit: Visit) -> bool:
    wish = visit.scene.note.follow_up
    return wish is not None and wish.with_health_worker


def _forgiven(found: list[Visit], today: date) -> list[Visit]:
    """Return the visits with the orders withdrawn that nobody kept, but for the newest few: those are late."""
    last = {visit.person: visit for visit in found}
    over = [visit for visit in last.values() if _is_over(visit, today)]
    recent = [visit for visit in over if (today - visit.arrived_at.date()).days < LATE_DAYS]
    late = [visit for visit in recent if _is_remote(visit)][-LATE:]
    forgotten = {id(visit) for visit in over} - {id(visit) for visit in late}
    return [_without_order(visit) if id(visit) in forgotten else visit for visit in found]


def _is_over(visit: Visit, today: date) -> bool:
    wish = visit.scene.note.follow_up
    if wish is None:
        return False
    return window(visit.arrived_at.astimezone(_ZONE).date(), wish.in_days).latest_on < today


def _is_remote(visit: Visit) -> bool:
    wish = visit.scene.note.follow_up
    return wish is not None and wish.modality is Modality.REMOTE


def _without_order(visit: Visit) -> Visit:
    return _ordering(visit, None)


def _by_the_cabin(visit: Visit) -> Visit:
    """Return the visit with its follow-up by the cabin, if a health worker can be the hands there."""
    wish = visit.scene.note.follow_up
    if wish is None or not wish.with_health_worker:
        return visit
    return _ordering(visit, msgspec.structs.replace(wish, modality=Modality.REMOTE))


def _ordering(visit: Visit, wish: FollowUpWish | None) -> Visit:
    note = msgspec.structs.replace(visit.scene.note, follow_up=wish)
    return replace(visit, scene=replace(visit.scene, note=note))


def _company(rng: Random, years: int, worker: Worker | None, *, planned: bool) -> tuple[Accompanied, str]:
    if years < 16:
        return Accompanied.WITH_SOMEONE, "sa mère"
    if worker is not None and (planned or rng.random() < 0.7):
        return Accompanied.WITH_HEALTH_WORKER, worker.name
    if years >= 78 and rng.random() < 0.4:
        return Accompanied.WITH_SOMEONE, rng.choice(_COMPANIONS)
    return Accompanied.ALONE, ""


def _video_starts(day: date) -> list[tuple[Doctor, datetime]]:
    """Return each doctor with each moment of the day at which a visit by the cabin may begin."""
    return [
        (doctor, _instant(day, minute))
        for doctor in places.DOCTORS
        for hours in (() if day in _holidays(day.year) else doctor.hours)
        if hours.weekday == day.weekday() and hours.modality == places.VR
        for minute in range(hours.start_min, hours.end_min - VISIT_MINUTES + 1, VISIT_MINUTES)
    ]


@lru_cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(public_holidays(places.ZONE, {year}))


def _instant(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), _ZONE).astimezone(UTC)


def _years(days_ago: Iterable[int]) -> list[float]:
    return [-days / 365 for days in days_ago]
