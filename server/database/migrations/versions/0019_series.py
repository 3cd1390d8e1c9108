"""Series of follow-ups: a visit may end with several promises, numbered."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_BEFORE = (
    "id, patient_id, encounter_id, site_id, practitioner_id, health_worker_id, with_health_worker, status, modality, "
    "due_on, earliest_on, latest_on, sealed_reason, row_ver, created_at, created_by, version"
)
_POINTED = {
    "encounter_id": "encounter",
    "series_id": "promise_series",
    "health_worker_id": "health_worker",
    "patient_id": "patient",
    "practitioner_id": "practitioner",
    "site_id": "site",
}


def upgrade() -> None:
    """Every promise so far is the first and only one of its visit."""
    _add_series()
    if op.get_bind().dialect.name == "sqlite":
        _draw_anew(series=True)
        return
    op.drop_constraint("uq_follow_up_promise_encounter_id", "follow_up_promise")
    op.add_column("follow_up_promise", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column(
        "follow_up_promise", sa.Column("series_no", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.create_foreign_key(
        "fk_follow_up_promise_series_id", "follow_up_promise", "promise_series", ["series_id"], ["id"]
    )
    op.create_unique_constraint(
        "uq_follow_up_promise_encounter_id_series_no", "follow_up_promise", ["encounter_id", "series_no"]
    )
    op.create_index("ix_follow_up_promise_series_id", "follow_up_promise", ["series_id"], unique=False)


def _add_series() -> None:
    op.create_table(
        "promise_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("step_days", sa.Integer(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_promise_series_patient_id")),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_promise_series_encounter_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_promise_series_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise_series")),
        sa.UniqueConstraint("encounter_id", name=op.f("uq_promise_series_encounter_id")),
    )
    op.create_index(op.f("ix_promise_series_patient_id"), "promise_series", ["patient_id"], unique=False)


def _draw_anew(*, series: bool) -> None:
    """SQLite cannot drop a constraint: set the rows aside, draw the table anew, and put them back.

    The table is the parent of others: their keys are looked at again when the transaction ends, with the rows back.
    """
    op.execute("PRAGMA defer_foreign_keys=ON")
    op.execute(f"CREATE TEMP TABLE promise_aside AS SELECT {_BEFORE} FROM follow_up_promise")  # noqa: S608
    op.drop_table("follow_up_promise")
    _draw(series=series)
    op.execute(f"INSERT INTO follow_up_promise ({_BEFORE}) SELECT {_BEFORE} FROM promise_aside")  # noqa: S608
    op.execute("DROP TABLE promise_aside")


def _draw(*, series: bool) -> None:
    numbered: list[sa.Column[object]] = [
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("series_no", sa.Integer(), server_default=sa.text("1"), nullable=False),
    ]
    op.create_table(
        "follow_up_promise",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        *(numbered if series else []),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("health_worker_id", sa.Uuid(), nullable=True),
        sa.Column("with_health_worker", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("modality", sa.String(length=40), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("earliest_on", sa.Date(), nullable=False),
        sa.Column("latest_on", sa.Date(), nullable=False),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=False),
        sa.Column("row_ver", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_follow_up_promise_{column}"))
            for column, table in _POINTED.items()
            if series or column != "series_id"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_promise")),
        sa.UniqueConstraint(
            *(["encounter_id", "series_no"] if series else ["encounter_id"]),
            name=op.f("uq_follow_up_promise_encounter_id" + ("_series_no" if series else "")),
        ),
    )
    for column in ("patient_id", "practitioner_id", *(["series_id"] if series else [])):
        op.create_index(op.f(f"ix_follow_up_promise_{column}"), "follow_up_promise", [column], unique=False)
    op.create_index("ix_follow_up_promise_site_id_status", "follow_up_promise", ["site_id", "status"], unique=False)


def downgrade() -> None:
    """Only the first of each series can stay: the others must be gone before."""
    if op.get_bind().dialect.name == "sqlite":
        _draw_anew(series=False)
    else:
        op.drop_index("ix_follow_up_promise_series_id", "follow_up_promise")
        op.drop_constraint("uq_follow_up_promise_encounter_id_series_no", "follow_up_promise")
        op.drop_column("follow_up_promise", "series_no")
        op.drop_column("follow_up_promise", "series_id")
        op.create_unique_constraint("uq_follow_up_promise_encounter_id", "follow_up_promise", ["encounter_id"])
    op.drop_index(op.f("ix_promise_series_patient_id"), "promise_series")
    op.drop_table("promise_series")
