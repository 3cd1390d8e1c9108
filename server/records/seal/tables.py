"""The rows of the keys: master keys, who has loaded them, each patient's wrapped key, and the ledger of shreds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.ids import PatientId


class KekVersion(Row):
    """A key of the key file that this database knows: never the key, only its check value.

    purpose `wrap`: a master key; state staged -> primary -> decrypt -> retired -> destroyed.
    purpose `index`: the key of the blind indexes.
    """

    __tablename__ = "kek_version"
    __table_args__ = (
        CheckConstraint("state IN ('staged', 'primary', 'decrypt', 'retired', 'destroyed')", name="state"),
        CheckConstraint("purpose IN ('wrap', 'index')", name="purpose"),
        Index(
            "uq_kek_version_primary",
            "purpose",
            unique=True,
            sqlite_where=text("state = 'primary'"),
            postgresql_where=text("state = 'primary'"),
        ),
    )

    kid: Mapped[str] = mapped_column(String(32), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(8))
    provider: Mapped[str] = mapped_column(String(16))
    kcv: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime]
    state_at: Mapped[datetime]


class PatientKey(Row):
    """One version of a patient's data key. Once shredded, `wrapped` is empty and nothing opens any more.

    Once ended (`ended_at`), a newer version has sealed everything anew, and what this one sealed is not believed.
    """

    __tablename__ = "patient_key"
    __table_args__ = (
        Index(
            "ix_patient_key_renewed",
            "patient_id",
            sqlite_where=text("ver > 1 AND ended_at IS NULL"),
            postgresql_where=text("ver > 1 AND ended_at IS NULL"),
        ),
    )

    # Checked at commit, so that the key may be made before the patient's own sealed row is written.
    patient_id: Mapped[PatientId] = mapped_column(
        ForeignKey("patient.id", deferrable=True, initially="DEFERRED"), primary_key=True
    )
    ver: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kek_id: Mapped[str] = mapped_column(ForeignKey("kek_version.kid"), index=True)
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    commit_tag: Mapped[bytes]
    created_at: Mapped[datetime]
    shredded_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class NodeKeyAck(Row):
    """A running server says which keys it has loaded, again and again while it lives."""

    __tablename__ = "node_key_ack"

    node: Mapped[str] = mapped_column(String(80), primary_key=True)
    kid: Mapped[str] = mapped_column(String(32), primary_key=True)
    kcv: Mapped[str] = mapped_column(String(16))
    seen_at: Mapped[datetime]


class Shred(Row):
    """The ledger of shredded patients, asked by one person and done by another. It outlives the patient's keys.

    No foreign keys: a restore plays the ledger against an older database, where the patient may not exist yet.
    """

    __tablename__ = "shred"
    __table_args__ = (
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> asked_by", name="two_people"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[PatientId] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(String(200))
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
