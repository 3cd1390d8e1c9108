"""A key file, a vault and the village that the records tests write about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.kernel.access import Identity, Role
from server.kernel.ids import AccountId, HealthWorkerId, PatientId, PractitionerId, SiteId, new_id
from server.people.rules import IdentityStatus, SiteKind
from server.people.tables import HealthWorkerRow, PatientRow, PractitionerRow, SiteRow
from server.records.seal.keyring import init_key, load_keyring
from server.records.seal.start import unlock
from server.records.seal.vault import PatientVault
from tests.clock import FakeClock


@dataclass(frozen=True)
class Village:
    """Ids of the people that the tests speak of."""

    site: SiteId
    gp: PractitionerId
    other_gp: PractitionerId
    nurse: HealthWorkerId

    def doctor(self, practitioner: PractitionerId | None = None) -> Identity:
        """Dr Nedjar, signed in at the desk."""
        return Identity(AccountId(new_id()), Role.GP, "nedjar", "Dr Nedjar", practitioner_id=practitioner or self.gp)

    def worker(self, site: SiteId | None = None) -> Identity:
        """The nurse of the village."""
        return Identity(
            AccountId(new_id()),
            Role.HEALTH_WORKER,
            "louise",
            "Louise Perrin",
            health_worker_id=self.nurse,
            site_id=site or self.site,
        )

    def cabin(self) -> Identity:
        """The cabin's own screen."""
        return Identity(AccountId(new_id()), Role.CABIN, "cabine", "Cabine", site_id=self.site)

    def coordinator(self) -> Identity:
        """Who watches, and never reads."""
        return Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "Mairie")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A fresh key file."""
    return init_key(tmp_path / "keys.json").path


@pytest_asyncio.fixture(loop_scope="session")
async def vault(database: Database, key_file: Path, clock: FakeClock) -> PatientVault:
    """The vault of the test's database."""
    return await unlock(database, key_file, clock)


@pytest_asyncio.fixture(loop_scope="session")
async def village(database: Database) -> Village:
    """A site, two doctors and a nurse."""
    made = Village(SiteId(new_id()), PractitionerId(new_id()), PractitionerId(new_id()), HealthWorkerId(new_id()))
    place = dict.fromkeys(("commune", "insee", "postcode", "address", "phone", "samu_phone", "aed", "zone"), "-")
    async with database.transaction() as tx:
        site = {"id": made.site, "name": "Mairie", "kind": SiteKind.TOWN_HALL, "latitude": 45.0, "longitude": 2.0}
        await tx.execute(insert(SiteRow).values(**site, **place))
        for number, gp in enumerate((made.gp, made.other_gp)):
            doctor = {"name": "Dr", "specialty": "mg", "rpps": f"1000000000{number}", "place": "-", "phone": "-"}
            await tx.execute(insert(PractitionerRow).values(id=gp, **doctor))
        nurse = {"name": "Louise", "profession": "nurse", "phone": "-"}
        await tx.execute(insert(HealthWorkerRow).values(id=made.nurse, site_id=made.site, **nurse))
    return made


async def add_patient(tx: AsyncSession, vault: PatientVault, village: Village, clock: FakeClock) -> PatientId:
    """Register a patient: a key, then a row."""
    patient_id = PatientId(new_id())
    await vault.make_key(tx, patient_id)
    await tx.execute(
        insert(PatientRow).values(
            id=patient_id,
            site_id=village.site,
            sealed_traits=b"-",
            status=IdentityStatus.PROV,
            fictitious=True,
            created_at=clock(),
            row_ver=1,
        )
    )
    return patient_id


@pytest_asyncio.fixture(loop_scope="session")
async def patient(database: Database, vault: PatientVault, village: Village, clock: FakeClock) -> PatientId:
    """Odette, registered."""
    async with database.transaction() as tx:
        return await add_patient(tx, vault, village, clock)


__all__ = ["Village", "add_patient", "load_keyring"]
