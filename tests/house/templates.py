"""Reads Jinja templates as HTML: the tags, their attributes, and the text that nobody translates."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from tests.house.reading import UI

_TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", re.DOTALL)
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_LETTERS = re.compile(r"[^\W\d_]{2,}")
# What stands for Jinja's values, and the attributes that a macro writes outside of a tag.
_NOT_SAID = re.compile(r"x+(?![^\W\d_])|[\w-]+=\"[^\"]*\"")
SPOKEN = {"alt", "title", "aria-label", "aria-description", "aria-roledescription", "placeholder"}


@dataclass
class Tag:
    """One opening tag; what Jinja writes is left out of its attributes."""

    name: str
    attributes: dict[str, str]
    line: int


@dataclass
class Reading:
    """What one template holds outside Jinja's braces."""

    path: Path
    tags: list[Tag] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, reading: Reading) -> None:
        super().__init__(convert_charrefs=True)
        self.reading = reading
        self.inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.reading.tags.append(Tag(tag, attributes, self.getpos()[0]))
        self.inside = tag if tag in {"script", "style"} else None
        for name in SPOKEN & attributes.keys():
            self._say(attributes[name])

    def handle_endtag(self, tag: str) -> None:
        self.inside = None

    def handle_data(self, data: str) -> None:
        if self.inside is None:
            self._say(data)

    def _say(self, text: str) -> None:
        if _LETTERS.search(_NOT_SAID.sub(" ", text)):
            self.reading.texts.append((self.getpos()[0], " ".join(text.split())))


def _blank(match: re.Match[str]) -> str:
    """Leave the line numbers as they are, and a tag's name a name: `<{{ tag }} class=…>`."""
    return ("x" if match[0].startswith("{{") else "") + "\n" * match[0].count("\n")


@cache
def read(path: Path) -> Reading:
    """Read one template."""
    reading = Reading(path)
    source = _JINJA.sub(_blank, _TRANSLATED.sub(_blank, path.read_text(encoding="utf-8")))
    reader = _Reader(reading)
    reader.feed(source)
    reader.close()
    return reading


def readings() -> list[Reading]:
    """Every template that people meet; the style guide is for those who draw."""
    paths = sorted((UI / "templates").rglob("*.html"))
    return [read(path) for path in paths if "styleguide" not in path.parts]
