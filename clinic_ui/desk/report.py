"""What the note says by itself: the incidents of the call in words, and the facts against which it is reviewed."""

from collections.abc import Callable, Sequence

from clinic_ui.dates import clock
from clinic_ui.desk.words import INCIDENTS
from server.encounters.rules import Accompanied, CallStatus, EncounterStatus
from server.encounters.views import DeskVisit, Incident
from server.people.rules import Practitioner
from server.records.rules.note import FollowUpWish, Modality, Part, Participant, VisitFacts


def incident_lines(incidents: Sequence[Incident], locale: str, translate: Callable[[str], str]) -> list[str]:
    """Return « 10:42 coupure, 12 s » for each incident, ready for the note."""
    lines = []
    for one in sorted(incidents, key=lambda incident: incident.at):
        lasting = f", {one.seconds} s" if one.seconds else ""
        lines.append(f"{clock(one.at, locale)} {translate(INCIDENTS[one.kind])}{lasting}")
    return lines


def facts(visit: DeskVisit, doctor: Practitioner) -> VisitFacts:
    """Return the facts of a visit as the signing will see them."""
    present = [Participant(Part.PRACTITIONER, doctor.name, doctor.rpps)]
    if visit.companion:
        beside = visit.accompanied is Accompanied.WITH_HEALTH_WORKER
        present.append(Participant(Part.HEALTH_WORKER if beside else Part.COMPANION, visit.companion))
    return VisitFacts(
        encounter_id=visit.encounter_id,
        patient_id=visit.patient.id,
        practitioner_id=doctor.id,
        fence=visit.fence,
        in_progress=visit.status is EncounterStatus.IN_PROGRESS,
        started_at=visit.live_at or visit.claimed_at,
        ended_at=visit.ended_at if visit.call is CallStatus.ENDED else None,
        participants=(*present, *visit.guests),
    )


def wish_kind(wish: FollowUpWish | None) -> str:
    """Return which of the five answers of the form a follow-up wish is."""
    if wish is None:
        return "none"
    if wish.modality is Modality.IN_PERSON:
        return "surgery"
    if wish.modality is Modality.HOME:
        return "home"
    return "nurse" if wish.with_health_worker else "cabin"
