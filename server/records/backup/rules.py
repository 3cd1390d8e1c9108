"""What a backup says of itself, and when it is refused, in words. No I/O.

telecabin-20261122T110500Z/
  manifest.json   what is in it, in clear and signed: two lines, no patient's word
  records.age     every table but the keys          zstd, then age: `age -d -i KEY records.age | zstd -d`
  keys.age        the patients' wrapped keys and the ledger of shreds: its own file, kept 35 days and no longer
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

FORMAT = "telecabin-backup/1"
RECORDS, KEYS, MANIFEST = "records.age", "keys.age", "manifest.json"
KEY_TABLES = ("kek_version", "shred", "patient_key")
"""In the order in which they are written back: a newer file of keys serves an older file of records."""
LEFT_OUT = frozenset({"session", "node_key_ack"})
"""Sign-ins and what running servers say: a restore must not bring a session back that somebody ended."""


class NotThisBackup(Exception):
    """The backup is not ours, not whole or not what it was. The message says what, and what is safe."""


class NotHere(Exception):
    """Nothing is wrong with the backup, but it cannot be made or written back in this place."""


class Part(msgspec.Struct, frozen=True):
    """A file of the backup."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What there must be."""

    format: str
    made_at: datetime
    revision: str
    database: str
    rows: dict[str, int]
    audit_size: int
    audit_root: str
    audit_waiting: int
    keys: dict[str, str]
    """Every master and index key that the records need, with its check value: never the key."""
    index: str
    shreds: int
    recipients: list[str]
    files: dict[str, Part]


class Signs(Protocol):
    """What signs, and knows its own signature."""

    def sign(self, words: bytes) -> bytes:
        """Return a signature."""

    def fits(self, words: bytes, signature: bytes) -> bool:
        """Return whether it is ours."""


def written(manifest: Manifest, stamp: Signs) -> bytes:
    """Return the two lines of a manifest file: the manifest, and its signature."""
    line = msgspec.json.encode(manifest, order="sorted")
    return line + b"\n" + base64.b64encode(stamp.sign(line)) + b"\n"


def opened(raw: bytes, stamp: Signs, checks: Mapping[str, str]) -> Manifest:
    """Return the manifest that we once signed; `checks` are the check values of the keys at hand."""
    line, _, rest = raw.partition(b"\n")
    try:
        manifest = msgspec.json.decode(line, type=Manifest)
        signature = base64.b64decode(rest.removesuffix(b"\n"), validate=True)
    except (msgspec.MsgspecError, binascii.Error, ValueError, UnicodeDecodeError):
        raise NotThisBackup("its manifest is not a manifest: it is damaged, or of something else") from None
    if checks.get(manifest.index) != manifest.keys.get(manifest.index):
        raise NotThisBackup(
            f"it belongs to another key file (index key {manifest.index}, check {manifest.keys.get(manifest.index)}); "
            "set TELECABIN_KEK_FILE to the keys of that time"
        )
    if not rest.endswith(b"\n") or not stamp.fits(line, signature):
        raise NotThisBackup("its manifest was altered: the signature is not that of our key file")
    if manifest.format != FORMAT:
        raise NotThisBackup(f"it has the format {manifest.format}, this version reads {FORMAT}")
    return manifest


def refuse_unless_equal(name: str, promised: Part, found: Part) -> None:
    """Raise NotThisBackup unless a file is the one that was signed."""
    if found.size != promised.size:
        raise NotThisBackup(f"{name} has {found.size:,} bytes, {promised.size:,} were written: it was cut or grown")
    if found.sha256 != promised.sha256:
        raise NotThisBackup(f"{name} was altered: its SHA-256 is not the one that was signed")


def refuse_other_counts(promised: Mapping[str, int], found: Mapping[str, int]) -> None:
    """Raise NotThisBackup unless every table has as many rows as were promised."""
    wrong = [name for name in sorted({*promised, *found}) if promised.get(name, 0) != found.get(name, 0)]
    if wrong:
        told = ", ".join(f"{name}: {found.get(name, 0)} rows, {promised.get(name, 0)} promised" for name in wrong)
        raise NotThisBackup(f"rows lack or are too many ({told})")


def folder_name(at: datetime) -> str:
    """Return the name of a backup made at an instant."""
    return f"telecabin-{at:%Y%m%dT%H%M%SZ}"
