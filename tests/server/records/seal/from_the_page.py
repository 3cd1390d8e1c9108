"""FORMAT.md read again by somebody else: opens what it describes with none of the server's code."""

from __future__ import annotations

import hashlib
import hmac
import struct
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

CIPHERS = {1: AESGCM, 2: ChaCha20Poly1305}
CHUNK = 65536 + 16
HEAD = 68


class Outcome(Exception):
    """Why it did not open, by the name that the page gives."""


def lp(*parts: bytes) -> bytes:
    """Section 1."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def open_field(dek: bytes, key_ver: int, place: dict[str, object], sealed: bytes) -> bytes:
    """Section 2."""
    if len(sealed) < 32:
        raise Outcome("truncated")
    version, suite, ver = struct.unpack(">BBH", sealed[:4])
    if version != 1:
        raise Outcome("unknown-version")
    if suite not in CIPHERS:
        raise Outcome("unknown-suite")
    if ver != key_ver:
        raise Outcome("missing-key")
    aad = lp(
        b"telecabin/rec/v1",
        struct.pack(">B", suite),
        str(place["table"]).encode(),
        str(place["column"]).encode(),
        UUID(str(place["record_id"])).bytes,
        UUID(str(place["patient_id"])).bytes,
        struct.pack(">H", ver),
        struct.pack(">Q", place["row_ver"]),
    )
    try:
        return CIPHERS[suite](dek).decrypt(sealed[4:16], sealed[16:], aad)
    except InvalidTag:
        raise Outcome("tampered") from None


def unwrap(kek: bytes, kek_id: str, patient: UUID, ver: int, wrapped: bytes, commit_tag: bytes) -> bytes:
    """Section 3."""
    if len(wrapped) != 60:
        raise Outcome("truncated")
    mine = lp(b"patient", patient.bytes, struct.pack(">H", ver))
    try:
        dek = AESGCM(kek).decrypt(wrapped[:12], wrapped[12:], lp(b"telecabin/dek/v1", kek_id.encode()) + mine)
    except InvalidTag:
        raise Outcome("tampered") from None
    if hmac.digest(dek, b"telecabin/commit|" + mine, "sha256") != commit_tag:
        raise Outcome("wrong-key")
    return dek


def open_document(dek: bytes, key_ver: int, place: dict[str, object], sealed: bytes) -> bytes:
    """Section 2a."""
    head, body = sealed[:HEAD], sealed[HEAD:]
    if len(head) < HEAD:
        raise Outcome("truncated")
    if (head[0], head[2], head[3]) != (2, 16, 0):
        raise Outcome("unknown-version")
    if head[1] != head[5]:
        raise Outcome("unknown-suite")
    own = open_field(dek, key_ver, place, head[4:])
    chunks = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)] or [b""]
    plain = b""
    for number, chunk in enumerate(chunks):
        if len(chunk) < 16:
            raise Outcome("truncated")
        last = number == len(chunks) - 1
        try:
            plain += CIPHERS[head[1]](own).decrypt(struct.pack(">Q3xB", number, last), chunk, head)
        except InvalidTag:
            raise Outcome("tampered") from None
    return plain


def check_value(key: bytes, kid: str) -> str:
    """Section 4."""
    return hmac.digest(key, b"telecabin/kcv|" + kid.encode(), "sha256")[:8].hex()


def blind(key: bytes, table: str, field: str, text: str) -> bytes:
    """Section 5, HKDF written out (RFC 5869)."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    subkey = hmac.digest(extracted, lp(b"telecabin/blind/v1", table.encode(), field.encode()) + b"\x01", "sha256")
    return hmac.digest(subkey, text.encode(), hashlib.sha256)[:16]
