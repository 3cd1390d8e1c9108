"""A patient's sheet: identity, what to know before care, the last measures, what is planned; and its background."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from aiohttp import web

from clinic_ui.forms import answers, read_form
from clinic_ui.front_office.day import item_state
from clinic_ui.front_office.office import PATIENTS, Office, go
from clinic_ui.front_office.tiles import Tile, tiles
from server.encounters.views import LineItem
from server.kernel.errors import Conflict, Invalid
from server.kernel.words import N_
from server.people.rules import IdentityStatus, Patient, display_name
from server.records.rules.background import BackgroundBody
from server.records.service.background import BackgroundSheet
from server.records.service.measures import Observation
from server.web.keys import who_is
from server.web.routes import Routes

IDENTITY_WORDS = {
    IdentityStatus.PROV: (
        N_("Identité provisoire"),
        "warn",
        N_("Dite par la personne. Vérifiez-la avec une pièce d’identité."),
    ),
    IdentityStatus.RECUP: (
        N_("Identité récupérée"),
        "info",
        N_("Reçue du téléservice INSi. Vérifiez-la avec une pièce d’identité."),
    ),
    IdentityStatus.VALI: (N_("Identité validée"), "ok", N_("Vérifiée avec une pièce d’identité.")),
    IdentityStatus.QUAL: (
        N_("Identité qualifiée"),
        "ok",
        N_("Reçue du téléservice INSi et vérifiée avec une pièce d’identité."),
    ),
}
DOUBTFUL = (N_("Identité douteuse"), "warn", N_("Un doute est noté : vérifiez qui est la personne."))
LISTS = ("allergies", "conditions", "medications")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What every page of one patient shows at its top, and in the emergency sheet."""

    patient: Patient
    name: str
    background: BackgroundBody
    visit: LineItem | None
    visit_state: tuple[str, str]
    observations: tuple[Observation, ...]
    tiles: tuple[Tile, ...]
    identity: tuple[str, str, str]


class BackgroundTyped(msgspec.Struct, frozen=True):
    """Three lists as typed, one line each entry; `none` holds the lists that were asked and are empty."""

    row_ver: int
    allergies: str = ""
    conditions: str = ""
    medications: str = ""
    none: tuple[str, ...] = ()
    pregnant: str = ""

    def body(self) -> BackgroundBody:
        """Return the lists, or raise Invalid when one is said to be empty and is not."""
        typed = {name: _entries(getattr(self, name)) for name in LISTS}
        both = N_("« Aucune » est coché, et quelque chose est écrit. Gardez l’un des deux.")
        wrong = {name: both for name, entries in typed.items() if entries and name in self.none}
        if wrong:
            raise Invalid(N_("La fiche n’est pas enregistrée : corrigez ce qui est indiqué."), fields=wrong)
        lists = {name: entries or (() if name in self.none else None) for name, entries in typed.items()}
        pregnant = {"yes": True, "no": False}.get(self.pregnant)
        return BackgroundBody(lists["allergies"], lists["conditions"], lists["medications"], pregnant)


def _entries(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def typed_of(body: BackgroundBody) -> dict[str, str]:
    """Return the lists as the form shows them, one entry on a line."""
    pregnant = {True: "yes", False: "no", None: ""}[body.pregnant]
    return {**{name: "\n".join(getattr(body, name) or ()) for name in LISTS}, "pregnant": pregnant}


def none_of(body: BackgroundBody) -> tuple[str, ...]:
    """Return which lists were asked and are empty."""
    return tuple(name for name in LISTS if getattr(body, name) == ())


async def sheet_of(office: Office, request: web.Request) -> Sheet:
    """Return the top of a patient's pages. Reading is logged."""
    who = who_is(request)
    patient = await office.patient(request)
    found: Sequence[Observation] = await office.measures.read(who, patient.id)
    background = await office.background.read(who, patient.id)
    visit = await office.visit_of(who, patient.id)
    return Sheet(
        patient=patient,
        name=display_name(patient.traits),
        background=background.body,
        visit=visit,
        visit_state=item_state(visit) if visit else ("", ""),
        observations=tuple(found),
        tiles=tiles(found),
        identity=DOUBTFUL if patient.traits.doubtful else IDENTITY_WORDS[patient.status],
    )


class SheetPages:
    """The patient's first page, and its background."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", "/office/patients/{patient_id}", self.page),
            ("GET", "/office/patients/{patient_id}/background", self.background),
            ("POST", "/office/patients/{patient_id}/background", self.save_background),
            ("GET", "/office/patients/{patient_id}/follow-ups", self.follow_ups),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}"""
        sheet = await sheet_of(self._office, request)
        plan = await self._office.view.plan(who_is(request), sheet.patient.id)
        done = request.query.get("done", "")
        return await self._office.show(request, "sheet", sheet=sheet, plan=plan, done=done)

    async def follow_ups(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}/follow-ups: promises and appointments."""
        sheet = await sheet_of(self._office, request)
        plan = await self._office.view.plan(who_is(request), sheet.patient.id)
        return await self._office.show(request, "patient_follow_ups", sheet=sheet, plan=plan)

    async def background(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}/background"""
        patient = await self._office.patient(request)
        kept = await self._office.background.read(who_is(request), patient.id)
        return await self._edit(request, kept, typed_of(kept.body), none_of(kept.body))

    async def save_background(self, request: web.Request) -> web.Response:
        """POST /office/patients/{patient_id}/background: over the version that was seen, or show both."""
        who = who_is(request)
        patient = await self._office.patient(request)
        given = await answers(request)
        none = tuple(one for one in (await request.post()).getall("none", []) if isinstance(one, str))
        try:
            typed = await read_form(request, BackgroundTyped)
            await self._office.background.save(who, patient.id, typed.body(), typed.row_ver)
        except (Invalid, Conflict) as refused:
            kept = await self._office.background.read(who, patient.id)
            return await self._edit(request, kept, given, none, refused)
        return go(f"{PATIENTS}/{patient.id}?done=background")

    async def _edit(
        self,
        request: web.Request,
        kept: BackgroundSheet,
        given: dict[str, str],
        none: tuple[str, ...],
        refused: Invalid | Conflict | None = None,
    ) -> web.Response:
        """Show the form. After a conflict it carries the newest version, with what stands there beside."""
        clash = isinstance(refused, Conflict)
        version = str(kept.row_ver) if clash or refused is None else given.get("row_ver", "")
        return await self._office.show(
            request,
            "background",
            status=refused.status if refused else 200,
            sheet=await sheet_of(self._office, request),
            given=given,
            empty_lists=none,
            row_ver=version,
            clash=kept.body if clash else None,
            errors=refused.fields if refused else {},
        )
