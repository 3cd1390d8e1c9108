"""Prescriptions over JSON: read the words, call one service method, shape the answer."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from server.kernel.ids import EncounterId, PrescriptionId
from server.records.prescriptions.listed import Rule
from server.records.prescriptions.rules import CancelReason, PrescriptionBody
from server.records.prescriptions.service import Draft, Prescriptions
from server.web.keys import LOCALE, TRANSLATE, who_is
from server.web.routes import View
from server.web.wire import Wire, path_id, read, reply

RowVer = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 2)]


class PrescriptionSaved(Wire, frozen=True):
    """A draft, and the version that it was made from."""

    body: PrescriptionBody
    row_ver: RowVer


class PrescriptionRead(Wire, frozen=True):
    """The version that the doctor has read and signs."""

    row_ver: RowVer


class CancelSaid(Wire, frozen=True):
    """Why a signed prescription no longer holds."""

    reason: CancelReason


class AlertShown(msgspec.Struct, frozen=True):
    """Why a line is marked, in the reader's language. `rule` is empty for an allergy."""

    place: int
    kind: str
    words: str
    source: str
    rule: Rule | None
    met: bool


@dataclass(frozen=True, slots=True)
class PrescriptionApi:
    """The routes of prescriptions."""

    prescriptions: Prescriptions

    async def draft(self, request: web.Request) -> web.Response:
        """GET /api/encounters/{encounter_id}/prescription"""
        return _shown(request, await self.prescriptions.draft(who_is(request), _encounter(request)))

    async def save(self, request: web.Request) -> web.Response:
        """PUT /api/encounters/{encounter_id}/prescription"""
        sent = await read(request, PrescriptionSaved)
        drawn = await self.prescriptions.save(who_is(request), _encounter(request), sent.body, sent.row_ver)
        return _shown(request, drawn)

    async def sign(self, request: web.Request) -> web.Response:
        """POST /api/encounters/{encounter_id}/prescription/sign"""
        sent = await read(request, PrescriptionRead)
        signed = await self.prescriptions.sign(who_is(request), _encounter(request), sent.row_ver)
        return reply({"id": signed.id})

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /api/prescriptions/{prescription_id}/cancel"""
        sent = await read(request, CancelSaid)
        await self.prescriptions.cancel(who_is(request), _prescription(request), sent.reason)
        return reply({"cancelled": True})

    async def replace(self, request: web.Request) -> web.Response:
        """POST /api/prescriptions/{prescription_id}/replace"""
        return reply({"encounter_id": await self.prescriptions.replace(who_is(request), _prescription(request))}, 201)

    def routes(self) -> list[tuple[str, str, View]]:
        """Return what to mount."""
        visit, one = "/api/encounters/{encounter_id}/prescription", "/api/prescriptions/{prescription_id}"
        return [
            ("GET", visit, self.draft),
            ("PUT", visit, self.save),
            ("POST", f"{visit}/sign", self.sign),
            ("POST", f"{one}/cancel", self.cancel),
            ("POST", f"{one}/replace", self.replace),
        ]


def _shown(request: web.Request, drawn: Draft) -> web.Response:
    locale = request.get(LOCALE, "fr")
    translate = request.app[TRANSLATE]
    return reply(
        {
            "row_ver": drawn.row_ver,
            "body": drawn.body,
            "alerts": alerts_shown(drawn, locale),
            "missing": {name: translate(locale, sentence, {}) for name, sentence in drawn.missing.items()},
        }
    )


def alerts_shown(drawn: Draft, locale: str) -> list[AlertShown]:
    """Return why lines are marked, with the words of the lists in a language."""
    shown = []
    for one in drawn.alerts:
        rule = one.drug_list
        words = one.word if rule is None else rule.en if locale == "en" else rule.fr
        source = rule.source if rule else ""
        shown.append(AlertShown(one.place, one.kind.value, words, source, rule.rule if rule else None, one.met))
    return shown


def _encounter(request: web.Request) -> EncounterId:
    return EncounterId(path_id(request, "encounter_id"))


def _prescription(request: web.Request) -> PrescriptionId:
    return PrescriptionId(path_id(request, "prescription_id"))
