"""The copy of a record on paper: complete, in order, in two languages, for screen readers and archives."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest_asyncio
from PIL import Image

from clinic_ui.paper.press import Press
from clinic_ui.paper.record import record_sheet
from server.encounters.rules import Answers, Reason, RedFlag
from server.interop.service import Copy
from server.interop.store import tables_about_a_patient
from server.kernel.ids import PatientId, new_id
from server.people.rules import Sex, Traits
from server.records.documents.rules import DocumentBody, MediaType
from server.records.prescriptions.rules import Line, Moment, PrescriptionBody, SignedPrescription
from server.records.rules.background import BackgroundBody
from server.records.rules.measures import MeasureName, ObservationBody
from server.records.rules.note import NoteBody, Part, Participant, SignedContent
from tests.clinic_ui.paper.reading import Paper, read_pdf
from tests.clinic_ui.paper.test_prescription import DOCTOR, ODETTE

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ME, SITE, CABIN, AUBIN, ACCOUNT = (str(new_id()) for _ in range(5))
TRAITS = Traits(
    "Martin", ("Odette", "Jeanne"), date(1945, 3, 3), Sex.FEMALE, "22999", "Lavergne", phone="02 99 00 11 22", ins="1"
)
Rows = dict[str, list[dict[str, Any]]]


def jpeg() -> bytes:
    """A small photo."""
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, "JPEG")
    return file.getvalue()


def plain(value: object) -> Any:
    """As it stands in a copy."""
    return msgspec.to_builtins(value, str_keys=True)


def a_note(number: int, status: str = "final") -> dict[str, Any]:
    """A signed note."""
    at = AT + timedelta(days=number)
    body = NoteBody(
        examination=f"Examen {number}.", conclusion=f"Conclusion {number}.", acts="Repos.", no_incident=True,
        advice=f"Conseil {number}.",
    )  # fmt: skip
    taken_part = (Participant(Part.PRACTITIONER, "Dr Aubin", "10999900011"),)
    content = SignedContent(body, taken_part, at, at + timedelta(minutes=9), "Dr Aubin")
    signed = {"status": status, "signed_at": at.isoformat(), "saved_at": at.isoformat(), "author_id": AUBIN}
    return {"id": f"note-{number}", "encounter_id": f"visit-{number}", "body": plain(content), **signed}


def a_measure(number: int, name: MeasureName, value: float, unit: str, status: str = "final") -> dict[str, Any]:
    """A measure that the account of the log took."""
    at = (AT + timedelta(days=number)).isoformat()
    body = plain(ObservationBody(name, value, unit, device="Tensiomètre A" if number == 0 else ""))
    return {"id": str(new_id()), "status": status, "taken_at": at, "taken_by": ACCOUNT, "body": body}


def a_visit(number: int) -> dict[str, Any]:
    """A visit that ended."""
    at = AT + timedelta(days=number)
    intake = Answers(
        Reason.PAIN, "J’ai mal au genou.", {RedFlag.STROKE: True, RedFlag.BLEEDING: False}, companion="Rose"
    )
    return {
        "id": f"visit-{number}", "status": "finished", "arrived_at": at.isoformat(), "cabin_id": CABIN,
        "practitioner_id": AUBIN, "intake": plain(intake), "claimed_by": ACCOUNT, "claimed_at": at.isoformat(),
        "finished_at": (at + timedelta(minutes=20)).isoformat(),
    }  # fmt: skip


def a_future() -> Rows:
    """What was asked for and booked, and what the log says."""
    at = AT.isoformat()
    return {
        "follow_up_promise": [
            {"created_at": at, "earliest_on": "2026-11-29", "latest_on": "2026-12-03", "modality": "VR",
             "practitioner_id": AUBIN, "reason": {"text": "Contrôle de la tension"}, "status": "booked"},
        ],
        "appointment": [
            {"starts_at": (AT + timedelta(days=8)).isoformat(), "practitioner_id": AUBIN, "cabin_id": CABIN,
             "modality": "VR", "status": "cancelled"},
        ],
        "audit_event": [
            {"id": "a", "at": at, "actor": ACCOUNT, "role": "gp", "action": "history:read"},
            {"id": "b", "at": at, "actor": None, "role": None, "action": "patient:registered"},
        ],
        "broken_glass": [],
    }  # fmt: skip


def a_record(notes: int = 2) -> Rows:
    """A record that has something of everything."""
    at = AT.isoformat()
    line = Line("Ramipril 5 mg", dose="1 comprimé", moments=(Moment.MORNING,), days=90, renewals=1)
    paper = SignedPrescription(PrescriptionBody((line,), remark="Revenir si vertige."), DOCTOR, ODETTE)
    given = {"id": "p", "status": "cancelled", "signed_at": at, "cancelled_at": at, "body": plain(paper)}
    told = {"status": "current", "added_at": at, "head": base64.b64encode(jpeg()).decode()}
    photo = plain(DocumentBody("Plaie du genou", MediaType.JPEG, 40, 30))
    letter = plain(DocumentBody("Lettre du cardiologue", MediaType.PDF))
    rows: Rows = {table.name: [] for table in tables_about_a_patient()} | {"health_worker": []}
    rows |= {
        "patient": [{"id": ME, "site_id": SITE, "status": "PROV", "created_at": at, "traits": plain(TRAITS)}],
        "site": [{"id": SITE, "name": "Saint-Fiacre", "address": "1 place", "postcode": "22110", "commune": "Locarn"}],
        "cabin": [{"id": CABIN, "name": "Cabine de la mairie"}],
        "practitioner": [{"id": AUBIN, "name": "Dr Aubin"}],
        "patient_background": [{"body": plain(BackgroundBody(("Pénicilline",), (), None)), "saved_at": at}],
        "encounter": [a_visit(number) for number in range(notes)],
        "consent": [{"encounter_id": "visit-0", "decision": "given"}],
        "guest": [{"encounter_id": "visit-0", "status": "left", "name": {"text": "Jeanne l’interprète"}}],
        "note": [a_note(-1, "entered-in-error"), a_note(-2, "preliminary"), *map(a_note, range(notes))],
        "note_addendum": [{"note_id": "note-0", "added_at": at, "body": {"words": "Ajout après coup."}}],
        "prescription": [given, {"status": "draft", "signed_at": None}],
        "observation": [
            a_measure(0, MeasureName.SYSTOLIC, 145, "mm[Hg]"),
            a_measure(1, MeasureName.SYSTOLIC, 132, "mm[Hg]", "entered-in-error"),
            a_measure(1, MeasureName.GLUCOSE, 105, "mg/dL"),
        ],
        "document": [
            told | {"body": photo},
            told | {"body": letter, "status": "entered-in-error"},
            told | {"body": plain(DocumentBody("Virus", MediaType.PDF)), "status": "quarantined"},
        ],
    } | a_future()  # fmt: skip
    return rows


def a_copy(rows: Rows) -> Copy:
    """The copy that is made of rows."""
    return Copy(PatientId(new_id()), {}, rows, {ACCOUNT: "Dr Claire Aubin"}, AT)


def follow(text: str, *wanted: str) -> None:
    """Each of these words stands after the one before."""
    place = 0
    for words in wanted:
        found = text.find(words, place)
        assert found >= 0, f"{words!r} is not in {text[place : place + 300]!r}"
        place = found + len(words)


@pytest_asyncio.fixture(loop_scope="session")
async def press() -> AsyncIterator[Press]:
    opened = Press(60.0)
    yield opened
    await opened.close()


async def drawn(press: Press, rows: Rows, locale: str = "fr") -> Paper:
    [pdf] = await press.draw(record_sheet(a_copy(rows), locale, ZoneInfo("Europe/Paris"), AT.date()))
    return read_pdf(pdf)


async def test_all_that_is_kept_is_read_in_order_and_nothing_that_is_of_no_record(press: Press) -> None:
    paper = await drawn(press, a_record())
    follow(
        paper.text[paper.text.index("Nom de naissance") :],
        *("Nom de naissance : Martin", "Odette, Jeanne", "Nom utilisé : Lavergne", "03/03/1945", "femme", "22999"),
        *("Identité provisoire", "02 99 00 11 22", "Saint-Fiacre"),
        *("Allergies", "Pénicilline", "Antécédents", "Aucun", "Traitements", "Personne ne l’a encore demandé."),
        *(
            "22/11/2026 10:30",
            "Cabine de la mairie",
            "Dr Aubin",
            "Rose",
            "Jeanne l’interprète",
            "Douleur",
            "mal au genou",
        ),
        *("Bouche, bras ou parole", "oui", "terminée"),
        *("Saisie par erreur", "Conclusion -1.", "Conclusion 0.", "Ajout après coup.", "Conclusion 1.", "Conseil 1."),
        *("Dr Aubin", "ANNULÉE le 22/11/2026", "Ramipril 5 mg", "1 comprimé, le matin", "Revenir si vertige."),
        *("Tension", "145 mmHg", "Tensiomètre A", "Dr Claire Aubin", "132 mmHg", "Saisie par erreur", "à la main"),
        *("Glycémie", "1,05 g/L", "29/11/2026 – 03/12/2026", "Contrôle de la tension", "réservé"),
        *(
            "30/11/2026 10:30",
            "Annulé",
            "Plaie du genou",
            "documents/1.jpg",
            "Lettre du cardiologue",
            "documents/2.pdf",
        ),
        *("22/11/2026 10:30", "Le logiciel", "Dr Claire Aubin", "médecin", "a lu vos consultations"),
    )
    for hidden in ("Conclusion -2.", "Virus", "Saignement", "Numéro INS"):
        assert hidden not in paper.text, hidden


async def test_the_paper_is_for_screen_readers_and_archives_and_names_nobody_outside_its_pages(press: Press) -> None:
    paper = await drawn(press, a_record(), "en")
    assert (paper.language, paper.marked, paper.shows_title) == ("en", True, True)
    assert paper.standards["pdfuaid:part"] == "1"
    assert (paper.standards["pdfaid:part"], paper.standards["pdfaid:conformance"]) == ("2", "A")
    assert {"/H1", "/H2", "/H3", "/H4", "/Table", "/TH", "/TD", "/Figure", "/TOC"} <= set(paper.roles)
    follow(paper.text, "Copy of the record", "Birth name", "Provisional identity", "Allergies", "145 mmHg", "1.05 g/L")
    for name in ("Martin", "Odette", "Lavergne"):
        assert name not in paper.spoken_of


async def test_a_record_of_two_hundred_notes_is_whole(press: Press) -> None:
    paper = await drawn(press, a_record(notes=200))
    assert paper.pages > 40
    for number in range(200):
        assert f"Conclusion {number}." in paper.text


async def test_only_a_qualified_identity_says_its_number_and_a_joined_sheet_stands_beside(press: Press) -> None:
    rows = a_record(notes=0)
    joined = rows["patient"][0] | {"traits": plain(msgspec.structs.replace(TRAITS, used_name="Le Bihan"))}
    rows["patient"] = [rows["patient"][0] | {"status": "QUAL"}, joined]
    paper = await drawn(press, rows)
    follow(paper.text, "Numéro INS : 1", "Identité qualifiée", "Fiche réunie 1", "Le Bihan", "Identité provisoire")
