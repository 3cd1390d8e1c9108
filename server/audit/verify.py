"""Verifies the whole log from its lines: leaves, places, tree, signed checkpoints, and what witnesses saw.

    line ─▶ leaf hash = the one kept? ─▶ places without a gap? ─▶ tree ─▶ root at each signed size = the signed root?

Nothing that the database keeps is believed but the signatures; the key that made them is not in the database.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.checkpoint import Checkpoint, NotACheckpoint, Verifier
from server.audit.findings import Finding, Kind
from server.audit.pages import PAGE, Pool, leaf_of, pages
from server.audit.proofs import root_at
from server.audit.store import log as log_store
from server.audit.tree import KEPT_EVERY, Growth, subtrees

FINDINGS_MOST = 100
"""More are counted and not told one by one."""
Progress = Callable[[int, int], None]
"""Told how many entries are done, and of how many."""


@dataclass(slots=True)
class Verdict:
    """What was verified, and what was found. `unsigned`: entries after the newest signature."""

    entries: int = 0
    size: int = 0
    root: bytes = b""
    checkpoints: int = 0
    waiting: int = 0
    unsigned: int = 0
    records: int = 0
    found: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.found

    def find(self, kind: Kind, where: str, what: str = "") -> None:
        """Add a finding."""
        self.found += 1
        if len(self.findings) < FINDINGS_MOST:
            self.findings.append(Finding(kind, where, what))


async def verify_log(
    tx: AsyncSession,
    verifier: Verifier,
    *,
    since: Checkpoint | None = None,
    seen: Sequence[Checkpoint] = (),
    progress: Progress = lambda done, of: None,
    pool: Pool | None = None,
) -> Verdict:
    """Verify the log; with `since`, only what came after a checkpoint that is trusted.

    `seen`: checkpoints that witnesses kept. `pool`: processes that read along. The transaction should show one
    moment (`one_moment`).
    """
    verdict = Verdict()
    head, last = await log_store.head(tx), await log_store.last_place(tx)
    walk = _Walk(tx, verdict, last)
    await _milestones(tx, walk, verifier, head, [*seen, *([since] if since else [])])
    if since is not None:
        await walk.start_at(since)
    await walk.to_the_end(progress, pool)
    for line in await log_store.unplaced_lines(tx):
        verdict.waiting += 1
        if leaf_of(line) != line[1]:
            verdict.find(Kind.ALTERED, f"the entry {line[6]}, which has no place yet")
    return verdict


async def _milestones(
    tx: AsyncSession, walk: "_Walk", verifier: Verifier, head: log_store.Head | None, seen: Sequence[Checkpoint]
) -> None:
    """Collect which root must be at which size, and compare what can be compared at once."""
    verdict, signed = walk.verdict, [0]
    for size, note in await log_store.kept_notes(tx):
        checkpoint = _opened(verdict, verifier, note, f"the checkpoint kept at {size}")
        if checkpoint is not None:
            signed.append(checkpoint.size)
            walk.expect(checkpoint, Kind.TREE)
            if checkpoint.size != size:
                verdict.find(Kind.FORGED, f"the checkpoint kept at {size}", f"it speaks of {checkpoint.size} entries")
    for one in seen:
        walk.expect(one, Kind.FORKED)
    if head is not None:
        _the_head(walk, verifier, head, signed)
    elif walk.last or len(signed) > 1:
        verdict.find(Kind.HEAD, "the head of the tree is gone")
    verdict.unsigned = max(0, walk.last - max(signed))


def _the_head(walk: "_Walk", verifier: Verifier, head: log_store.Head, signed: list[int]) -> None:
    verdict = walk.verdict
    if head.note is not None:
        newest = _opened(verdict, verifier, head.note, "the head of the tree")
        if newest is not None:
            signed.append(newest.size)
            walk.expect(newest, Kind.TREE)
    elif verdict.checkpoints:
        verdict.find(Kind.FORGED, "the head of the tree", "its signature was taken away")
    if head.size != walk.last:
        verdict.find(Kind.HEAD, f"the head counts {head.size} entries, the log has {walk.last}")
    elif not _fits(head):
        verdict.find(Kind.HEAD, f"the head at {head.size}", "its hashes cannot be those of so many entries")
    else:
        walk.expect_root(head.size, Growth.of(head.size, head.peaks).root(), Kind.HEAD)


def _fits(head: log_store.Head) -> bool:
    try:
        Growth.of(head.size, head.peaks)
    except ValueError:
        return False
    return True


def _opened(verdict: Verdict, verifier: Verifier, note: str, where: str) -> Checkpoint | None:
    verdict.checkpoints += 1
    try:
        return verifier.open(note)
    except NotACheckpoint as wrong:
        verdict.find(Kind.FORGED, where, str(wrong))
        return None


@dataclass(slots=True)
class _Walk:
    """Goes through the log page by page, and stops at every size whose root is known."""

    tx: AsyncSession
    verdict: Verdict
    last: int
    growth: Growth = field(default_factory=Growth)
    expected: dict[int, list[tuple[bytes, Kind]]] = field(default_factory=dict)
    good_until: int = 0
    broken: bool = False
    """The tree differs already: later roots do too, and say nothing new."""

    def expect(self, checkpoint: Checkpoint, kind: Kind) -> None:
        """Remember which root a checkpoint promises."""
        self.expect_root(checkpoint.size, checkpoint.root, kind)

    def expect_root(self, size: int, root: bytes, kind: Kind) -> None:
        """Remember which root there must be; a log that is shorter than that was cut."""
        if size > self.last:
            self.verdict.find(kind, f"there was a log of {size} entries", f"this one has {self.last}")
        else:
            self.expected.setdefault(size, []).append((root, kind))

    async def start_at(self, since: Checkpoint) -> None:
        """Begin at a trusted checkpoint: the kept hashes are believed when they lead to its root."""
        if since.size > self.last:
            return
        try:
            known = await root_at(self.tx, since.size) == since.root
        except ValueError:
            known = False
        if not known:
            return  # the walk begins at the first entry, and finds where the logs part
        peaks = [await log_store.subtree(self.tx, one) for one in subtrees((0, since.size))]
        self.growth = Growth(since.size, peaks)
        self.good_until = since.size
        self.expected = {size: roots for size, roots in self.expected.items() if size >= since.size}

    async def to_the_end(self, progress: Progress, pool: Pool | None) -> None:
        """Verify every page, every milestone and every inner hash."""
        start, place = self.growth.size, self.growth.size
        self._compare()
        async for page in pages(self.tx, start, self.last, pool):
            for gap in page.gaps:
                self._gap(*gap)
            for one, what in page.altered:
                self.verdict.find(Kind.ALTERED, f"entry {one}", what)
            self.verdict.entries += len(page.leaves)
            await self._climb(page.leaves)
            place = min(place + PAGE, self.last)
            progress(place - start, self.last - start)
        self.verdict.size, self.verdict.root = self.growth.size, self.growth.root()

    def _gap(self, start: int, end: int) -> None:
        self.broken = True
        many = f"entries {start} to {end - 1} are" if end - start > 1 else f"entry {start} is"
        self.verdict.find(Kind.MISSING, f"{many} gone")

    async def _climb(self, leaves: list[bytes]) -> None:
        """Let the tree grow up to each milestone on the way."""
        end, done = self.growth.size + len(leaves), 0
        for stop in [*sorted(size for size in self.expected if self.growth.size < size < end), end]:
            step = stop - self.growth.size
            kept = self.growth.extend(leaves[done : done + step])
            done += step
            self._compare()
            await self._compare_nodes([node for node in kept if node[0] == KEPT_EVERY])

    def _compare(self) -> None:
        roots = self.expected.get(self.growth.size, [])
        if self.broken or not roots:
            return
        here = self.growth.root()
        wrong = {kind for root, kind in roots if root != here}
        for kind in sorted(wrong - {Kind.HEAD} or wrong):  # a signature that is broken says more than the head does
            self.verdict.find(kind, f"entries {self.good_until} to {self.growth.size - 1}", "their tree is another")
        self.broken = bool(wrong)
        if not wrong:
            self.good_until = self.growth.size

    async def _compare_nodes(self, made: list[tuple[int, int, bytes]]) -> None:
        if self.broken or not made:
            return
        there = await log_store.nodes(self.tx, KEPT_EVERY, made[0][1], made[-1][1] + 1)
        for _level, place, node in made:
            if there.get(place) != node:
                first = place << KEPT_EVERY
                self.verdict.find(Kind.INNER, f"the kept hash over entries {first} to {first + 255}")
