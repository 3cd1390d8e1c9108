"""A sheet as the template of `paper.typ` draws it: blocks in reading order, words only."""

from datetime import date
from typing import Any

Block = dict[str, Any]
Sheet = dict[str, Any]


def sheet(title: str, locale: str, on: date, foot: str, blocks: list[Block], size: str = "a4") -> Sheet:
    """Return a sheet. `title` goes into the file's own description: it says the kind and the day, and no name."""
    day = {"year": on.year, "month": on.month, "day": on.day}
    return {"title": title, "lang": locale, "size": size, **day, "foot": foot, "blocks": blocks}


def heading(text: str, level: int = 2) -> Block:
    """Return a heading."""
    return {"kind": "heading", "level": level, "text": text}


def lines(*texts: str) -> Block:
    """Return a paragraph of lines."""
    return {"kind": "lines", "texts": list(texts)}


def strong(text: str) -> Block:
    """Return a paragraph in bold."""
    return {"kind": "strong", "text": text}


def framed(*texts: str) -> Block:
    """Return lines in a frame."""
    return {"kind": "framed", "texts": list(texts)}


def names(left: list[list[str]], right: list[list[str]]) -> Block:
    """Return who and whom, side by side; read left first."""
    return {"kind": "names", "sides": [left, right]}


def facts(*pairs: tuple[str, str]) -> Block:
    """Return « label value » paragraphs, without those that say nothing."""
    return {"kind": "facts", "pairs": [[label, value] for label, value in pairs if value]}


def items(found: list[tuple[str, list[str]]], start: int = 1) -> Block:
    """Return a numbered list: titles with the lines under them."""
    return {"kind": "items", "start": start, "items": [{"title": title, "texts": texts} for title, texts in found]}


RULE: Block = {"kind": "rule"}
