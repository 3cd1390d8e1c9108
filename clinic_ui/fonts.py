"""The typeface, cut once to the letters that we need, by a separate low-priority process, into the data folder.

IBM Plex Sans comes from an optional wheel as a 1 MB variable TrueType file. Cut to Latin and to weights 400-700 it is
about 23 KB. Cutting takes seconds of pure Python, so it must neither delay the first page nor slow the event loop:
pages show the system's typeface until the cut one is there, and keep it where the wheel is absent.

    python -m clinic_ui.fonts OUT.woff2      what the server runs beside itself
"""

import asyncio
import hashlib
import io
import os
import sys
from importlib import resources, util
from pathlib import Path

import structlog

from clinic_ui.assets import Assets

FONT = "font/plex-latin.woff2"
SHEET = "font/plex.css"
_PACKAGE = "fontpkg_ibm_plex_sans"
_FILE = "files/IBMPlexSans[wdth,wght].ttf"
# Basic Latin, Latin-1, œ Œ Ÿ, Breton and Portuguese are inside; dashes, quotes, bullets, spaces, euro, arrows, signs.
LETTERS = (
    *range(0x20, 0x7F),
    *range(0xA0, 0x100),
    *(0x152, 0x153, 0x178, 0x2C6, 0x2DC, 0x2009, 0x2011, 0x2013, 0x2014, 0x2018, 0x2019, 0x201A, 0x201C, 0x201D),
    *(0x201E, 0x2022, 0x2026, 0x202F, 0x2030, 0x2039, 0x203A, 0x20AC, 0x2116, 0x2190, 0x2191, 0x2192, 0x2193),
    *(0x2212, 0x2248, 0x2260, 0x2264, 0x2265),
)
_RECIPE = "1"  # raise when the way of cutting changes, so that an old cut is not kept
_RANGE = "U+20-7E, U+A0-FF, U+152-153, U+178, U+2C6, U+2DC, U+2000-206F, U+20AC, U+2116, U+2190-2193, U+2212-2265"
_log = structlog.get_logger()


def wheel_font() -> bytes | None:
    """Return the variable TrueType file of the wheel, or None where the wheel is not installed."""
    if util.find_spec(_PACKAGE) is None:
        return None
    file = resources.files(_PACKAGE) / _FILE
    return file.read_bytes() if file.is_file() else None


def cut(source: bytes) -> bytes:
    """Return a woff2 with LETTERS and weights 400-700: letters first, then axes (the other order is 3 times slower)."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    font = TTFont(io.BytesIO(source))
    options = subset.Options(layout_features=["kern", "liga", "mark", "mkmk", "ccmp", "locl", "tnum", "lnum"])
    options.hinting = False
    options.name_IDs = [1, 2]
    letters = subset.Subsetter(options)
    letters.populate(unicodes=LETTERS)
    letters.subset(font)
    font = instancer.instantiateVariableFont(font, {"wdth": 100, "wght": (400, 700)})
    font.flavor = "woff2"
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def sheet(font_file: str) -> bytes:
    """Return the @font-face rule; the file stands beside it."""
    return (
        '@font-face{font-family:"IBM Plex Sans";font-style:normal;font-weight:400 700;font-display:swap;'
        f'src:url("{font_file}") format("woff2");unicode-range:{_RANGE}}}\n'
    ).encode()


def cut_path(folder: Path, source: bytes) -> Path:
    """Return where the cut of `source` is kept: a new wheel or recipe gives a new name."""
    digest = hashlib.sha256(_RECIPE.encode() + repr(LETTERS).encode() + source).hexdigest()[:12]
    return folder / "fonts" / f"plex-latin-{digest}.woff2"


def offer(assets: Assets, woff2: bytes) -> None:
    """Serve the cut font and its rule; pages drawn from now on ask for it."""
    assets.add({FONT: woff2, SHEET: sheet("plex-latin.woff2")})


async def prepare_font(assets: Assets, folder: Path) -> bool:
    """Offer the typeface from `folder`, cutting it first if need be; False where there is none. Run as a task."""
    source = await asyncio.to_thread(wheel_font)
    if source is None:
        _log.info("font_absent")
        return False
    kept = cut_path(folder, source)
    if not kept.exists() and not await _cut_beside(kept):
        return False
    offer(assets, await asyncio.to_thread(kept.read_bytes))
    return True


async def _cut_beside(kept: Path) -> bool:
    kept.parent.mkdir(parents=True, exist_ok=True)
    beside = await asyncio.create_subprocess_exec(sys.executable, "-m", "clinic_ui.fonts", str(kept))
    try:
        failed = await beside.wait()
    except asyncio.CancelledError:
        beside.kill()
        await beside.wait()
        raise
    if failed:
        _log.warning("font_not_cut", code=failed)
    return not failed


def main(out: str) -> None:
    """Cut the wheel's font into `out`, whole or not at all."""
    os.nice(10)
    source = wheel_font()
    if source is None:
        raise SystemExit(1)
    unfinished = Path(f"{out}.{os.getpid()}")
    unfinished.write_bytes(cut(source))
    unfinished.replace(out)


if __name__ == "__main__":
    main(sys.argv[1])
