"""What a verification can find, in plain words, and what to do about each."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The findings."""

    ALTERED = "altered"
    MISSING = "missing"
    TREE = "tree"
    HEAD = "head"
    FORGED = "forged"
    FORKED = "forked"
    INNER = "inner"
    ROLLED_BACK = "rolled-back"
    ALTERED_ROW = "altered-row"
    DELETED_ROW = "deleted-row"
    UNLOGGED = "unlogged"


_KEEP = "Stop the service, copy the database as it is, and call whoever runs the machine."
WORDS: dict[Kind, tuple[str, str]] = {
    Kind.ALTERED: ("An entry of the log was changed after it was written.", _KEEP),
    Kind.MISSING: ("Entries were deleted from the log.", _KEEP),
    Kind.TREE: (
        "The entries are not those that were signed: some were changed, exchanged, added or left out.",
        f"{_KEEP} The newest backup whose log verifies tells which.",
    ),
    Kind.HEAD: (
        "The head of the log does not fit its entries: the log was cut, or entries were slipped in.",
        _KEEP,
    ),
    Kind.FORGED: (
        "A checkpoint is not signed with the key of this log.",
        f"If the key file was exchanged, put the right one back and verify again. Otherwise: {_KEEP.lower()}",
    ),
    Kind.FORKED: (
        "A witness saw another log than this one, or a longer one.",
        "If a backup was put back on purpose, note it and settle the alarm on the coordinators' page. "
        f"Otherwise: {_KEEP.lower()}",
    ),
    Kind.INNER: (
        "An inner hash that serves for proofs is wrong; the entries themselves are judged apart.",
        "Cabins will refuse the log until it is right: put the table audit_node back from a backup.",
    ),
    Kind.ROLLED_BACK: (
        "A record stands at an older version than the last one that was written.",
        "Somebody put an old row back. Take the row from a newer backup, and find out who could write there.",
    ),
    Kind.ALTERED_ROW: (
        "The sealed words of a record are not those that were written.",
        "The record will not open, or a row was exchanged. Take it from a backup.",
    ),
    Kind.DELETED_ROW: ("A record that was written is not there any more.", "Take it from a backup."),
    Kind.UNLOGGED: (
        "A record was written past the log: by a script, or by somebody with access to the database.",
        "Find out who. What stands there was written by nobody whom the log knows.",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where, and what is seen there."""

    kind: Kind
    where: str
    what: str = ""

    def line(self) -> str:
        """Return the finding on one line."""
        return f"{self.where}: {self.what}" if self.what else self.where
