"""A prescription and a report as accessible PDF, asked of the child process as a page asks for them."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import msgspec

from clinic_ui.paper.prescription import prescription_sheet
from clinic_ui.paper.press import Press
from clinic_ui.paper.report import report_sheet
from clinic_ui.paper.sheets import Sheet
from server.people.rules import Sex, Traits
from server.records.prescriptions.rules import (
    Line,
    Moment,
    Prescriber,
    PrescriptionBody,
    SignedPrescription,
    treated_of,
)
from server.records.rules.note import NoteBody, Part, Participant, SignedContent
from tests.bench import Figure, at_most, quantile

PAPERS = 40
GOAL = 150.0  # ms
_AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
_TRAITS = Traits("Martin", ("Odette",), date(1945, 3, 3), Sex.FEMALE, used_name="Lavergne")
_LINE = Line("Ramipril 5 mg", "comprimé", dose="1 comprimé", moments=(Moment.MORNING, Moment.EVENING), days=90)


def _prescription(number: int) -> Sheet:
    doctor = Prescriber("Dr Aubin", "Médecine générale", "10999900011", "1 rue Haute", "02 61 91 00 01", "a@x.example")
    lines = tuple(msgspec.structs.replace(_LINE, days=number % 90 + place + 1) for place in range(8))
    content = SignedPrescription(PrescriptionBody(lines), doctor, treated_of(_TRAITS))
    return prescription_sheet(content, _AT.date(), "fr")


def _report(number: int) -> Sheet:
    words = f"Gorge rouge, pas de fièvre, auscultation faite avec l’infirmière, jour {number}. " * 12
    body = NoteBody(examination=words, conclusion=words, acts=words, advice=words, no_incident=True)
    present = (Participant(Part.PRACTITIONER, "Dr Aubin", "10999900011"),)
    content = SignedContent(body, present, _AT, _AT + timedelta(minutes=9), "Dr Aubin")
    return report_sheet(content, _TRAITS, _AT.date(), "fr", prescribed=(_LINE,) * 8)


async def figures() -> list[Figure]:
    """Measure both kinds; each paper says something else, so that nothing is drawn from a cache."""
    press = Press()
    found = []
    try:
        began = time.perf_counter()
        await press.draw(_prescription(0))
        start = (time.perf_counter() - began) * 1000
        for name, sheet in (("prescription", _prescription), ("report", _report)):
            took = []
            for number in range(1, PAPERS + 1):
                began = time.perf_counter()
                await press.draw(sheet(number))
                took.append((time.perf_counter() - began) * 1000)
            beside = {"median": quantile(took, 0.5), "first, with the child's start": start}
            found.append(at_most(f"{name} as PDF, p95", quantile(took, 0.95), "ms", GOAL, beside))
    finally:
        await press.close()
    return found
