"""What came of a promise is read on every worklist: its offers are found without looking through all of them."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add the index."""
    op.create_index(op.f("ix_waiting_offer_promise_id"), "waiting_offer", ["promise_id"], unique=False)


def downgrade() -> None:
    """Look through all of them."""
    op.drop_index(op.f("ix_waiting_offer_promise_id"), "waiting_offer")
