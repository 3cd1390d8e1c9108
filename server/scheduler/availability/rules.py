"""What somebody's hours are, how they differ from other hours, and which appointments a change would leave outside.

hours before ──┬── difference ──▶ added, taken away
hours then  ───┤
appointments ──┴── outside ──▶ those that fitted before and fit no more: somebody decides what becomes of each
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import product
from math import asin, cos, radians, sin, sqrt
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from server.kernel.errors import Conflict, Invalid
from server.kernel.ids import AppointmentId, CabinId, PractitionerId, SiteId
from server.kernel.words import N_
from server.records.rules.note import Modality
from server.scheduler.rules.openings import (
    Calendar,
    Exceptional,
    ExceptionKind,
    WeeklyRule,
    check_rules,
    must_be_there,
)
from server.scheduler.rules.units import ClockChange, clock_change, unit_from, unit_of

REASON_MAX, BUFFER_MAX, ONCE_FOR = 120, 60, timedelta(days=366)
WEEKLY_MOST, ONCE_MOST = 200, 500
ROAD, KM_PER_HOUR, LEAST_TRAVEL = 1.3, 50, 10  # roads are a third longer than the crow flies; country roads; minutes
_EARTH_KM = 6371.0
_NOT_POSSIBLE = N_("Ces heures d’ouverture ne sont pas possibles. Rien n’a été enregistré.")


class Weekly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open every week between two minutes of the wall clock, as `WeeklyRule`; and where."""

    weekday: int
    start_min: int
    end_min: int
    modality: Modality | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    site_id: SiteId | None = None
    every_weeks: int = 1
    """Every so many weeks, counted from the week of `valid_from`."""

    def rule(self) -> WeeklyRule:
        """Return it as the search knows it."""
        return WeeklyRule(
            self.weekday,
            self.start_min,
            self.end_min,
            self.modality,
            self.valid_from,
            self.valid_to,
            self.site_id,
            self.every_weeks,
        )

    def meets(self, other: "Weekly") -> bool:
        """Return whether both can hold in one week."""
        starts = [one for one in (self.valid_from, other.valid_from) if one]
        ends = [one for one in (self.valid_to, other.valid_to) if one]
        both = not starts or not ends or max(starts) <= min(ends)
        return both and self.rule().same_weeks(other.rule())


