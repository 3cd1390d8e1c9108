"""Pages keep to their content policy and read in both directions of writing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.reading import UI, shown
from tests.house.templates import Tag, readings

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:scroll-)?(?:margin|padding)-(?:left|right)|border-(?:left|right)(?:-\w+)?"
    r"|border-(?:top|bottom)-(?:left|right)-radius|(?:left|right)(?=\s*:)"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right))(?![\w-])"
)
_ONE = r"([^\s;{}]+)"
_FOUR_SIDES = re.compile(
    rf"(?<![\w-])(?:margin|padding|inset|border-width)\s*:\s*{_ONE}\s+{_ONE}\s+{_ONE}\s+{_ONE}\s*[;}}]"
)
_MARKUP_FROM_TEXT = re.compile(r"\.(?:inner|outer)HTML\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function\(")


def _refused(tag: Tag) -> Iterator[str]:
    if tag.name == "style":
        yield "<style>"
    if tag.name == "script" and "src" not in tag.attributes and tag.attributes.get("type") != "application/json":
        yield "<script> without src"
    for name, value in tag.attributes.items():
        if name == "style" or name.startswith("on"):
            yield f"{name}="
        if name in {"src", "href", "action", "formaction"} and re.match(r"javascript:|https?:|//", value):
            yield f"{name}={value}"


def test_templates_hold_no_inline_style_script_or_foreign_address() -> None:
    wrong = [
        f"{shown(reading.path)}:{tag.line}: {what}"
        for reading in readings()
        for tag in reading.tags
        for what in _refused(tag)
    ]
    assert wrong == []


def _physical(path: Path) -> Iterator[str]:
    css = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    yield from (match[0] for match in _PHYSICAL.finditer(css))
    yield from (match[0] for match in _FOUR_SIDES.finditer(css) if match[2] != match[4])


def test_style_sheets_name_no_left_and_no_right() -> None:
    sheets = sorted((UI / "static").rglob("*.css"))
    assert [f"{shown(path)}: {what}" for path in sheets for what in _physical(path)] == []


def test_scripts_make_no_markup_out_of_text() -> None:
    scripts = sorted((UI / "static").rglob("*.js"))
    sources = {path: path.read_text(encoding="utf-8") for path in scripts}
    wrong = [
        f"{shown(path)}: {match[0]}"
        for path, source in sources.items()
        for match in _MARKUP_FROM_TEXT.finditer(source)
        if "trustedTypes" not in source  # the one module that holds the policy may
    ]
    assert wrong == []
    assert sum("createPolicy" in source for source in sources.values()) <= 1


def test_every_picture_has_words_or_is_hidden_from_readers() -> None:
    wrong = [
        f"{shown(reading.path)}:{tag.line}"
        for reading in readings()
        for tag in reading.tags
        if tag.name == "img" and "alt" not in tag.attributes
    ]
    assert wrong == []
