"""The stamp on what leaves the house: an Ed25519 signature whose key, like the log's, is made from the index key.

So whoever has the key file knows whether a backup is ours and unaltered, and no further key can be lost.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.records.seal.envelope import IndexKey


class Stamp:
    """Signs what leaves, and knows it again."""

    def __init__(self, index: IndexKey, what: str) -> None:
        """`what` keeps the stamps of different things apart: none can pass for another."""
        halves = (index.blind(what, "signing-key", half) for half in ("1", "2"))
        self._key = Ed25519PrivateKey.from_private_bytes(b"".join(halves))

    def __repr__(self) -> str:
        return "<stamp>"

    def sign(self, words: bytes) -> bytes:
        """Return the 64 bytes that only who has the key file can write."""
        return self._key.sign(words)

    def fits(self, words: bytes, signature: bytes) -> bool:
        """Return whether these words were signed here, letter for letter."""
        try:
            self._key.public_key().verify(signature, words)
        except InvalidSignature:
            return False
        return True
