"""What pages and answers get to see of follow-ups: plain, frozen, detached from the database."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from server.kernel.errors import Conflict
from server.kernel.ids import (
    AppointmentId,
    CabinId,
    EncounterId,
    HealthWorkerId,
    InstrumentId,
    PatientId,
    PractitionerId,
    PromiseId,
    SeriesId,
)
from server.kernel.words import N_
from server.people.founding.rules import Instrument, InstrumentKind
from server.people.rules import Cabin, HealthWorker, Practitioner
from server.records.rules.note import Modality
from server.scheduler.promises.rules import Concern, Outcome
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.overbooking import OverbookReason
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.rules.search import PartOfDay, WhyEmpty
from server.scheduler.store import TAKEN

DOWN = N_("La cabine est en panne depuis son contrôle. Rien n’a été réservé. On rappellera quand elle remarchera.")

OVER = N_("Ce moment n’est plus gardé pour vous. Rien n’a été réservé. Choisissez un autre moment.")


class Why(StrEnum):
    """Why this doctor is proposed."""

    ASKED = "asked"
    """The doctor who asked for the follow-up."""
    TREATING = "treating"
    KNOWN = "known"
    """The patient has had a visit with them."""
    VILLAGE = "village"
    """They have appointments with people of the same site."""
    ANOTHER = "another"


class Reason(StrEnum):
    """What else speaks for a proposal, or against it."""

    DUE_DAY = "due-day"
    LATER = "later"
    SOONER = "sooner"
    SNUG = "snug"
    ROOMIER = "roomier"
    """Other doctors have given more of their month away."""
    FULL = "full"
    VILLAGE_WAITS = "village-waits"
    USUAL_WORKER = "usual-worker"
    OTHER_WORKER = "other-worker"


@dataclass(frozen=True, slots=True)
class Because:
    """One reason, what it costs in the coin of days (one day late is 3), and its number: of days, or of quarters."""

    reason: Reason
    cost: int = 0
    number: int = 0


class CancelReason(StrEnum):
    """Why an appointment was cancelled."""

    PATIENT = "patient"
    PRACTITIONER = "practitioner"
    CABIN = "cabin"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is sent back to book: a moment and who serves. It is checked anew."""

    starts_at: datetime
    practitioner_id: PractitionerId
    cabin_id: CabinId | None = None
    health_worker_id: HealthWorkerId | None = None
    instrument_id: InstrumentId | None = None

    @property
    def serving(self) -> list[UUID]:
        """Who was chosen."""
        wanted = (self.practitioner_id, self.cabin_id, self.health_worker_id, self.instrument_id)
        return [one for one in wanted if one is not None]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One moment to choose. `ends_at` is the patient's end: the cabin is held five minutes longer, to be cleaned."""

    starts_at: datetime
    ends_at: datetime
    wall_time: str
    """Local time of the site, `2026-10-20T09:30`."""
    on: date
    part: PartOfDay
    modality: Modality
    practitioner: Practitioner
    cabin: Cabin | None
    health_worker: HealthWorker | None
    why: Why
    in_window: bool
    on_due_day: bool = False
    snug: bool = False
    """Beside another appointment of the doctor: no hole is left in their day."""
    instrument: Instrument | None = None
    cost: int = 0
    stop: str = ""
    """Where the medicobus stops for it; empty in a cabin that stays."""
    because: tuple[Because, ...] = ()
    """All that was weighed besides `why`: what these and `why` cost is `cost`."""

    @property
    def choice(self) -> Choice:
        """What to send back."""
        cabin_id = self.cabin.id if self.cabin else None
        worker_id = self.health_worker.id if self.health_worker else None
        instrument_id = self.instrument.id if self.instrument else None
        return Choice(self.starts_at, self.practitioner.id, cabin_id, worker_id, instrument_id)


@dataclass(frozen=True, slots=True)
class Proposals:
    """Up to three moments, best first; or none, and why. `more` asks for other days when it is sent as `after`."""

    promise_id: PromiseId
    due_on: date
    modality: Modality
    asked_by: Practitioner
    choices: tuple[Proposal, ...]
    why_empty: WhyEmpty | None
    more: str
    closed_weekdays: tuple[int, ...] = ()
    """Working days (Monday is 0) on which nobody of the lacking kind is open at all: “no nurse on Tuesdays”."""
    bus_on: date | None = None
    """The first day on which the medicobus stops here, when that is why nothing was found."""


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """One follow-up on a worklist."""

    id: PromiseId
    status: PromiseStatus
    encounter_id: EncounterId
    patient_id: PatientId
    patient_name: str
    modality: Modality
    with_health_worker: bool
    due_on: date
    earliest_on: date
    latest_on: date
    is_late: bool
    """The window is over and nothing is booked."""
    practitioner: Practitioner
    reason: str
    series_id: SeriesId | None = None
    series_no: int = 1
    series_times: int = 1
    instrument: InstrumentKind | None = None
    waits: bool = False
    """On the waiting list."""
    unread_at_site: Concern | None = None
    """How far it has climbed because nobody of the site opened it; None: somebody did."""
    unread_by_doctor: Concern | None = None
    """How far it has climbed because the doctor has not opened what came of it; None: nothing to read."""
    news: Outcome | None = None
    """What came of it, until the doctor has opened it."""


@dataclass(frozen=True, slots=True)
class AppointmentLine:
    """One appointment on a day sheet. `version` goes back with a move or a cancellation."""

    id: AppointmentId
    version: int
    status: AppointmentStatus
    starts_at: datetime
    ends_at: datetime
    wall_time: str
    zone: str
    modality: Modality
    patient_id: PatientId
    patient_name: str
    practitioner: Practitioner
    cabin: Cabin | None
    health_worker: HealthWorker | None
    promise_id: PromiseId | None
    reason: str
    instrument: Instrument | None = None
    late_min: int | None = None
    """By how many minutes the person said that they come late."""
    overbooked: OverbookReason | None = None
    """Why it stands beside another appointment of the doctor."""
    stop: str = ""
    """Where the medicobus stops for it; empty in a cabin that stays."""
    of_elsewhere: bool = False
    """Another site's office answers for it: the medicobus comes, and that is why it is seen here."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a cabin may know of the person's appointment today: when and with whom, nothing more."""

    appointment_id: AppointmentId
    starts_at: datetime
    wall_time: str
    practitioner: Practitioner


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A cancelled appointment. Booking `choice` again undoes it, as long as the moment is free."""

    promise_id: PromiseId | None
    choice: Choice


@dataclass(frozen=True, slots=True)
class Hold:
    """A moment that is kept for one person. `version` goes back with the yes or the no."""

    id: AppointmentId
    version: int
    until: datetime
    proposal: Proposal


class CabinDown(Conflict):
    """The cabin's last check was red. Nothing was booked; a later check that is not red opens it again."""

    code = "cabin-down"

    def __init__(self) -> None:
        super().__init__(DOWN)


class SlotTaken(Conflict):
    """Somebody was faster. Nothing was booked; `proposals` are fresh."""

    code = "slot-taken"

    def __init__(self, proposals: Proposals) -> None:
        super().__init__(TAKEN)
        self.proposals = proposals


class HoldOver(SlotTaken):
    """The moment is not kept any more, and somebody else has it. Nothing was booked; `proposals` are fresh."""

    code = "hold-over"

    def __init__(self, proposals: Proposals) -> None:
        Conflict.__init__(self, OVER)
        self.proposals = proposals
