"""What the pages see of a visit: frozen, and no more than each place may know. Rows never leave the services."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.encounters.help_rules import HelpKind
from server.encounters.quality_rules import Quality
from server.encounters.rules import (
    Accompanied,
    Answers,
    CallStatus,
    CancelReason,
    ConsentMode,
    Decision,
    EncounterStatus,
    IncidentKind,
    Lack,
    Reason,
    RedFlag,
    Step,
)
from server.kernel.ids import CabinId, EncounterId, PatientId, PractitionerId
from server.people.rules import Cabin, Patient, Practitioner, Sex, Site
from server.records.rules.note import Participant


@dataclass(frozen=True, slots=True)
class Doctor:
    """A doctor, as a patient is told before the call (name, specialty, RPPS number, place of practice)."""

    name: str
    specialty: str
    rpps: str
    place: str


@dataclass(frozen=True, slots=True)
class CabinVisit:
    """The visit that is in the cabin now.

    `place` (1 is next) while waiting; `minutes` is (low, high), or None when no doctor is there now. `doctor` is
    who claimed the visit; `doctors` who is on duty. `abandoned`: nobody touched the intake for 15 minutes.
    """

    encounter_id: EncounterId
    step: Step
    status: EncounterStatus
    call: CallStatus
    name: str
    locale: str
    accompanied: Accompanied
    reason: Reason | None
    flags: dict[RedFlag, bool]
    lacks: tuple[Lack, ...]
    priority: bool
    place: int | None
    minutes: tuple[int, int] | None
    doctor: Doctor | None
    doctors: tuple[Doctor, ...]
    summary_signed: bool
    cancel_reason: CancelReason | None
    abandoned: bool


class QueueState(StrEnum):
    """What a doctor may do with a visit in the queue."""

    WAITING = "waiting"
    CABIN_BUSY = "cabin-busy"
    """The patient waits for the cabin, in which somebody else sits."""
    MINE = "mine"
    WITH_OTHER = "with-other"


@dataclass(frozen=True, slots=True)
class QueueItem:
    """Somebody in the queue. Of a patient who is with another doctor, only the discreet name is told."""

    encounter_id: EncounterId
    state: QueueState
    name: str
    age: int | None
    sex: Sex | None
    commune: str
    cabin: str
    reason: Reason | None
    words: str
    flags: tuple[RedFlag, ...]
    accompanied: Accompanied
    child: bool
    priority: bool
    planned: bool
    waiting_since: datetime
    doctor: str | None
    fictitious: bool
    """Somebody invented: robots take nobody else."""


@dataclass(frozen=True, slots=True)
class Consented:
    """The newest answer to the consent question."""

    decision: Decision
    at: datetime
    text_version: str
    locale: str
    mode: ConsentMode
    witness: str | None


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong in the call."""

    at: datetime
    kind: IncidentKind
    seconds: int


@dataclass(frozen=True, slots=True)
class DeskVisit:
    """The visit that a doctor has claimed: who, why, with whom, when, and where help must go."""

    encounter_id: EncounterId
    status: EncounterStatus
    call: CallStatus
    fence: int
    patient: Patient
    age: int
    answers: Answers
    accompanied: Accompanied
    locale: str
    priority: bool
    planned: bool
    arrived_at: datetime
    triaged_at: datetime | None
    claimed_at: datetime | None
    live_at: datetime | None
    ended_at: datetime | None
    patient_left: bool
    consent: Consented | None
    incidents: tuple[Incident, ...]
    quality: Quality | None
    """Of its calls so far; None when no end has reported any."""
    guests: tuple[Participant, ...]
    """The third persons who were in its calls."""
    site: Site
    cabin: Cabin

    @property
    def companion(self) -> str:
        """The name of the person beside the patient, or nothing."""
        return self.answers.companion


@dataclass(frozen=True, slots=True)
class LineItem:
    """A visit of a site that is not closed, for the front office: who, where and how far; never why."""

    encounter_id: EncounterId
    name: str
    cabin: str
    status: EncounterStatus
    call: CallStatus
    seated: bool
    priority: bool
    arrived_at: datetime
    patient_id: PatientId
    cabin_id: CabinId


@dataclass(frozen=True, slots=True)
class OnDuty:
    """« Je suis là »."""

    practitioner_id: PractitionerId
    since: datetime


@dataclass(frozen=True, slots=True)
class HelpAsked:
    """The open call of a cabin, as the cabin shows it. `changes_in`: seconds until the words change by themselves."""

    kind: HelpKind
    is_answered: bool
    answered_by: str
    """The name of who comes; nothing while nobody has answered."""
    is_late: bool
    changes_in: int | None


@dataclass(frozen=True, slots=True)
class HelpWaiting:
    """An open call of a site, as the front office shows it: which cabin, since when, who goes; never who sits there."""

    cabin_id: CabinId
    cabin: str
    kind: HelpKind
    since: datetime
    is_answered: bool
    answered_by: str
    is_mine: bool
    """The reader answered it."""
    changes_in: int | None


def doctor(practitioner: Practitioner) -> Doctor:
    """Return what a patient is told of a practitioner."""
    return Doctor(practitioner.name, practitioner.specialty, practitioner.rpps, practitioner.place)
