"""The rows of visits, consents, incidents, duty and calls for help: what is said is sealed, no row tells an illness."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.encounters.guest_rules import GuestPart, GuestStatus
from server.encounters.help_rules import HelpKind
from server.encounters.rules import (
    Accompanied,
    CallStatus,
    CancelReason,
    ConsentMode,
    Decision,
    EncounterStatus,
    IncidentKind,
)
from server.kernel.ids import (
    AccountId,
    AppointmentId,
    CabinId,
    ConsentId,
    EncounterId,
    GuestId,
    PatientId,
    PractitionerId,
    SiteId,
)
from signalling.protocol import Seat

_SEATED = text("seated_at IS NOT NULL AND left_at IS NULL")
_RUNNING = text("status = 'in-progress'")
_OPEN = text("status IN ('triaged', 'in-progress')")
_GUEST_OPEN = text("status IN ('invited', 'asking', 'admitted')")


class EncounterRow(Row):
    """A visit. `version` grows with each write of the row, `row_ver` with each sealing of the answers."""

    __tablename__ = "encounter"
    __table_args__ = (
        Index("uq_encounter_seated", "cabin_id", unique=True, sqlite_where=_SEATED, postgresql_where=_SEATED),
        Index("uq_encounter_running", "practitioner_id", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("ix_encounter_open", "status", "triaged_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[EncounterId] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), index=True)
    cabin_id: Mapped[CabinId] = mapped_column(ForeignKey("cabin.id"), index=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"))
    status: Mapped[EncounterStatus]
    call: Mapped[CallStatus]
    practitioner_id: Mapped[PractitionerId | None] = mapped_column(ForeignKey("practitioner.id"), index=True)
    claimed_by: Mapped[AccountId | None]
    """The account of the practitioner, whose desk is nudged."""
    fence: Mapped[int]
    accompanied: Mapped[Accompanied]
    locale: Mapped[str] = mapped_column(String(12))
    priority: Mapped[bool]
    sealed_intake: Mapped[bytes]
    row_ver: Mapped[int]
    arrived_at: Mapped[datetime]
    triaged_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    live_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    seated_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    cancel_reason: Mapped[CancelReason | None]
    appointment_id: Mapped[AppointmentId | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012


class ConsentRow(Row):
    """An answer to the consent question. Rows are only added: the newest counts."""

    __tablename__ = "consent"

    id: Mapped[ConsentId] = mapped_column(primary_key=True)
    encounter_id: Mapped[EncounterId] = mapped_column(ForeignKey("encounter.id"), index=True)
    decision: Mapped[Decision]
    at: Mapped[datetime]
    text_version: Mapped[str] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(12))
    mode: Mapped[ConsentMode]
    witness: Mapped[str | None] = mapped_column(String(120))
    """Who heard it, when it was said aloud: a professional's name."""
    recorded_by: Mapped[AccountId]


class GuestRow(Row):
    """A third person whom the doctor asked in. The code and the browser's token are not kept, only their indexes."""

    __tablename__ = "guest"
    __table_args__ = (
        Index("uq_guest_open", "encounter_id", unique=True, sqlite_where=_GUEST_OPEN, postgresql_where=_GUEST_OPEN),
    )

    id: Mapped[GuestId] = mapped_column(primary_key=True)
    encounter_id: Mapped[EncounterId] = mapped_column(ForeignKey("encounter.id"), index=True)
    part: Mapped[GuestPart]
    status: Mapped[GuestStatus]
    code_index: Mapped[bytes | None] = mapped_column(index=True, unique=True)
    """Blind index of the code, until it is used."""
    token_hash: Mapped[bytes | None] = mapped_column(index=True, unique=True)
    """SHA-256 of what the guest's browser shows."""
    sealed_name: Mapped[bytes]
    """Under the patient's key: who was there is part of the visit."""
    row_ver: Mapped[int]
    invited_by: Mapped[AccountId]
    invited_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    admitted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class IncidentRow(Row):
    """Something that went wrong in a call, as one of its ends saw it."""

    __tablename__ = "incident"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    encounter_id: Mapped[EncounterId] = mapped_column(ForeignKey("encounter.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[IncidentKind]
    seconds: Mapped[int]


class CallQualityRow(Row):
    """What one end of one call said of it so far: seconds, ms, thousandths. `call` is the page's own name for it."""

    __tablename__ = "call_quality"

    encounter_id: Mapped[EncounterId] = mapped_column(ForeignKey("encounter.id"), primary_key=True)
    seat: Mapped[Seat] = mapped_column(primary_key=True)
    call: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    video_for: Mapped[int]
    small_for: Mapped[int]
    still_for: Mapped[int]
    voice_for: Mapped[int]
    telephone_for: Mapped[int]
    deferred_for: Mapped[int]
    weak_cabin_for: Mapped[int]
    weak_doctor_for: Mapped[int]
    weak_both_for: Mapped[int]
    cuts: Mapped[int]
    cut_for: Mapped[int]
    delay_middle: Mapped[int]
    delay_high: Mapped[int]
    jitter_middle: Mapped[int]
    jitter_high: Mapped[int]
    lost_middle: Mapped[int]
    lost_high: Mapped[int]
    hidden_middle: Mapped[int]
    hidden_high: Mapped[int]


class DutyRow(Row):
    """« Je suis là »: a practitioner who takes patients now."""

    __tablename__ = "duty"

    practitioner_id: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"), primary_key=True)
    since: Mapped[datetime]
    seen_at: Mapped[datetime]


class HelpCallRow(Row):
    """A cabin's call for help; a closed one may stay until the next. It names no patient."""

    __tablename__ = "help_call"

    cabin_id: Mapped[CabinId] = mapped_column(ForeignKey("cabin.id"), primary_key=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"), index=True)
    kind: Mapped[HelpKind]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[AccountId | None]
