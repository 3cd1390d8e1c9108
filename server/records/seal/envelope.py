"""The sealed field and the wrapped key, byte for byte as FORMAT.md says; no other module touches a cipher.

key file ── MasterKey ──unwrap──> 32 bytes ── OpenedKey ──open──> plaintext
                |                    ^
                └── check value      └── commitment: a key that is not the promised one is refused
"""

import hmac
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from struct import Struct
from typing import Protocol, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.kernel.sealing import Place

VERSION = 1
KEY_SIZE = 32
NONCE_SIZE = 12
TAG_SIZE = 16
HEADER_SIZE = 4
OVERHEAD = HEADER_SIZE + NONCE_SIZE + TAG_SIZE
MAX_KEY_VER = 0xFFFF
KEY_ID = re.compile(r"[a-z0-9-]{1,32}")

Random = Callable[[int], bytes]
"""Returns that many unpredictable bytes: `os.urandom`, or a test's."""


class Suite(IntEnum):
    """The ciphers that a field may be sealed with. 3 is reserved for AES-256-GCM-SIV."""

    AES_256_GCM = 1
    CHACHA20_POLY1305 = 2


class Outcome(StrEnum):
    """Why something did not open. For the log and for repair, never for the caller outside."""

    TRUNCATED = "truncated"
    UNKNOWN_VERSION = "unknown-version"
    UNKNOWN_SUITE = "unknown-suite"
    MISSING_KEY = "missing-key"
    WRONG_KEY = "wrong-key"
    TAMPERED = "tampered"


class KeysAway(Exception):
    """The keeper of a master key does not answer. Nothing was opened, nothing is wrong with what is sealed."""


class Refused(Exception):
    """Nothing was opened, for the reason in `outcome`."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


def lp(*parts: bytes) -> bytes:
    """Join `parts`, each after its length as u32: no two lists of parts give the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@lru_cache(maxsize=256)
def _column_part(table: str, column: str, suite: int) -> bytes:
    return lp(b"telecabin/rec/v1", suite.to_bytes(1, "big"), table.encode(), column.encode())


_ROW_PART = Struct(">I16sI16sIHIQ")  # lp(record_id, patient_id, key_ver, row_ver), in one step
_PATIENT_PART = Struct(">I7sI16sIH")  # lp("patient", patient_id, key_ver)


def field_aad(place: Place, suite: int, key_ver: int) -> bytes:
    """Return what binds a ciphertext to its place: it opens nowhere else, in no other version of the row."""
    row = _ROW_PART.pack(16, place.record_id.bytes, 16, place.patient_id.bytes, 2, key_ver, 8, place.row_ver)
    return _column_part(place.table, place.column, suite) + row


def _patient_part(patient_id: UUID, key_ver: int) -> bytes:
    return _PATIENT_PART.pack(7, b"patient", 16, patient_id.bytes, 2, key_ver)


def check_value(key: bytes | bytearray, key_id: str) -> str:
    """Return the 16 hex digits that tell whether this is the right key, before anything is opened."""
    return hmac.digest(key, b"telecabin/kcv|" + key_id.encode(), "sha256")[:8].hex()


def commitment(dek: bytes | bytearray, patient_id: UUID, key_ver: int) -> bytes:
    """Return the 32 bytes that promise this very data key: GCM alone lets one message open under two keys."""
    return _promise(dek, _patient_part(patient_id, key_ver))


def _promise(dek: bytes | bytearray, patient_part: bytes) -> bytes:
    return hmac.digest(dek, b"telecabin/commit|" + patient_part, "sha256")


def wipe(key: bytearray) -> None:
    """Overwrite a key in place. OpenSSL keeps its own copy for as long as the AEAD object lives."""
    key[:] = bytes(len(key))


