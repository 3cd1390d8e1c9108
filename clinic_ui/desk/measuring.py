"""Measures as the doctor reads them: the newest of each kind, how it stands, and the way it came as a spark line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from markupsafe import Markup

from clinic_ui.charts import sparkline
from clinic_ui.dates import number
from clinic_ui.desk.words import LEVELS, MEASURES
from clinic_ui.i18n import translate
from server.records.rules.measures import MEASURES as TABLE
from server.records.rules.measures import Level, MeasureName
from server.records.service.measures import Observation

SPARKS = 8  # points of a spark line: what fits in 90 px
_ORDER = (
    MeasureName.SYSTOLIC,
    MeasureName.HEART_RATE,
    MeasureName.OXYGEN_SATURATION,
    MeasureName.TEMPERATURE,
    MeasureName.WEIGHT,
    MeasureName.BREATHING_RATE,
    MeasureName.GLUCOSE,
    MeasureName.PAIN,
    MeasureName.HEIGHT,
    MeasureName.INHALED_OXYGEN,
    MeasureName.CONSCIOUSNESS,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One measure of the panel. `label` and `note` are French sentences; `out`: "", "up" or "down"."""

    name: MeasureName
    label: str
    unit: str
    value: str
    note: str
    out: str
    spark: Markup
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Instrument:
    """A place for what an instrument says live: its value in `ucum`, as people read it in `unit`."""

    name: MeasureName
    label: str
    ucum: str
    unit: str
    shown_per_unit: float
    digits: int


INSTRUMENTS = tuple(
    Instrument(name, MEASURES[name], one.unit, one.shown_unit, one.shown_per_unit, one.shown_digits)
    for name, one in TABLE.items()
    if not one.choices
)


def tiles(observations: Sequence[Observation], locale: str) -> list[Tile]:
    """Return the newest of each measure (`observations` come newest first); both pressures make one tile."""
    kinds: dict[MeasureName, list[Observation]] = {}
    for one in observations:
        kinds.setdefault(one.measure, []).append(one)
    low = kinds.get(MeasureName.DIASTOLIC, [])
    return [_tile(kinds[name], low, locale) for name in _ORDER if name in kinds]


def _tile(found: list[Observation], diastolic: list[Observation], locale: str) -> Tile:
    newest = found[0]
    value, levels = _said(newest, locale), [newest.level]
    if newest.measure is MeasureName.SYSTOLIC:
        beside = next((one for one in diastolic if one.taken_at == newest.taken_at), None)
        if beside is not None:
            value, levels = f"{value}/{_said(beside, locale)}", [newest.level, beside.level]
    level = next((one for one in (Level.IMPLAUSIBLE, Level.HIGH, Level.LOW) if one in levels), newest.level)
    course = [one.shown for one in reversed(found[:SPARKS])]
    out = {Level.HIGH: "up", Level.LOW: "down", Level.IMPLAUSIBLE: "question"}.get(level, "")
    return Tile(
        newest.measure,
        MEASURES[newest.measure],
        newest.shown_unit,
        value,
        LEVELS[level],
        out,
        sparkline(course) if len(course) > 1 and not newest.words else Markup(""),
        newest.taken_at,
    )


def _said(one: Observation, locale: str) -> str:
    if one.words:
        return translate(locale, one.words)
    return number(one.shown, locale, TABLE[one.measure].shown_digits)


def courses(observations: Sequence[Observation], names: Sequence[MeasureName]) -> dict[MeasureName, list[Observation]]:
    """Return, oldest first, each of these measures that was taken at least twice."""
    ordered = sorted(observations, key=lambda one: (one.measure, one.taken_at))
    found = {name: list(course) for name, course in groupby(ordered, key=lambda one: one.measure)}
    return {name: found[name] for name in names if len(found.get(name, [])) > 1}
