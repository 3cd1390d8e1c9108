"""Brings a database to the newest schema, and refuses one that is from the future."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from server.database.engine import Database
from server.kernel.errors import ConfigError

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
# Alembic is read by what migrates only: a server that starts wants no more than two numbers.


def _alembic() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """Return the revision that this code wants: that of the last file, for they follow each other by number."""
    return max(known_revisions())


def _current(line: Connection) -> str | None:
    if not inspect(line).has_table("alembic_version"):
        return None
    found: str | None = line.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def known_revisions() -> frozenset[str]:
    """Return every revision that this code can begin from."""
    return frozenset(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


async def migrate(database: Database, revision: str = "head") -> None:
    """Run the migrations that lack, up to a revision: a restore begins at that of its backup."""

    from alembic import command

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
