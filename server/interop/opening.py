"""Opens every sealed column of rows, whatever their table: `sealed_body` becomes `body`, in clear.

row ─▶ whose key? (the patient, the visit's patient) ─▶ vault ─▶ JSON, {"text"}, {"base64"}, or a document's bytes

What was shredded does not open: it leaves as {"shredded": true}.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.interop import store
from server.kernel.ids import PatientId
from server.kernel.sealing import Place
from server.records.places import place_of
from server.records.seal.vault import PatientVault

SEALED = "sealed_"
SHREDDED = {"shredded": True}
DOCUMENT_HEAD = "sealed_head"
INDEXES = frozenset({"code_index", "token_hash"})
"""Good for nothing without this site's index key."""


async def opened(
    tx: AsyncSession,
    vault: PatientVault,
    table: str,
    row: dict[str, Any],
    shredded: Collection[PatientId] = (),
) -> dict[str, Any]:
    """Return a row in plain JSON values, its sealed columns opened; raises CannotOpen."""
    plain: dict[str, Any] = {}
    for column, value in row.items():
        if column in INDEXES:
            continue
        if not column.startswith(SEALED):
            plain[column] = value
        elif value is None:
            plain[column.removeprefix(SEALED)] = None
        else:
            place = await place_in(tx, table, column, row)
            shut = place.patient_id in shredded
            plain[column.removeprefix(SEALED)] = SHREDDED if shut else await _content(tx, vault, place, value)
    return dict(msgspec.to_builtins(plain, str_keys=True))


async def place_in(tx: AsyncSession, table: str, column: str, row: dict[str, Any]) -> Place:
    """Return where a sealed column of a row lies; a guest's row says only in which visit."""
    if table == "patient" or "patient_id" in row:
        return place_of(table, column, row)
    return place_of(table, column, row, await store.patient_of_visit(tx, row["encounter_id"]))


async def _content(tx: AsyncSession, vault: PatientVault, place: Place, sealed: bytes) -> object:
    if place.column == DOCUMENT_HEAD:
        opener = await vault.document_opener(tx, place, sealed)
        pieces = [opener.add(chunk) for chunk in await store.chunks(tx, place.record_id)]
        return base64.b64encode(b"".join([*pieces, opener.end()])).decode()
    return spoken(await vault.open(tx, place, sealed))


def spoken(words: bytes) -> object:
    """Return what was sealed: JSON as it is, other words and other bytes named as such."""
    try:
        return msgspec.json.decode(words)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        return {"text": words.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(words).decode()}


def sealable(content: object) -> bytes:
    """Return the words that a content was opened from, to be sealed again."""
    if isinstance(content, dict) and len(content) == 1:
        ((kind, words),) = content.items()
        if kind == "text":
            return str(words).encode()
        if kind == "base64":
            return base64.b64decode(words)
    return msgspec.json.encode(content)
