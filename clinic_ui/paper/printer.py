"""The child process that draws: one question in, pages out, over its pipes; it holds the fonts and nothing else.

    question   4 bytes: length │ JSON {"form": "pdf" | "svg", "sheet": {…}}
    answer     4 bytes: number of pages, 0 when it could not be drawn │ for each, 4 bytes: length │ the page

A PDF is one page here, however many it has. It is PDF/UA-1 (for screen readers) and PDF/A-2a (for archives) at once.

    python -m clinic_ui.paper.printer      what `press` starts; ends when its input does
"""

import json
import sys
import unicodedata
from contextlib import suppress
from importlib import resources, util
from pathlib import Path
from typing import Any, BinaryIO

import typst

from clinic_ui.paper.sheets import DRAWING

MEMORY = 2 << 30  # bytes of address space: a report of fifty pages takes 0.3 GB
_FONTS = "fontpkg_ibm_plex_sans"
_UNKNOWN = "¤"  # the typeface has no empty box, and archives refuse U+FFFD


class Printer:
    """Draws sheets with the template of this folder."""

    def __init__(self) -> None:
        folder = _font_folder()
        self._compiler = typst.Compiler(
            font_paths=typst.Fonts(
                include_system_fonts=False,
                include_embedded_fonts=folder is None,
                font_paths=[folder] if folder else [],
            )
        )
        self._template = (resources.files(__package__) / "paper.typ").read_bytes()

    def draw(self, form: str, sheet: dict[str, Any]) -> list[bytes]:
        """Return one PDF, or each page as SVG; a letter that the typeface lacks becomes « ¤ »."""
        try:
            return self._compiled(form, json.dumps(sheet))
        except typst.TypstError:
            return self._compiled(form, json.dumps(_known_letters(sheet)))

    def _compiled(self, form: str, text: str) -> list[bytes]:
        drawn = self._compiler.compile(
            input=self._template,
            format="pdf" if form == "pdf" else "svg",
            sys_inputs={"sheet": text},
            pdf_standards=["ua-1", "a-2a"] if form == "pdf" else [],
            timestamp=0,
        )
        return drawn if isinstance(drawn, list) else [drawn or b""]


def _font_folder() -> Path | None:
    found = util.find_spec(_FONTS)
    return Path(found.origin).parent / "files" if found and found.origin else None


def _known_letters(value: Any) -> Any:
    """Return the words with each letter that the typeface lacks taken apart, or as « ¤ »."""
    known = _coverage()
    if isinstance(value, str):
        parts = (c if c in known else unicodedata.normalize("NFKD", c) for c in value)
        return "".join(c if c in known or c.isspace() else _UNKNOWN for part in parts for c in part)
    if isinstance(value, list):
        return [_known_letters(one) for one in value]
    if isinstance(value, dict):
        return {key: one if key == DRAWING else _known_letters(one) for key, one in value.items()}
    return value


def _coverage() -> frozenset[str]:
    from fontTools.ttLib import TTFont

    folder = _font_folder()
    if folder is None:
        return frozenset(map(chr, range(0x20, 0x250)))
    return frozenset(map(chr, TTFont(folder / "IBMPlexSans[wdth,wght].ttf").getBestCmap()))


def _bound_memory() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def serve(asked: BinaryIO, told: BinaryIO) -> None:
    """Draw what is asked, one after the other, until nobody asks any more."""
    printer = Printer()
    while len(head := asked.read(4)) == 4:
        question = json.loads(asked.read(int.from_bytes(head, "big")))
        try:
            pages = printer.draw(question["form"], question["sheet"])
        except (typst.TypstError, MemoryError):
            pages = []
        told.write(len(pages).to_bytes(4, "big"))
        for page in pages:
            told.write(len(page).to_bytes(4, "big") + page)
        told.flush()


if __name__ == "__main__":
    _bound_memory()
    serve(sys.stdin.buffer, sys.stdout.buffer)
