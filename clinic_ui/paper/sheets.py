"""A sheet as the template of `paper.typ` draws it: blocks in reading order, words only."""

import base64
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


def table(heads: list[str], rows: list[list[str]], widths: list[int] | None = None) -> Block:
    """Return a table: one heading a column, read row by row. `widths`: of the columns, as shares."""
    return {"kind": "table", "heads": heads, "rows": rows, "widths": widths or [1] * len(heads)}


def picture(media_type: str, content: bytes, size: tuple[int, int], alt: str) -> Block:
    """Return a photograph or scan with the words for whoever does not see it; the template reads text alone."""
    width, height = size
    source = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    return {
        "kind": "picture",
        "alt": alt,
        DRAWING: f'{frame}<image width="{width}" height="{height}" href="{source}"/></svg>',
    }


CONTENTS: Block = {"kind": "contents"}
"""Where each chapter is, as links."""
DRAWING = "svg"
"""The key of a block under which a picture stands: no words."""
RULE: Block = {"kind": "rule"}
