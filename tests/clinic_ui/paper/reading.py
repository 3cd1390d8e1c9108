"""Reads a PDF with another library than the one that wrote it: what a screen reader and an archive would find."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pypdf import PdfReader
from pypdf.generic import DictionaryObject


@dataclass(frozen=True)
class Paper:
    """A PDF as it was read."""

    title: str
    language: str
    marked: bool
    shows_title: bool
    roles: list[str]
    """The structure tags, in reading order."""
    text: str
    pages: int
    standards: dict[str, str]
    spoken_of: str
    """Everything that the file says of itself, outside its pages."""


def read_pdf(pdf: bytes) -> Paper:
    """Return what stands in a PDF."""
    reader = PdfReader(io.BytesIO(pdf), strict=True)
    root = reader.root_object
    xmp = root["/Metadata"].get_object().get_data().decode()
    standards = dict(re.findall(r"<(pdf[a-z]+id:\w+)>(\w+)<", xmp))
    return Paper(
        title=str(reader.metadata.title) if reader.metadata else "",
        language=str(root["/Lang"]),
        marked=bool(root["/MarkInfo"]["/Marked"]),
        shows_title=bool(root["/ViewerPreferences"]["/DisplayDocTitle"]),
        roles=list(_roles(root["/StructTreeRoot"].get_object())),
        text=" ".join(" ".join(page.extract_text() for page in reader.pages).split()),
        pages=len(reader.pages),
        standards=standards,
        spoken_of=f"{dict(reader.metadata or {})} {xmp}",
    )


def _roles(node: object) -> Iterator[str]:
    if not isinstance(node, DictionaryObject):
        return
    if "/S" in node:
        yield str(node["/S"])
    kids = node["/K"].get_object() if "/K" in node else []
    for kid in kids if isinstance(kids, list) else [kids]:
        yield from _roles(kid.get_object())
