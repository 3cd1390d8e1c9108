"""Files that only we may read: opened with suspicion, written whole or not at all."""

import os
import secrets
import stat
import struct
from pathlib import Path

from server.kernel.errors import ConfigError
from server.records.seal.envelope import wipe

SETTING = "TELECABIN_KEK_FILE"
UNCHANGED = "Nothing was changed."
LARGEST = 64 * 1024  # a key takes 130 bytes: room for hundreds of versions


def read_private(path: Path) -> bytearray:
    """Return the bytes of a plain file that only we (or root) can read, and that lies where `path` says."""
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(path.parent.resolve(strict=True)):
            raise ConfigError(f"{SETTING}: {path} is a link that leaves its folder (to {real}). {UNCHANGED}")
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ConfigError(f"{SETTING}: cannot read {path}: {error.strerror}. {UNCHANGED}") from None
    raw = bytearray(LARGEST)
    try:
        _refuse_unless_private(path, handle)
        size = os.readv(handle, [raw])
        return raw[:size]
    finally:
        os.close(handle)
        wipe(raw)


def _refuse_unless_private(path: Path, handle: int) -> None:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or not 0 < found.st_size < LARGEST:
        raise ConfigError(f"{SETTING}: {path} is not a plain file of keys. {UNCHANGED}")
    if found.st_uid not in (0, os.geteuid()):
        raise ConfigError(f"{SETTING}: {path} belongs to another user (uid {found.st_uid}). {UNCHANGED}")
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077 and not _acl_names_only_us(handle, mode):
        raise ConfigError(
            f"{SETTING}: {path} can be read by others (mode {mode:04o}). Make it private: chmod 600 {path}. {UNCHANGED}"
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


def stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when the file at `path` does; raises ConfigError when it is gone or no longer private."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ConfigError(f"{SETTING}: cannot read {path}: {error.strerror}. {UNCHANGED}") from None
    try:
        _refuse_unless_private(path, handle)
        found = os.fstat(handle)
    finally:
        os.close(handle)
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, mode 0600, and wait for the disk; never replaces one."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        _keep_folder(path.parent)
    except FileExistsError:
        raise ConfigError(f"{path} exists: it may hold the only keys of a database. {UNCHANGED}") from None
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}. {UNCHANGED}") from None


def replace_whole(path: Path, content: bytes) -> None:
    """Put `content` in the place of the private file at `path`, in one move: readers see the old or the new."""
    path = path.resolve()  # a link within the folder stays a link
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    owner = path.stat()
    write_new(beside, content)
    try:
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(beside, owner.st_uid, owner.st_gid)
        os.replace(beside, path)
        _keep_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ConfigError(f"cannot write {path}: {error.strerror}. {UNCHANGED}") from None


def _keep_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
