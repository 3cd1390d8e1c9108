"""When somebody or something is open: weekly rules in wall-clock time, exceptions, closing days, and what is taken.

A set of units is a Python whole number: bit 0 is the first unit of the span that is asked for.

    open  =  (weekly rules − closing days of where they are)  ∪  exceptions "open"  −  exceptions "closed"
    free  =  open − taken

Hours may be at another site than usual: who has to be there is open there alone. Somebody who goes once to another
site is not where they are every week meanwhile, nor while they drive.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from math import gcd
from uuid import UUID

import holidays

from server.kernel.errors import Invalid
from server.kernel.ids import ResourceId, SiteId
from server.kernel.words import N_
from server.records.rules.note import Modality
from server.scheduler.rules.units import instant_of, instant_of_wall, local_day, unit_from, unit_of

EVERY_WEEKS_MOST = 8
LATEST_MINUTE = 36 * 60  # a rule may run past midnight, until noon of the day after


NOWHERE = SiteId(UUID(int=0))
"""A site where nobody's hours are: who says where they are is not there."""


class ResourceKind(StrEnum):
    """What can be taken only once at a time."""

    PRACTITIONER = "practitioner"
    CABIN = "cabin"
    HEALTH_WORKER = "health-worker"
    INSTRUMENT = "instrument"
    """Shared by a site: an electrocardiograph."""
    PATIENT = "patient"
    """Always open; a resource so that nobody is expected in two places at once."""


def must_be_there(kind: ResourceKind, modality: Modality) -> bool:
    """Return whether a resource has to be at the patient's site: a doctor on the screen may be anywhere."""
    if kind is ResourceKind.PRACTITIONER:
        return modality is Modality.IN_PERSON
    return kind is not ResourceKind.PATIENT


