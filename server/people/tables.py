"""The rows of people and places. A patient's traits are sealed; the indexes are blind (keyed HMAC)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import AccountId, CabinId, HealthWorkerId, PatientId, PractitionerId, SiteId
from server.people.rules import IdentityStatus, SiteKind


class SiteRow(Row):
    """A village post."""

    __tablename__ = "site"

    id: Mapped[SiteId] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[SiteKind]
    commune: Mapped[str] = mapped_column(String(120))
    insee: Mapped[str] = mapped_column(String(5))
    postcode: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(300))
    phone: Mapped[str] = mapped_column(String(20))
    samu_phone: Mapped[str] = mapped_column(String(20))
    aed: Mapped[str] = mapped_column(String(200))
    zone: Mapped[str] = mapped_column(String(40))
    latitude: Mapped[float]
    longitude: Mapped[float]


class CabinRow(Row):
    """A booth of a site."""

    __tablename__ = "cabin"

    id: Mapped[CabinId] = mapped_column(primary_key=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    access_notes: Mapped[str] = mapped_column(String(300))
    phone: Mapped[str] = mapped_column(String(20))
    in_service: Mapped[bool]


class PractitionerRow(Row):
    """A doctor: public facts only."""

    __tablename__ = "practitioner"

    id: Mapped[PractitionerId] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    specialty: Mapped[str] = mapped_column(String(120))
    rpps: Mapped[str] = mapped_column(String(11), unique=True)
    place: Mapped[str] = mapped_column(String(200))
    phone: Mapped[str] = mapped_column(String(20))


class HealthWorkerRow(Row):
    """A trained person beside the patient."""

    __tablename__ = "health_worker"

    id: Mapped[HealthWorkerId] = mapped_column(primary_key=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    profession: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str] = mapped_column(String(20))


class PatientRow(Row):
    """A patient. `sealed_traits` holds the identity; what stays in clear says nothing of who it is."""

    __tablename__ = "patient"

    id: Mapped[PatientId] = mapped_column(primary_key=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"), index=True)
    sealed_traits: Mapped[bytes]
    status: Mapped[IdentityStatus]
    fictitious: Mapped[bool]
    code_index: Mapped[bytes | None] = mapped_column(LargeBinary(16), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[AccountId | None]
    row_ver: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_ver, "version_id_generator": False}  # noqa: RUF012


class PatientKeyword(Row):
    """A blind index: family name with birth date, once for the birth name and once for the used name."""

    __tablename__ = "patient_name_index"
    __table_args__ = (Index("ix_patient_name_index_blind", "blind"),)

    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    blind: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)


class CareRelation(Row):
    """A practitioner cares for a patient until an instant: it opens the record, and nothing else does."""

    __tablename__ = "care_relation"

    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    practitioner_id: Mapped[PractitionerId] = mapped_column(ForeignKey("practitioner.id"), primary_key=True)
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    treating: Mapped[bool]
    """Whether this is the registered GP (médecin traitant)."""
