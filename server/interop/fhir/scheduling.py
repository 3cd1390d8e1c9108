"""When somebody is there, in FHIR R4: Schedule and Slot, computed from a calendar and never stored; no patient in them.

calendar, span ─▶ one Schedule ─▶ runs of five-minute units: free · busy (booked) · busy-tentative (held)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from server.interop.fhir.pieces import HL7, Json, code, concept, named, resource
from server.records.rules.note import Modality
from server.scheduler.rules.openings import Calendar, ResourceKind
from server.scheduler.rules.units import instant_of

ACTORS = {
    ResourceKind.PRACTITIONER: "Practitioner",
    ResourceKind.HEALTH_WORKER: "Practitioner",
    ResourceKind.CABIN: "Location",
    ResourceKind.INSTRUMENT: "Device",
}
FREE, BUSY, TENTATIVE = "free", "busy", "busy-tentative"


def schedule(calendar: Calendar, name: str, span: range) -> Json:
    """Return the Schedule of a resource over `span`. A patient has none: raises KeyError."""
    return resource(
        "Schedule",
        calendar.resource_id,
        active=True,
        actor=[{"reference": f"{ACTORS[calendar.kind]}/{calendar.subject_id}", "display": name}],
        planningHorizon={"start": _instant(span.start), "end": _instant(span.stop)},
    )


def slots(calendar: Calendar, span: range, modality: Modality, held: frozenset[int] = frozenset()) -> list[Json]:
    """Return the Slots of `span`: runs of what is free, booked and held, in order; closed time has none.

    `held` are those of the taken units that are kept for somebody who has not said yes: `store.held_units`.
    """
    opened, taken = calendar.open_in(span, modality), calendar.taken_in(span)
    found = [(start, stop, FREE) for start, stop in _runs(opened & ~taken, span)]
    tentative = replace(calendar, taken=calendar.taken & held).taken_in(span)
    found += [(start, stop, BUSY) for start, stop in _runs(taken & ~tentative, span)]
    found += [(start, stop, TENTATIVE) for start, stop in _runs(tentative, span)]
    return [_slot(calendar, modality, *one) for one in sorted(found)]


def _slot(calendar: Calendar, modality: Modality, start: int, stop: int, status: str) -> Json:
    return resource(
        "Slot",
        named("slot", calendar.resource_id, modality.value, start, stop, status),
        schedule={"reference": f"Schedule/{calendar.resource_id}"},
        serviceType=[concept(code(f"{HL7}v3-ActCode", modality.value))],
        status=status,
        start=_instant(start),
        end=_instant(stop),
    )


def _runs(bits: int, span: range) -> Iterator[tuple[int, int]]:
    """Yield the first and the last unit + 1 of each run of set bits."""
    place = span.start
    while bits:
        gap = (bits & -bits).bit_length() - 1
        bits >>= gap
        length = (~bits & bits + 1).bit_length() - 1
        yield place + gap, place + gap + length
        place, bits = place + gap + length, bits >> length


def _instant(unit: int) -> str:
    at: datetime = instant_of(unit)
    return at.isoformat()
