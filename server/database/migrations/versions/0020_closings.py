"""Closing days of departments and sites too, which can be reopened and undone; hours every so many weeks."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """A zone is an area; what was closed stays closed, and every weekly line holds every week."""
    op.execute("ALTER TABLE closing_day RENAME COLUMN zone TO area")
    op.add_column("closing_day", sa.Column("closed", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column(
        "availability_rule", sa.Column("every_weeks", sa.Integer(), nullable=False, server_default=sa.text("1"))
    )
    op.create_table(
        "closing_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("then", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing_change")),
    )
    op.create_index(op.f("ix_closing_change_area"), "closing_change", ["area"], unique=False)


def downgrade() -> None:
    """Only whole zones close; what was reopened is closed again."""
    op.drop_index(op.f("ix_closing_change_area"), "closing_change")
    op.drop_table("closing_change")
    op.drop_column("availability_rule", "every_weeks")
    op.execute("DELETE FROM closing_day WHERE area NOT LIKE '%/%' AND area <> 'UTC'")
    op.drop_column("closing_day", "closed")
    op.execute("ALTER TABLE closing_day RENAME COLUMN area TO zone")
