"""SQL stays in its rooms, every subject stands on the stairs, and every module has its test."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.house.reading import PACKAGES, ROOT, modules, shown, tree

# What the other rooms may know of SQLAlchemy: the session they hand on, and what it raises.
HANDED_ON = {"sqlalchemy.ext.asyncio": {"AsyncSession"}, "sqlalchemy.exc": None, "sqlalchemy.orm.exc": None}

# Modules without a test file of their own, and what tests them instead.
TESTED_ELSEWHERE_BY_NAME = {
    "__init__.py": "holds a docstring",
    "tables.py": "tests/house/test_migrations.py compares them with the migrations; the services use them",
    "store.py": "the service's tests run each query on both databases",
}
TESTED_ELSEWHERE = {
    "server/clinic.py": "tests/server/test_app.py, and whatever opens a clinic",
    "server/schema.py": "tests/house/test_migrations.py",
    "server/kernel/clock.py": "one function of one line",
    "server/kernel/words.py": "tests/house/test_words.py follows the marks",
    "server/kernel/sealing.py": "a Protocol; tests/server/records/seal tests what fulfils it",
    "server/kernel/policy.py": "tests/house/test_routes.py",
    "server/database/migrate.py": "tests/house/test_migrations.py",
    "server/database/rows.py": "tests/server/database/test_engine.py",
    "signalling/redis_bus.py": "tests/signalling/test_bus.py, with a real Redis",
    "server/web/cookies.py": "tests/server/web/test_guard.py, over HTTP",
    "server/web/keys.py": "tests/server/web/test_guard.py, over HTTP",
    "server/web/middleware.py": "tests/server/web/test_guard.py, over HTTP",
    "server/web/routes.py": "tests/server/web/test_guard.py, over HTTP",
    "server/web/wire.py": "tests/server/web/test_guard.py, over HTTP",
}


def _is_sql_room(path: Path) -> bool:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:2] == ("server", "database") or bool({"store", "tables", "migrations"} & set(parts))


def _sql_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "sqlalchemy")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            allowed = HANDED_ON.get(node.module or "", set())
            names = {alias.name for alias in node.names}
            yield from (f"{node.module}.{name}" for name in names if allowed is not None and name not in allowed)


def test_sql_is_written_only_in_stores_tables_and_the_database() -> None:
    outside = [path for path in modules() if not _is_sql_room(path)]
    assert [f"{shown(path)}: {name}" for path in outside for name in _sql_imports(path)] == []


def test_every_subject_stands_on_the_stairs() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    stairs = {layer.strip("()") for layer in linter["contracts"][0]["layers"]}
    beside = set(linter["contracts"][2]["source_modules"])
    subjects = {f"server.{path.parent.name}" for path in ROOT.glob("server/*/__init__.py")}
    alone = {f"server.{path.stem}" for path in ROOT.glob("server/*.py") if path.stem != "__init__"}
    assert (subjects - stairs, alone - stairs - beside) == (set(), set())


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in modules() if "migrations" not in path.parts}
    assert [shown(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def _has_a_test(path: Path) -> bool:
    """Beside its twin, a module may be tested with its folder: `test_accounts.py`, `test_people_rules.py`."""
    folder = ROOT / "tests" / path.relative_to(ROOT).parent
    twins = {f"test_{path.stem}.py", f"test_{path.parent.name}.py", f"test_{path.parent.name}_{path.stem}.py"}
    return any((folder / twin).exists() for twin in twins) or any(folder.glob(f"test_{path.stem}_*.py"))


def test_every_module_of_server_and_signalling_has_its_test() -> None:
    untested = [
        shown(path)
        for path in modules("server", "signalling")
        if path.name not in TESTED_ELSEWHERE_BY_NAME
        and shown(path) not in TESTED_ELSEWHERE
        and "migrations" not in path.parts
        and not _has_a_test(path)
    ]
    assert untested == []


def test_the_list_of_modules_tested_elsewhere_is_not_stale() -> None:
    assert [name for name in TESTED_ELSEWHERE if not (ROOT / name).exists()] == []


def test_there_are_three_packages_and_no_fourth() -> None:
    top = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert top == {*PACKAGES, "tests"}
