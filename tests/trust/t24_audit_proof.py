"""T24: a log of 200,000 entries is verified in seconds, and a cabin that comes back sees every fork by itself."""

from __future__ import annotations

import base64
import random
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page
from sqlalchemy import insert

from clinic_ui.assets import Assets
from server.audit.checkpoint import Signer
from server.audit.rules import Entry, leaf
from server.audit.tables import AuditCheckpoint, AuditEvent, AuditHead, AuditNode
from server.audit.tree import Growth, Subtree, complete, consistency_parts, leaf_hash, proof
from server.audit.verify import verify_log
from server.database.engine import Database
from server.kernel.ids import new_id
from tests import components
from tests.clock import FakeClock
from tests.databases import create_all_tables
from tests.running import config_in, running
from tests.trust.claims import times

ID = "T24"
CLAIM = "200,000 entries are verified in 5 seconds of one core, and a cabin sees every forked or shortened log"

ENTRIES, WITHIN = 200_000, 5.0  # entries, seconds of one core: what others do on the machine meanwhile does not count
FORKS = 100
BATCH = 20_000
SIGNER = Signer(bytes(range(32)))


@dataclass
class Tree:
    """A log in memory: its leaves, and every proof of it."""

    leaves: list[bytes]

    def part(self, wanted: Subtree) -> bytes:
        """The hash of a complete subtree."""
        level, place = wanted
        return complete(self.leaves[place << level : place + 1 << level])

    def note(self, size: int) -> str:
        """The signed checkpoint at a size."""
        growth = Growth()
        growth.extend(self.leaves[:size])
        return SIGNER.sign(size, growth.root(), FakeClock()())

    def answer(self, kept: int, size: int) -> dict[str, object]:
        """What a server with this log answers to a cabin that kept the checkpoint at `kept`."""
        found = proof(consistency_parts(kept, size), self.part) if 0 < kept <= size else []
        hashes = [base64.b64encode(one).decode() for one in found]
        return {"checkpoint": self.note(size), "proof": hashes, "forked": False, "settled": False}


async def _write(database: Database, entries: int) -> None:
    """Write a log as the services would have, in large steps."""
    clock, growth, places = FakeClock(), Growth(), 0
    people, patients = [new_id() for _ in range(30)], [new_id() for _ in range(2000)]
    await create_all_tables(database)
    while places < entries:
        rows, nodes = [], []
        for _ in range(min(BATCH, entries - places)):
            entry = Entry(
                id=new_id(), at=clock.advance(seconds=1), actor=random.choice(people), role="gp", action="note:saved",
                patient_id=random.choice(patients), record=f"note:{new_id()}", row_ver=1, ct_sha256=bytes(32),
                reason=None, salt=random.randbytes(16),
            )  # fmt: skip
            values = {name: getattr(entry, name) for name in entry.__struct_fields__}
            rows.append({**values, "leaf": leaf(entry), "idx": places})
            nodes += growth.append(rows[-1]["leaf"])
            places += 1
        note = SIGNER.sign(growth.size, growth.root(), clock())
        async with database.transaction() as tx:
            await tx.execute(insert(AuditEvent.__table__), rows)
            if nodes:
                names = ("level", "place", "hash")
                await tx.execute(insert(AuditNode.__table__), [dict(zip(names, node, strict=True)) for node in nodes])
            await tx.execute(insert(AuditCheckpoint).values(size=growth.size, note=note, at=clock()))
    head = {"size": growth.size, "peaks": growth.peaks_bytes, "note": note, "at": clock()}
    async with database.transaction() as tx:
        await tx.execute(insert(AuditHead).values(id=1, **head))


async def _rate(folder: Path, entries: int) -> float:
    """Entries verified in a second of one core; the best of three."""
    database = Database(f"sqlite:///{folder}/long.sqlite")
    try:
        await _write(database, entries)
        rates = []
        for _ in range(3):
            started = time.process_time()
            async with database.reading() as tx:
                verdict = await verify_log(tx, SIGNER.verifier)
            rates.append(entries / (time.process_time() - started))
            if not verdict.sound or verdict.entries != entries:
                raise AssertionError(f"an untouched log was refused: {verdict.findings}")
        return max(rates)
    finally:
        await database.close()


def _cases(number: int) -> tuple[Tree, int, dict[str, object], dict[str, object]]:
    """A log, the size that a cabin kept, an honest later answer, and one of a forked or shortened log."""
    chance = random.Random(number)
    kept, grown = chance.randint(1, 600), chance.randint(0, 400)
    honest = Tree([leaf_hash(f"{number}:{place}".encode()) for place in range(kept + grown)])
    other = [*honest.leaves]
    if number % 3 == 0:  # shortened
        return honest, kept, honest.answer(kept, kept + grown), Tree(other).answer(0, chance.randrange(kept))
    place = chance.randrange(kept)
    other[place] = leaf_hash(b"another act")
    forked = Tree(other)
    false = forked.answer(kept, kept + grown)
    if number % 3 == 1:  # a forked log with the honest log's proof
        false["proof"] = honest.answer(kept, kept + grown)["proof"]
    return honest, kept, honest.answer(kept, kept + grown), false


async def _sees(page: Page, number: int) -> bool:
    """Whether the cabin's own script accepts the honest answer and refuses the false one."""
    honest, kept, true, false = _cases(number)
    judged = await page.evaluate(
        "async ([kept, ...shown]) => Promise.all(shown.map((one) => window.fits(kept, one)))",
        [honest.note(kept), true, false],
    )
    return bool(judged == [True, False])


async def _forks(folder: Path, forks: int, defence: bool) -> int:
    """How many forks the script in a real browser sees. Without the defence it believes whoever answers."""
    script = Assets.of_package().url("js/cabin/witness.js")
    load = f"import('{script}').then((witness) => {{ window.fits = witness.fits; }})"
    trusting = "Promise.resolve().then(() => { window.fits = async () => true; })"
    async with running(config_in(folder)) as served, components.chromium() as browser:
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{served.origin}/")
        await page.evaluate(load if defence else trusting)
        return sum([await _sees(page, number) for number in range(forks)])


async def attempt(defence: bool) -> tuple[int, int]:
    """Verify a long log for its rate; then show a hundred forks to a cabin."""
    forks = times(FORKS, 12)
    with components.service_folder() as folder:
        held = await _forks(folder, forks, defence)
        if not defence:
            return forks, held
        rate = await _rate(folder, times(ENTRIES, 20_000))
    return forks + 1, held + (rate >= ENTRIES / WITHIN)
