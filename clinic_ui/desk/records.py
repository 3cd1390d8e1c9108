"""« Dossiers »: finding an open record, reading it, referring it until a day; and the access in an emergency."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.accesses import GLASS_WORDS
from clinic_ui.dates import ZONE
from clinic_ui.desk import words
from clinic_ui.desk.background import BackgroundPages
from clinic_ui.desk.desk import Desk
from clinic_ui.desk.measuring import tiles
from clinic_ui.forms import answers, read_form
from clinic_ui.look import look_of
from server.kernel.errors import ClinicError, Conflict, Invalid, NotFound, TooMany
from server.kernel.ids import PatientId, PractitionerId, ReferralId
from server.kernel.words import N_
from server.people.access.access import Access
from server.people.access.finding import Sought
from server.people.access.glass import Breaking
from server.people.access.glass_rules import Glass, GlassReason, Phase
from server.people.rules import display_name
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

RECORDS, GLASS = "/desk/records", "/desk/glass"
USUAL_REFERRAL = timedelta(days=30)


class Meant(msgspec.Struct, frozen=True):
    """What is known of somebody."""

    code: Annotated[str, Meta(max_length=20)] = ""
    name: Annotated[str, Meta(max_length=100)] = ""
    given_name: Annotated[str, Meta(max_length=100)] = ""
    born_on: date | None = None

    def sought(self) -> Sought:
        """Return it as the house looks for it."""
        return Sought(self.code, self.name, self.given_name, self.born_on)


class Emergency(Meant, frozen=True, kw_only=True):
    """Why a record must be opened. The password is taken as it was typed, spaces too."""

    reason: Annotated[GlassReason, Meta(description=N_("Choisissez un motif."))]
    words: Annotated[str, Meta(max_length=2000, description=N_("Écrivez de 15 à 500 lettres. La personne les lira."))]


class ToRefer(msgspec.Struct, frozen=True):
    """To whom a record is referred, and until when."""

    to: Annotated[PractitionerId, Meta(description=N_("Choisissez un médecin."))]
    until_on: Annotated[date, Meta(description=N_("Écrivez une date : jour, mois, année."))]


class RecordPages:
    """Records, beside the visit that runs."""

    def __init__(self, desk: Desk, access: Access) -> None:
        self._desk = desk
        self._access = access

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", RECORDS, self.page),
            ("POST", RECORDS, self.find),
            ("GET", f"{RECORDS}/{{patient_id}}", self.record),
            ("POST", f"{RECORDS}/{{patient_id}}/referrals", self.refer),
            ("POST", "/desk/referrals/{referral_id}/revoke", self.revoke),
            ("GET", GLASS, self.glass),
            ("POST", GLASS, self.break_glass),
            ("POST", f"{GLASS}/close", self.close_glass),
            *BackgroundPages(self._desk, self._access.people).routes(),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /desk/records: who was referred by me and to me, my emergency access, and the search."""
        return await self._list(request)

    async def find(self, request: web.Request) -> web.Response:
        """POST /desk/records: to the record, or why not. What was typed never stands in an address."""
        given = await answers(request)
        try:
            typed = await read_form(request, Meant)
            found = await self._access.finder.find(who_is(request), typed.sought())
        except (Invalid, NotFound, TooMany) as refused:
            return await self._list(request, given, refused)
        return _go(f"{RECORDS}/{found}")

    async def record(self, request: web.Request) -> web.Response:
        """GET /desk/records/{patient_id}: what is known, measured and signed, for reading."""
        return await self._record(request)

    async def refer(self, request: web.Request) -> web.Response:
        """POST /desk/records/{patient_id}/referrals"""
        given = await answers(request)
        try:
            typed = await read_form(request, ToRefer)
            await self._access.referrals.refer(who_is(request), _patient(request), typed.to, typed.until_on)
        except Invalid as refused:
            return await self._record(request, given, refused)
        return _go(f"{RECORDS}/{_patient(request)}")

    async def revoke(self, request: web.Request) -> web.Response:
        """POST /desk/referrals/{referral_id}/revoke"""
        await self._access.referrals.revoke(who_is(request), ReferralId(path_id(request, "referral_id")))
        return _go(RECORDS)

    async def glass(self, request: web.Request) -> web.Response:
        """GET /desk/glass: what an emergency access is, who will know of it, and the form."""
        return await self._glass(request)

    async def break_glass(self, request: web.Request) -> web.Response:
        """POST /desk/glass: to the record that is open now, or why not."""
        given = await answers(request)
        password = given.pop("password", "")
        try:
            typed = await read_form(request, Emergency)
            said = Breaking(typed.sought(), typed.reason, typed.words, password)
            patient_id = await self._access.glasses.break_one(who_is(request), said)
        except (Invalid, Conflict, NotFound, TooMany) as refused:
            return await self._glass(request, given, refused)
        return _go(f"{RECORDS}/{patient_id}")

    async def close_glass(self, request: web.Request) -> web.Response:
        """POST /desk/glass/close: the hour ends now."""
        await self._access.glasses.close(who_is(request))
        return _go(RECORDS)

    async def _list(
        self, request: web.Request, given: Mapping[str, str] | None = None, refused: ClinicError | None = None
    ) -> web.Response:
        who = who_is(request)
        referrals = await self._access.referrals.mine(who)
        shown = await self._desk.show(
            request,
            "records",
            N_("Dossiers"),
            given=given or {},
            received=[one for one in referrals if not one.given],
            sent=[one for one in referrals if one.given],
            glass=await self._access.glasses.mine(who),
            **_refusal(refused),
        )
        return _with_status(shown, refused)

    async def _record(
        self, request: web.Request, given: Mapping[str, str] | None = None, refused: ClinicError | None = None
    ) -> web.Response:
        who, patient_id, desk = who_is(request), _patient(request), self._desk
        patient = await self._access.people.read(who, patient_id)
        sheet = await desk.background.read(who, patient_id)
        locale = look_of(request).locale
        past = await desk.notes.history(who, patient_id)
        today = desk.now().astimezone(ZONE).date()
        doctors = await desk.places.practitioners(who)
        shown = await desk.show(
            request,
            "record_page",
            N_("Dossier"),
            patient=patient,
            name=display_name(patient.traits),
            sheet=sheet,
            tiles=tiles(await desk.measures.read(who, patient_id), locale),
            visits=[(one, tiles(one.observations, locale)) for one in past],
            charts=[],
            may_refer=await self._access.referrals.may(who, patient_id),
            referrals=[one for one in await self._access.referrals.mine(who, patient_id) if one.given],
            doctors=[(one.id, one.name) for one in doctors if one.id != who.practitioner_id],
            given=given or {"until_on": (today + USUAL_REFERRAL).strftime("%d/%m/%Y")},
            today=today,
            open_until=_open_until(await self._access.glasses.mine(who), patient_id),
            say=words,
            **_refusal(refused),
        )
        return _with_status(shown, refused)

    async def _glass(
        self, request: web.Request, given: Mapping[str, str] | None = None, refused: ClinicError | None = None
    ) -> web.Response:
        shown = await self._desk.show(
            request,
            "glass",
            N_("Accès en urgence"),
            given=given or {},
            glass=await self._access.glasses.mine(who_is(request)),
            reasons=GLASS_WORDS,
            **_refusal(refused),
        )
        return _with_status(shown, refused)


def _open_until(mine: tuple[Glass, Phase] | None, patient_id: PatientId) -> object:
    """Return until when the record is open by an emergency access, or None when it is not by one."""
    if mine is None or mine[1] is not Phase.OPEN or mine[0].patient_id != patient_id:
        return None
    return mine[0].until


def _refusal(refused: ClinicError | None) -> dict[str, object]:
    fields = refused.fields if isinstance(refused, Invalid) else {}
    return {"refused": refused, "errors": fields}


def _with_status(shown: web.Response, refused: ClinicError | None) -> web.Response:
    if refused is not None:
        shown.set_status(refused.status)
    return shown


def _patient(request: web.Request) -> PatientId:
    return PatientId(path_id(request, "patient_id"))


def _go(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})
