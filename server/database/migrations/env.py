"""Alembic's door: the caller hands in a connection with a transaction of its own."""

from alembic import context

from server.database.rows import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    compare_type=True,
    transaction_per_migration=False,
)
context.run_migrations()
