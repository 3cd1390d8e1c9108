"""The stream of a backup: tables as rows that both databases understand, squeezed by zstd and sealed by age.

    frame = length u32 | MessagePack        ["table", name, columns, kinds]  ["rows", [[…], …]] …  ["end", tables]

Kinds: `uuid` 16 bytes · `instant` · `date` · `bytes` · `plain` (text, numbers, yes and no). Nothing of it depends on
SQLite or PostgreSQL: a village that outgrew the one restores onto the other.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any, cast
from uuid import UUID

import msgspec
import pyrage
import zstandard

from server.records.backup.rules import NotThisBackup, Part

LEVEL = 3  # sealed bytes do not shrink; what is in clear does at once
LARGEST_FRAME = 1 << 28
_LENGTH = struct.Struct(">I")
Values = Sequence[Any]


@dataclass(frozen=True, slots=True)
class TableHead:
    """A table begins: its name, its columns, and of which kind each is."""

    name: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(slots=True)
class Writer:
    """Writes frames into a squeezed file."""

    file: IO[bytes]
    rows: dict[str, int] = field(default_factory=dict)
    _squeezed: Any = None
    _name: str = ""

    def __post_init__(self) -> None:
        self._squeezed = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).stream_writer(
            self.file, closefd=False
        )

    def table(self, head: TableHead) -> None:
        """Begin a table."""
        self._name = head.name
        self.rows[head.name] = 0
        self._put(["table", str(head.name), [str(one) for one in head.columns], head.kinds])

    def add(self, rows: Sequence[Values]) -> None:
        """Write rows of the table that was begun."""
        self.rows[self._name] += len(rows)
        self._put(["rows", [[_packed(value) for value in row] for row in rows]])

    def end(self) -> None:
        """Say that this is all."""
        self._put(["end", len(self.rows)])
        self._squeezed.close()
        self.file.flush()

    def _put(self, frame: list[Any]) -> None:
        raw = msgspec.msgpack.encode(frame)
        self._squeezed.write(_LENGTH.pack(len(raw)) + raw)


def frames(file: IO[bytes]) -> Iterator[TableHead | list[Values]]:
    """Give each table's head and then its rows, in batches; raises NotThisBackup when the stream is not whole."""
    plain = zstandard.ZstdDecompressor().stream_reader(file, closefd=False)
    head, tables = TableHead("", (), ()), 0
    try:
        while True:
            kind, *words = msgspec.msgpack.decode(_exactly(plain, _LENGTH.unpack(_exactly(plain, 4))[0]))
            if kind == "end":
                if words != [tables]:
                    raise NotThisBackup("the stream of tables is not whole")
                return
            if kind == "table":
                head, tables = TableHead(words[0], tuple(words[1]), tuple(words[2])), tables + 1
                yield head
            else:
                yield [[_unpacked(*one) for one in zip(head.kinds, row, strict=True)] for row in words[0]]
    except (zstandard.ZstdError, msgspec.MsgspecError, ValueError, TypeError, KeyError, IndexError):
        raise NotThisBackup("the stream of tables is not whole") from None


def _exactly(plain: IO[bytes] | Any, size: int) -> bytes:
    if size > LARGEST_FRAME:
        raise NotThisBackup("the stream of tables is not whole")
    found = b""
    while len(found) < size:
        piece = plain.read(size - len(found))
        if not piece:
            raise NotThisBackup("the stream of tables ends too early")
        found += piece
    return found


def _packed(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.bytes
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def _instant(value: datetime) -> datetime:
    return value.astimezone(UTC)


_UNPACK: dict[str, Callable[[Any], Any]] = {
    "uuid": lambda raw: UUID(bytes=raw),
    "instant": _instant,
    "date": date.fromisoformat,
    "bytes": bytes,
    "plain": lambda value: value,
}


def _unpacked(kind: str, value: Any) -> Any:
    return None if value is None else _UNPACK[kind](value)


def seal(plain: IO[bytes], target: Path, recipients: Sequence[str]) -> Part:
    """Write `plain` to a new file that only the holders of the recipients' keys can open; return what it is."""
    keepers = [recipient_of(one) for one in recipients]
    with target.open("xb") as file:
        target.chmod(0o600)
        pyrage.encrypt_io(plain, file, keepers)
        file.flush()
    return measured(target)


def unseal(source: Path, target: IO[bytes], identities: Sequence[Any]) -> None:
    """Write the plain stream of a sealed file; raises NotThisBackup when these keys do not open it."""
    try:
        with source.open("rb") as file:
            pyrage.decrypt_io(file, target, list(identities))
    except (pyrage.DecryptError, OSError) as error:
        raise NotThisBackup(f"{source.name} does not open with this key, or is damaged ({error})") from None
    target.seek(0)


def recipient_of(text: str) -> Any:
    """Return an age recipient; raises ValueError when it is none."""
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise ValueError(f"“{text}” is not an age recipient (age1…)") from None


def identities_of(text: str) -> list[Any]:
    """Return the age identities of a file's text; raises ValueError when there is none."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in lines]
    except pyrage.IdentityError:
        found = []
    if not found:
        raise ValueError("no age key (AGE-SECRET-KEY-1…) in it")
    return found


def new_identity() -> tuple[str, str]:
    """Return a new age key and its recipient."""
    made = pyrage.x25519.Identity.generate()
    return str(made), str(made.to_public())


def measured(path: Path) -> Part:
    """Return size and hash of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
    return Part(path.stat().st_size, digest)
