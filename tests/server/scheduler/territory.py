"""Invented territories to plan: cabins, doctors with one or two half-days a week, a helper in each village."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random
from uuid import UUID

from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.planning import Day, Diary, Problem, Span, Tier, Wish
from server.scheduler.rules.promise import tolerance
from server.scheduler.rules.search import day_cost

DAY = 288
HALVES = {False: (9 * 12, 12 * 12), True: (14 * 12, 17 * 12)}


def territory(
    random: Random, *, wishes: int, cabins: int, doctors: int, weeks: int = 6, booked: float = 0.1, beside: float = 0.4
) -> Problem:
    """Return wishes of so many patients over some weeks; `booked`: which share of every diary is given away.

    `beside`: how many of them need a health worker.
    """
    days = [day for day in range(7 * weeks) if day % 7 < 5]
    diaries: list[Diary] = []

    def add(kind: ResourceKind, spans: list[Span]) -> int:
        open_spans = tuple(_without(spans, random, booked if kind is not ResourceKind.PATIENT else 0))
        diaries.append(Diary(kind, UUID(int=random.getrandbits(128)), open_spans, open_spans))
        return len(diaries) - 1

    whole = [(day * DAY + start, day * DAY + stop) for day in days for start, stop in HALVES.values()]
    doctor_rows = [add(ResourceKind.PRACTITIONER, _surgery(random, days)) for _ in range(doctors)]
    cabin_rows = [add(ResourceKind.CABIN, whole) for _ in range(cabins)]
    worker_rows = [add(ResourceKind.HEALTH_WORKER, whole) for _ in range(cabins)]
    villages = [UUID(int=7000 + number) for number in range(cabins)]
    asked: list[Wish] = []
    for _ in range(wishes):
        here = random.randrange(cabins)
        own, *team = random.sample(doctor_rows, min(6, doctors))
        others = tuple(row for row in doctor_rows if row != own and row not in team)
        tiers = (Tier(0, (own,)), Tier(6, tuple(team)), Tier(12, others))
        patient = add(ResourceKind.PATIENT, [(0, 7 * weeks * DAY)])
        asked.append(
            Wish(
                promise_id=UUID(int=random.getrandbits(128)),
                village=villages[here],
                patient=patient,
                days=window(random, days),
                doctors=tuple(tier for tier in tiers if tier.rows),
                cabins=(cabin_rows[here],),
                workers=(Tier(0, (worker_rows[here],)),) if (with_worker := random.random() < beside) else (),
                accompanied=with_worker,
            )
        )
    return Problem(7 * weeks * DAY, 0, tuple(diaries), tuple(asked))


def _surgery(random: Random, days: list[int]) -> list[Span]:
    """Return one or two half-days of every week."""
    kept = sorted({(random.randrange(5), random.random() < 0.5) for _ in range(random.choice((1, 2)))})
    return [
        (day * DAY + HALVES[half][0], day * DAY + HALVES[half][1])
        for day in days
        for weekday, half in kept
        if day % 7 == weekday
    ]


def window(random: Random, days: list[int]) -> tuple[Day, ...]:
    """Return the days of a window about some due day, the cheapest first."""
    due = random.choice(days)
    slack = tolerance(random.choice((7, 14, 30, 90, 180))).days
    some = [day for day in days if abs(day - due) <= slack]
    found = [Day(day * DAY, day * DAY + 144, (day + 1) * DAY, _cost(due, day)) for day in some]
    return tuple(sorted(found, key=lambda one: (one.cost, one.start)))


def _cost(due: int, day: int) -> int:
    return day_cost(date.fromordinal(700_000 + due), date.fromordinal(700_000 + day))


def _without(spans: list[Span], random: Random, share: float) -> Iterator[Span]:
    """Yield what is left of spans when a share of their half-hours is booked."""
    for start, stop in spans:
        begin = start
        for piece in range(start, stop, 6):
            if random.random() < share:
                if piece > begin:
                    yield begin, piece
                begin = min(piece + 6, stop)
        if begin < stop:
            yield begin, stop
