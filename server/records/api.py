"""Records over JSON: read the words, call one service method, shape the answer.

Signing has its route where the visit is closed, a few floors above.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web

from server.kernel.ids import EncounterId, ObservationId, PatientId
from server.records.rules.background import BackgroundBody
from server.records.rules.measures import Reading
from server.records.rules.note import NoteBody, StrikeReason
from server.records.service import Background, Measures, Notes
from server.web.keys import who_is
from server.web.routes import View
from server.web.wire import Wire, path_id, read, reply

RowVer = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 2)]  # the column holds 31 bits, and a save adds one


class NoteSaved(Wire, frozen=True):
    """A draft, and the version that it was made from."""

    body: NoteBody
    row_ver: RowVer


class AddendumSaid(Wire, frozen=True):
    """A correction of a signed note."""

    words: str


class StrikeSaid(Wire, frozen=True):
    """Why a signed note is an error."""

    reason: StrikeReason


class Taking(Wire, frozen=True):
    """The measures of one taking."""

    readings: Annotated[tuple[Reading, ...], msgspec.Meta(max_length=20)]
    encounter_id: EncounterId | None = None
    device: str = ""
    taken_at: datetime | None = None


class BackgroundSaved(Wire, frozen=True):
    """The background sheet, and the version that it was made from."""

    body: BackgroundBody
    row_ver: RowVer


@dataclass(frozen=True, slots=True)
class RecordsApi:
    """The routes of notes, measures and background."""

    notes: Notes
    measures: Measures
    background: Background

    async def draft(self, request: web.Request) -> web.Response:
        """GET /api/encounters/{encounter_id}/note"""
        return reply(await self.notes.draft(who_is(request), _encounter(request)))

    async def save(self, request: web.Request) -> web.Response:
        """PUT /api/encounters/{encounter_id}/note"""
        sent = await read(request, NoteSaved)
        row_ver = await self.notes.save(who_is(request), _encounter(request), sent.body, sent.row_ver)
        return reply({"row_ver": row_ver})

    async def amend(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/note/addenda"""
        sent = await read(request, AddendumSaid)
        await self.notes.amend(who_is(request), _encounter(request), sent.words)
        return reply({"added": True}, 201)

    async def strike(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/note/strike"""
        sent = await read(request, StrikeSaid)
        await self.notes.strike(who_is(request), _encounter(request), sent.reason)
        return reply({"struck": True})

    async def history(self, request: web.Request) -> web.Response:
        """GET /api/patients/{patient_id}/history"""
        return reply({"visits": await self.notes.history(who_is(request), _patient(request))})

    async def take(self, request: web.Request) -> web.Response:
        """POST /api/patients/{patient_id}/observations"""
        sent = await read(request, Taking)
        taken = await self.measures.take(
            who_is(request),
            _patient(request),
            sent.readings,
            encounter_id=sent.encounter_id,
            device=sent.device,
            taken_at=sent.taken_at,
        )
        return reply({"observations": taken}, 201)

    async def observations(self, request: web.Request) -> web.Response:
        """GET /api/patients/{patient_id}/observations"""
        return reply({"observations": await self.measures.read(who_is(request), _patient(request))})

    async def strike_observation(self, request: web.Request) -> web.Response:
        """POST /api/observations/{observation_id}/strike"""
        await self.measures.strike(who_is(request), ObservationId(path_id(request, "observation_id")))
        return reply({"struck": True})

    async def sheet(self, request: web.Request) -> web.Response:
        """GET /api/patients/{patient_id}/background"""
        return reply(await self.background.read(who_is(request), _patient(request)))

    async def save_sheet(self, request: web.Request) -> web.Response:
        """PUT /api/patients/{patient_id}/background"""
        sent = await read(request, BackgroundSaved)
        row_ver = await self.background.save(who_is(request), _patient(request), sent.body, sent.row_ver)
        return reply({"row_ver": row_ver})

    def routes(self) -> list[tuple[str, str, View]]:
        """Return what to mount."""
        note, patient = "/api/encounters/{encounter_id}/note", "/api/patients/{patient_id}"
        return [
            ("GET", note, self.draft),
            ("PUT", note, self.save),
            ("POST", f"{note}/addenda", self.amend),
            ("POST", f"{note}/strike", self.strike),
            ("GET", f"{patient}/history", self.history),
            ("POST", f"{patient}/observations", self.take),
            ("GET", f"{patient}/observations", self.observations),
            ("POST", "/api/observations/{observation_id}/strike", self.strike_observation),
            ("GET", f"{patient}/background", self.sheet),
            ("PUT", f"{patient}/background", self.save_sheet),
        ]


def _encounter(request: web.Request) -> EncounterId:
    return EncounterId(path_id(request, "encounter_id"))


def _patient(request: web.Request) -> PatientId:
    return PatientId(path_id(request, "patient_id"))