class OpenedKey:
    """One version of a patient's key, ready for both suites. It has no copy of the bytes to show."""

    __slots__ = ("_aeads", "ver")

    def __init__(self, ver: int, key: bytes | bytearray) -> None:
        self.ver = ver
        self._aeads: dict[int, AESGCM | ChaCha20Poly1305] = {
            Suite.AES_256_GCM: AESGCM(key),
            Suite.CHACHA20_POLY1305: ChaCha20Poly1305(key),
        }

    def __repr__(self) -> str:
        return f"<OpenedKey ver={self.ver}>"

    def aead(self, suite: int) -> AESGCM | ChaCha20Poly1305:
        """Return the cipher of `suite`, or raise Refused for one that we do not know."""
        try:
            return self._aeads[suite]
        except KeyError:
            raise Refused(Outcome.UNKNOWN_SUITE) from None


@dataclass(frozen=True, slots=True)
class Header:
    """The first four bytes of a sealed field."""

    suite: int
    key_ver: int


def header(sealed: bytes) -> Header:
    """Read which suite and which version of the key `sealed` asks for; raises Refused."""
    if len(sealed) < OVERHEAD:
        raise Refused(Outcome.TRUNCATED)
    if sealed[0] != VERSION:
        raise Refused(Outcome.UNKNOWN_VERSION)
    if sealed[1] not in (Suite.AES_256_GCM, Suite.CHACHA20_POLY1305):
        raise Refused(Outcome.UNKNOWN_SUITE)
    return Header(sealed[1], int.from_bytes(sealed[2:4], "big"))


def seal_field(
    key: OpenedKey,
    place: Place,
    plaintext: bytes,
    *,
    suite: Suite = Suite.AES_256_GCM,
    random: Random = os.urandom,
) -> bytes:
    """Seal `plaintext` for `place` under `key`, with a fresh nonce.

    Random 96-bit nonces are safe up to 2^32 messages of one key (NIST SP 800-38D); one patient's key
    sees fewer than 10^5.
    """
    nonce = random(NONCE_SIZE)
    sealed = key.aead(suite).encrypt(nonce, plaintext, field_aad(place, suite, key.ver))
    return bytes((VERSION, suite)) + key.ver.to_bytes(2, "big") + nonce + sealed


def open_field(key: OpenedKey, place: Place, sealed: bytes) -> bytes:
    """Return the plaintext of `sealed`, which must have been sealed for `place`; raises Refused."""
    head = header(sealed)
    if head.key_ver != key.ver:
        raise Refused(Outcome.MISSING_KEY)
    nonce, body = sealed[HEADER_SIZE : HEADER_SIZE + NONCE_SIZE], sealed[HEADER_SIZE + NONCE_SIZE :]
    try:
        return key.aead(head.suite).decrypt(nonce, body, field_aad(place, head.suite, key.ver))
    except InvalidTag:
        raise Refused(Outcome.TAMPERED) from None


class Cipher(Protocol):
    """AES-256-GCM under one key, in this process (cryptography's AESGCM) or inside an HSM (`hsm.HsmCipher`)."""

    def encrypt(self, nonce: bytes, data: bytes | bytearray, associated_data: bytes | None, /) -> bytes:
        """Return ciphertext and tag."""

    def decrypt_into(self, nonce: bytes, data: bytes, associated_data: bytes | None, buf: bytearray, /) -> int:
        """Write the plaintext into `buf`; raises InvalidTag, or KeysAway when the key cannot be asked."""


