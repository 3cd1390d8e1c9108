"""The Merkle tree of RFC 6962: its hashes, its growth one leaf at a time, and its two proofs.

    leaf hash   SHA-256(0x00 || line)              node hash   SHA-256(0x01 || left || right)

                    root(6)                        peaks of 6 leaves: the complete subtrees of 4 and of 2.
              ┌────────┴──────┐                    The root folds the peaks from the right.
            (0..4)          (4..6)
          ┌───┴───┐        ┌──┴──┐                 A complete subtree is (level, place): it holds the leaves
        (0,2)   (2,4)      4     5                 [place << level, place + 1 << level).

Nothing here reads anything: who proves asks `*_parts` which complete subtrees it needs, and `gathered` folds them.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

KEPT_EVERY = 8
"""Levels between the inner hashes that are kept: one row for every 256 leaves, and again for every 256 of those."""
_CHUNK = 1 << KEPT_EVERY
_HASH = 32

Range = tuple[int, int]
"""Leaves from, and up to but without."""
Subtree = tuple[int, int]
"""Level and place of a complete subtree."""
Node = tuple[int, int, bytes]
"""Level, place and hash of a complete subtree."""


def leaf_hash(line: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Growth:
    """A tree that grows: all that it must know of `size` leaves are the hashes of at most log2(size) peaks."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, size: int, peaks: bytes) -> "Growth":
        """Return the growth whose peaks were kept as `peaks_bytes`; ValueError when they cannot be those of `size`."""
        if len(peaks) != _HASH * size.bit_count():
            raise ValueError("as many peaks as the size has bits")
        return cls(size, [peaks[start : start + _HASH] for start in range(0, len(peaks), _HASH)])

    @property
    def peaks_bytes(self) -> bytes:
        """The peaks in one piece, largest first."""
        return b"".join(self.peaks)

    def append(self, leaf: bytes) -> list[Node]:
        """Add one leaf hash; return the inner hashes that became final and are to be kept."""
        return self._merge(0, leaf)

    def extend(self, leaves: Sequence[bytes]) -> list[Node]:
        """Add many leaf hashes; the same as `append` one by one, and faster: whole chunks are folded level by level."""
        kept: list[Node] = []
        start, end = 0, len(leaves)
        while start < end:
            if self.size % _CHUNK == 0 and end - start >= _CHUNK:
                chunk = _folded(leaves[start : start + _CHUNK])
                kept += [(KEPT_EVERY, self.size // _CHUNK, chunk), *self._merge(KEPT_EVERY, chunk)]
                start += _CHUNK
            else:
                kept += self._merge(0, leaves[start])
                start += 1
        return kept

    def _merge(self, level: int, node: bytes) -> list[Node]:
        kept: list[Node] = []
        place = self.size >> level
        size = self.size + (1 << level)
        while place & 1:
            node = node_hash(self.peaks.pop(), node)
            level, place = level + 1, place >> 1
            if level % KEPT_EVERY == 0:
                kept.append((level, place, node))
        self.peaks.append(node)
        self.size = size
        return kept

    def root(self) -> bytes:
        """Return the root; of no leaves it is the hash of nothing."""
        return gathered(self.peaks) if self.peaks else hashlib.sha256(b"").digest()


def _folded(hashes: Sequence[bytes]) -> bytes:
    """Return the hash of a complete subtree over these hashes: as many as a power of two."""
    sha256, row = hashlib.sha256, list(hashes)
    while len(row) > 1:
        pairs = iter(row)
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return row[0]


def complete(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over the children of a complete subtree; ValueError unless their number is a power of two."""
    if not hashes or len(hashes) & (len(hashes) - 1):
        raise ValueError("a complete subtree has a power of two of children")
    return _folded(hashes)


def gathered(parts: Iterable[bytes]) -> bytes:
    """Fold the hashes of neighbouring complete subtrees, largest first, into the one above all of them."""
    first, *others = reversed(list(parts))
    for part in others:
        first = node_hash(part, first)
    return first


def subtrees(leaves: Range) -> list[Subtree]:
    """Return the complete subtrees that make up a range, largest first, as RFC 6962 splits it."""
    start, end = leaves
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_parts(index: int, size: int) -> list[Range]:
    """Return the ranges whose hashes prove that leaf `index` is in the tree of `size` leaves (RFC 6962, 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    parts: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start = middle
    return parts[::-1]


def consistency_parts(old: int, new: int) -> list[Range]:
    """Return the ranges whose hashes prove that the tree of `new` leaves begins with that of `old` (2.1.2)."""
    if not 0 < old <= new:
        raise ValueError("no such trees")
    parts: list[Range] = []
    start, end = 0, new
    whole = True  # the older tree is so far a complete left side, which who asks knows already
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start, whole = middle, False
    if not whole:
        parts.append((start, end))
    return parts[::-1]


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root that `proof` leads to from a leaf; ValueError when it cannot be one (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    place, last, root = index, size - 1, leaf
    for part in proof:
        if last == 0:
            raise ValueError("the proof is too long")
        if place & 1 or place == last:
            root = node_hash(part, root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = node_hash(root, part)
        place, last = place >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return root


def continues(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether `proof` shows that the tree of `new` leaves begins with that of `old` (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not proof and (old == 0 or old_root == new_root)
    parts = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not parts:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = parts[0]
    for part in parts[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(part, first), node_hash(part, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, part)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def proof(parts: Iterable[Range], hash_of: Callable[[Subtree], bytes]) -> list[bytes]:
    """Return the hashes of `parts`, each folded from the complete subtrees that `hash_of` knows."""
    return [gathered(hash_of(subtree) for subtree in subtrees(part)) for part in parts]
