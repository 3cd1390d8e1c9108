"""« Remettre une copie du dossier »: asked, confirmed, noted; then one file to put on the person's own key or disk.

dossier.html        to read and print on any machine, without this software
dossier.fhir.json   the same and all the rest, for other software
documents/          each scan and picture as it was given
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui.forms import answers, read_form
from clinic_ui.front_office.office import Office, patient_id
from clinic_ui.front_office.sheet import sheet_of
from clinic_ui.look import look_of
from clinic_ui.render import PAGES
from server.interop.fhir.visits import SECTIONS
from server.interop.service import Copies, Copy
from server.kernel.errors import Invalid
from server.kernel.words import N_
from server.records.rules.measures import MEASURES, MeasureName
from server.web.keys import who_is
from server.web.routes import Routes

ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


LINE = ("drug", "dose", "frequency")


class GivenTo(StrEnum):
    """Who takes the copy. A code, for it stands in the log."""

    PERSON = "person"
    PARENT = "parent"
    PROXY = "proxy"


GIVEN_TO_WORDS = [
    (GivenTo.PERSON.value, N_("À la personne elle-même"), "", "user"),
    (GivenTo.PARENT.value, N_("À un parent, pour un enfant"), "", "users"),
    (GivenTo.PROXY.value, N_("À quelqu’un qu’elle a désigné par écrit"), "", "id-card"),
]


class Asked(msgspec.Struct, frozen=True):
    """To whom, and that their identity was seen."""

    given_to: Annotated[GivenTo, Meta(description=N_("Dites à qui vous remettez la copie."))]
    seen: Annotated[str, Meta(description=N_("Vérifiez d’abord une pièce d’identité."))]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the readable copy: paragraphs under a heading each."""

    title: str
    parts: list[tuple[str, list[str]]]


class CopyPages:
    """Handing over a copy."""

    def __init__(self, office: Office, copies: Copies) -> None:
        self._office, self._copies = office, copies

    def routes(self) -> Routes:
        """Return the routes of this page."""
        return [
            ("GET", "/office/patients/{patient_id}/copy", self.page),
            ("POST", "/office/patients/{patient_id}/copy", self.hand_over),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """GET /office/patients/{patient_id}/copy: what it holds, and to whom it goes."""
        return await self._show(request)

    async def hand_over(self, request: web.Request) -> web.Response:
        """POST /office/patients/{patient_id}/copy: the copy, as one file."""
        given = await answers(request)
        try:
            asked = await read_form(request, Asked)
        except Invalid as refused:
            return await self._show(request, given, refused)
        copy = await self._copies.of_patient(who_is(request), patient_id(request), asked.given_to.value)
        locale = look_of(request).locale
        told = {"locale": locale, "name": name_of(copy), "chapters": chapters(copy)}
        paper = request.app[PAGES].draw("front_office/copy_paper.html", locale, told)
        manners = {"Content-Disposition": 'attachment; filename="dossier.zip"', "Cache-Control": "no-store"}
        return web.Response(body=packed(copy, paper), content_type="application/zip", headers=manners)

    async def _show(
        self, request: web.Request, given: dict[str, str] | None = None, refused: Invalid | None = None
    ) -> web.Response:
        sheet = await sheet_of(self._office, request)
        return await self._office.show(
            request,
            "copy",
            status=refused.status if refused else 200,
            sheet=sheet,
            given=given or {},
            errors=refused.fields if refused else {},
            given_to=GIVEN_TO_WORDS,
        )


def packed(copy: Copy, paper: str) -> bytes:
    """Return the copy as a ZIP."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("dossier.html", paper)
        folder.writestr("dossier.fhir.json", msgspec.json.format(msgspec.json.encode(copy.bundle), indent=1))
        for number, row in enumerate(_documents(copy), 1):
            ending = ENDINGS.get(row["body"]["media_type"], "bin")
            folder.writestr(f"documents/{number}.{ending}", base64.b64decode(row["head"]))
    return file.getvalue()


def name_of(copy: Copy) -> str:
    """Return whose copy it is."""
    traits = copy.rows["patient"][0]["traits"]
    given = traits.get("used_given_name") or traits["given_names"][0]
    return f"{given} {traits.get('used_name') or traits['birth_name']}"


def chapters(copy: Copy) -> list[Chapter]:
    """Return the readable copy, in the order in which somebody would look for things."""
    rows, booked = copy.rows, copy.rows["appointment"]
    found = [
        Chapter(N_("Comptes rendus"), list(_reports(copy))),
        Chapter(N_("Ordonnances"), list(_prescriptions(rows["prescription"]))),
        Chapter(N_("Ce qui est connu"), list(_known(rows["patient_background"]))),
        Chapter(N_("Mesures"), [("", list(_measures(rows["observation"])))]),
        Chapter(N_("Rendez-vous"), [("", [f"{_at(row['starts_at'])} : {row['status']}" for row in booked])]),
        Chapter(N_("Documents"), [("", [row["body"]["title"] for row in _documents(copy)])]),
        Chapter(N_("Qui a ouvert ce dossier"), [("", list(_accesses(copy)))]),
    ]
    return [one for one in found if any(lines for _heading, lines in one.parts)]


def _documents(copy: Copy) -> list[dict[str, Any]]:
    return [row for row in copy.rows["document"] if row["status"] != "quarantined"]


def _reports(copy: Copy) -> Iterator[tuple[str, list[str]]]:
    doctors = {row["id"]: row["name"] for row in copy.rows["practitioner"]}
    for row in copy.rows["note"]:
        if row["status"] == "preliminary":
            continue
        words = row["body"].get("body") or row["body"]
        lines = [f"{title} : {words[field]}" for field, title in SECTIONS if words.get(field)]
        for one in copy.rows["note_addendum"]:
            if one["note_id"] == row["id"]:
                lines.append(
                    f"{_at(one['added_at'])} : " + " ".join(str(word) for word in one["body"].values() if word)
                )
        struck = f" ({row['status']})" if row["status"] != "final" else ""
        yield f"{_at(row['signed_at'] or row['saved_at'])}, {doctors.get(row['author_id'], '')}{struck}", lines


def _prescriptions(rows: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    for row in rows:
        if row["status"] != "draft":
            lines = (row["body"].get("body") or row["body"])["lines"]
            told = [" · ".join(str(one[part]) for part in LINE if one.get(part)) for one in lines]
            yield f"{_at(row['signed_at'] or row['saved_at'])} ({row['status']})", told


def _known(rows: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    words = {"allergies": N_("Allergies"), "conditions": N_("Antécédents"), "medications": N_("Traitements")}
    for row in rows:
        for field, title in words.items():
            if row["body"].get(field):
                yield title, list(row["body"][field])


def _measures(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        measure, body = MEASURES[MeasureName(row["body"]["measure"])], row["body"]
        value = f"{body['value'] * measure.shown_per_unit:.{measure.shown_digits}f}"
        struck = " (annulée)" if row["status"] != "final" else ""
        yield f"{_at(row['taken_at'])} : {measure.label} {value} {measure.shown_unit}{struck}"


def _accesses(copy: Copy) -> Iterator[str]:
    for row in copy.rows["audit_event"]:
        yield f"{_at(row['at'])} : {copy.names.get(str(row['actor']), 'telecabin')}, {row['action']}"


def _at(instant: str) -> str:
    return f"{instant[8:10]}/{instant[5:7]}/{instant[:4]} {instant[11:16]} UTC"
