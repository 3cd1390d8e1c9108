"""Plans of a territory: batches of proposals that people accept line by line."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the tables: nobody has planned anything yet."""
    op.create_table(
        "territory_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_territory_plan")),
    )
    op.create_index(op.f("ix_territory_plan_made_at"), "territory_plan", ["made_at"], unique=False)
    op.create_table(
        "territory_plan_line",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("promise_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("cabin_id", sa.Uuid(), nullable=True),
        sa.Column("health_worker_id", sa.Uuid(), nullable=True),
        sa.Column("in_window", sa.Boolean(), nullable=False),
        sa.Column("replaced", sa.Boolean(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        *_keys(),
        sa.PrimaryKeyConstraint("plan_id", "promise_id", name=op.f("pk_territory_plan_line")),
    )
    op.create_index(
        "ix_territory_plan_line_plan_id_site_id", "territory_plan_line", ["plan_id", "site_id"], unique=False
    )


def _keys() -> list[sa.ForeignKeyConstraint]:
    pointed = {
        "plan_id": "territory_plan",
        "promise_id": "follow_up_promise",
        "site_id": "site",
        "practitioner_id": "practitioner",
        "cabin_id": "cabin",
        "health_worker_id": "health_worker",
    }
    return [
        sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_territory_plan_line_{column}"))
        for column, table in pointed.items()
    ]


def downgrade() -> None:
    """Forget plans; what was accepted is booked and stays."""
    op.drop_index("ix_territory_plan_line_plan_id_site_id", "territory_plan_line")
    op.drop_table("territory_plan_line")
    op.drop_index(op.f("ix_territory_plan_made_at"), "territory_plan")
    op.drop_table("territory_plan")
