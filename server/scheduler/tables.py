"""The rows of follow-ups. `busy_unit` is the only truth for what is taken: its key lets one booker through."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import (
    AccountId,
    AppointmentId,
    CabinId,
    EncounterId,
    HealthWorkerId,
    InstrumentId,
    PatientId,
    PractitionerId,
    PromiseId,
    ResourceId,
    SeriesId,
    SiteId,
)
from server.people.founding.rules import InstrumentKind
from server.records.rules.note import Modality
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.openings import ExceptionKind, ResourceKind
from server.scheduler.rules.overbooking import OverbookReason
from server.scheduler.rules.promise import PromiseStatus


class Resource(Row):
    """Somebody or something that can be in one place at a time."""

    __tablename__ = "resource"

    id: Mapped[ResourceId] = mapped_column(primary_key=True)
    kind: Mapped[ResourceKind]
    subject_id: Mapped[UUID] = mapped_column(unique=True)
    """The practitioner, cabin, health worker or patient."""
    zone: Mapped[str] = mapped_column(String(40))
    active: Mapped[bool]
    buffer_min: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """Minutes kept free after each appointment, besides those that every booking of this kind holds."""


class AvailabilityRule(Row):
    """Open every week, in the wall-clock time of the resource's zone."""

    __tablename__ = "availability_rule"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resource_id: Mapped[ResourceId] = mapped_column(ForeignKey("resource.id"), index=True)
    weekday: Mapped[int]
    start_min: Mapped[int]
    end_min: Mapped[int]
    """Minutes of the day; above 1440 it is the day after."""
    modality: Mapped[Modality | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    site_id: Mapped[SiteId | None]
    """Where, when that is not where they always are: a doctor's half-day in a village, a stop of the medicobus."""
    every_weeks: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """Every so many weeks, counted from the week of `valid_from`."""


class AvailabilityException(Row):
    """Open or closed once."""

    __tablename__ = "availability_exception"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resource_id: Mapped[ResourceId] = mapped_column(ForeignKey("resource.id"), index=True)
    kind: Mapped[ExceptionKind]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    modality: Mapped[Modality | None]
    reason: Mapped[str] = mapped_column(String(120))
    site_id: Mapped[SiteId | None]


class ClosingDay(Row):
    """A day on which weekly rules are silent: public holidays, copied here so that people can edit them, and others."""

    __tablename__ = "closing_day"

    area: Mapped[str] = mapped_column(String(40), primary_key=True)
    """A zone, a department of it, or a site's number: see `closings`."""
    on: Mapped[date] = mapped_column("on_day", primary_key=True)
    label: Mapped[str] = mapped_column(String(120))
    closed: Mapped[bool] = mapped_column(default=True, server_default=true())
    """False: open here, although a wider area closes that day."""


class PromiseSeries(Row):
    """The same follow-up several times: every so many days. Each time is a promise of its own, with its own window."""

    __tablename__ = "promise_series"

    id: Mapped[SeriesId] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), index=True)
    encounter_id: Mapped[EncounterId] = mapped_column(ForeignKey("encounter.id"), unique=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"))
    step_days: Mapped[int]
    times: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[AccountId]


class FollowUpPromise(Row):
    """A doctor's order to see a patient again. The reason is sealed once, as `row_ver`; `version` counts moves."""

    __tablename__ = "follow_up_promise"
    __table_args__ = (
        UniqueConstraint("encounter_id", "series_no"),
        Index("ix_follow_up_promise_site_id_status", "site_id", "status"),
    )

    id: Mapped[PromiseId] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), index=True)
    encounter_id: Mapped[EncounterId] = mapped_column(ForeignKey("encounter.id"))
    series_id: Mapped[SeriesId | None] = mapped_column(ForeignKey("promise_series.id"), index=True)
    series_no: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """Which time of its series, from 1; 1 for one that stands alone."""
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"))
    practitioner_id: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"), index=True)
    health_worker_id: Mapped[HealthWorkerId | None] = mapped_column(ForeignKey("health_worker.id"))
    """Who was beside the patient: asked first."""
    with_health_worker: Mapped[bool]
    status: Mapped[PromiseStatus]
    modality: Mapped[Modality]
    due_on: Mapped[date]
    earliest_on: Mapped[date]
    latest_on: Mapped[date]
    sealed_reason: Mapped[bytes]
    row_ver: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[AccountId]
    version: Mapped[int] = mapped_column()
    instrument: Mapped[InstrumentKind | None]
    """What has to be there. In clear, as the units that it takes are: its diary is shared."""

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Appointment(Row):
    """A booked or held moment. It keeps the wall time and the zone that were promised beside the instant."""

    __tablename__ = "appointment"
    __table_args__ = (
        Index("ix_appointment_site_id_starts_at", "site_id", "starts_at"),
        Index("ix_appointment_practitioner_id_starts_at", "practitioner_id", "starts_at"),
    )

    id: Mapped[AppointmentId] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), index=True)
    promise_id: Mapped[PromiseId | None] = mapped_column(ForeignKey("follow_up_promise.id"), index=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"))
    practitioner_id: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"))
    cabin_id: Mapped[CabinId | None] = mapped_column(ForeignKey("cabin.id"))
    health_worker_id: Mapped[HealthWorkerId | None] = mapped_column(ForeignKey("health_worker.id"))
    status: Mapped[AppointmentStatus]
    modality: Mapped[Modality]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    wall_time: Mapped[str] = mapped_column(String(16))
    zone: Mapped[str] = mapped_column(String(40))
    zone_version: Mapped[str] = mapped_column(String(20))
    """The release of the zone rules that gave `starts_at`: newer rules may move it, never the wall time."""
    booked_at: Mapped[datetime]
    """When it was held, until it is booked."""
    booked_by: Mapped[AccountId | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None] = mapped_column(String(40))
    version: Mapped[int] = mapped_column()
    hold_until: Mapped[datetime | None] = mapped_column(index=True)
    """Set on holds alone, and on what is left of them: lists of appointments leave these rows out."""
    instrument_id: Mapped[InstrumentId | None]
    """No foreign key: SQLite cannot add one to a table that others point to."""
    late_min: Mapped[int | None]
    """By how many minutes the person said that they come late."""
    override_reason: Mapped[OverbookReason | None]
    """Why it stands beside another appointment of the doctor: then it holds people in lane 1."""

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class BusyUnit(Row):
    """Five minutes of a resource are taken. Rows go in sorted by (resource, unit): unsorted, PostgreSQL deadlocks."""

    __tablename__ = "busy_unit"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    resource_id: Mapped[ResourceId] = mapped_column(ForeignKey("resource.id"), primary_key=True)
    unit: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    lane: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """0; in lane 1 stand doctors and health workers of an appointment with an `override_reason`, never a cabin."""
    appointment_id: Mapped[AppointmentId] = mapped_column(ForeignKey("appointment.id"), index=True)


class IdempotencyKey(Row):
    """What was answered to a request that may be sent twice."""

    __tablename__ = "idempotency_key"

    actor: Mapped[AccountId] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    response: Mapped[str] = mapped_column(String(1000))
    kept_until: Mapped[datetime] = mapped_column(index=True)
