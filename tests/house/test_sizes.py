"""Files and functions stay of a size that one person can hold."""

from __future__ import annotations

from pathlib import Path

from tests.house.reading import ROOT, UI, functions, modules, shown

FUNCTION_LINES = 40
FILE_LINES = 400
LONG_FILE_LINES = 500  # tables and tests are lists more than arguments


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _too_long(paths: tuple[Path, ...] | list[Path], ceiling: int) -> list[str]:
    return [f"{shown(path)}: {_lines(path)} lines" for path in paths if _lines(path) > ceiling]


def _written() -> list[Path]:
    """All modules but the migrations: those are as long as their change, and nobody edits them again."""
    return [path for path in modules() if "migrations" not in path.parts]


def test_no_function_is_longer_than_40_lines() -> None:
    sizes = [
        (path, node.name, (node.end_lineno or 0) - node.lineno + 1)
        for path in (*_written(), *modules("tests"))
        for node in functions(path)
    ]
    assert [f"{shown(path)} {name}: {size}" for path, name, size in sizes if size > FUNCTION_LINES] == []


def test_no_module_is_longer_than_400_lines() -> None:
    tables = [path for path in modules() if path.name == "tables.py"]
    assert _too_long([path for path in _written() if path not in tables], FILE_LINES) == []
    assert _too_long([*tables, *modules("tests")], LONG_FILE_LINES) == []


def test_no_style_sheet_script_or_template_is_longer_than_400_lines() -> None:
    pages = [path for kind in ("*.js", "*.css", "*.html") for path in UI.rglob(kind)]
    tests = [path for path in (ROOT / "tests").rglob("*.js")]
    assert _too_long([*pages, *tests], FILE_LINES) == []
