"""« Mettre en file »: the cabin, the reason, the four signs, and the consent that the worker hears.

form ──▶ a sign is there? ──yes──▶ emergency: call the 15 first ──▶ go on all the same ──┐
            └──no──────────────────────────────────────────────────────────────────────▶ in the queue
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import answers, read_form
from clinic_ui.front_office.office import HOME, PATIENTS, Office, go
from clinic_ui.front_office.sheet import Sheet, sheet_of
from clinic_ui.look import look_of
from server.encounters.rules import CONSENT_VERSION, NAME_MAX, WORDS_MAX, Accompanied, Reason, RedFlag
from server.encounters.service import Beginning, Placement
from server.kernel.errors import Conflict, Invalid, NotFound
from server.kernel.ids import AppointmentId, CabinId, PatientId
from server.kernel.words import N_
from server.scheduler.service.views import AppointmentLine
from server.web.keys import who_is
from server.web.routes import Routes


class YesNo(StrEnum):
    """A plain answer."""

    YES = "yes"
    NO = "no"


_YES_OR_NO = Meta(description=N_("Répondez par oui ou par non."))
Said = Annotated[YesNo, _YES_OR_NO]


class Wanted(msgspec.Struct, frozen=True, rename={"chest_pain": "chest-pain"}):
    """What the worker asked and heard."""

    cabin_id: Annotated[CabinId, Meta(description=N_("Choisissez une cabine."))]
    reason: Annotated[Reason, Meta(description=N_("Choisissez pourquoi la personne vient."))]
    chest_pain: Said
    breathless: Said
    stroke: Said
    bleeding: Said
    accompanied: Annotated[Accompanied, Meta(description=N_("Choisissez une réponse."))]
    consent: Annotated[YesNo, Meta(description=N_("Lisez le texte, puis choisissez ce que la personne a répondu."))]
    version: Annotated[str, Meta(max_length=20)]
    words: Annotated[str, Meta(max_length=WORDS_MAX, description=N_("C’est trop long : 500 lettres au plus."))] = ""
    companion: Annotated[str, Meta(max_length=NAME_MAX, description=N_("Ce nom est trop long."))] = ""
    appointment: AppointmentId | None = None
    urgent: YesNo = YesNo.NO

    @property
    def flags(self) -> dict[RedFlag, bool]:
        """The four answers."""
        return {flag: getattr(self, flag.value.replace("-", "_")) is YesNo.YES for flag in RedFlag}

    @property
    def needs_emergency(self) -> bool:
        """Whether a sign is there and the emergency page has not been seen yet."""
        return any(self.flags.values()) and self.urgent is YesNo.NO

    def placement(self, patient_id: PatientId, locale: str) -> Placement:
        """Return it as the service takes it."""
        companion = self.companion if self.accompanied is Accompanied.WITH_SOMEONE else ""
        return Placement(
            beginning=Beginning(patient_id, self.accompanied, companion, locale, self.appointment),
            cabin_id=self.cabin_id,
            reason=self.reason,
            consent_given=self.consent is YesNo.YES,
            text_version=self.version,
            words=self.words,
            flags=self.flags,
            urgent_acknowledged=self.urgent is YesNo.YES,
        )


class QueuePages:
    """From the counter into the queue."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", "/office/patients/{patient_id}/queue", self.page),
            ("POST", "/office/patients/{patient_id}/queue", self.put),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}/queue?appointment=…"""
        return await self._page(request, {"appointment": request.query.get("appointment", "")})

    async def put(self, request: web.Request) -> web.Response:
        """POST /office/patients/{patient_id}/queue: into the queue, or the emergency page first."""
        given = await answers(request)
        patient = await self._office.patient(request)
        try:
            wanted = await read_form(request, Wanted)
            if wanted.version != CONSENT_VERSION:
                raise Conflict(N_("Le texte de l’accord a changé. Lisez le nouveau texte à la personne."))
            if wanted.appointment is not None:
                await self._own_appointment(request, patient.id, wanted.appointment)
            if wanted.needs_emergency:
                return await self._emergency(request, given, wanted)
            placement = wanted.placement(patient.id, look_of(request).locale)
            await self._office.front_office.put_in_queue(who_is(request), placement)
        except (Invalid, Conflict) as refused:
            return await self._page(request, given, refused)
        if wanted.consent is YesNo.NO:
            return go(f"{PATIENTS}/{patient.id}?done=refused")
        return go(f"{HOME}?done=queued")

    async def _emergency(self, request: web.Request, given: dict[str, str], wanted: Wanted) -> web.Response:
        kept = {name: text for name, text in given.items() if name not in ("csrf", "urgent")}
        signs = [flag for flag, yes in wanted.flags.items() if yes]
        sheet = await sheet_of(self._office, request)
        return await self._office.show(request, "emergency", sheet=sheet, kept=kept, signs=signs)

    async def _own_appointment(
        self, request: web.Request, patient_id: PatientId, appointment_id: AppointmentId
    ) -> AppointmentLine:
        line = await self._office.view.appointment(who_is(request), appointment_id)
        if line.patient_id != patient_id:
            raise NotFound(N_("Ce rendez-vous est celui d’une autre personne."))
        return line

    async def _page(
        self, request: web.Request, given: dict[str, str], refused: Invalid | Conflict | None = None
    ) -> web.Response:
        sheet: Sheet = await sheet_of(self._office, request)
        who = who_is(request)
        planned = None
        if appointment := _id_of(given.get("appointment", "")):
            planned = await self._own_appointment(request, sheet.patient.id, appointment)
        line = await self._office.front_office.line(who)
        cabins = await self._office.places.cabins(who, sheet.patient.site_id)
        busy = {cabin: sum(item.cabin_id == cabin for item in line) for cabin in {i.cabin_id for i in line}}
        return await self._office.show(
            request,
            "queue",
            status=refused.status if refused else 200,
            sheet=sheet,
            given=given,
            planned=planned,
            cabins=cabins,
            busy=busy,
            first=min((c for c in cabins if c.in_service), key=lambda c: busy.get(c.id, 0), default=None),
            version=CONSENT_VERSION,
            clash=refused.message if isinstance(refused, Conflict) else "",
            errors=refused.fields if refused else {},
        )


def _id_of(text: str) -> AppointmentId | None:
    try:
        return msgspec.convert(text, AppointmentId, strict=False) if text else None
    except msgspec.ValidationError:
        return None