class ExceptionKind(StrEnum):
    """An exception adds time or takes it away."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class WeeklyRule:
    """Open every `weekday` (Monday is 0) from `start_min` to `end_min` of the wall clock.

    `end_min` above 1440 runs past midnight. `modality` None is good for both.
    """

    weekday: int
    start_min: int
    end_min: int
    modality: Modality | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    site_id: SiteId | None = None
    """Where, when that is not where they always are."""
    every_weeks: int = 1
    """Every so many weeks, from the week (Monday to Sunday) of `valid_from` on."""

    def holds_on(self, day: date) -> bool:
        """Return whether the rule speaks of this date."""
        return (
            day.weekday() == self.weekday
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
            and (_week(day) - self._first_week) % self.every_weeks == 0
        )

    def same_weeks(self, other: "WeeklyRule") -> bool:
        """Return whether there are weeks of both rules."""
        return (self._first_week - other._first_week) % gcd(self.every_weeks, other.every_weeks) == 0

    @property
    def _first_week(self) -> int:
        return _week(self.valid_from) if self.valid_from else 0


@dataclass(frozen=True, slots=True)
class Exceptional:
    """Open or closed once, between two instants: a stop of the bus, a holiday, a broken cabin."""

    kind: ExceptionKind
    starts_at: datetime
    ends_at: datetime
    modality: Modality | None = None
    site_id: SiteId | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """All that says when one resource is open and taken, over the units that were loaded."""

    resource_id: ResourceId
    kind: ResourceKind
    subject_id: UUID
    zone: str
    rules: tuple[WeeklyRule, ...] = ()
    exceptions: tuple[Exceptional, ...] = ()
    closing_days: frozenset[date] = frozenset()
    taken: frozenset[int] = field(default=frozenset(), repr=False)
    buffer: int = 0
    """Units kept free before and after each appointment, when moments are proposed."""
    closed_at: Mapping[SiteId, frozenset[date]] = field(default_factory=dict)
    """The closing days of other sites where rules put the resource."""
    home: SiteId | None = None
    """Where it always is; None for a doctor, who may be anywhere."""
    travel: Mapping[tuple[SiteId, SiteId], int] = field(default_factory=dict)
    """Units of driving between two sites."""

    @property
    def places(self) -> frozenset[SiteId]:
        """The other sites where some of the hours are."""
        named = [one.site_id for one in self.rules] + [one.site_id for one in self.exceptions]
        return frozenset(one for one in named if one is not None)

    def stops_at(self, site_id: SiteId) -> bool:
        """Whether it is of another site and has hours at this one: the medicobus stops here, or who rides in it."""
        return self.home not in (None, site_id) and site_id in self.places

    def open_in(self, span: range, modality: Modality, at: SiteId | None = None) -> int:
        """Return the units of `span` in which the resource is open for `modality`; `at` a site, if one is named."""
        if self.kind is ResourceKind.PATIENT:
            return (1 << len(span)) - 1
        bits = 0
        for start, stop, place in self._weekly(span, modality):
            if at is None or place in (None, at):
                bits |= _bits(span, start, stop) & ~self._away(span, place)
        for one in self._exceptions(ExceptionKind.OPEN, modality):
            if at is None or (one.site_id or self.home) in (None, at):
                bits |= _bits(span, unit_from(one.starts_at), unit_of(one.ends_at))
        for one in self._exceptions(ExceptionKind.CLOSED, modality):
            bits &= ~_bits(span, unit_of(one.starts_at), unit_from(one.ends_at))
        return bits

    def comes_to(self, site_id: SiteId, span: range, modality: Modality) -> bool:
        """Whether hours that are said to be at this site hold all of `span`: a doctor who comes there."""
        for one in self._exceptions(ExceptionKind.OPEN, modality):
            if one.site_id == site_id and unit_from(one.starts_at) <= span.start and span.stop <= unit_of(one.ends_at):
                return True
        return not self._away(span, site_id) and any(
            place == site_id and start <= span.start and span.stop <= stop
            for start, stop, place in self._weekly(span, modality)
        )

    def free_in(self, span: range, modality: Modality, at: SiteId | None = None) -> int:
        """Return the units of `span` in which the resource is open and not taken; `at` a site, if one is named."""
        wide = range(span.start - self.buffer, span.stop + self.buffer)
        return self.open_in(span, modality, at) & ~(padded(self.taken_in(wide), self.buffer) >> self.buffer)

    def taken_in(self, span: range) -> int:
        """Return the units of `span` that an appointment holds."""
        bits = 0
        for unit in self.taken:
            if unit in span:
                bits |= 1 << unit - span.start
        return bits

    def _away(self, span: range, place: SiteId | None) -> int:
        """Return when somebody is at another site once, or on the road between it and this place."""
        bits = 0
        for one in self.exceptions:
            if one.kind is ExceptionKind.OPEN and one.site_id not in (None, place):
                road = self.travel.get((place, one.site_id), 0) if place and one.site_id else 0
                bits |= _bits(span, unit_of(one.starts_at) - road, unit_from(one.ends_at) + road)
        return bits

    def _weekly(self, span: range, modality: Modality) -> Iterator[tuple[int, int, SiteId | None]]:
        good = self._good_for(modality)
        for day in _days_around(span.start, span.stop, self.zone):
            for rule in self.rules:
                closed = self.closed_at.get(rule.site_id, self.closing_days) if rule.site_id else self.closing_days
                if day not in closed and rule.modality in good and rule.holds_on(day):
                    start = instant_of_wall(day, rule.start_min, self.zone)
                    end = instant_of_wall(day, rule.end_min, self.zone)
                    yield unit_from(start), unit_of(end), rule.site_id or self.home

    def _exceptions(self, kind: ExceptionKind, modality: Modality) -> Iterator[Exceptional]:
        good = self._good_for(modality)
        yield from (one for one in self.exceptions if one.kind is kind and one.modality in good)

    def _good_for(self, modality: Modality) -> tuple[Modality | None, ...]:
        """Return which hours speak of a modality: a doctor sits before one screen for the cabin and for homes."""
        if modality is Modality.HOME and self.kind is ResourceKind.PRACTITIONER:
            return None, modality, Modality.REMOTE
        return None, modality


@lru_cache(maxsize=1024)
def _days_around(first: int, stop: int, zone: str) -> tuple[date, ...]:
    """Return the local days whose rules can reach into a span; the day before too, for rules past midnight."""
    day = local_day(instant_of(first), zone) - timedelta(days=1)
    last = local_day(instant_of(stop), zone)
    return tuple(day + timedelta(days=n) for n in range((last - day).days + 1))


def _week(day: date) -> int:
    """Return the number of a week, Monday to Sunday."""
    return (day.toordinal() - 1) // 7


def _bits(span: range, start: int, stop: int) -> int:
    start, stop = max(start, span.start), min(stop, span.stop)
    return ((1 << stop - start) - 1) << start - span.start if stop > start else 0


def padded(taken: int, units: int) -> int:
    """Return what is taken, and `units` more on both sides of it; below the first bit nothing is."""
    for _ in range(units):
        taken |= taken << 1 | taken >> 1
    return taken


def starts(free: int, units: int) -> int:
    """Return where `units` free units in a row begin: an erosion, by doubling steps."""
    have = 1
    while have < units:
        step = min(have, units - have)
        free &= free >> step
        have += step
    return free


def check_rules(rules: Iterable[WeeklyRule]) -> None:
    """Raise Invalid unless every rule has a weekday and a span of whole units that begins on its day."""
    for rule in rules:
        whole = rule.start_min % 5 == 0 and rule.end_min % 5 == 0
        in_order = 0 <= rule.start_min < rule.end_min <= LATEST_MINUTE and rule.start_min < 24 * 60
        if rule.every_weeks != 1 and not (1 <= rule.every_weeks <= EVERY_WEEKS_MOST and rule.valid_from):
            raise Invalid(
                N_("Ces heures d’ouverture ne sont pas possibles. Rien n’a été enregistré."),
                fields={"valid_from": N_("Donnez le premier jour : c’est de sa semaine que l’on compte.")},
            )
        if not (0 <= rule.weekday <= 6 and whole and in_order):
            raise Invalid(
                N_("Ces heures d’ouverture ne sont pas possibles. Rien n’a été enregistré."),
                fields={"rules": N_("Un jour de la semaine, puis un début avant la fin, par pas de 5 minutes.")},
            )


# Public holidays differ overseas (INSEE department codes, as the `holidays` library names them).
_DEPARTMENT = {
    "Europe/Paris": None,
    "America/Guadeloupe": "971",
    "America/Martinique": "972",
    "America/Cayenne": "973",
    "Indian/Reunion": "974",
    "America/Miquelon": "PM",
    "Indian/Mayotte": "976",
    "America/St_Barthelemy": "BL",
    "America/Marigot": "MF",
    "Pacific/Wallis": "WF",
    "Pacific/Tahiti": "PF",
    "Pacific/Marquesas": "PF",
    "Pacific/Gambier": "PF",
    "Pacific/Noumea": "NC",
}


def public_holidays(zone: str, years: Collection[int], *, department: str | None = None) -> dict[date, str]:
    """Return the French public holidays of a zone with their names; elsewhere none, people write their own.

    `department` names one whose days differ inside a zone: 57, for Alsace and Moselle.
    """
    if zone not in _DEPARTMENT:
        return {}
    subdivision = department or _DEPARTMENT[zone]
    known = holidays.country_holidays("FR", years=set(years), subdiv=subdivision, language="fr")
    return {day: str(label) for day, label in known.items()}
