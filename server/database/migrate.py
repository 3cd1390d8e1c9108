"""Brings a database to the newest schema, and refuses one that is from the future."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from server.database.engine import Database
from server.kernel.errors import ConfigError

MIGRATIONS = Path(__file__).parent / "migrations"


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """Return the revision that this code wants."""
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    assert head is not None  # noqa: S101 - there has been a first migration since the first table
    return head


def _current(line: Connection) -> str | None:
    return MigrationContext.configure(line).get_current_revision()


def known_revisions() -> frozenset[str]:
    """Return every revision that this code can begin from."""
    return frozenset(one.revision for one in ScriptDirectory.from_config(_alembic()).walk_revisions())


async def migrate(database: Database, revision: str = "head") -> None:
    """Run the migrations that lack, up to a revision: a restore begins at that of its backup."""

    def upgrade(line: Connection) -> None:
        config = _alembic()
        config.attributes["connection"] = line
        command.upgrade(config, revision)

    async with database.engine.begin() as line:
        await line.run_sync(upgrade)


async def refuse_other_schema(database: Database) -> None:
    """Raise ConfigError unless the database has exactly the schema that this code wants."""
    async with database.engine.connect() as line:
        current = await line.run_sync(_current)
    if current != newest():
        raise ConfigError(
            f"the database is at schema {current or 'none'}, this version wants {newest()}: "
            "run “telecabin migrate” (after a backup). Nothing was changed."
        )