class MasterKey:
    """A key that wraps patients' keys, wherever its bytes are: none of them is here to show."""

    __slots__ = ("_cipher", "_context", "check", "id", "remote")

    def __init__(self, key_id: str, check: str, cipher: Cipher, *, remote: bool = False) -> None:
        self.id = key_id
        self.check = check
        self.remote = remote
        """Whether asking it may take long: the vault then asks beside the event loop."""
        self._cipher = cipher
        self._context = lp(b"telecabin/dek/v1", key_id.encode())

    @classmethod
    def local(cls, key_id: str, key: bytes | bytearray) -> Self:
        """Return the master key of these 32 bytes; the caller wipes them."""
        return cls(key_id, check_value(key, key_id), AESGCM(key))

    def __repr__(self) -> str:
        return f"<MasterKey {self.id}>"

    def wrap(self, dek: bytes | bytearray, patient_id: UUID, key_ver: int, *, random: Random = os.urandom) -> bytes:
        """Return `dek` wrapped for this patient and version."""
        return self._wrap(dek, _patient_part(patient_id, key_ver), random)

    def unwrap(self, wrapped: bytes, patient_id: UUID, key_ver: int, commit_tag: bytes) -> OpenedKey:
        """Return the patient's key, if it is the one that `commit_tag` promised; raises Refused or KeysAway."""
        key = bytearray(KEY_SIZE)
        try:
            self._bare(wrapped, _patient_part(patient_id, key_ver), commit_tag, key)
            return OpenedKey(key_ver, key)
        finally:
            wipe(key)

    def rewrap(self, new: "MasterKey", wrapped: bytes, patient_id: UUID, key_ver: int, commit_tag: bytes) -> bytes:
        """Return the same patient's key wrapped under `new`, after the same checks as `unwrap`."""
        key, patient_part = bytearray(KEY_SIZE), _patient_part(patient_id, key_ver)
        try:
            self._bare(wrapped, patient_part, commit_tag, key)
            return new._wrap(key, patient_part, os.urandom)
        finally:
            wipe(key)

    def _wrap(self, dek: bytes | bytearray, patient_part: bytes, random: Random) -> bytes:
        nonce = random(NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, dek, self._context + patient_part)

    def _bare(self, wrapped: bytes, patient_part: bytes, commit_tag: bytes, into: bytearray) -> None:
        """Write the key's bytes into a buffer of the caller, who overwrites it."""
        if len(wrapped) != NONCE_SIZE + KEY_SIZE + TAG_SIZE:
            raise Refused(Outcome.TRUNCATED)
        nonce, body = wrapped[:NONCE_SIZE], wrapped[NONCE_SIZE:]
        try:
            self._cipher.decrypt_into(nonce, body, self._context + patient_part, into)
        except InvalidTag:
            raise Refused(Outcome.TAMPERED) from None
        if not hmac.compare_digest(_promise(into, patient_part), commit_tag):
            raise Refused(Outcome.WRONG_KEY)


class IndexKey:
    """The key of the blind indexes: one derived subkey per (table, field), kept once made."""

    __slots__ = ("_key", "_subkeys", "check", "id")

    def __init__(self, key_id: str, key: bytes | bytearray) -> None:
        self.id = key_id
        self.check = check_value(key, key_id)
        self._key = bytearray(key)
        self._subkeys: dict[tuple[str, str], bytes] = {}

    def __repr__(self) -> str:
        return f"<IndexKey {self.id}>"

    def blind(self, table: str, field: str, normalised: str) -> bytes:
        """Return 16 bytes, equal for equal texts of the same field, that say nothing without this key."""
        subkey = self._subkeys.get((table, field))
        if subkey is None:
            info = lp(b"telecabin/blind/v1", table.encode(), field.encode())
            subkey = HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=info).derive(self._key)
            self._subkeys[table, field] = subkey
        return hmac.digest(subkey, normalised.encode(), "sha256")[:16]


@dataclass(frozen=True, slots=True)
class FreshKey:
    """A new data key: ready to use, and wrapped to be kept."""

    key: OpenedKey
    wrapped: bytes
    commit_tag: bytes

    @classmethod
    def make(cls, master: MasterKey, patient_id: UUID, key_ver: int, random: Random = os.urandom) -> Self:
        """Draw a data key, wrap it under `master`, and forget its bytes."""
        key = bytearray(random(KEY_SIZE))
        try:
            return cls(
                OpenedKey(key_ver, key),
                master.wrap(key, patient_id, key_ver, random=random),
                commitment(key, patient_id, key_ver),
            )
        finally:
            wipe(key)
