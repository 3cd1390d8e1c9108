"""Signed checkpoints: size and root of the log at an instant, as a C2SP signed note with an Ed25519 signature.

    telecabin-audit/1f2e3d4c5b6a7988          origin: names the key
    20852163                                  size: how many leaves
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    2026-03-12T09:05:00Z                      extension line: when
                                              (empty line)
    — telecabin-audit/1f2e3d4c5b6a7988 Az3grl…  base64 of key id (4) and signature (64)

Formats: C2SP tlog-checkpoint and signed-note. Exact bytes: FORMAT.md in this folder.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"  # the algorithm's number in C2SP's signed notes
_DASH = "\N{EM DASH} "
_ROOT = 32
_LONGEST = 1000
SEED = 32


class NotACheckpoint(Exception):
    """These letters are no checkpoint, or nobody whom we trust has signed them."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A moment of the log."""

    origin: str
    size: int
    root: bytes
    at: datetime

    def body(self) -> str:
        """Return what is signed."""
        when = self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{when}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key, and the name under which it signs."""

    name: str
    public: bytes

    @classmethod
    def of(cls, public: bytes) -> "Verifier":
        """Return the verifier of a public key; its name is made of the key, so that it needs no setting."""
        return cls(f"telecabin-audit/{hashlib.sha256(public).hexdigest()[:16]}", public)

    @classmethod
    def read(cls, text: str) -> "Verifier":
        """Return the verifier that was written as `name+key id+base64`; NotACheckpoint when it is none."""
        name, plus, rest = text.strip().partition("+")
        number, _plus, encoded = rest.partition("+")
        try:
            kind_and_key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise NotACheckpoint("a verifier key is name+key id+base64") from None
        found = cls(name, kind_and_key[1:])
        if not plus or kind_and_key[:1] != _ED25519 or len(found.public) != SEED or found.key_id.hex() != number:
            raise NotACheckpoint("a verifier key is name+key id+base64 of an Ed25519 key")
        return found

    @property
    def key_id(self) -> bytes:
        """The four bytes that go before a signature."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def written(self) -> str:
        """Return the verifier key as C2SP writes it: what an auditor is given."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def open(self, note: str) -> Checkpoint:
        """Return the checkpoint of a note that this key signed; NotACheckpoint otherwise."""
        body, gap, signatures = note.partition("\n\n")
        if not gap or len(note) > _LONGEST or not note.endswith("\n"):
            raise NotACheckpoint("not a signed note")
        text = body + "\n"
        for line in signatures.splitlines():
            if line.startswith(f"{_DASH}{self.name} ") and self._has_signed(text, line.rpartition(" ")[2]):
                return _read(text)
        raise NotACheckpoint("the signature is not of the key of this log")

    def _has_signed(self, text: str, encoded: str) -> bool:
        try:
            raw = base64.b64decode(encoded, validate=True)
            if raw[:4] != self.key_id:
                return False
            Ed25519PublicKey.from_public_bytes(self.public).verify(raw[4:], text.encode())
        except (binascii.Error, InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """The signing key of one log. Made from a secret of 32 bytes, which is not kept."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED:
            raise ValueError(f"{SEED} bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier.of(self._key.public_key().public_bytes_raw())
        self._before = f"{_DASH}{self.verifier.name} "

    def __repr__(self) -> str:
        return f"<signer {self.verifier.name}>"

    def sign(self, size: int, root: bytes, at: datetime) -> str:
        """Return the signed note of a checkpoint."""
        body = Checkpoint(self.verifier.name, size, root, at).body()
        signature = base64.b64encode(self.verifier.key_id + self._key.sign(body.encode())).decode()
        return f"{body}\n{self._before}{signature}\n"


def _read(text: str) -> Checkpoint:
    """Return the checkpoint in a body whose signature is good."""
    lines = text.split("\n")
    try:
        origin, size, root, at = lines[:4]
        number = int(size)
        checkpoint = Checkpoint(origin, number, base64.b64decode(root, validate=True), datetime.fromisoformat(at))
    except (ValueError, binascii.Error):
        raise NotACheckpoint("not the lines of a checkpoint") from None
    if checkpoint.body() != text or len(checkpoint.root) != _ROOT or number < 0:
        raise NotACheckpoint("not the lines of a checkpoint")
    return checkpoint
