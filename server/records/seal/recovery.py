"""Recovery of a lost key file: five paper shares, any three of which open its sealed copy (SLIP-39, HPKE).

    key split:   a recovery key ──> its public half into the key file ; private half ──> 5 shares (33 words)
    key add:     the grown key file ──HPKE to the public half──> <key file>.recovery     (no share is needed)
    key recover: 3 shares ──> private half ──> opens the sealed copy ──> the key file

So the shares outlive every rotation, and the sealed copy may lie beside the backups: alone it opens nothing.
Sharing and combining happen on an administrator's machine, offline: the library does not guard against somebody who
measures the machine while it computes.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.share import Share

from server.kernel.errors import ConfigError
from server.records.seal.envelope import KEY_SIZE, lp
from server.records.seal.keyring import KeyFile, RecoveryKey, parse, read_key_file
from server.records.seal.private import UNCHANGED, replace_whole, write_new

SHARES, NEEDED = 5, 3
_HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class _Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    check: str


class SealedCopy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key file, sealed to the recovery key whose id is `recovery`."""

    format: Literal["telecabin-recovery/1"]
    recovery: str
    keys: list[_Listed]
    sealed: bytes


@dataclass(frozen=True, slots=True)
class ShareFacts:
    """What one share says of itself; its words' checksum is right."""

    number: int
    needed: int
    set_name: str
    """The same for all shares of one set, as four hexadecimal digits."""


def sealed_copy_path(key_file: Path) -> Path:
    """Return where the sealed copy of a key file lies."""
    return key_file.with_name(f"{key_file.name}.recovery")


def split(key_file: Path) -> list[str]:
    """Return five new shares, and have the key file and its sealed copy follow them from now on. Older shares end."""
    found = read_key_file(key_file)
    private = os.urandom(KEY_SIZE)
    shares: list[str] = generate_mnemonics(1, [(NEEDED, SHARES)], private)[0]
    public = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    grown = msgspec.structs.replace(found, recovery=RecoveryKey(share_facts(shares[0]).set_name, public))
    replace_whole(key_file, grown.encoded())
    seal_copy(key_file)
    return shares


def seal_copy(key_file: Path) -> Path | None:
    """Write the sealed copy of a key file anew, if it was ever split; return where it is."""
    found = read_key_file(key_file)
    if found.recovery is None:
        return None
    public = X25519PublicKey.from_public_bytes(found.recovery.public)
    sealed = _HPKE.encrypt(found.encoded(), public, info=_context(found.recovery.id))
    keys = [_Listed(key.id, key.check) for key in found.every_key()]
    copy = SealedCopy("telecabin-recovery/1", found.recovery.id, keys, sealed)
    content = msgspec.json.format(msgspec.json.encode(copy), indent=2) + b"\n"
    path = sealed_copy_path(key_file)
    (replace_whole if path.exists() else write_new)(path, content)
    return path


def share_facts(words: str) -> ShareFacts:
    """Return what a share says of itself; raises ConfigError when a word or the checksum is wrong."""
    try:
        share = Share.from_mnemonic(" ".join(words.lower().split()))
    except MnemonicError as error:
        raise ConfigError(f"this share is not as it was written: {_sentence(error)}") from None
    return ShareFacts(share.index + 1, share.member_threshold, f"{share.identifier:04x}")


def recover(sealed_copy: Path, shares: Sequence[str], key_file: Path) -> dict[str, str]:
    """Write the key file that `sealed_copy` holds to `key_file`; return the check values of its keys."""
    found = open_copy(read_sealed_copy(sealed_copy), shares)
    write_new(key_file, found.encoded())
    checks = {key.id: key.check for key in found.every_key()}
    found.forget()
    return checks


def read_sealed_copy(path: Path) -> SealedCopy:
    """Read a sealed copy; anybody may hold one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SealedCopy)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}. {UNCHANGED}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not a sealed copy of a key file ({error}). {UNCHANGED}") from None


def open_copy(copy: SealedCopy, shares: Sequence[str]) -> KeyFile:
    """Return the key file inside `copy`; raises ConfigError when the shares are too few, or of another set."""
    facts = [share_facts(words) for words in shares]
    strangers = sorted({fact.set_name for fact in facts} - {copy.recovery})
    if strangers:
        raise ConfigError(
            f"shares of set {', '.join(strangers)} do not fit: this copy needs set {copy.recovery}. {UNCHANGED}"
        )
    try:
        private = combine_mnemonics(" ".join(words.lower().split()) for words in shares)
        key = X25519PrivateKey.from_private_bytes(private)
        raw = bytearray(_HPKE.decrypt(copy.sealed, key, info=_context(copy.recovery)))
    except MnemonicError as error:
        raise ConfigError(f"the shares do not open the copy: {_sentence(error)} {UNCHANGED}") from None
    except (InvalidTag, ValueError):
        raise ConfigError(f"the shares do not open the copy: it was altered. {UNCHANGED}") from None
    return parse("the sealed copy", raw)


def _context(set_name: str) -> bytes:
    return lp(b"telecabin/recovery/v1", set_name.encode())


def _sentence(error: MnemonicError) -> str:
    text = str(error).strip()
    return text if text.endswith(".") else f"{text}."
