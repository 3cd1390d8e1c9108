"""A large territory: cabins, practitioners and health workers with hours, leave and bookings, invented from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, insert

from server.database.rows import Row
from server.kernel.ids import AppointmentId, ResourceId, new_id
from server.records.rules.note import Modality
from server.scheduler.rules.openings import (
    Calendar,
    Exceptional,
    ExceptionKind,
    ResourceKind,
    WeeklyRule,
    public_holidays,
    starts,
)
from server.scheduler.rules.search import NEEDS
from server.scheduler.rules.units import day_units
from server.scheduler.tables import AvailabilityException, AvailabilityRule, BusyUnit, ClosingDay, Resource

CABINS, DOCTORS, WORKERS, TRIES = 300, 1500, 300, 60_000
TODAY = date(2026, 11, 23)
ZONE = "Europe/Paris"
HALF_DAYS = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
Booked = dict[ResourceId, set[int]]


@dataclass(frozen=True)
class Territory:
    """Everybody, and what they hold."""

    doctors: list[Calendar]
    cabins: list[Calendar]
    workers: list[Calendar]

    @property
    def everyone(self) -> list[Calendar]:
        """All resources."""
        return [*self.doctors, *self.cabins, *self.workers]


def invented(seed: int) -> Territory:
    """Doctors tele-consult two to five half-days a week and take five weeks off; cabins and nurses keep shop hours."""
    dice = random.Random(seed)
    holidays = frozenset(public_holidays(ZONE, {2026, 2027}))
    doctors = [_doctor(dice, holidays) for _ in range(DOCTORS)]
    cabins = [_shop(dice, holidays, ResourceKind.CABIN) for _ in range(CABINS)]
    workers = [_shop(dice, holidays, ResourceKind.HEALTH_WORKER) for _ in range(WORKERS)]
    booked = _booked(dice, doctors, cabins, workers)
    return Territory(*([_with(one, booked) for one in side] for side in (doctors, cabins, workers)))


def _doctor(dice: random.Random, holidays: frozenset[date]) -> Calendar:
    halves = dice.sample([(day, half) for day in range(5) for half in HALF_DAYS], dice.randint(2, 5))
    rules = tuple(WeeklyRule(day, *half, Modality.REMOTE) for day, half in halves)
    first = [TODAY + timedelta(days=dice.randrange(365)) for _ in range(5)]
    leave = tuple(Exceptional(ExceptionKind.CLOSED, _noon(day), _noon(day + timedelta(days=7))) for day in first)
    return Calendar(ResourceId(new_id()), ResourceKind.PRACTITIONER, new_id(), ZONE, rules, leave, holidays)


def _shop(dice: random.Random, holidays: frozenset[date], kind: ResourceKind) -> Calendar:
    closed = dice.randrange(5)
    rules = tuple(WeeklyRule(day, *half) for day in range(5) if day != closed for half in HALF_DAYS)
    return Calendar(ResourceId(new_id()), kind, new_id(), ZONE, rules, (), holidays)


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _booked(dice: random.Random, doctors: list[Calendar], cabins: list[Calendar], workers: list[Calendar]) -> Booked:
    """Book where all three are free; fewer the further away, as people do."""
    held: Booked = {}
    opened: dict[tuple[ResourceId, date], int] = {}
    for _ in range(TRIES):
        day = TODAY + timedelta(days=min(364, int(dice.expovariate(1 / 60))))
        span = day_units(day, ZONE)
        three = [dice.choice(doctors), dice.choice(cabins), dice.choice(workers)]
        bits = (1 << len(span)) - 1
        for one in three:
            if (one.resource_id, day) not in opened:
                opened[one.resource_id, day] = one.open_in(span, Modality.REMOTE)
            bits &= starts(opened[one.resource_id, day], NEEDS[one.kind])
        some = [bit for bit in range(len(span)) if bits >> bit & 1 and bit % 3 == 0]
        if not some:
            continue
        bit = dice.choice(some)
        for one in three:
            opened[one.resource_id, day] &= ~(((1 << NEEDS[one.kind]) - 1) << bit)
            held.setdefault(one.resource_id, set()).update(range(span.start + bit, span.start + bit + NEEDS[one.kind]))
    return held


def _with(one: Calendar, held: Booked) -> Calendar:
    taken = frozenset(held.get(one.resource_id, ()))
    return Calendar(
        one.resource_id, one.kind, one.subject_id, one.zone, one.rules, one.exceptions, one.closing_days, taken
    )


def _hours(everyone: list[Calendar]) -> list[tuple[type[Row], list[dict[str, object]]]]:
    """The rules and the leave of all, as rows of their tables."""
    rules = [
        {
            "id": new_id(),
            "resource_id": one.resource_id,
            "weekday": rule.weekday,
            "start_min": rule.start_min,
            "end_min": rule.end_min,
            "modality": rule.modality,
        }
        for one in everyone
        for rule in one.rules
    ]
    leave = [
        {
            "id": new_id(),
            "resource_id": one.resource_id,
            "kind": out.kind,
            "starts_at": out.starts_at,
            "ends_at": out.ends_at,
            "reason": "-",
        }
        for one in everyone
        for out in one.exceptions
    ]
    return [(AvailabilityRule, rules), (AvailabilityException, leave)]


def write(territory: Territory, path: Path) -> int:
    """Write everything into the tables of a SQLite file; return how many units are held."""
    engine = create_engine(f"sqlite:///{path}")
    nobody = AppointmentId(new_id())
    everyone = territory.everyone
    resources = [
        {"id": one.resource_id, "kind": one.kind, "subject_id": one.subject_id, "zone": ZONE, "active": True}
        for one in everyone
    ]
    held = [
        {"resource_id": one.resource_id, "unit": unit, "lane": 0, "appointment_id": nobody}
        for one in sorted(everyone, key=lambda one: one.resource_id.bytes)
        for unit in sorted(one.taken)
    ]
    closing = [{"area": ZONE, "on_day": on, "label": "-"} for on in everyone[0].closing_days]
    with engine.begin() as connection:  # foreign keys are not asked for here: nobody is the patient
        for table, rows in (
            (Resource, resources),
            *_hours(everyone),
            (ClosingDay, closing),
            (BusyUnit, held),
        ):
            connection.execute(insert(table), rows)
    engine.dispose()
    return len(held)
