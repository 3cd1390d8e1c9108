"""Taking measures: one tile each, the last value ghosted, « refaire ou confirmer ? » when one is implausible."""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.early_warning import early_warning
from clinic_ui.forms import answers, read_form
from clinic_ui.front_office.office import PATIENTS, Office, go, patient_id
from clinic_ui.front_office.sheet import sheet_of
from server.kernel.errors import Invalid
from server.kernel.ids import ObservationId
from server.kernel.words import N_
from server.records.rules.measures import MEASURES, Level, MeasureName, Reading, classify, in_ucum, is_possible
from server.records.service.measures import DEVICE_MAX, Observation
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

_NOT_A_NUMBER = N_("Écrivez un nombre.")
_REREAD = N_("Les mesures ne sont pas enregistrées : relisez-les.")


class Source(StrEnum):
    """Where the numbers come from."""

    HAND = "hand"
    DEVICE = "device"


class Taking(msgspec.Struct, frozen=True):
    """How the measures were taken; the numbers themselves stand under their own names."""

    source: Annotated[Source, Meta(description=N_("Choisissez une réponse."))] = Source.HAND
    device: Annotated[str, Meta(max_length=DEVICE_MAX, description=N_("Ce nom est trop long."))] = ""
    confirm: tuple[MeasureName, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """What was measured at one time, for the table."""

    at: datetime
    taken: tuple[Observation, ...]


class MeasurePages:
    """Measures of one patient: fill in, look back, take back."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", "/office/patients/{patient_id}/measures", self.page),
            ("POST", "/office/patients/{patient_id}/measures", self.take),
            ("POST", "/office/patients/{patient_id}/measures/{observation_id}/strike", self.strike),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}/measures"""
        return await self._page(request, {})

    async def take(self, request: web.Request) -> web.Response:
        """POST /office/patients/{patient_id}/measures: all of them, or none and which to look at again."""
        who, given = who_is(request), await answers(request)
        patient = await self._office.patient(request)
        try:
            taking = await read_form(request, Taking)
            readings = readings_of(given, taking.confirm)
            if taking.source is Source.DEVICE and not taking.device:
                raise Invalid(_REREAD, fields={"device": N_("Écrivez quel appareil.")})
            visit = await self._office.visit_of(who, patient.id)
            device = taking.device if taking.source is Source.DEVICE else ""
            encounter_id = visit.encounter_id if visit else None
            await self._office.measures.take(who, patient.id, readings, encounter_id=encounter_id, device=device)
        except Invalid as refused:
            return await self._page(request, given, refused)
        return go(f"{PATIENTS}/{patient.id}/measures?done=taken")

    async def strike(self, request: web.Request) -> web.Response:
        """POST …/measures/{observation_id}/strike: it was an error; it stays in the record, and is shown no more."""
        await self._office.measures.strike(who_is(request), ObservationId(path_id(request, "observation_id")))
        return go(f"{PATIENTS}/{patient_id(request)}/measures?done=struck")

    async def _page(self, request: web.Request, given: dict[str, str], refused: Invalid | None = None) -> web.Response:
        sheet = await sheet_of(self._office, request)
        errors = dict(refused.fields) if refused else {}
        return await self._office.show(
            request,
            "measures",
            status=422 if refused else 200,
            sheet=sheet,
            given=given,
            errors=errors,
            doubtful=doubtful(given, errors),
            moments=moments(sheet.observations),
            warning=early_warning(sheet.observations, self._office.now(), sheet.patient.traits, sheet.background),
            done=request.query.get("done", ""),
        )


def readings_of(given: dict[str, str], confirmed: tuple[MeasureName, ...]) -> tuple[Reading, ...]:
    """Return the numbers that were filled in, with a comma or a point; raise Invalid naming what is no number."""
    typed = {name: given[name.value].strip() for name in MeasureName if given.get(name.value, "").strip()}
    numbers = {name: number(text) for name, text in typed.items()}
    wrong = {name.value: _NOT_A_NUMBER for name, value in numbers.items() if value is None}
    if wrong:
        raise Invalid(_REREAD, fields=wrong)
    return tuple(
        Reading(name, value, _unit(given, name), name in confirmed)
        for name, value in numbers.items()
        if value is not None
    )


def _unit(given: dict[str, str], name: MeasureName) -> str:
    return given.get(f"unit-{name.value}", "")


def number(text: str) -> float | None:
    """Return « 37,1 » as a number, or None."""
    bare = text.replace(",", ".").replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
    if len(bare) > 12 or not bare.replace(".", "", 1).isascii() or not bare.replace(".", "", 1).isdigit():
        return None
    value = float(bare)
    return value if math.isfinite(value) else None


def doubtful(given: dict[str, str], errors: dict[str, str]) -> frozenset[str]:
    """Return which of the refused measures may be confirmed: implausible, but not impossible."""
    found = set()
    for name in MeasureName:
        value = number(given.get(name.value, ""))
        if name.value in errors and value is not None:
            kept = _kept(Reading(name, value, _unit(given, name)))
            if kept is not None and is_possible(name, kept) and classify(name, kept) is Level.IMPLAUSIBLE:
                found.add(name.value)
    return frozenset(found)


def _kept(reading: Reading) -> float | None:
    try:
        return in_ucum(reading)
    except ValueError:
        return None


def moments(found: tuple[Observation, ...]) -> tuple[Moment, ...]:
    """Return the measures by the time of their taking, newest first, in the order of the table of measures."""
    order = list(MEASURES)
    times = sorted({one.taken_at for one in found}, reverse=True)
    return tuple(
        Moment(at, tuple(sorted((o for o in found if o.taken_at == at), key=lambda o: order.index(o.measure))))
        for at in times
    )
