"""A backup made beside writers brings all of it back, on either database; altered ones are refused, in words."""

from __future__ import annotations

import asyncio
import io
import random
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import func, insert, select

from server.audit.checkpoint import Verifier
from server.audit.sequencer import Sequencer, signer_of
from server.audit.store import log as log_store
from server.audit.verify import verify_log
from server.database.engine import Database
from server.kernel.access import Identity, Role
from server.kernel.errors import CannotOpen, ConfigError
from server.kernel.ids import AccountId, EncounterId, PatientId, new_id
from server.people.tables import PatientKeyword
from server.records.backup import rules, service, store, stream
from server.records.backup.rules import KEYS, MANIFEST, RECORDS, NotHere, NotThisBackup
from server.records.documents.ground import body_place, content_place
from server.records.documents.rules import DocumentStatus
from server.records.documents.tables import ChunkRow, DocumentRow
from server.records.rules.note import NoteBody
from server.records.seal.chunks import CHUNK, SEALED_CHUNK
from server.records.seal.keyring import add_key, init_key, load_keyring
from server.records.seal.shred import Shredder
from server.records.seal.tables import PatientKey
from server.records.seal.vault import PatientVault
from server.records.service import Notes
from tests.clock import FakeClock
from tests.databases import import_all_tables
from tests.server.records.village import Diary, Village, add_patient, add_visit

SECRET, RECIPIENT = stream.new_identity()
IDENTITIES = stream.identities_of(SECRET)
import_all_tables()


@dataclass
class Site:
    """A site with its keys, and where backups go."""

    database: Database
    vault: PatientVault
    village: Village
    notes: Notes
    diary: Diary
    clock: FakeClock
    folder: Path
    sequencer: Sequencer

    async def enrol(self) -> PatientId:
        """Somebody is registered."""
        async with self.database.transaction() as tx:
            return await add_patient(tx, self.vault, self.village, self.clock)

    async def visited(self) -> EncounterId:
        """Somebody new is in the cabin."""
        patient = await self.enrol()
        async with self.database.transaction() as tx:
            return await add_visit(tx, self.vault, self.village, patient, self.clock())

    async def keep_document(self, patient: PatientId) -> None:
        """A scan of two chunks."""
        document = new_id()
        async with self.database.transaction() as tx:
            sealer = await self.vault.document_sealer(tx, content_place(document, patient))
            chunks = sealer.add(bytes(CHUNK + 5)) + sealer.end()
            body = await self.vault.seal(tx, body_place(document, patient), b"{}")
            told = {"status": DocumentStatus.CURRENT, "size": CHUNK + 5, "added_at": self.clock(), "added_by": new_id()}
            sealed = {"sealed_body": body, "sealed_head": sealer.head, "row_ver": 1, "key_ver": 1}
            await tx.execute(insert(DocumentRow).values(id=document, patient_id=patient, **told, **sealed))
            for number, start in enumerate(range(0, len(chunks), SEALED_CHUNK)):
                piece = {"number": number, "sealed_chunk": chunks[start : start + SEALED_CHUNK]}
                await tx.execute(insert(ChunkRow).values(document_id=document, patient_id=patient, **piece))

    async def backup(self, **more: Any) -> Path:
        """Make a backup."""
        self.clock.advance(seconds=1)
        made = await service.make(
            self.database, self.vault, self.folder, [RECIPIENT], self.clock, **{"every": 1, **more}
        )
        return made[0]


@pytest_asyncio.fixture(loop_scope="session")
async def site(
    database: Database,
    vault: PatientVault,
    village: Village,
    notes: Notes,
    diary: Diary,
    patient: PatientId,
    visit: EncounterId,
    clock: FakeClock,
    tmp_path: Path,
) -> AsyncIterator[Site]:
    """A site where somebody was seen."""
    sequencer = Sequencer(database, signer_of(vault), clock)
    await sequencer.settle()
    made = Site(database, vault, village, notes, diary, clock, tmp_path / "backups", sequencer)
    await notes.save(village.doctor(), visit, NoteBody(examination="Angine"), 0)
    await made.visited()
    await made.keep_document(patient)
    await sequencer.settle()
    yield made


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Database:
    """SQLite unless a test asks for another: each trial of a backup takes a second."""
    chosen: Database = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_database")
    return chosen


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path}/restored.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest_asyncio.fixture(loop_scope="session")
async def target(empty: str) -> AsyncIterator[Database]:
    """That database, opened."""
    opened = Database(empty)
    try:
        yield opened
    finally:
        await opened.close()


async def everything(database: Database) -> dict[str, list[Any]]:
    """Every row of every table, as the models read it."""
    async with database.reading() as tx:
        tables = [*store.record_tables(), *store.key_tables()]
        return {one.name: [row async for rows in store.rows_of(tx, one) for row in rows] for one in tables}