class Once(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open or closed once between two instants: leave, a breakdown, a stop of the medicobus; and where."""

    kind: ExceptionKind
    starts_at: datetime
    ends_at: datetime
    modality: Modality | None = None
    reason: str = ""
    site_id: SiteId | None = None

    def exceptional(self) -> Exceptional:
        """Return it as the search knows it."""
        return Exceptional(self.kind, self.starts_at, self.ends_at, self.modality, self.site_id)


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All hours of one resource: every week, and once."""

    weekly: tuple[Weekly, ...] = ()
    once: tuple[Once, ...] = ()
    buffer_min: int = 0

    def calendar(self, known: Calendar) -> Calendar:
        """Return `known` with these hours instead of its own."""
        rules = tuple(one.rule() for one in self.weekly)
        return replace(known, rules=rules, exceptions=tuple(one.exceptional() for one in self.once))


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment that is still to come, without any word of who comes or why."""

    id: AppointmentId
    starts_at: datetime
    ends_at: datetime
    modality: Modality
    practitioner_id: PractitionerId
    cabin_id: CabinId | None
    site_id: SiteId | None = None
    overbooked: bool = False
    """It stands beside another one of the doctor's."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one plan has and the other has not."""

    added: tuple[Weekly | Once, ...]
    removed: tuple[Weekly | Once, ...]
    buffer: tuple[int, int] | None = None
    """Minutes between appointments before and then, when they differ."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.buffer)


def in_order(plan: Plan) -> Plan:
    """Return the plan sorted, each line once: two plans that say the same are the same."""
    weekly = {msgspec.json.encode(one): one for one in plan.weekly}
    once = {msgspec.json.encode(one): one for one in plan.once}
    return Plan(
        tuple(sorted(weekly.values(), key=lambda one: (one.weekday, one.start_min, one.end_min, str(one)))),
        tuple(sorted(once.values(), key=lambda one: (one.starts_at, one.ends_at, str(one)))),
        plan.buffer_min,
    )


def digest(plan: Plan) -> str:
    """Return what a form carries to say which hours it was filled in over."""
    return hashlib.sha256(msgspec.json.encode(in_order(plan))).hexdigest()[:32]


def refuse_other(plan: Plan, seen: str) -> None:
    """Raise Conflict when the hours are no longer those that the person saw."""
    if digest(plan) != seen:
        raise Conflict(
            N_("Quelqu’un a modifié ces heures entre-temps. Rien n’a été écrasé. Regardez-les, puis recommencez."),
            code="edited-elsewhere",
        )


def difference(before: Plan, then: Plan) -> Difference:
    """Return what was added and taken away."""
    old: Counter[Weekly | Once] = Counter((*in_order(before).weekly, *in_order(before).once))
    new: Counter[Weekly | Once] = Counter((*in_order(then).weekly, *in_order(then).once))
    moved = None if before.buffer_min == then.buffer_min else (before.buffer_min, then.buffer_min)
    return Difference(tuple((new - old).elements()), tuple((old - new).elements()), moved)


def outside(before: Calendar, then: Calendar, booked: Iterable[Booked]) -> list[Booked]:
    """Return the appointments that lie in the hours before and not in the hours then."""
    return [one for one in booked if _holds(before, one) and not _holds(then, one)]


def _holds(calendar: Calendar, one: Booked) -> bool:
    span = range(unit_of(one.starts_at), unit_from(one.ends_at))
    at = one.site_id if must_be_there(calendar.kind, one.modality) else None
    return calendar.open_in(span, one.modality, at) == (1 << len(span)) - 1


def check_plan(plan: Plan, places: Mapping[SiteId, tuple[float, float]], home: SiteId | None = None) -> Plan:
    """Return the plan in order, or raise Invalid saying which line cannot be.

    `places`: latitude and longitude; `home`: where lines are that name no site.
    """
    check_rules([one.rule() for one in plan.weekly])
    for one in plan.weekly:
        if one.valid_from and one.valid_to and one.valid_to < one.valid_from:
            raise Invalid(_NOT_POSSIBLE, fields={"valid_to": N_("Le dernier jour vient avant le premier.")})
    for one_off in plan.once:
        if not timedelta(0) < one_off.ends_at - one_off.starts_at <= ONCE_FOR:
            raise Invalid(_NOT_POSSIBLE, fields={"ends_on": N_("La fin vient après le début, un an après au plus.")})
        if len(one_off.reason) > REASON_MAX:
            raise Invalid(_NOT_POSSIBLE, fields={"reason": N_("120 lettres au plus.")})
    if plan.buffer_min % 5 or not 0 <= plan.buffer_min <= BUFFER_MAX:
        raise Invalid(_NOT_POSSIBLE, fields={"buffer_min": N_("Entre 0 et 60 minutes, par pas de 5.")})
    if len(plan.weekly) > WEEKLY_MOST or len(plan.once) > ONCE_MOST:
        raise Invalid(N_("C’est trop de lignes pour une personne. Rien n’a été enregistré."))
    _check_sites(plan, places, home)
    return in_order(plan)


def _check_sites(plan: Plan, places: Mapping[SiteId, tuple[float, float]], home: SiteId | None) -> None:
    """Raise Invalid when somebody would have to be in two places with no time to drive.

    A line of every week gives way to an opening elsewhere (`Calendar`); two of a kind do not.
    """
    named = {one.site_id for one in plan.weekly} | {one.site_id for one in plan.once}
    if not named - {None} <= set(places):
        raise Invalid(_NOT_POSSIBLE, fields={"site_id": N_("Choisissez un lieu de la liste.")})
    opened = [one for one in plan.once if one.kind is ExceptionKind.OPEN]
    lines: tuple[tuple[Weekly | Once, ...], ...] = (plan.weekly, tuple(opened))
    for first, then in (pair for some in lines for pair in product(some, repeat=2)):
        here, there = first.site_id or home, then.site_id or home
        if here and there and here != there and here in places and there in places:
            needed = travel_min(places[here], places[there])
            if _too_soon(first, then, needed):
                raise Invalid(
                    N_("Entre ces deux lieux, il faut %(minutes)s minutes de route. Rien n’a été enregistré."),
                    code="travel",
                    minutes=needed,
                )


def _too_soon(first: Weekly | Once, then: Weekly | Once, needed: int) -> bool:
    """Return whether `then` begins after `first` does, but before one has come from there in `needed` minutes."""
    if isinstance(first, Once):
        road = timedelta(minutes=needed)
        return isinstance(then, Once) and first.starts_at <= then.starts_at < first.ends_at + road
    if isinstance(then, Once):
        return False
    begins = then.start_min + 24 * 60 * ((then.weekday - first.weekday) % 7)
    return first.meets(then) and first.start_min <= begins < first.end_min + needed


def travel_min(one: tuple[float, float], other: tuple[float, float]) -> int:
    """Return the minutes of driving between two places: great circle × 1.3 at 50 km/h, in steps of 5, 10 at least."""
    (lat, lon), (lat2, lon2) = [(radians(a), radians(b)) for a, b in (one, other)]
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lon2 - lon) / 2) ** 2
    minutes = 2 * _EARTH_KM * asin(sqrt(half)) * ROAD / KM_PER_HOUR * 60
    return max(LEAST_TRAVEL, -int(-minutes // 5) * 5)


def with_weekly(plan: Plan, added: Iterable[Weekly]) -> Plan:
    """Return the plan with more weekly lines."""
    return in_order(msgspec.structs.replace(plan, weekly=(*plan.weekly, *added)))


def with_once(plan: Plan, added: Iterable[Once]) -> Plan:
    """Return the plan with more exceptions."""
    return in_order(msgspec.structs.replace(plan, once=(*plan.once, *added)))


def without(plan: Plan, *, weekly: int | None = None, once: int | None = None) -> Plan:
    """Return the plan, in order, without one line by its place; a place that is not there changes nothing."""
    plan = in_order(plan)
    return Plan(
        tuple(one for place, one in enumerate(plan.weekly) if place != weekly),
        tuple(one for place, one in enumerate(plan.once) if place != once),
        plan.buffer_min,
    )


@dataclass(frozen=True, slots=True)
class Odd:
    """A day on which a weekly line begins or ends at an hour that clocks skip, or show twice."""

    on: date
    minute: int
    change: ClockChange

    @property
    def skipped(self) -> bool:
        """Whether clocks skip it; otherwise they show it twice, and the first time counts."""
        return self.change.skips(self.minute)


def odd_hours(plan: Plan, zone: str, days: Iterable[date]) -> list[Odd]:
    """Return what of the weekly lines clock changes make odd on these days."""
    found: list[Odd] = []
    for day in days:
        change = clock_change(day, zone)
        if change is not None:
            ends = {end for one in plan.weekly for end in _ends_on(one.rule(), day)}
            found += [Odd(day, end, change) for end in sorted(ends) if change.skips(end) or change.repeats(end)]
    return found


def _ends_on(rule: WeeklyRule, day: date) -> list[int]:
    """Return the minutes of a day at which a rule begins or ends; one that began the day before may end on it."""
    own = [rule.start_min, rule.end_min] if rule.holds_on(day) else []
    over = [rule.end_min - 24 * 60] if rule.end_min > 24 * 60 and rule.holds_on(day - timedelta(days=1)) else []
    return [*own, *over]


def check_zone(zone: str) -> str:
    """Return an IANA zone name, or raise Invalid."""
    if zone not in available_timezones():
        raise Invalid(_NOT_POSSIBLE, fields={"zone": N_("Écrivez un fuseau comme Europe/Paris.")})
    return str(ZoneInfo(zone))
