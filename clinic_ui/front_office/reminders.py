"""Reminders at the front office: by which channels a person wants them, what became of each, and what is left to do."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import answers, read_form
from clinic_ui.front_office.office import Office, appointment_id, go, patient_id
from server.kernel.errors import ClinicError, Conflict, Invalid, NotFound, TooMany
from server.kernel.ids import ReminderId
from server.kernel.words import N_
from server.people.rules import display_name
from server.scheduler.reminders.rules import Channel, Occasion, ReminderStatus
from server.scheduler.reminders.service import Reminders
from server.scheduler.rules.appointment import AppointmentStatus
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

LIST = "/office/reminders"
CHANNELS = {
    Channel.SMS: (N_("SMS"), N_("sur un mobile"), "chat"),
    Channel.EMAIL: (N_("E-mail"), "", "send"),
    Channel.VOICE: (N_("Appel qui lit le rappel"), N_("sur un fixe ou un mobile"), "phone"),
    Channel.CARD: (N_("Carte imprimée"), N_("à remettre en main propre"), "print"),
}
OCCASIONS = {
    Occasion.BOOKED: N_("à la réservation"),
    Occasion.WEEK: N_("une semaine avant"),
    Occasion.TWO_DAYS: N_("deux jours avant"),
    Occasion.DAY: N_("la veille"),
    Occasion.HOURS: N_("deux heures avant"),
    Occasion.OFFER: N_("un moment plus tôt, proposé"),
}
STATES = {
    ReminderStatus.DUE: (N_("Prévu"), "info"),
    ReminderStatus.SENDING: (N_("En train de partir"), "info"),
    ReminderStatus.SENT: (N_("Parti"), "ok"),
    ReminderStatus.DELIVERED: (N_("Arrivé"), "ok"),
    ReminderStatus.FAILED: (N_("Pas parti"), "danger"),
    ReminderStatus.UNKNOWN: (N_("Peut-être parti"), "warn"),
    ReminderStatus.DROPPED: (N_("Plus utile"), ""),
}
WORDS = {"channels": CHANNELS, "occasions": OCCASIONS, "states": STATES}


class Chosen(msgspec.Struct, frozen=True):
    """What the person said. Nothing chosen means: no reminder."""

    wanted: list[Channel] = []
    phone: Annotated[str, Meta(max_length=30, description=N_("Écrivez le numéro avec dix chiffres."))] = ""
    email: Annotated[str, Meta(max_length=200, description=N_("Écrivez une adresse e-mail."))] = ""
    locale: Annotated[str, Meta(pattern="^(fr|en)$", description=N_("Choisissez une des réponses."))] = "fr"


class Said(msgspec.Struct, frozen=True):
    """The code of a reminder, as it was said by telephone."""

    code: Annotated[str, Meta(max_length=20, description=N_("Le code a huit chiffres."))]


class Done(msgspec.Struct, frozen=True):
    """Send once more, or: it was done by hand."""

    again: bool = False


class ReminderPages:
    """The list of what is left to do, one person's choice, and one appointment's reminders."""

    def __init__(self, office: Office, reminders: Reminders) -> None:
        self._office = office
        self._reminders = reminders

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", LIST, self.page),
            ("POST", f"{LIST}/code", self.by_code),
            ("POST", f"{LIST}/{{reminder_id}}", self.settle),
            ("GET", "/office/patients/{patient_id}/reminders", self.choice),
            ("POST", "/office/patients/{patient_id}/reminders", self.choose),
            ("GET", "/office/appointments/{appointment_id}/reminders", self.of_appointment),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/reminders: what did not leave, cards to print, and the code said by telephone."""
        return await self._list(request)

    async def by_code(self, request: web.Request) -> web.Response:
        """POST /office/reminders/code: « je ne peux pas venir », said by telephone with the code."""
        try:
            found = await self._reminders.by_code(who_is(request), (await read_form(request, Said)).code)
        except (Invalid, NotFound, TooMany) as refused:
            return await self._list(request, refused, (await answers(request)).get("code", ""))
        line = await self._office.view.appointment(who_is(request), found)
        asks = line.status is AppointmentStatus.PENDING
        return go("/office/waiting" if asks else f"/office/appointments/{found}/cancel")

    async def settle(self, request: web.Request) -> web.Response:
        """POST /office/reminders/{reminder_id}: once more, or done by hand."""
        said = await read_form(request, Done)
        try:
            reminder_id = ReminderId(path_id(request, "reminder_id"))
            await self._reminders.settle(who_is(request), reminder_id, again=said.again)
        except Conflict as changed:
            return await self._list(request, changed)
        return go(f"{LIST}?done={'again' if said.again else 'by-hand'}")

    async def choice(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}/reminders"""
        return await self._choice(request)

    async def choose(self, request: web.Request) -> web.Response:
        """POST /office/patients/{patient_id}/reminders: what is not ticked is taken back."""
        try:
            said = await read_form(request, Chosen)
            who, patient = who_is(request), patient_id(request)
            await self._reminders.choose(who, patient, said.wanted, said.phone, said.email, said.locale)
        except Invalid as refused:
            return await self._choice(request, refused)
        return go(f"/office/patients/{patient}/reminders?done=1")

    async def of_appointment(self, request: web.Request) -> web.Response:
        """GET /office/appointments/{appointment_id}/reminders: what became of each, and the card to print."""
        who, appointment = who_is(request), appointment_id(request)
        line = await self._office.view.appointment(who, appointment)
        rows = await self._reminders.of_appointment(who, appointment)
        card = await self._reminders.card(who, appointment)
        return await self._office.show(request, "appointment_reminders", line=line, rows=rows, card=card, say=WORDS)

    async def _list(self, request: web.Request, refused: ClinicError | None = None, code: str = "") -> web.Response:
        rows = await self._reminders.to_look_at(who_is(request))
        return await self._office.show(
            request,
            "reminders",
            status=refused.status if refused else 200,
            rows=rows,
            done=request.query.get("done", ""),
            refused=refused,
            errors=refused.fields if refused else {},
            code=code,
            say=WORDS,
        )

    async def _choice(self, request: web.Request, refused: Invalid | None = None) -> web.Response:
        patient = await self._office.patient(request)
        wishes = await self._reminders.wishes(who_is(request), patient.id)
        phone = next((one.address for one in wishes if one.channel in (Channel.SMS, Channel.VOICE)), "")
        given = {
            "wanted": [one.channel.value for one in wishes],
            "phone": phone or patient.traits.phone,
            "email": next((one.address for one in wishes if one.channel is Channel.EMAIL), ""),
            "locale": wishes[0].locale if wishes else "fr",
        }
        if refused is not None:
            form = await request.post()
            given = {**given, **await answers(request), "wanted": [str(one) for one in form.getall("wanted", [])]}
        return await self._office.show(
            request,
            "reminder_choice",
            status=refused.status if refused else 200,
            patient=patient,
            name=display_name(patient.traits),
            open_ways=self._reminders.channels,
            given=given,
            errors=refused.fields if refused else {},
            done=request.query.get("done", ""),
            say=WORDS,
        )
