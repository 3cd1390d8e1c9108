"""The moment of a further time that is most like another: the same people, at the same hour of the wall clock."""

from collections.abc import Iterator
from uuid import UUID

from server.kernel.ids import CabinId, HealthWorkerId, PractitionerId
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.search import Answer, Found, day_cost
from server.scheduler.rules.units import instant_of_wall, unit_of, wall_time
from server.scheduler.service import asking
from server.scheduler.service.asking import Bench
from server.scheduler.service.views import Choice, Proposal
from server.scheduler.tables import FollowUpPromise


def people_of(choice: Choice) -> list[UUID]:
    """Return who and what a choice names."""
    named: list[PractitionerId | CabinId | HealthWorkerId | None] = [
        choice.practitioner_id,
        choice.cabin_id,
        choice.health_worker_id,
    ]
    return [one for one in named if one is not None]


def alike(row: FollowUpPromise, around: Bench, model: Choice) -> Proposal | None:
    """Return the moment with the people of `model` at its hour, the nearest day first; None where none stands."""
    return next(_standing(row, around, (_on_each_day(around, model))), None)


def again(row: FollowUpPromise, around: Bench, lost: Choice) -> Proposal | None:
    """Return the very moment that was given up, if it still stands."""
    return next(_standing(row, around, iter([lost])), None)


def _on_each_day(around: Bench, model: Choice) -> Iterator[Choice]:
    zone = around.ask.zone
    hours, minutes = wall_time(model.starts_at, zone)[11:].split(":")
    minute = int(hours) * 60 + int(minutes)
    for day in sorted(around.ask.days, key=lambda one: (day_cost(around.ask.window.due_on, one), one)):
        starts_at = instant_of_wall(day, minute, zone)
        yield Choice(starts_at, model.practitioner_id, model.cabin_id, model.health_worker_id, model.instrument_id)


def _standing(row: FollowUpPromise, around: Bench, choices: Iterator[Choice]) -> Iterator[Proposal]:
    for choice in choices:
        if around.chosen(choice) is None:
            continue
        wanted = {
            ResourceKind.PRACTITIONER: choice.practitioner_id,
            ResourceKind.CABIN: choice.cabin_id,
            ResourceKind.HEALTH_WORKER: choice.health_worker_id,
            ResourceKind.PATIENT: row.patient_id,
        }
        serving = {kind: subject for kind, subject in wanted.items() if kind in around.sides and subject is not None}
        found = Found(unit_of(choice.starts_at), 0, serving)
        if asking.stands(around, found):
            yield asking.shaped(row, around, Answer((found,))).choices[0]
