"""Proofs out of the kept tree: an entry is in the log, and an older log is the beginning of this one."""

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.store import log as log_store
from server.audit.tree import Growth, Range, consistency_parts, gathered, inclusion_parts, subtrees


async def root_at(tx: AsyncSession, size: int) -> bytes:
    """Return the root that the log had at `size` leaves."""
    return await _gathered(tx, (0, size)) if size else Growth().root()


async def inclusion(tx: AsyncSession, index: int, size: int) -> list[bytes]:
    """Return the proof that leaf `index` is in the log of `size` leaves."""
    return [await _gathered(tx, part) for part in inclusion_parts(index, size)]


async def consistency(tx: AsyncSession, old: int, new: int) -> list[bytes]:
    """Return the proof that the log of `new` leaves begins with that of `old`; nothing to prove of an empty one."""
    return [await _gathered(tx, part) for part in consistency_parts(old, new)] if old else []


async def _gathered(tx: AsyncSession, part: Range) -> bytes:
    return gathered([await log_store.subtree(tx, one) for one in subtrees(part)])
