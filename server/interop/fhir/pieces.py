"""The small pieces of FHIR R4: codes, references, narratives, entries."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any
from uuid import UUID, uuid5

Json = dict[str, Any]
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"
OURS = UUID("7c1b9a0e-5d0c-4d0e-9a57-0d5f3c7f7a11")
"""The space in which we name what has no number of its own."""


def code(system: str, value: str, display: str = "") -> Json:
    """Return a Coding."""
    return without_empty({"system": system, "code": value, "display": display})


def concept(*codings: Json, text: str = "") -> Json:
    """Return a CodeableConcept."""
    return without_empty({"coding": list(codings), "text": text})


def reference(number: object, display: str = "") -> Json:
    """Return a Reference to another entry of the bundle."""
    return without_empty({"reference": f"urn:uuid:{number}", "display": display})


def named(*words: object) -> str:
    """Return a number that is the same each time for what has none of its own."""
    return str(uuid5(OURS, "/".join(map(str, words))))


def narrative(text: str) -> Json:
    """Return words as FHIR wants them for people."""
    lines = "<br/>".join(escape(line) for line in text.splitlines())
    return {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>'}


def resource(kind: str, number: object, **fields: object) -> Json:
    """Return a resource; empty fields are left out, as FHIR wants it."""
    return {"resourceType": kind, "id": str(number), **without_empty(fields)}


def without_empty(fields: Json) -> Json:
    """Return the fields that say something."""
    return {name.rstrip("_"): value for name, value in fields.items() if value not in (None, "", [], {})}


def entries(resources: Iterable[Json]) -> list[Json]:
    """Return the entries of a bundle."""
    return [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources]
