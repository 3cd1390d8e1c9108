"""The rows of people and places. A patient's traits are sealed; the indexes are blind (keyed HMAC)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import AccountId, CabinId, HealthWorkerId, MergeId, PatientId, PractitionerId, SiteId
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
    email: Mapped[str] = mapped_column(String(200), default="", server_default=text("''"))


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
    __table_args__ = (Index("ix_patient_site", "site_id", "row_ver"),)
    """With the version: whether anything changed at a site is asked at each search, and read from the index alone."""

    id: Mapped[PatientId] = mapped_column(primary_key=True)
    site_id: Mapped[SiteId] = mapped_column(ForeignKey("site.id"))
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


class PatientMerge(Row):
    """Two records of one person, joined by a link: no row of either is rewritten, and the link can be taken away.

    `into_id` is what the record was joined to, `root_id` the record that stands for all of them now. A link that was
    taken away stays as a line of the trail.
    """

    __tablename__ = "patient_merge"
    __table_args__ = (
        CheckConstraint("patient_id <> into_id", name="two"),
        CheckConstraint("(parted_at IS NULL) = (parted_by IS NULL)", name="parted"),
        Index(
            "uq_patient_merge_standing",
            "patient_id",
            unique=True,
            sqlite_where=text("parted_at IS NULL"),
            postgresql_where=text("parted_at IS NULL"),
        ),
        Index("ix_patient_merge_root", "root_id"),
    )

    id: Mapped[MergeId] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    into_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    root_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"))
    merged_at: Mapped[datetime]
    merged_by: Mapped[AccountId]
    parted_at: Mapped[datetime | None]
    parted_by: Mapped[AccountId | None]


class PatientDistinct(Row):
    """Two people who look alike and are two: somebody said so. `first_id` is the smaller of both."""

    __tablename__ = "patient_distinct"

    first_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    second_id: Mapped[PatientId] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    said_at: Mapped[datetime]
    said_by: Mapped[AccountId]
