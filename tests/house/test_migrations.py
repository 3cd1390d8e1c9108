"""The migrations lead to the very tables that the models draw, on both databases."""

from __future__ import annotations

import re
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from server.database.engine import Database
from server.database.migrate import MIGRATIONS, known_revisions, migrate, newest
from server.database.rows import Row
from tests.databases import create_all_tables, import_all_tables
from tests.house.reading import ROOT

TRIGGERS = {
    "sqlite": "select name from sqlite_master where type = 'trigger'",
    "postgresql": "select tgname from pg_trigger where not tgisinternal",
}
CHECKS = {
    "sqlite": "select sql from sqlite_master where type = 'table' and name <> 'alembic_version'",
    "postgresql": "select conname from pg_constraint where contype = 'c'",
}


def _differences(line: Connection) -> list[object]:
    context = MigrationContext.configure(line, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, Row.metadata))


def _inventory(line: Connection, kinds: dict[str, str]) -> list[str]:
    found = line.execute(text(kinds[line.dialect.name])).scalars()
    return sorted(_in_any_order(" ".join(each.replace('"', "").split())) for each in found)


def _in_any_order(statement: str) -> str:
    """The parts of a table, sorted: models and migrations may list the same constraints in another order."""
    return " ".join(sorted(part.strip(" ,)") for part in re.split(r"(?=CONSTRAINT )|(?=WITHOUT )", statement)))


async def _migrations_lead_to_the_models(migrated_url: str, drawn_url: str) -> None:
    import_all_tables()
    migrated, drawn = Database(migrated_url), Database(drawn_url)
    try:
        await migrate(migrated)
        await create_all_tables(drawn)
        async with migrated.engine.connect() as one, drawn.engine.connect() as other:
            assert await one.run_sync(_differences) == []
            for kinds in (TRIGGERS, CHECKS):
                assert await one.run_sync(_inventory, kinds) == await other.run_sync(_inventory, kinds)
    finally:
        await migrated.close()
        await drawn.close()


def test_revisions_are_the_numbers_of_their_files() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert script.get_current_head() == newest()
    assert {one.revision for one in script.walk_revisions()} == known_revisions()


async def test_on_sqlite_the_migrations_lead_to_the_models(tmp_path: Path) -> None:
    await _migrations_lead_to_the_models(f"sqlite:///{tmp_path}/migrated.db", f"sqlite:///{tmp_path}/drawn.db")


async def test_on_postgresql_the_migrations_lead_to_the_models(postgres_url: str, another_postgres_url: str) -> None:
    await _migrations_lead_to_the_models(postgres_url, another_postgres_url)


def test_the_schema_lists_the_tables_of_every_subject() -> None:
    from server import schema

    there = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in _table_modules()}
    assert {module.__name__ for module in schema.SUBJECTS} == there


def _table_modules() -> list[Path]:
    return sorted(ROOT.glob("server/**/tables.py"))
