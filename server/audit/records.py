"""Compares every sealed row of the house with what the log says was written there last.

log: the newest version and the hash of its ciphertext     row: the version and the ciphertext that stand there
    older row ─▶ rolled back    other bytes ─▶ altered    no row ─▶ deleted    newer row, or none in the log ─▶ unlogged
"""

import hashlib

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.findings import Kind
from server.audit.store import sealed
from server.audit.store.sealed import SealedRow, Written
from server.audit.verify import Verdict


async def verify_records(tx: AsyncSession, verdict: Verdict) -> None:
    """Add to `verdict` every sealed row that is not what the log says. The same moment as the log's verification."""
    written = await sealed.newest_writes(tx)
    known: set[str] = set()
    for table in sealed.sealed_tables():
        known.add(table.name)
        async for page in sealed.sealed_rows(tx, table):
            for row in page:
                verdict.records += 1
                _compare(verdict, row, written.pop(row.record, None))
    for record, gone in written.items():
        if record.partition(":")[0] in known:
            verdict.find(Kind.DELETED_ROW, record, f"version {gone.row_ver} was written")


def _compare(verdict: Verdict, row: SealedRow, written: Written | None) -> None:
    if written is None:
        verdict.find(Kind.UNLOGGED, row.record, f"version {row.row_ver} stands there, the log knows none")
    elif row.row_ver > written.row_ver:
        verdict.find(Kind.UNLOGGED, row.record, f"version {row.row_ver} stands there, the log knows {written.row_ver}")
    elif row.row_ver < written.row_ver:
        verdict.find(Kind.ROLLED_BACK, row.record, f"version {row.row_ver} stands there, {written.row_ver} was written")
    elif all(hashlib.sha256(one).digest() != written.ct_sha256 for one in row.sealed):
        verdict.find(Kind.ALTERED_ROW, row.record, f"version {row.row_ver}")
