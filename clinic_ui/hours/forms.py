"""What the forms of the week editor send, and how it becomes lines of hours."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import read_form
from server.kernel.errors import Invalid
from server.kernel.ids import AppointmentId, SiteId
from server.kernel.words import N_
from server.records.rules.note import Modality
from server.scheduler.availability.freeing import Decided
from server.scheduler.availability.rules import Once, Plan, Weekly
from server.scheduler.rules.openings import ExceptionKind
from server.scheduler.rules.units import clock_change, instant_of_wall

CLOCK = N_("Écrivez une heure comme 09:00, par pas de 5 minutes.")
Clock = Annotated[str, Meta(pattern=r"^([01]?\d|2[0-4])[:h][0-5]\d$", description=CLOCK)]
_REFUSED = N_("Une réponse est à revoir. Rien n’a été enregistré.")


class NewWeekly(msgspec.Struct, frozen=True):
    """Open on some weekdays."""

    seen: str
    days: Annotated[list[int], Meta(min_length=1, description=N_("Cochez au moins un jour."))]
    start: Clock
    end: Clock
    modality: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    site_id: UUID | None = None
    every_weeks: Annotated[int, Meta(ge=1, le=8, description=N_("Choisissez une des réponses."))] = 1


class NewOnce(msgspec.Struct, frozen=True):
    """Open or closed once, from a day's hour to a day's hour."""

    seen: str
    kind: Annotated[ExceptionKind, Meta(description=N_("Choisissez une des réponses."))]
    starts_on: date
    start: Clock
    ends_on: date
    end: Clock
    modality: str = ""
    reason: Annotated[str, Meta(max_length=120, description=N_("120 lettres au plus."))] = ""
    site_id: UUID | None = None


class Gone(msgspec.Struct, frozen=True):
    """Which line goes away, by its place in the hours that were seen."""

    seen: str
    weekly: int | None = None
    once: int | None = None


class Buffer(msgspec.Struct, frozen=True):
    """Minutes kept free after each appointment."""

    seen: str
    buffer_min: Annotated[int, Meta(ge=0, le=60, description=N_("Entre 0 et 60 minutes, par pas de 5."))]


class Undo(msgspec.Struct, frozen=True):
    """Which change goes back."""

    seen: str
    change_id: UUID


class CalendarFile(msgspec.Struct, frozen=True):
    """How to take a file of hours. `beside`: the present hours stay."""

    seen: str
    otherwise: ExceptionKind = ExceptionKind.CLOSED
    beside: bool = False


async def calendar_of(request: web.Request) -> tuple[CalendarFile, bytes]:
    """Return a form with a file, or raise Invalid when there is none."""
    form, sent = await read_form(request, CalendarFile), (await request.post()).get("file")
    if not isinstance(sent, web.FileField):
        raise Invalid(_REFUSED, fields={"file": N_("Choisissez un fichier .ics.")})
    return form, sent.file.read()


def decided(hit: Iterable[UUID], free: Iterable[UUID]) -> Decided:
    """Return what becomes of the appointments that a change hits: those that are let go, and those that stay."""
    freed = frozenset(AppointmentId(one) for one in free)
    return Decided(freed, frozenset(AppointmentId(one) for one in hit) - freed)


class Confirmed(msgspec.Struct, frozen=True):
    """What was decided of the appointments that a change hits."""

    seen: str
    plan: Annotated[str, Meta(max_length=200_000)]
    hit: Annotated[list[UUID], Meta(max_length=5_000)] = []
    free: Annotated[list[UUID], Meta(max_length=5_000)] = []
    change_id: UUID | None = None

    def decided(self) -> Decided:
        """Return what becomes of each."""
        return decided(self.hit, self.free)

    def hours(self) -> Plan:
        """Return the hours that were shown; Invalid when they are not hours."""
        try:
            return msgspec.json.decode(self.plan.encode(), type=Plan)
        except msgspec.DecodeError:
            raise Invalid(_REFUSED) from None


def weekly_of(form: NewWeekly) -> list[Weekly]:
    """Return one line for each ticked day; an end before the start is the day after."""
    start, end = minute(form.start), minute(form.end)
    end = end + 24 * 60 if end <= start else end
    site = SiteId(form.site_id) if form.site_id else None
    return [
        Weekly(day, start, end, modality(form.modality), form.valid_from, form.valid_to, site, form.every_weeks)
        for day in sorted(set(form.days))
    ]


def once_of(form: NewOnce, zone: str) -> Once:
    """Return the exception, its wall-clock hours read in the zone of the place; Invalid for an hour that is skipped."""
    starts_at = _instant("start", form.starts_on, form.start, zone)
    ends_at = _instant("end", form.ends_on, form.end, zone)
    site = SiteId(form.site_id) if form.site_id else None
    return Once(form.kind, starts_at, ends_at, modality(form.modality), form.reason, site)


def _instant(name: str, on: date, clock: str, zone: str) -> datetime:
    change = clock_change(on, zone)
    if change is not None and change.skips(minute(clock)):
        raise Invalid(
            N_("%(hour)s n’existe pas ce jour-là : les montres passent de %(at)s à %(to)s. Rien n’a été enregistré."),
            code="skipped",
            fields={name: N_("Cette heure n’existe pas ce jour-là : on change d’heure.")},
            hour=clock,
            at=clock_of(change.at),
            to=clock_of(change.to),
        )
    return instant_of_wall(on, minute(clock), zone)


def minute(clock: str) -> int:
    """Return the minute of the day of « 09:30 » or « 9h30 »."""
    hours, minutes = clock.replace("h", ":").split(":")
    return int(hours) * 60 + int(minutes)


def modality(word: str) -> Modality | None:
    """Return the modality; none stands for both."""
    return Modality(word) if word in set(Modality) else None


def monday_of(text: str, today: date) -> date:
    """Return the Monday of the week that an address asks for, or of this one."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today
    return day - timedelta(days=day.weekday())


def clock_of(minutes: int) -> str:
    """Return « 09:30 » for a minute of the day, « 01:00 » for one of the day after."""
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"
