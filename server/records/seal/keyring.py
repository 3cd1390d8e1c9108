"""The key file: read with suspicion, written when a person asks; and the keyring that comes out of it.

    TELECABIN_KEK_FILE ──> one plain file, for our eyes only ──> format, ids, check values ──> Keyring

Whatever is wrong raises ConfigError with a sentence for the person who repairs. No key is made on the way.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from server.kernel.errors import ConfigError
from server.records.seal.envelope import (
    KEY_ID,
    KEY_SIZE,
    IndexKey,
    MasterKey,
    check_value,
    wipe,
)
from server.records.seal.private import SETTING, UNCHANGED, read_private, replace_whole, write_new

_NUMBERED = re.compile(r"k(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master keys by id, oldest first, and the index key. Shows ids, never keys."""

    master: Mapping[str, MasterKey]
    index: IndexKey

    @property
    def newest(self) -> MasterKey:
        """The key that a fresh database takes as its primary."""
        return list(self.master.values())[-1]

    @property
    def checks(self) -> dict[str, str]:
        """The check value of every key, the index key too."""
        masters = {kid: key.check for kid, key in self.master.items()}
        return {**masters, self.index.id: self.index.check}


class FileKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key as it stands in the key file."""

    id: str
    key: bytearray
    check: str

    def __repr__(self) -> str:
        return f"<key {self.id}>"


class RecoveryKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The public half of the key that the shares hold: with it every new key is sealed for recovery."""

    id: str
    public: bytes


class KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The key file, as FORMAT.md §4 says."""

    format: Literal["telecabin-keys/1"]
    master: list[FileKey]
    index: FileKey
    recovery: RecoveryKey | None = None

    def every_key(self) -> list[FileKey]:
        """Return all keys, the index key last."""
        return [*self.master, self.index]

    def encoded(self) -> bytes:
        """Return the file's bytes."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    def forget(self) -> None:
        """Overwrite the keys."""
        for key in self.every_key():
            wipe(key.key)


@dataclass(frozen=True, slots=True)
class KeyFileMade:
    """What a person sees after making keys: ids and check values, to note on the offline copy."""

    path: Path
    checks: Mapping[str, str]


def load_keyring(path: Path) -> Keyring:
    """Read the key file at `path`; raises ConfigError with what is wrong and what to do."""
    return keyring_of(read_key_file(path))


def keyring_of(found: KeyFile) -> Keyring:
    """Return the keyring of a key file that was examined, and overwrite the keys in it."""
    try:
        master = {key.id: MasterKey.local(key.id, key.key) for key in found.master}
        return Keyring(master, IndexKey(found.index.id, found.index.key))
    finally:
        found.forget()


def read_key_file(path: Path) -> KeyFile:
    """Return what the private file at `path` says, its check values compared."""
    return parse(str(path), read_private(path))


def parse(where: str, raw: bytearray) -> KeyFile:
    """Return the key file that `raw` holds, examined; `raw` is overwritten."""
    try:
        found = msgspec.json.decode(raw, type=KeyFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{SETTING}: {where} is not a telecabin key file ({error}). {UNCHANGED}") from None
    finally:
        wipe(raw)
    _examine(where, found)
    return found


def _examine(where: str, found: KeyFile) -> None:
    keys = found.every_key()
    if not found.master:
        raise ConfigError(f"{SETTING}: {where} holds no master key. {UNCHANGED}")
    if len({key.id for key in keys}) != len(keys):
        raise ConfigError(f"{SETTING}: {where} gives one key id to two keys. {UNCHANGED}")
    for key in keys:
        if not KEY_ID.fullmatch(key.id) or len(key.key) != KEY_SIZE:
            raise ConfigError(f"{SETTING}: {where}: a bad key id, or not {KEY_SIZE} bytes. {UNCHANGED}")
        check = check_value(key.key, key.id)
        if check != key.check:
            raise ConfigError(
                f"{SETTING}: {where}: key {key.id} is damaged (check {check}, expected {key.check}). "
                f"Put the offline copy of the key file back. {UNCHANGED}"
            )


def init_key(path: Path) -> KeyFileMade:
    """Write a new key file at `path` (mode 0600), because a person asked; refuses to overwrite anything."""
    made = KeyFile("telecabin-keys/1", [_new_key("k1")], _new_key("i1"))
    write_new(path, made.encoded())
    return _told(path, made, ("k1", "i1"))


def add_key(path: Path) -> KeyFileMade:
    """Append a new master key to the key file at `path`; no server uses it before its promotion."""
    found = read_key_file(path)
    new = _new_key(next_id(key.id for key in found.master))
    grown = msgspec.structs.replace(found, master=[*found.master, new])
    replace_whole(path, grown.encoded())
    return _told(path, grown, (new.id,))


def drop_key(path: Path, kid: str) -> None:
    """Take a master key out of the key file at `path`. Whoever asks has made sure that nothing needs it."""
    found = read_key_file(path)
    rest = [key for key in found.master if key.id != kid]
    if not rest:
        raise ConfigError(f"{kid} is the only master key of {path}: it stays. {UNCHANGED}")
    replace_whole(path, msgspec.structs.replace(found, master=rest).encoded())


def next_id(taken: Iterable[str]) -> str:
    """Return the id after the highest numbered one."""
    numbers = [int(match[1]) for match in map(_NUMBERED.fullmatch, taken) if match]
    return f"k{max(numbers, default=0) + 1}"


def _told(path: Path, file: KeyFile, ids: Iterable[str]) -> KeyFileMade:
    checks = {key.id: key.check for key in file.every_key()}
    return KeyFileMade(path, {kid: checks[kid] for kid in ids})


def _new_key(key_id: str) -> FileKey:
    key = bytearray(os.urandom(KEY_SIZE))
    return FileKey(key_id, key, check_value(key, key_id))
