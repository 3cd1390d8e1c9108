"""Names say what a person would say, and every module says what lives in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.reading import UI, modules, shown, tree, words_of

# If a thing wants one of these names, an idea is missing.
FORBIDDEN = {"manager", "helper", "helpers", "util", "utils", "common", "base", "misc", "handle", "process"}
FORBIDDEN |= {"data", "info"}
# Names that a library asks us to give.
IMPOSED = {
    "process_bind_param",  # SQLAlchemy's TypeDecorator
    "process_result_value",
    "handle_starttag",  # html.parser
    "handle_endtag",
    "handle_data",
}


def _names(path: Path) -> Iterator[str]:
    yield path.stem
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def test_no_name_hides_a_missing_idea() -> None:
    wrong = [
        f"{shown(path)}: {name}"
        for path in modules()
        for name in _names(path)
        if name not in IMPOSED and FORBIDDEN & set(words_of(name))
    ]
    pages = [path for kind in ("*.js", "*.css", "*.html") for path in UI.rglob(kind)]
    wrong += [shown(path) for path in (*pages, *modules("tests")) if FORBIDDEN & set(words_of(path.stem))]
    assert wrong == []


def test_every_module_says_in_a_sentence_what_lives_there() -> None:
    silent = []
    tests = [path for path in modules("tests") if path.name != "__init__.py"]
    for path in (*modules(), *tests):
        first = (ast.get_docstring(tree(path)) or "").split("\n\n")[0].strip()
        if len(first.split()) < 2 or first[-1] not in ".:?!":
            silent.append(shown(path))
    assert silent == []
