"""The copy of a record as one file to hand over, drawn in a child process of its own: it is long.

dossier.pdf         to read and print on any machine, and aloud by a screen reader
dossier.fhir.json   the same and all the rest, for other software
documents/          each scan and picture as it was given
"""

import asyncio
import base64
import io
import zipfile
from zoneinfo import ZoneInfo

import msgspec

from clinic_ui.paper.press import Press
from clinic_ui.paper.record import record_sheet
from clinic_ui.paper.record_tables import files_of
from server.interop.service import Copy

LIMIT = 60.0
"""Seconds for one record: two hundred notes take two."""


async def packed(copy: Copy, locale: str) -> bytes:
    """Return the copy as a ZIP, its paper in a language; raises Unavailable when it cannot be drawn in time."""
    zone = ZoneInfo(next(row["zone"] for row in copy.rows["site"] if row["id"] == copy.rows["patient"][0]["site_id"]))
    press = Press(LIMIT)
    try:
        [paper] = await press.draw(record_sheet(copy, locale, zone, copy.at.astimezone(zone).date()))
    finally:
        await press.close()
    return await asyncio.to_thread(_zipped, copy, paper)


def _zipped(copy: Copy, paper: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("dossier.pdf", paper, zipfile.ZIP_STORED)
        folder.writestr("dossier.fhir.json", msgspec.json.format(msgspec.json.encode(copy.bundle), indent=1))
        for name, row in files_of(copy.rows):
            folder.writestr(name, base64.b64decode(row["head"]), zipfile.ZIP_STORED)
    return file.getvalue()
