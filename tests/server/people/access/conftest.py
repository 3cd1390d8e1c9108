"""A site with a nurse, two doctors with accounts, a coordinator and two villagers; the tests relate them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.passwords import Passwords
from server.accounts.rules import NewAccount
from server.accounts.service import Accounts
from server.audit.tables import AuditEvent
from server.database.engine import Database
from server.kernel.access import Identity, Role
from server.kernel.errors import NotFound
from server.kernel.ids import AccountId, PatientId, PractitionerId, SiteId, new_id
from server.people.access.finding import Finder, Sought
from server.people.access.glass import Breaking, Glasses
from server.people.access.glass_rules import GlassReason
from server.people.access.referrals import Referrals
from server.people.rules import Sex, SiteKind, Traits
from server.people.service import People
from server.people.tables import CareRelation, PractitionerRow, SiteRow
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from server.records.seal.vault import PatientVault
from tests.clock import FakeClock

PASSWORD = "une phrase assez longue"
WHY = "Malaise dans la rue, elle ne peut pas parler."
ODETTE = Traits("Lavergne", ("Odette",), date(1945, 3, 3), Sex.FEMALE)
YVON = Traits("Le Bras", ("Yvon",), date(1950, 7, 9), Sex.MALE)


@dataclass
class House:
    """Services and people of one test. `visits` holds who has taken a visit of whom."""

    database: Database
    vault: PatientVault
    clock: FakeClock
    accounts: Accounts
    visits: set[tuple[PractitionerId, PatientId]] = field(default_factory=set)
    nudged: list[str] = field(default_factory=list)
    site: SiteId = field(default_factory=lambda: SiteId(new_id()))
    people: People = field(init=False)
    referrals: Referrals = field(init=False)
    glasses: Glasses = field(init=False)
    finder: Finder = field(init=False)
    aubin: Identity = field(init=False)
    nedjar: Identity = field(init=False)
    nurse: Identity = field(init=False)
    mairie: Identity = field(init=False)
    odette: PatientId = field(init=False)
    yvon: PatientId = field(init=False)
    code: str = field(init=False)

    async def nudge(self, *lines: str) -> None:
        self.nudged += lines

    async def in_visit(self, _tx: AsyncSession, doctor: PractitionerId, patient: PatientId) -> bool:
        return (doctor, patient) in self.visits

    async def settle(self) -> None:
        """Bring everybody in."""
        self.people = People(self.database, self.vault, self.clock, self.in_visit)
        self.referrals = Referrals(self.database, self.people, self.clock)
        self.glasses = Glasses(self.database, self.vault, self.people, self.accounts.prove, self, self.clock)
        self.finder = Finder(self.database, self.vault, self.people, self.clock)
        words = dict.fromkeys(("name", "postcode", "address", "phone", "samu_phone", "aed"), "-")
        site = {"kind": SiteKind.TOWN_HALL, "insee": "22999", "zone": "Europe/Paris", "commune": "Saint-Elme"}
        async with self.database.transaction() as tx:
            tx.add(SiteRow(id=self.site, latitude=48, longitude=-3, **site, **words))
            self.aubin = await self._doctor(tx, "aubin", "Dr Claire Aubin", "10000000001")
            self.nedjar = await self._doctor(tx, "nedjar", "Dr Samir Nedjar", "10000000002")
            odette = await self.people.enrol(tx, ODETTE, self.site, who=None, fictitious=True)
            yvon = await self.people.enrol(tx, YVON, self.site, who=None, fictitious=True)
        self.odette, self.code, self.yvon = odette.patient_id, odette.code, yvon.patient_id
        self.nurse = Identity(AccountId(new_id()), Role.HEALTH_WORKER, "louise", "Louise", site_id=self.site)
        self.mairie = Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "Mairie")

    async def _doctor(self, tx: AsyncSession, login: str, name: str, rpps: str) -> Identity:
        doctor = PractitionerId(new_id())
        tx.add(PractitionerRow(id=doctor, name=name, specialty="MG", rpps=rpps, place="-", phone="-"))
        await tx.flush()
        account = await self.accounts.create(tx, NewAccount(login, PASSWORD, Role.GP, name, practitioner_id=doctor))
        return Identity(account, Role.GP, login, name, practitioner_id=doctor)

    async def treats(self, doctor: Identity, patient: PatientId) -> None:
        """Make a doctor the registered GP of a patient."""
        assert doctor.practitioner_id is not None
        row = CareRelation(
            patient_id=patient, practitioner_id=doctor.practitioner_id, since=self.clock(), until=None, treating=True
        )
        async with self.database.transaction() as tx:
            tx.add(row)

    def breaking(self, traits: Traits = ODETTE, **changes: object) -> Breaking:
        """What a doctor says to break the glass of somebody."""
        sought = Sought(name=traits.birth_name, born_on=traits.born_on)
        said = {"sought": sought, "reason": GlassReason.LIFE_AT_RISK, "words": WHY, "password": PASSWORD, **changes}
        return Breaking(**said)  # type: ignore[arg-type]

    async def reads(self, who: Identity, patient: PatientId) -> bool:
        """Whether the record opens."""
        try:
            await self.people.read(who, patient)
        except NotFound:
            return False
        return True

    async def log(self) -> Sequence[AuditEvent]:
        """The log, oldest first."""
        async with self.database.reading() as tx:
            return (await tx.scalars(select(AuditEvent).order_by(AuditEvent.id))).all()


async def house_in(database: Database, folder: Path, clock: FakeClock, accounts: Accounts) -> House:
    """Settle a house in a fresh database."""
    vault = await unlock(database, init_key(folder / "keys.json").path, clock)
    house = House(database, vault, clock, accounts)
    await house.settle()
    return house


@pytest_asyncio.fixture(loop_scope="session")
async def house(database: Database, tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
    """A fresh house, on SQLite and on PostgreSQL."""
    passwords = Passwords(time_cost=1, memory_kib=64)
    yield await house_in(database, tmp_path, clock, Accounts(database, passwords, clock))
    passwords.close()
