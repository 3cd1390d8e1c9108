"""The village that the records tests and measures write about, and a diary in place of its visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, bindparam, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.tables import AuditEvent
from server.database.engine import Database
from server.encounters.rules import Accompanied, Answers, CallStatus, EncounterStatus
from server.encounters.tables import EncounterRow
from server.kernel.access import Identity, Role
from server.kernel.clock import Clock
from server.kernel.errors import NotFound
from server.kernel.ids import AccountId, CabinId, EncounterId, HealthWorkerId, PatientId, PractitionerId, SiteId, new_id
from server.kernel.sealing import Place
from server.people.rules import Sex, SiteKind, Traits
from server.people.service import People
from server.people.tables import CabinRow, CareRelation, HealthWorkerRow, PractitionerRow, SiteRow
from server.records.rules.note import Claim, VisitFacts
from server.records.seal.vault import PatientVault


@dataclass(frozen=True)
class Village:
    """Ids of the people that the tests speak of."""

    site: SiteId
    gp: PractitionerId
    other_gp: PractitionerId
    nurse: HealthWorkerId
    booth: CabinId

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

    def cabin(self, cabin: CabinId | None = None) -> Identity:
        """The cabin's own screen."""
        return Identity(
            AccountId(new_id()), Role.CABIN, "cabine", "Cabine", cabin_id=cabin or self.booth, site_id=self.site
        )

    def coordinator(self) -> Identity:
        """Who watches, and never reads."""
        return Identity(AccountId(new_id()), Role.COORDINATOR, "mairie", "Mairie")


async def settle(database: Database) -> Village:
    """Write a site with a cabin, two doctors and a nurse."""
    made = Village(
        site=SiteId(new_id()),
        gp=PractitionerId(new_id()),
        other_gp=PractitionerId(new_id()),
        nurse=HealthWorkerId(new_id()),
        booth=CabinId(new_id()),
    )
    place = dict.fromkeys(("commune", "insee", "postcode", "address", "phone", "samu_phone", "aed", "zone"), "-")
    async with database.transaction() as tx:
        site = {"id": made.site, "name": "Mairie", "kind": SiteKind.TOWN_HALL, "latitude": 45.0, "longitude": 2.0}
        await tx.execute(insert(SiteRow).values(**site, **place))
        booth = {"name": "Cabine", "access_notes": "-", "phone": "-", "in_service": True}
        await tx.execute(insert(CabinRow).values(id=made.booth, site_id=made.site, **booth))
        for number, gp in enumerate((made.gp, made.other_gp)):
            doctor = {"name": "Dr", "specialty": "mg", "rpps": f"1000000000{number}"}
            doctor |= dict.fromkeys(("place", "phone", "email"), "-")
            await tx.execute(insert(PractitionerRow).values(id=gp, **doctor))
        nurse = {"name": "Louise", "profession": "nurse", "phone": "-"}
        await tx.execute(insert(HealthWorkerRow).values(id=made.nurse, site_id=made.site, **nurse))
    return made


TRAITS = Traits("Lavergne", ("Odette",), date(1941, 5, 3), Sex.FEMALE)


async def add_patient(
    tx: AsyncSession, vault: PatientVault, village: Village, clock: Clock, traits: Traits = TRAITS
) -> PatientId:
    """Register a patient, as the front office does, in care of the first doctor."""
    people = People(None, vault, clock)  # type: ignore[arg-type]
    made = await people.enrol(tx, traits, village.site, who=None, fictitious=True)
    relation = {"practitioner_id": village.gp, "since": clock(), "treating": True}
    await tx.execute(insert(CareRelation).values(patient_id=made.patient_id, **relation))
    return made.patient_id


async def add_visit(
    tx: AsyncSession, vault: PatientVault, village: Village, patient: PatientId, now: datetime
) -> EncounterId:
    """A real visit of the encounters subject, claimed by the first doctor."""
    encounter_id = EncounterId(new_id())
    place = Place("encounter", "sealed_intake", encounter_id, patient, 1)
    row = EncounterRow(
        id=encounter_id,
        patient_id=patient,
        cabin_id=village.booth,
        site_id=village.site,
        status=EncounterStatus.IN_PROGRESS,
        call=CallStatus.LIVE,
        practitioner_id=village.gp,
        fence=1,
        accompanied=Accompanied.ALONE,
        locale="fr",
        priority=False,
        sealed_intake=await vault.seal(tx, place, msgspec.json.encode(Answers())),
        row_ver=1,
        arrived_at=now - timedelta(minutes=20),
        claimed_at=now,
        live_at=now,
        seated_at=now,
        version=1,
    )
    tx.add(row)
    return encounter_id


@dataclass
class Diary:
    """The visits of a test: stands where the encounters subject, a floor above, hands itself in."""

    visits: dict[EncounterId, VisitFacts]
    nudged: list[str] = field(default_factory=list)

    async def facts(self, tx: AsyncSession, encounter_id: EncounterId) -> VisitFacts:
        """Return the facts of a visit of this test."""
        if encounter_id not in self.visits:
            raise NotFound("Cette consultation n’existe pas, ou elle n’est pas à vous.")
        return self.visits[encounter_id]

    async def claim(self, tx: AsyncSession, encounter_id: EncounterId) -> Claim:
        """Return whose visit it is."""
        facts = await self.facts(tx, encounter_id)
        return Claim(facts.patient_id, facts.practitioner_id, facts.in_progress)

    def held(self, visit: ColumnElement[UUID], doctor: ColumnElement[UUID]) -> ColumnElement[bool]:
        """Return the condition that a visit of this diary is claimed, as it stands when the statement runs."""
        return tuple_(visit, doctor).in_(bindparam("diary", expanding=True, callable_=self._claims))

    async def patient_in(self, tx: AsyncSession, cabin_id: CabinId) -> tuple[EncounterId, PatientId] | None:
        """Return the visit of this diary that sits in a cabin."""
        seated = [one for one in self.visits.values() if one.seated_in == cabin_id]
        return (seated[0].encounter_id, seated[0].patient_id) if seated else None

    async def pages_of(self, tx: AsyncSession, patient_id: PatientId) -> list[str]:
        """Return a line for each visit of the patient that is in progress."""
        open_visits = [one for one in self.visits.values() if one.in_progress and one.patient_id == patient_id]
        return [f"desk:{one.encounter_id}" for one in open_visits]

    async def nudge(self, lines: Sequence[str]) -> None:
        """Keep who was nudged."""
        self.nudged.extend(lines)

    def _claims(self) -> list[tuple[UUID, UUID]]:
        open_visits = [facts for facts in self.visits.values() if facts.in_progress and facts.practitioner_id]
        return [(facts.encounter_id, facts.practitioner_id) for facts in open_visits if facts.practitioner_id]

    def another(self, like: EncounterId) -> EncounterId:
        """Write a new visit, like another one, into the diary."""
        encounter_id = EncounterId(new_id())
        self.visits[encounter_id] = replace(self.visits[like], encounter_id=encounter_id)
        return encounter_id

    def change(self, encounter_id: EncounterId, **changes: object) -> VisitFacts:
        """Move a visit on."""
        self.visits[encounter_id] = replace(self.visits[encounter_id], **changes)
        return self.visits[encounter_id]


async def audited(database: Database, patient_id: PatientId) -> list[AuditEvent]:
    """What the log says about a patient, oldest first."""
    async with database.reading() as tx:
        query = select(AuditEvent).where(AuditEvent.patient_id == patient_id).order_by(AuditEvent.id)
        return list(await tx.scalars(query))
