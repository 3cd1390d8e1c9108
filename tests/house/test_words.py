"""Every French sentence is marked for translation, and every mark has its English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tests.house.reading import PACKAGES, ROOT, UI, modules, shown, tree
from tests.house.templates import readings

ENGLISH = UI / "locale/en/LC_MESSAGES/telecabin.po"
# Said the same in every language.
NAMES = {"telecabin"}
_PLACE = re.compile(r"%\((\w+)\)[sd]")
_JS_COMMENT = re.compile(r"/\*.*?\*/|(?<![:'\"])//[^\n]*", re.DOTALL)
_JS_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`")
_FRENCH = re.compile(r"[àâçéèêëîïôùûœÀÂÇÉÈÊÎÔŒ’]")
METHODS = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]


@cache
def french() -> dict[str, str]:
    """Every marked sentence, and one place where it stands."""
    found: dict[str, str] = {}
    keywords = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
    for package in PACKAGES:
        marks = extract_from_dir(str(ROOT / package), METHODS, keywords=keywords)
        for name, line, message, _comments, _context in marks:
            text = message[0] if isinstance(message, tuple) else message
            found.setdefault(str(text), f"{package}/{name}:{line}")
    return found


@cache
def english() -> Catalog:
    """The English catalogue."""
    with ENGLISH.open("rb") as file:
        return read_po(file, locale="en")


def _said(text: str) -> list[str]:
    message = english().get(text)
    if message is None or message.fuzzy:
        return []
    return [message.string] if isinstance(message.string, str) else list(message.string or [""])


def test_every_french_sentence_has_its_english() -> None:
    assert [f"{where}: {text}" for text, where in french().items() if not all(_said(text) or [""])] == []


def test_translations_keep_the_places_of_their_sentence() -> None:
    wrong = [
        text for text in french() for said in _said(text) if set(_PLACE.findall(text)) != set(_PLACE.findall(said))
    ]
    assert wrong == []


def test_no_english_is_left_of_a_sentence_that_is_gone() -> None:
    kept = {message.id[0] if isinstance(message.id, tuple) else message.id for message in english() if message.id}
    assert sorted(map(str, kept - french().keys())) == []


def test_templates_say_nothing_that_is_not_marked() -> None:
    wrong = [
        f"{shown(reading.path)}:{line}: {text}"
        for reading in readings()
        for line, text in reading.texts
        if text.lower() not in NAMES
    ]
    assert wrong == []


def test_scripts_say_nothing_themselves() -> None:
    wrong = [
        f"{shown(path)}: {literal}"
        for path in sorted((UI / "static").rglob("*.js"))
        for literal in _JS_STRING.findall(_JS_COMMENT.sub("", path.read_text(encoding="utf-8")))
        if _FRENCH.search(literal)
    ]
    assert wrong == []


def _unmarked(path: Path) -> Iterator[str]:
    """French literals of a module that stand neither in a mark nor in a docstring."""
    marked: set[ast.AST] = set()
    for node in ast.walk(tree(path)):
        called = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
        if called in {"_", "N_", "ngettext"}:
            marked.update(ast.walk(node))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            marked.add(node.value)
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or node in marked:
            continue
        if _FRENCH.search(node.value) and len(node.value.split()) > 2:
            yield f"{shown(path)}:{node.lineno}: {node.value}"


# French that is not said to a person as a sentence of ours: names and places of the synthetic village.
SYNTHETIC = {"server/village", "server/serving.py"}


def test_modules_mark_every_french_sentence() -> None:
    wrong = [
        line
        for path in modules()
        if not any(shown(path).startswith(name) for name in SYNTHETIC)
        for line in _unmarked(path)
    ]
    assert wrong == []