async def log_of(database: Database, verifier: Verifier) -> Any:
    async with database.reading() as tx:
        await log_store.one_moment(tx)
        return await verify_log(tx, verifier)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("database", "empty"), [("sqlite", "postgres"), ("postgres", "sqlite"), ("postgres", "postgres")], indirect=True
)
async def test_what_is_restored_is_what_was_backed_up_row_by_row_on_either_database(
    site: Site, key_file: Path, target: Database
) -> None:
    folder = await site.backup()
    before = await everything(site.database)
    told: list[tuple[int, int]] = []
    done = await service.restore(
        folder,
        IDENTITIES,
        load_keyring(key_file),
        target,
        site.clock,
        every=1,
        progress=lambda *one: told.append(one),
    )
    assert await everything(target) == before
    assert (done.tried.opened > 3, done.keys_held_back) == (True, 0)
    assert told[-1][0] == sum(len(rows) for name, rows in before.items() if name not in rules.KEY_TABLES)
    verdict = await log_of(target, signer_of(site.vault).verifier)
    assert (verdict.sound, verdict.root.hex()) == (True, done.tried.manifest.audit_root)


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
async def test_a_backup_beside_writers_shows_one_moment(site: Site, visit: EncounterId, key_file: Path) -> None:
    stop, saved = asyncio.Event(), asyncio.Semaphore(0)

    async def write(mine: EncounterId) -> None:
        row_ver = 0
        while not stop.is_set():
            body = NoteBody(examination=f"Angine {row_ver}")
            row_ver = await site.notes.save(site.village.doctor(), mine, body, row_ver)
            await site.enrol()
            saved.release()

    writers = [asyncio.create_task(write(site.diary.another(visit))) for _ in range(3)]
    try:
        for _ in range(6):
            await asyncio.wait_for(saved.acquire(), 30)
        folder = await site.backup()
    finally:
        stop.set()
        await asyncio.gather(*writers)
    tried = await service.verify(folder, IDENTITIES, load_keyring(key_file), site.clock, every=1)
    assert (tried.manifest.rows["note"], tried.manifest.rows["patient"] >= 8) == (4, True)
    assert (
        tried.opened == sum(tried.manifest.rows[name] for name in ("patient", "note", "note_version", "encounter")) + 2
    )


async def test_who_was_shredded_after_a_backup_stays_shredded_when_it_is_restored(
    site: Site, patient: PatientId, key_file: Path, target: Database
) -> None:
    old = await site.backup()
    shredder = Shredder(site.database, site.clock)
    mayor, officer = (Identity(AccountId(new_id()), Role.COORDINATOR, name, name) for name in ("a", "b"))
    await shredder.confirm(officer, await shredder.ask(mayor, patient, "fin de conservation"))
    await site.sequencer.settle()
    newer = await site.backup()
    keyring = load_keyring(key_file)
    alone = await service.verify(old, IDENTITIES, keyring, site.clock, every=1)
    assert alone.unreadable == 0, "the old keys alone would bring it back: so they are thrown away after 35 days"
    done = await service.restore(old, IDENTITIES, keyring, target, site.clock, keys_from=newer, every=1)
    assert done.tried.unreadable > 0
    async with target.reading() as tx:
        mine = PatientKey.patient_id == patient
        assert list(await tx.scalars(select(PatientKey.wrapped).where(mine))) == [None]
        index = select(func.count()).select_from(PatientKeyword).where(PatientKeyword.patient_id == patient)
        assert await tx.scalar(index) == 0, "the ledger was played again"
        opened, refused = 0, 0
        async for place, sealed in store.sealed_places(tx, 1):
            try:
                await PatientVault(keyring, site.clock).open(tx, place, sealed)
                opened += 1
            except CannotOpen:
                assert place.patient_id == patient
                refused += 1
        assert (opened > 0, refused > 0) == (True, True)
    with pytest.raises(NotHere, match="older than the records"):
        await service.verify(newer, IDENTITIES, keyring, site.clock, keys_from=old)


async def test_an_old_file_of_keys_never_gives_a_key_back_even_by_itself(
    site: Site, patient: PatientId, key_file: Path, target: Database
) -> None:
    """The ledger stands in the same file: a key that came back into the table is held back all the same."""
    async with site.database.reading() as tx:
        kept = (await tx.execute(select(PatientKey.wrapped).where(PatientKey.patient_id == patient))).scalar_one()
    shredder = Shredder(site.database, site.clock)
    mayor, officer = (Identity(AccountId(new_id()), Role.COORDINATOR, name, name) for name in ("a", "b"))
    await shredder.confirm(officer, await shredder.ask(mayor, patient, "fin de conservation"))
    await site.sequencer.settle()
    async with site.database.transaction() as tx:
        row = (await tx.scalars(select(PatientKey).where(PatientKey.patient_id == patient))).one()
        row.wrapped = kept
    folder = await site.backup()
    done = await service.restore(folder, IDENTITIES, load_keyring(key_file), target, site.clock)
    assert done.keys_held_back == 1


@pytest.fixture
def keyring(key_file: Path) -> Any:
    return load_keyring(key_file)


