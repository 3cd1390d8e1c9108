"""« Doublons »: who is perhaps registered twice; joining two records, keeping them apart, parting them again."""

from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import read_form
from clinic_ui.front_office.office import PATIENTS, Office, go, patient_id
from clinic_ui.front_office.patients import DATE_WORDS, NAME_WORDS
from clinic_ui.front_office.sheet import DOUBTFUL, IDENTITY_WORDS, sheet_of
from server.kernel.errors import ClinicError, Conflict, Invalid
from server.kernel.ids import PatientId
from server.kernel.words import N_
from server.people.merging import Merging
from server.people.rules import Patient
from server.web.keys import who_is
from server.web.routes import Routes
from server.web.wire import path_id

DUPLICATES = "/office/duplicates"
_CHOOSE = N_("Choisissez le dossier qui reste.")
_SURE = N_("Cochez : vous avez vérifié que c’est la même personne.")


class Joining(msgspec.Struct, frozen=True):
    """Which record stands for both, the versions that were compared, and that somebody made sure."""

    keep: Annotated[UUID, Meta(description=_CHOOSE)]
    first_ver: int
    second_ver: int
    sure: Annotated[str, Meta(description=_SURE)]


class Parting(msgspec.Struct, frozen=True):
    """Which record is parted from the others."""

    joined: UUID


class DuplicatePages:
    """Two records of one person."""

    def __init__(self, office: Office, merging: Merging) -> None:
        self._office = office
        self._merging = merging

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        pair = DUPLICATES + "/{first_id}/{second_id}"
        return [
            ("GET", DUPLICATES, self.page),
            ("GET", pair, self.compare),
            ("POST", pair, self.join),
            ("POST", pair + "/apart", self.keep_apart),
            ("GET", "/office/patients/{patient_id}/merges", self.trail),
            ("POST", "/office/patients/{patient_id}/merges", self.part),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/duplicates: the pairs of the site, the most alike first."""
        found = await self._merging.alike(who_is(request))
        done = request.query.get("done", "")
        return await self._office.show(
            request, "duplicates", pairs=found, done=done, name_words=NAME_WORDS, date_words=DATE_WORDS
        )

    async def compare(self, request: web.Request) -> web.Response:
        """GET /office/duplicates/{first_id}/{second_id}: trait by trait."""
        return await self._compare(request)

    async def join(self, request: web.Request) -> web.Response:
        """POST /office/duplicates/{first_id}/{second_id}: `first_ver` is of the first id in the address."""
        first, second = _pair(request)
        try:
            typed = await read_form(request, Joining)
            if typed.keep not in (first, second):
                raise Invalid(_CHOOSE, fields={"keep": _CHOOSE})
            records = [(first, typed.first_ver), (second, typed.second_ver)]
            kept, joined = records if typed.keep == first else records[::-1]
            await self._merging.merge(who_is(request), kept, joined)
        except (Invalid, Conflict) as refused:
            return await self._compare(request, refused)
        return go(f"{PATIENTS}/{kept[0]}/merges?done=joined")

    async def keep_apart(self, request: web.Request) -> web.Response:
        """POST /office/duplicates/{first_id}/{second_id}/apart"""
        await self._merging.keep_apart(who_is(request), *_pair(request))
        return go(f"{DUPLICATES}?done=apart")

    async def trail(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}/merges: what was joined, by whom, and the way back."""
        return await self._trail(request)

    async def part(self, request: web.Request) -> web.Response:
        """POST /office/patients/{patient_id}/merges: take one link away."""
        try:
            typed = await read_form(request, Parting)
            await self._merging.part(who_is(request), PatientId(typed.joined))
        except (Invalid, Conflict) as refused:
            return await self._trail(request, refused)
        return go(f"{PATIENTS}/{patient_id(request)}/merges?done=parted")

    async def _compare(self, request: web.Request, refused: ClinicError | None = None) -> web.Response:
        first, second = await self._merging.compare(who_is(request), *_pair(request))
        return await self._office.show(
            request,
            "same_person",
            status=refused.status if refused else 200,
            people=(first, second),
            identities=[_identity(one) for one in (first, second)],
            refused=refused,
            errors=refused.fields if isinstance(refused, Invalid) else {},
        )

    async def _trail(self, request: web.Request, refused: ClinicError | None = None) -> web.Response:
        links = await self._merging.trail(who_is(request), patient_id(request))
        return await self._office.show(
            request,
            "merges",
            status=refused.status if refused else 200,
            sheet=await sheet_of(self._office, request),
            links=links,
            refused=refused,
            done=request.query.get("done", ""),
        )


def _pair(request: web.Request) -> tuple[PatientId, PatientId]:
    return PatientId(path_id(request, "first_id")), PatientId(path_id(request, "second_id"))


def _identity(patient: Patient) -> str:
    return (DOUBTFUL if patient.traits.doubtful else IDENTITY_WORDS[patient.status])[0]
