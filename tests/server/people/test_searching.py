"""The directories in memory, kept true to the rows."""

from collections.abc import Sequence
from datetime import date

import pytest
import pytest_asyncio
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.kernel.ids import PatientId, SiteId, new_id
from server.people import searching
from server.people.directory import Directory
from server.people.rules import IdentityStatus, Patient, Sex, SiteKind, Traits
from server.people.searching import Directories
from server.people.tables import PatientRow, SiteRow
from server.people.wanted import understood
from tests.clock import FakeClock

HERE, THERE = SiteId(new_id()), SiteId(new_id())
_WORDS = dict.fromkeys(("name", "commune", "postcode", "address", "phone", "samu_phone", "aed"), "-")


class Names:
    """Opens rows whose « ciphertext » is the family name, and counts them."""

    def __init__(self) -> None:
        self.opened = 0

    async def __call__(self, _tx: AsyncSession, rows: Sequence[PatientRow]) -> list[Patient]:
        self.opened += len(rows)
        return [self._patient(row) for row in rows]

    def _patient(self, row: PatientRow) -> Patient:
        traits = Traits(row.sealed_traits.decode(), ("Yvon",), date(1950, 1, 1), Sex.MALE)
        return Patient(row.id, row.site_id, traits, row.status, row.fictitious, row.row_ver)


async def _settle(database: Database, clock: FakeClock, site_id: SiteId, *names: str) -> list[PatientId]:
    made = [
        PatientRow(
            id=PatientId(new_id()),
            site_id=site_id,
            sealed_traits=name.encode(),
            status=IdentityStatus.PROV,
            fictitious=True,
            created_at=clock(),
            row_ver=1,
        )
        for name in names
    ]
    async with database.transaction() as tx:
        tx.add_all(made)
    return [row.id for row in made]


@pytest_asyncio.fixture(loop_scope="session")
async def sites(database: Database) -> Database:
    async with database.transaction() as tx:
        for site in (HERE, THERE):
            row = SiteRow(
                id=site, kind=SiteKind.TOWN_HALL, insee="22999", zone="-", latitude=48, longitude=-3, **_WORDS
            )
            tx.add(row)
    return database


async def _at(database: Database, directories: Directories, site_id: SiteId) -> Directory:
    async with database.reading() as tx:
        return await directories.of(tx, site_id)


def _ids(directory: Directory, line: str) -> list[PatientId]:
    return [hit.patient_id for hit in directory.find(understood(line), 20)]


async def test_only_what_changed_is_opened_again(sites: Database, clock: FakeClock) -> None:
    names = Names()
    directories = Directories(names, clock)
    first, second = await _settle(sites, clock, HERE, "Morvan", "Tanguy")
    await _settle(sites, clock, THERE, "Morvan")
    assert _ids(await _at(sites, directories, HERE), "morvan") == [first]
    await _at(sites, directories, HERE)
    assert names.opened == 2
    (third,) = await _settle(sites, clock, HERE, "Morvant")
    async with sites.transaction() as tx:
        await tx.execute(update(PatientRow).where(PatientRow.id == second).values(sealed_traits=b"Riou", row_ver=2))
        await tx.execute(delete(PatientRow).where(PatientRow.id == first))
    directory = await _at(sites, directories, HERE)
    assert (_ids(directory, "morvan"), _ids(directory, "riou"), _ids(directory, "tanguy")) == ([third], [second], [])
    assert names.opened == 4


async def test_names_leave_memory_after_a_while(sites: Database, clock: FakeClock) -> None:
    names = Names()
    directories = Directories(names, clock)
    await _settle(sites, clock, HERE, "Morvan")
    await _at(sites, directories, HERE)
    clock.advance(minutes=30)
    assert len(await _at(sites, directories, THERE)) == 0
    assert len(directories) == 0


async def test_the_site_that_was_not_asked_for_longest_leaves_first(
    sites: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "KEPT_PEOPLE", 1)
    directories = Directories(Names(), clock)
    await _settle(sites, clock, HERE, "Morvan")
    await _settle(sites, clock, THERE, "Tanguy")
    await _at(sites, directories, HERE)
    await _at(sites, directories, THERE)
    await _at(sites, directories, THERE)
    assert len(directories) == 1
