"""When the times of a series fall due: every so many days of the site, on open days, in windows that never meet.

planned day  =  first day + k × step                        (dates, so that no change of clocks moves anything)
due day      =  the first open day from the planned one on, while the window lasts; else the planned one
window       =  planned day − before … planned day + after
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from server.kernel.errors import Invalid
from server.kernel.words import N_
from server.records.rules.note import FOLLOW_UP_MAX_DAYS, SERIES_MOST, SERIES_STEP_MAX_DAYS
from server.scheduler.rules.promise import Window, tolerance

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cadence:
    """Every `step_days`, `times` times."""

    step_days: int
    times: int


def check(cadence: Cadence, first_in: int) -> None:
    """Raise Invalid for a series that is too short, too long or reaches beyond two years."""
    wrong: dict[str, str] = {}
    if not 2 <= cadence.times <= SERIES_MOST:
        wrong["times"] = N_("Entre 2 et 30 fois.")
    if not 1 <= cadence.step_days <= SERIES_STEP_MAX_DAYS:
        wrong["every_days"] = N_("Entre 1 et 180 jours.")
    if not wrong and first_in + (cadence.times - 1) * cadence.step_days > FOLLOW_UP_MAX_DAYS:
        wrong["times"] = N_("La série dure plus de deux ans.")
    if wrong:
        raise Invalid(N_("Cette série n’est pas possible."), fields=wrong)


def slack(step_days: int) -> tuple[int, int]:
    """Return how many days before and after its planned day a time may fall.

    As a follow-up of that interval alone, but never so far that it meets the time before or after: dressings every
    other day have one day after and none before, daily ones have none.
    """
    most = tolerance(step_days).days
    before = min(most, (step_days - 1) // 2)
    return before, min(most, step_days - 1 - before)


def windows(first_on: date, cadence: Cadence, closed: Callable[[date], bool], tomorrow: date) -> list[Window]:
    """Return the window of each time. No window begins before `tomorrow`."""
    before, after = slack(cadence.step_days)
    found = []
    for number in range(cadence.times):
        planned = first_on + timedelta(days=number * cadence.step_days)
        latest = planned + timedelta(days=after)
        due = planned
        while due <= latest and closed(due):
            due += _DAY
        earliest = max(planned - timedelta(days=before), tomorrow)
        found.append(Window(due if due <= latest else planned, min(earliest, planned), latest))
    return found
