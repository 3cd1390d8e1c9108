"""The audit log's tree: its head, its inner hashes, the signed checkpoints that are kept, and alarms of witnesses."""

import sqlalchemy as sa
from alembic import op

from server.audit.tables import TREE_TRIGGERS

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Entries that were written before get their places when the service starts."""
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "audit_node",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "place", name=op.f("pk_audit_node")),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_alarm",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cabin_id", sa.Uuid(), nullable=False),
        sa.Column("seen", sa.String(length=1000), nullable=False),
        sa.Column("seen_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("shown", sa.String(length=1000), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_alarm")),
        sa.UniqueConstraint("cabin_id", "seen_sha256", name=op.f("uq_audit_alarm_cabin_id_seen_sha256")),
    )
    for statement in TREE_TRIGGERS[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)
