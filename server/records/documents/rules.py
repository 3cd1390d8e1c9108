"""Documents: what is taken and how large, what a file is by its content, and what is refused in plain words.

upload (pieces) ──finish──> current ──strike──> entered-in-error
                    └──the scanner says no──> quarantined: kept sealed, never shown
"""

import re
from datetime import timedelta
from enum import StrEnum

import msgspec

from server.kernel.words import N_

PIECE = 64 * 1024
"""Bytes of one piece on its way: what a cut line costs at most."""
SIZE_MAX = 20 * 1024 * 1024
"""Bytes of one file: a phone's photo has 3 to 8 MB, a scanned letter of ten pages 2 to 10."""
PIXELS_MAX = 50_000_000
"""Points of a picture, counted before it is unpacked: today's phones take 48 or 50 million."""
EDGE = 4000
"""Points of the longer side that is kept: A4 at 340 dots an inch."""
THUMBNAIL = 240
OPEN_MOST = 5  # uploads that one account may have on their way
VISIT_MOST = 20  # documents that the cabin may add to one visit
PATIENT_MOST = 300
PATIENT_BYTES = 500 * 1024 * 1024
KEPT_FOR = timedelta(hours=24)
"""An upload that nobody ended is thrown away after this."""
TITLE_MAX = 120
_TAIL = 1024  # bytes in which a PDF must end (ISO 32000-1, Annex H.3, note 18: readers look there)

_ACTIVE = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|XFA)\b")
_STREAM = re.compile(rb"\bstream\r?\n.*?endstream", re.DOTALL)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_HEIC = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


class MediaType(StrEnum):
    """What we take. Each is known by its first bytes; names and declared types are not looked at."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    PDF = "application/pdf"

    @property
    def ending(self) -> str:
        """The end of a file's name."""
        return {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}[self.value]


class DocumentStatus(StrEnum):
    """FHIR's DocumentReference statuses, and one of our own for what the scanner set apart."""

    CURRENT = "current"
    ENTERED_IN_ERROR = "entered-in-error"
    QUARANTINED = "quarantined"


class Wrong(StrEnum):
    """Why a file is not kept: a code for programs; its sentence is in WRONG_WORDS."""

    UNKNOWN = "unknown-type"
    HEIC = "heic"
    BROKEN = "broken"
    TOO_MANY_PIXELS = "too-many-pixels"
    ACTIVE = "active-content"
    LOCKED = "locked-pdf"


WRONG_WORDS = {
    Wrong.UNKNOWN: N_("Ce fichier n’est ni une photo (JPEG, PNG) ni un PDF. Il n’a pas été gardé."),
    Wrong.HEIC: N_(
        "Cette photo est au format HEIC, que tout le monde ne peut pas lire. Sur le téléphone, choisissez le format "
        "« le plus compatible » (JPEG) et reprenez la photo."
    ),
    Wrong.BROKEN: N_("Ce fichier est abîmé ou incomplet. Reprenez la photo, ou envoyez-le de nouveau."),
    Wrong.TOO_MANY_PIXELS: N_("Cette image a trop de points : 50 millions au plus. Prenez-la en plus petit."),
    Wrong.ACTIVE: N_("Ce PDF contient un programme ou un fichier caché. Photographiez les pages à la place."),
    Wrong.LOCKED: N_("Ce PDF est fermé par un mot de passe. Enlevez-le, ou photographiez les pages."),
}


class DocumentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a document, sealed beside it. `width` and `height` in points, 0 for a PDF."""

    title: str
    media_type: MediaType
    width: int = 0
    height: int = 0


class RefusedFile(Exception):
    """A file that is not kept, and why."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__(wrong.value)
        self.wrong = wrong


def media_type_of(content: bytes) -> MediaType:
    """Return what a file is, by its first bytes; raises RefusedFile for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if content.startswith(b"%PDF-"):
        return MediaType.PDF
    raise RefusedFile(Wrong.HEIC if content[4:8] == b"ftyp" and content[8:12] in _HEIC else Wrong.UNKNOWN)


def refuse_bad_pdf(content: bytes) -> None:
    """Raise RefusedFile for a PDF that is cut, locked, or that openly carries a program or another file.

    Only what stands in plain bytes is seen, not what is packed into object streams: so a PDF is never opened in one
    of our pages, only given as a file to save.
    """
    if b"%%EOF" not in content[-_TAIL:]:
        raise RefusedFile(Wrong.BROKEN)
    plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), _STREAM.sub(b"", content))
    if b"/Encrypt" in plain:
        raise RefusedFile(Wrong.LOCKED)
    if _ACTIVE.search(plain):
        raise RefusedFile(Wrong.ACTIVE)


def tidy_title(title: str) -> str:
    """Return a title without control letters and letters that turn the direction of writing; at most 120 letters."""
    return " ".join(_CONTROL.sub(" ", title).split())[:TITLE_MAX]


def pieces_of(size: int) -> int:
    """Return of how many pieces (on the way) or chunks (sealed) a file of `size` bytes is made."""
    return -(-size // PIECE)