async def test_each_altered_backup_is_refused_in_words_and_the_target_stays_empty(
    site: Site, keyring: Any, tmp_path: Path
) -> None:
    folder, chance = await site.backup(), random.Random(7)

    def flip(path: Path) -> None:
        raw = bytearray(path.read_bytes())
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        path.write_bytes(raw)

    def cut(path: Path) -> None:
        path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])

    def exchange(path: Path) -> None:
        beside = path.with_name(KEYS if path.name == RECORDS else RECORDS)
        path.write_bytes(beside.read_bytes())

    def lose(path: Path) -> None:
        path.unlink()

    for name in (MANIFEST, RECORDS, KEYS):
        for harm in (flip, flip, cut, exchange, lose):
            copy = tmp_path / "harmed"
            shutil.copytree(folder, copy)
            harm(copy / name)
            with pytest.raises(NotThisBackup) as refused:
                service.examine(copy, keyring)
            assert len(str(refused.value).split()) > 3
            shutil.rmtree(copy)


async def test_a_manifest_that_promises_another_log_or_more_rows_is_refused(site: Site, keyring: Any) -> None:
    folder = await site.backup()
    stamp, manifest = service.stamp_of(keyring), service.examine(folder, keyring)
    for change, words in (
        ({"audit_root": "00" * 32}, "audit log"),
        ({"audit_size": manifest.audit_size + 1}, "audit log"),
        ({"rows": manifest.rows | {"note": 7}}, "note: 1 rows, 7 promised"),
        ({"rows": manifest.rows | {"patient_key": 7}}, "patient_key: 2 rows, 7 promised"),
    ):
        (folder / MANIFEST).write_bytes(rules.written(msgspec.structs.replace(manifest, **change), stamp))
        with pytest.raises(NotThisBackup, match=words):
            await service.verify(folder, IDENTITIES, keyring, site.clock)
    (folder / MANIFEST).write_bytes(rules.written(msgspec.structs.replace(manifest, revision="9999"), stamp))
    with pytest.raises(NotHere, match="newer version"):
        service.examine(folder, keyring)


async def test_another_age_key_and_another_key_file_open_nothing(site: Site, keyring: Any, tmp_path: Path) -> None:
    folder = await site.backup()
    other = stream.identities_of(stream.new_identity()[0])
    with pytest.raises(NotThisBackup, match="does not open with this key"):
        await service.verify(folder, other, keyring, site.clock)
    strangers = load_keyring(init_key(tmp_path / "others.json").path)
    with pytest.raises(NotThisBackup, match="another key file"):
        await service.verify(folder, IDENTITIES, strangers, site.clock)


async def test_a_restore_never_writes_into_a_database_that_holds_something(
    site: Site, keyring: Any, database: Database
) -> None:
    folder, before = await site.backup(), await everything(database)
    with pytest.raises(NotHere, match="not empty"):
        await service.restore(folder, IDENTITIES, keyring, database, site.clock)
    assert await everything(database) == before


async def test_a_backup_that_fails_its_trial_is_not_kept(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_words: object) -> str:
        raise NotThisBackup("something is wrong")

    monkeypatch.setattr("server.records.backup.trial._compare_log", wrong)
    with pytest.raises(NotThisBackup):
        await site.backup()
    assert list(site.folder.iterdir()) == []
    with pytest.raises(NotHere, match="recipient"):
        await service.make(site.database, site.vault, site.folder, [], site.clock)
    with pytest.raises(ValueError, match="age1"):
        await service.make(site.database, site.vault, site.folder, ["age1nobody"], site.clock)


async def test_a_master_key_that_is_gone_stops_a_restore(site: Site, key_file: Path, tmp_path: Path) -> None:
    folder, other = await site.backup(), tmp_path / "without-k1.json"
    _write_without_the_first(key_file, other)
    with pytest.raises(ConfigError, match="master key k1"):
        await service.verify(folder, IDENTITIES, load_keyring(other), site.clock)


def _write_without_the_first(key_file: Path, other: Path) -> None:
    add_key(key_file)
    held = msgspec.json.decode(key_file.read_bytes())
    other.write_bytes(msgspec.json.encode(held | {"master": held["master"][1:]}))
    other.chmod(0o600)


def _packed(write: Callable[[stream.Writer], None]) -> io.BytesIO:
    file = io.BytesIO()
    write(writer := stream.Writer(file))
    writer.end()
    file.seek(0)
    return file


def test_the_stream_gives_back_each_kind_of_value_and_misses_what_is_cut() -> None:
    head = stream.TableHead("a", ("b", "c", "d", "e"), ("uuid", "instant", "date", "bytes"))
    row = (new_id(), FakeClock()(), date(1941, 5, 3), b"\x00\xff")

    def write(writer: stream.Writer) -> None:
        writer.table(head)
        writer.add([row, (None, None, None, None)])

    file = _packed(write)
    assert list(stream.frames(file)) == [head, [list(row), [None] * 4]]
    raw, refused = file.getvalue(), 0
    for end in range(len(raw)):
        try:
            assert list(stream.frames(io.BytesIO(raw[:end]))) == [head, [list(row), [None] * 4]]
        except NotThisBackup:
            refused += 1
    assert refused > len(raw) - 8, "only zstd's own last bytes may lack: the signed hash of the file sees those"
