"""A sealed document: chunks of 64 KiB under a key of its own, as FORMAT.md §2a says; streamed, never whole in memory.

    head  = 0x02 | suite | 0x10 | 0x00 | sealed file key (64 bytes: a sealed field for the document's place)
    chunk = AEAD(file key, nonce = number u64 | 000000 | last u8, plaintext <= 64 KiB, AAD = head)

The number in the nonce finds reordering, the last byte finds a cut at a chunk's end, the head binds every chunk to
its document. A chunk is given out once its own tag fits; the document is whole only when `end` says so.
"""

import os
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from server.kernel.sealing import Place
from server.records.seal.envelope import (
    KEY_SIZE,
    OVERHEAD,
    TAG_SIZE,
    OpenedKey,
    Outcome,
    Random,
    Refused,
    Suite,
    header,
    open_field,
    seal_field,
    wipe,
)

VERSION = 2
CHUNK = 64 * 1024
SEALED_CHUNK = CHUNK + TAG_SIZE
HEAD_SIZE = 4 + OVERHEAD + KEY_SIZE
_SIZE_CODE = 16  # 2^16 bytes


def sealed_size(size: int) -> int:
    """Return how many bytes a document of `size` bytes takes once sealed: an empty one still has a chunk."""
    chunks = max(1, -(-size // CHUNK))
    return HEAD_SIZE + size + chunks * TAG_SIZE


def document_key_ver(head: bytes) -> int:
    """Return which version of the patient's key a document asks for; raises Refused."""
    if len(head) != HEAD_SIZE:
        raise Refused(Outcome.TRUNCATED)
    if head[0] != VERSION or head[2] != _SIZE_CODE or head[3] != 0:
        raise Refused(Outcome.UNKNOWN_VERSION)
    if head[1] != header(head[4:]).suite:
        raise Refused(Outcome.UNKNOWN_SUITE)
    return header(head[4:]).key_ver


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(8, "big") + b"\0\0\0" + bytes((last,))


def _aead(suite: int, key: bytes | bytearray) -> AESGCM | ChaCha20Poly1305:
    return AESGCM(key) if suite == Suite.AES_256_GCM else ChaCha20Poly1305(key)


class DocumentSealer:
    """Seals one document: write `head` first, then what `add` gives, then what `end` gives."""

    def __init__(
        self, key: OpenedKey, place: Place, *, suite: Suite = Suite.AES_256_GCM, random: Random = os.urandom
    ) -> None:
        own = bytearray(random(KEY_SIZE))
        try:
            sealed = seal_field(key, place, bytes(own), suite=suite, random=random)
            self._aead = _aead(suite, own)
        finally:
            wipe(own)
        self.head = bytes((VERSION, suite, _SIZE_CODE, 0)) + sealed
        self._waiting = bytearray()
        self._number = 0

    def add(self, piece: bytes) -> bytes:
        """Return the sealed chunks that `piece` completes: none, one or many."""
        self._waiting += piece
        full = (len(self._waiting) - 1) // CHUNK  # one chunk at least stays for `end`: only that one is the last
        return b"".join(self._seal(last=False) for _ in range(full))

    def end(self) -> bytes:
        """Return the last chunk. The sealer is done."""
        return self._seal(last=True)

    def _seal(self, *, last: bool) -> bytes:
        chunk = bytes(self._waiting[:CHUNK])
        del self._waiting[:CHUNK]
        sealed = self._aead.encrypt(_nonce(self._number, last), chunk, self.head)
        self._number += 1
        return sealed


class DocumentOpener:
    """Opens one document: give it all that follows the head; it raises Refused at the first wrong chunk."""

    def __init__(self, key: OpenedKey, place: Place, head: bytes) -> None:
        if document_key_ver(head) != key.ver:
            raise Refused(Outcome.MISSING_KEY)
        own = bytearray(open_field(key, place, head[4:]))
        try:
            self._aead = _aead(head[1], own)
        finally:
            wipe(own)
        self._head = head
        self._waiting = bytearray()
        self._number = 0

    def add(self, piece: bytes) -> bytes:
        """Return the plaintext of the chunks that `piece` completes; raises Refused."""
        self._waiting += piece
        full = (len(self._waiting) - 1) // SEALED_CHUNK
        return b"".join(self._open(last=False) for _ in range(full))

    def end(self) -> bytes:
        """Return the plaintext of the last chunk; raises Refused when the document was cut or grown."""
        if len(self._waiting) < TAG_SIZE:
            raise Refused(Outcome.TRUNCATED)
        return self._open(last=True)

    def chunk(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """Return the plaintext of one whole chunk, in any order, for who knows how many there are; raises Refused."""
        try:
            return self._aead.decrypt(_nonce(number, last), sealed, self._head)
        except InvalidTag:
            raise Refused(Outcome.TAMPERED) from None

    def _open(self, *, last: bool) -> bytes:
        sealed = bytes(self._waiting[:SEALED_CHUNK])
        del self._waiting[:SEALED_CHUNK]
        opened = self.chunk(self._number, sealed, last=last)
        self._number += 1
        return opened


def sealed_pieces(sealer: DocumentSealer, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a whole sealed document from the pieces of its plaintext."""
    yield sealer.head
    for piece in pieces:
        yield sealer.add(piece)
    yield sealer.end()
