"""Which days are closed where: a zone, a department, a site; each may close a day, or reopen what a wider one closed.

zone « Europe/Paris » ─▶ department « 67 » ─▶ site: the narrowest that says something about a day decides
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from server.kernel.errors import Conflict, Invalid
from server.kernel.ids import SiteId
from server.kernel.words import N_
from server.scheduler.rules.openings import public_holidays

LABEL_MAX, DAYS_MOST = 120, 31
LOCAL_LAW = frozenset({"57", "67", "68"})
"""Departments with two public holidays more: local law of Alsace and Moselle."""
_REFUSED = N_("Ces jours de fermeture ne sont pas possibles. Rien n’a été enregistré.")


class ClosingLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an area says about a day: closed, or open although a wider area closes it."""

    on: date
    label: str
    closed: bool = True


Lines = Mapping[date, ClosingLine]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an area is to say about some days; None: nothing of its own any more."""

    lines: dict[date, ClosingLine | None] = {}


@dataclass(frozen=True, slots=True)
class DayHere:
    """A day that some area speaks of, as it is in the area that is looked at. `own`: that area says so itself."""

    on: date
    label: str
    closed: bool
    own: bool
    said_by: str
    """The narrowest area that speaks."""


def department_of(insee: str) -> str:
    """Return the department of a commune: two signs, three overseas; nothing for no commune."""
    return insee[:3] if insee[:2] in ("97", "98") else insee[:2]


def areas_of(zone: str, insee: str = "", site_id: SiteId | None = None) -> tuple[str, ...]:
    """Return the areas in which something stands, the widest first."""
    narrower = (department_of(insee), str(site_id) if site_id else "")
    return (zone, *(one for one in narrower if one))


def days_here(areas: Iterable[str], said: Mapping[str, Lines]) -> dict[date, DayHere]:
    """Return every day that one of these areas (the widest first) speaks of, in order."""
    found: dict[date, DayHere] = {}
    here = list(areas)
    for area in here:
        for on, line in said.get(area, {}).items():
            found[on] = DayHere(on, line.label, line.closed, area == here[-1], area)
    return dict(sorted(found.items()))


def closed_days(areas: Iterable[str], said: Mapping[str, Lines]) -> frozenset[date]:
    """Return the days on which these areas, together, are closed."""
    return frozenset(on for on, day in days_here(areas, said).items() if day.closed)


def digest(lines: Lines) -> str:
    """Return what a form carries to say which days it was filled in over."""
    return hashlib.sha256(msgspec.json.encode([lines[on] for on in sorted(lines)])).hexdigest()[:32]


def refuse_other(lines: Lines, seen: str) -> None:
    """Raise Conflict when the days are no longer those that the person saw."""
    if digest(lines) != seen:
        raise Conflict(
            N_("Quelqu’un a modifié ces jours entre-temps. Rien n’a été écrasé. Regardez-les, puis recommencez."),
            code="edited-elsewhere",
        )


def closing(first: date, last: date, label: str) -> Wanted:
    """Return the days from `first` to `last`, closed; raise Invalid for too many, or for no name."""
    label = " ".join(label.split())
    if not label or len(label) > LABEL_MAX:
        raise Invalid(_REFUSED, fields={"label": N_("Dites pourquoi, en 120 lettres au plus.")})
    if not timedelta(0) <= last - first < timedelta(days=DAYS_MOST):
        raise Invalid(_REFUSED, fields={"last": N_("Le dernier jour vient après le premier, 31 jours au plus.")})
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return Wanted({on: ClosingLine(on, label) for on in days})


def turned(on: date, areas: tuple[str, ...], said: Mapping[str, Lines], zone: str) -> Wanted:
    """Return what the narrowest area is to say so that a closed day opens, or an opened one closes again.

    What is its own alone goes away; a public holiday stays as a line that says open, so that nobody copies it anew.
    """
    area, own = areas[-1], said.get(areas[-1], {}).get(on)
    here, wider = days_here(areas, said).get(on), days_here(areas[:-1], said).get(on)
    if here is None:
        raise Conflict(N_("Ce jour n’est plus dans la liste. Rien n’a été modifié."), code="edited-elsewhere")
    if here.closed:
        lasts = (wider is not None and wider.closed) or on in holidays_of(area, zone, [on.year])
        return Wanted({on: ClosingLine(on, here.label, closed=False) if lasts else None})
    closed_without = wider is not None and wider.closed
    again = None if own is not None and closed_without else ClosingLine(on, here.label)
    return Wanted({on: again})


def holidays_of(area: str, zone: str, years: Iterable[int]) -> dict[date, str]:
    """Return the public holidays that an area has beside those of wider ones: a zone's, or those of local law."""
    asked = set(years)
    if area == zone:
        return public_holidays(zone, asked)
    if area not in LOCAL_LAW:
        return {}
    common = public_holidays(zone, asked)
    return {on: label for on, label in public_holidays(zone, asked, department="57").items() if on not in common}


def lacking(area: str, zone: str, year: int, lines: Lines) -> Wanted:
    """Return the public holidays of a year of which an area says nothing yet."""
    days = holidays_of(area, zone, [year])
    return Wanted({on: ClosingLine(on, label[:LABEL_MAX]) for on, label in days.items() if on not in lines})


def put(lines: Lines, wanted: Wanted) -> tuple[Wanted, Wanted]:
    """Return what an area said about the wanted days, and what it says then; both empty when nothing changes."""
    changed = {on: line for on, line in wanted.lines.items() if lines.get(on) != line}
    return Wanted({on: lines.get(on) for on in changed}), Wanted(changed)
