"""T23: a backup made under write load brings everything back; altered ones are refused; the shredded stay shredded."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import select

from server.audit.records import verify_records
from server.audit.sequencer import Sequencer, signer_of
from server.audit.verify import verify_log
from server.database.engine import Database
from server.kernel.access import Identity, Role
from server.kernel.clock import utc_now
from server.kernel.errors import CannotOpen
from server.kernel.ids import AccountId, EncounterId, PatientId, new_id
from server.people.tables import PatientRow
from server.records.backup import service, store, stream
from server.records.backup.rules import KEYS, MANIFEST, RECORDS, NotThisBackup
from server.records.backup.trial import Tried
from server.records.rules.note import VisitFacts
from server.records.seal import vault as vault_module
from server.records.seal.keyring import init_key, load_keyring
from server.records.seal.shred import Shredder
from server.records.seal.stamp import Stamp
from server.records.seal.vault import PatientVault
from tests.databases import create_all_tables
from tests.server.records.village import add_patient
from tests.trust.claims import times
from tests.trust.saving import Practice, after, practice

ID = "T23"
CLAIM = "A backup made beside 4 writers is restored whole, 200 altered ones are refused, the shredded stay shredded"

WRITERS, PATIENTS, SHREDDED = 4, 40, 3
ALTERED, FEW = 200, 40
SECRET, RECIPIENT = stream.new_identity()
IDENTITIES = stream.identities_of(SECRET)


@contextmanager
def careless(defence: bool) -> Iterator[None]:
    """Without the defence nobody compares hashes and signatures. What must not open complains in no log."""
    with patch.object(vault_module.log, "disabled", True):
        if defence:
            yield
            return
        with (
            patch.object(service, "refuse_unless_equal", lambda *_words: None),
            patch.object(Stamp, "fits", lambda *_words: True),
        ):
            yield


async def _backup(made: Practice, where: Path) -> tuple[Path, Tried]:
    return await service.make(made.database, made.vault, where, [RECIPIENT], utc_now, every=1)


async def _beside_writers(made: Practice, where: Path) -> tuple[Path, Tried]:
    """Make a backup while doctors save."""
    saves = asyncio.Semaphore(0)
    made.on_save = saves.release
    writing = [asyncio.create_task(made.save_until_closed(visit)) for visit in made.visits]
    await after(saves, 20)
    await Sequencer(
        made.database, signer_of(made.vault), utc_now
    ).settle()  # on PostgreSQL the log is joined afterwards
    backup = await _backup(made, where)
    await after(saves, 4)  # they never stopped
    made.closed = True
    await asyncio.gather(*writing)
    return backup


async def _populate(made: Practice) -> None:
    async with made.database.transaction() as tx:
        patients = [await add_patient(tx, made.vault, made.village, utc_now) for _ in range(PATIENTS)]
    for patient in patients:
        visit = EncounterId(new_id())
        made.diary.visits[visit] = VisitFacts(visit, patient, made.village.gp, 1, True, utc_now(), None, ())
        await made.save(visit)


async def _whole(made: Practice, target: Database, tried: Tried) -> int:
    """Root, counts, and every sealed field: 1 when all are as they were."""
    vault = PatientVault(made.vault.keyring, utc_now)
    async with target.reading() as tx:
        verdict = await verify_log(tx, signer_of(vault).verifier)
        counts = await store.counted(tx, [*store.record_tables(), *store.key_tables()])
        fields = [(place, await vault.open(tx, place, sealed)) async for place, sealed in store.sealed_places(tx, 1)]
        await verify_records(tx, verdict)
    notes = {place.record_id for place, _plain in fields if place.table == "note"}
    unlogged = {one.where.partition(":")[0] for one in verdict.findings}  # the village of tests registers in silence
    told = (verdict.size, verdict.root.hex(), len(notes), len(fields))
    wanted = (tried.manifest.audit_size, tried.manifest.audit_root, tried.manifest.rows["note"], tried.opened)
    return int(told == wanted and counts == tried.manifest.rows and unlogged <= {"patient"} and len(notes) > PATIENTS)


async def _shredded_stay_shredded(made: Practice, old: Path, where: Path, target: Database) -> int:
    """Shred a few, and restore the old backup with the newest keys: how many of them do not open any more."""
    async with made.database.reading() as tx:
        few = list(await tx.scalars(select(PatientRow.id).order_by(PatientRow.id.desc()).limit(SHREDDED)))
    shredder = Shredder(made.database, utc_now)
    one, two = (Identity(AccountId(new_id()), Role.COORDINATOR, name, name) for name in ("a", "b"))
    for patient in few:
        await shredder.confirm(two, await shredder.ask(one, PatientId(patient), "fin de conservation"))
    newest, _tried = await _backup(made, where)
    await service.restore(old, IDENTITIES, load_keyring(where.parent / "keys.json"), target, utc_now, keys_from=newest)
    vault, open_again, others_shut = PatientVault(made.vault.keyring, utc_now), set(), 0
    async with target.reading() as tx:
        async for place, sealed in store.sealed_places(tx, 1):
            try:
                await vault.open(tx, place, sealed)
                open_again.add(place.patient_id)
            except CannotOpen:
                others_shut += place.patient_id not in few
    return sum(patient not in open_again for patient in few) if not others_shut else 0


def _harms(other: Path, chance: random.Random) -> Iterator[Callable[[Path], None]]:
    """Ways to alter a backup, without end."""

    def flip(path: Path) -> None:
        raw = bytearray(path.read_bytes())
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        path.write_bytes(raw)

    def cut(path: Path) -> None:
        path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])

    def grow(path: Path) -> None:
        path.write_bytes(path.read_bytes() + chance.randbytes(chance.randint(1, 64)))

    def exchange(path: Path) -> None:
        path.write_bytes((other / path.name).read_bytes())

    while True:
        yield from (flip, cut, flip, grow, flip)
        yield exchange


def _refused(folder: Path, other: Path, key_file: Path, count: int) -> int:
    """How many altered copies are refused."""
    chance, held, keyring = random.Random(23), 0, load_keyring(key_file)
    harms = _harms(other, chance)
    for number in range(count):
        copy = folder.with_name("altered")
        shutil.copytree(folder, copy)
        next(harms)(copy / (MANIFEST, RECORDS, KEYS)[number % 3])
        try:
            service.examine(copy, keyring)
        except NotThisBackup:
            held += 1
        shutil.rmtree(copy)
    return held


async def life(folder: Path, site: str, first: str, second: str, count: int) -> int:
    """The whole life of a backup of one site, restored into two other databases; how many of its promises it kept."""
    where, key_file = folder / "backups", init_key(folder / "keys.json").path
    whole, again = Database(first), Database(second)
    made_at = Database(site)
    await create_all_tables(made_at)
    await made_at.close()
    try:
        async with practice(site, key_file, WRITERS) as made:
            await _populate(made)
            old, tried = await _beside_writers(made, where)
            await service.restore(old, IDENTITIES, load_keyring(key_file), whole, utc_now)
            held = await _whole(made, whole, tried)
            held += await _shredded_stay_shredded(made, old, where, again)
            newest = next(one for one in where.iterdir() if one != old)
        return held + _refused(old, newest, key_file, count)
    finally:
        await whole.close()
        await again.close()


async def attempt(defence: bool) -> tuple[int, int]:
    """On SQLite."""
    count = times(ALTERED, FEW) if defence else FEW
    with tempfile.TemporaryDirectory(prefix="telecabin-t23-") as name, careless(defence):
        folder = Path(name)
        urls = (f"sqlite:///{folder}/{one}.db" for one in ("site", "first", "second"))
        held = await life(folder, *urls, count)
    return 1 + SHREDDED + count, held
