"""A disk whose power can be cut: records what SQLite writes and syncs, and gives back what a cut might leave.

SQLite ─▶ a VFS of ours over its own (ctypes) ─▶ trace: write, truncate, sync, acknowledged
a moment of the trace ─▶ what was synced stays; of the rest each sector of 512 bytes stays, goes or is torn
"""

from __future__ import annotations

import _sqlite3
import ctypes
import pickle
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECTOR = 512
Trace = list[tuple[Any, ...]]
_P, _I, _L = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64


class _Methods(ctypes.Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = (
        ("version", _I),
        ("close_read", _P * 2),
        ("write", _P),
        ("truncate", _P),
        ("sync", _P),
        ("rest", _P * 13),
    )


class _Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = (
        ("version", _I),
        ("file_size", _I),
        ("longest_path", _I),
        ("next", _P),
        ("name", ctypes.c_char_p),
        ("own", _P),
        ("open", _P),
        ("rest", _P * 15),
    )


class _File(ctypes.Structure):
    _fields_ = (("methods", ctypes.POINTER(_Methods)),)


_OPEN = ctypes.CFUNCTYPE(_I, _P, _P, ctypes.POINTER(_File), _I, _P)  # the name stays where it is: SQLite keeps it
_WRITE = ctypes.CFUNCTYPE(_I, _P, _P, _I, _L)
_TRUNCATE = ctypes.CFUNCTYPE(_I, _P, _L)
_SYNC = ctypes.CFUNCTYPE(_I, _P, _I)


class Recorder:
    """Stands under every SQLite file that this process opens from now on. Only for a process of its own."""

    def __init__(self) -> None:
        self.trace: Trace = []
        self._names: dict[int, str] = {}
        self._kept: list[object] = []
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        self._own = library.sqlite3_vfs_find(None)
        self._vfs = _Vfs()
        ctypes.memmove(ctypes.byref(self._vfs), self._own, ctypes.sizeof(_Vfs))
        self._vfs.name = b"recorder"
        self._open = _OPEN(self._opened)
        self._vfs.open = ctypes.cast(self._open, _P)
        assert library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1) == 0

    def _opened(self, _vfs: int, name: int | None, file: Any, flags: int, out: int) -> int:
        own = _OPEN(self._own.contents.open)
        code = own(ctypes.addressof(self._own.contents), name, file, flags, out)
        if code == 0 and name is not None and file.contents.methods:
            self._names[ctypes.addressof(file.contents)] = Path(ctypes.string_at(name).decode()).name
            file.contents.methods = ctypes.pointer(self._recording(file.contents.methods.contents))
        return code

    def _recording(self, own: _Methods) -> _Methods:
        write, truncate, sync = _WRITE(own.write), _TRUNCATE(own.truncate), _SYNC(own.sync)
        mine = _Methods.from_buffer_copy(own)

        def on_write(file: int, words: int, size: int, at: int) -> int:
            self.trace.append(("write", self._names[file], at, ctypes.string_at(words, size)))
            return int(write(file, words, size, at))

        def on_truncate(file: int, size: int) -> int:
            self.trace.append(("truncate", self._names[file], size))
            return int(truncate(file, size))

        def on_sync(file: int, flags: int) -> int:
            code = int(sync(file, flags))
            self.trace.append(("sync", self._names[file]))
            return code

        kept = (_WRITE(on_write), _TRUNCATE(on_truncate), _SYNC(on_sync))
        mine.write, mine.truncate, mine.sync = (ctypes.cast(one, _P) for one in kept)
        self._kept.append((mine, kept, write, truncate, sync))
        return mine

    def keep(self, path: Path) -> None:
        """Write the trace down."""
        path.write_bytes(pickle.dumps(self.trace))


@dataclass
class _Medium:
    """One file: what is safe, and what was only written."""

    safe: bytearray = field(default_factory=bytearray)
    pending: Trace = field(default_factory=list)

    def sync(self) -> None:
        for one in self.pending:
            _put(self.safe, one)
        self.pending.clear()

    def after_a_cut(self, chance: random.Random) -> bytes:
        """What of it may be found: every written sector stays, goes, or stays in part."""
        left, stays = bytearray(self.safe), chance.choice((0.0, 0.5, 0.9, 1.0))
        for one in self.pending:
            if one[0] == "truncate":
                if chance.random() < stays:
                    _put(left, one)
                continue
            _kind, name, at, words = one
            for start in range(0, len(words), SECTOR):
                if chance.random() < stays:
                    torn = chance.randrange(SECTOR) if chance.random() < 0.02 else SECTOR
                    _put(left, ("write", name, at + start, words[start : start + torn]))
        return bytes(left)


def _put(content: bytearray, one: Sequence[Any]) -> None:
    if one[0] == "truncate":
        del content[one[2] :]
        return
    _kind, _name, at, words = one
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at : at + len(words)] = words


def cuts(
    trace: Trace, before: dict[str, bytes], moments: Sequence[int], chance: random.Random
) -> Iterator[tuple[dict[str, bytes], dict[Any, int]]]:
    """Give, for each moment in order, what the files hold after a cut then, and what was acknowledged until then."""
    media = {name: _Medium(bytearray(content)) for name, content in before.items()}
    acknowledged: dict[Any, int] = {}
    at = 0
    for moment in moments:
        for one in trace[at:moment]:
            if one[0] == "acknowledged":
                acknowledged[one[1]] = one[2]
            elif one[0] == "sync":
                media.setdefault(one[1], _Medium()).sync()
            else:
                media.setdefault(one[1], _Medium()).pending.append(one)
        at = max(at, moment)
        yield {name: one.after_a_cut(chance) for name, one in media.items()}, dict(acknowledged)


if __name__ == "__main__":
    sys.exit("A part of T2: make trust ONLY=T2")
