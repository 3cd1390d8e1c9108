"""The key file: read with suspicion, written once by a person; and the keyring that comes out of it.

    TELECABIN_KEK_FILE ──> one plain file, for our eyes only ──> format, ids, check values ──> Keyring

Whatever is wrong raises ConfigError with a sentence for the person who repairs. No key is made on the way.
"""

import os
import stat
import struct
from collections.abc import Mapping
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

SETTING = "TELECABIN_KEK_FILE"
PROVIDER = "file"
_LARGEST = 64 * 1024  # a key takes 130 bytes: room for hundreds of versions
_UNCHANGED = "Nothing was changed."


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master keys by id, oldest first, and the index key. Shows ids, never keys."""

    master: Mapping[str, MasterKey]
    index: IndexKey

    @property
    def newest(self) -> MasterKey:
        """The key that a fresh database takes as its primary."""
        return list(self.master.values())[-1]


class _Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    key: bytes
    check: str

    def __repr__(self) -> str:
        return f"<key {self.id}>"


class _KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["telecabin-keys/1"]
    master: list[_Key]
    index: _Key


def key_file_path(setting: str) -> Path:
    """Return the path that TELECABIN_KEK_FILE names: `file:/run/…/keys.json`, or the plain path."""
    provider, colon, rest = setting.partition(":")
    if not colon or "/" in provider:
        return Path(setting)
    if provider != PROVIDER or not rest:
        raise ConfigError(f"{SETTING}: unknown provider “{provider}”. Use file:/path/to/keys.json. {_UNCHANGED}")
    return Path(rest)


def load_keyring(path: Path) -> Keyring:
    """Read the key file at `path`; raises ConfigError with what is wrong and what to do."""
    raw = _read(path)
    try:
        found = msgspec.json.decode(raw, type=_KeyFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{SETTING}: {path} is not a telecabin key file ({error}). {_UNCHANGED}") from None
    finally:
        wipe(raw)
    _examine(path, found)
    master = {key.id: MasterKey(key.id, key.key) for key in found.master}
    return Keyring(master, IndexKey(found.index.id, found.index.key))


def _examine(path: Path, found: _KeyFile) -> None:
    keys = [*found.master, found.index]
    if not found.master:
        raise ConfigError(f"{SETTING}: {path} holds no master key. {_UNCHANGED}")
    if len({key.id for key in keys}) != len(keys):
        raise ConfigError(f"{SETTING}: {path} gives one key id to two keys. {_UNCHANGED}")
    for key in keys:
        if not KEY_ID.fullmatch(key.id) or len(key.key) != KEY_SIZE:
            raise ConfigError(f"{SETTING}: {path}: a bad key id, or not {KEY_SIZE} bytes. {_UNCHANGED}")
        check = check_value(key.key, key.id)
        if check != key.check:
            raise ConfigError(
                f"{SETTING}: {path}: key {key.id} is damaged (check {check}, expected {key.check}). "
                f"Put the offline copy of the key file back. {_UNCHANGED}"
            )


def _read(path: Path) -> bytearray:
    """Return the bytes of a plain file that only we (or root) can read, and that lies where `path` says."""
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(path.parent.resolve(strict=True)):
            raise ConfigError(f"{SETTING}: {path} is a link that leaves its folder (to {real}). {_UNCHANGED}")
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ConfigError(f"{SETTING}: cannot read {path}: {error.strerror}. {_UNCHANGED}") from None
    raw = bytearray(_LARGEST)
    try:
        _refuse_unless_private(path, handle)
        size = os.readv(handle, [raw])
        return raw[:size]
    finally:
        os.close(handle)
        wipe(raw)


def _refuse_unless_private(path: Path, handle: int) -> None:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or not 0 < found.st_size < _LARGEST:
        raise ConfigError(f"{SETTING}: {path} is not a plain file of keys. {_UNCHANGED}")
    if found.st_uid not in (0, os.geteuid()):
        raise ConfigError(f"{SETTING}: {path} belongs to another user (uid {found.st_uid}). {_UNCHANGED}")
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077 and not _acl_names_only_us(handle, mode):
        raise ConfigError(
            f"{SETTING}: {path} can be read by others (mode {mode:04o}). "
            f"Make it private: chmod 600 {path}. {_UNCHANGED}"
        )


def _acl_names_only_us(handle: int, mode: int) -> bool:
    """Return whether the group bits are only the mask of an access list that lets nobody in but us and root.

    systemd gives a service its credential in that way: root's file, mode 0440, one list entry for our uid.
    Layout of the attribute: linux/posix_acl_xattr.h, u32 version 2, then (u16 tag, u16 rights, u32 id) each.
    """
    getxattr = getattr(os, "getxattr", None)
    if getxattr is None or mode & 0o037:
        return False
    try:
        entries = list(struct.iter_unpack("<HHI", getxattr(handle, "system.posix_acl_access")[4:]))
    except OSError:
        return False
    user, group_owner, group, other = 0x02, 0x04, 0x08, 0x20
    others = [(tag, uid) for tag, rights, uid in entries if rights and tag in (user, group_owner, group, other)]
    return all(tag == user and uid in (0, os.geteuid()) for tag, uid in others)


@dataclass(frozen=True, slots=True)
class KeyFileMade:
    """What a person sees after `telecabin key init`: ids and check values, to note on the offline copy."""

    path: Path
    checks: Mapping[str, str]


def init_key(path: Path) -> KeyFileMade:
    """Write a new key file at `path` (mode 0600), because a person asked; refuses to overwrite anything."""
    master, index = _new_key("k1"), _new_key("i1")
    content = msgspec.json.encode(_KeyFile("telecabin-keys/1", [master], index))
    _write_new(path, msgspec.json.format(content, indent=2) + b"\n")
    return KeyFileMade(path, {key.id: key.check for key in (master, index)})


def _new_key(key_id: str) -> _Key:
    key = os.urandom(KEY_SIZE)
    return _Key(key_id, key, check_value(key, key_id))


def _write_new(path: Path, content: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError:
        raise ConfigError(f"{path} exists: it may hold the only keys of a database. {_UNCHANGED}") from None
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}. {_UNCHANGED}") from None
