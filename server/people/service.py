"""Registering, recognising, searching and reading patients; and the places where people work."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Identity, Role, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import PatientId, SiteId, new_id
from server.kernel.sealing import Place, Vault
from server.kernel.words import N_
from server.people import store
from server.people.rules import (
    IdentityStatus,
    Patient,
    Traits,
    check_traits,
    matches,
    name_keys,
    plain,
)
from server.people.tables import PatientKeyword, PatientRow
from server.web.limits import Bucket

FOUND_MOST = 20


@dataclass(frozen=True, slots=True)
class Registered:
    """A new patient and the paper code that opens the cabin for them. The code is shown once."""

    patient_id: PatientId
    code: str


class PossibleDuplicate(Conflict):
    """People who may be the same person. Nothing was saved; saving again with `force` registers all the same."""

    code = "possible-duplicate"

    def __init__(self, duplicates: list[Patient]) -> None:
        super().__init__(N_("Une personne très semblable est déjà connue. Rien n’a été enregistré."))
        self.duplicates = duplicates


class People:
    """Patients and their identity."""

    def __init__(self, database: Database, vault: Vault, now: Clock) -> None:
        self._database = database
        self._vault = vault
        self._now = now
        self._guesses = Bucket(now, per_minute=10, burst=10)

    async def register(
        self, who: Identity, traits: Traits, *, force: bool = False, fictitious: bool = False
    ) -> Registered:
        """Register a patient at the caller's site.

        Raises Invalid for impossible traits, PossibleDuplicate unless `force`.
        """
        require(who, Act.PATIENT_REGISTER)
        site_id = _site_of(who)
        traits = check_traits(traits, self._now().date())
        async with self._database.transaction() as tx:
            if not force:
                await self._refuse_duplicates(tx, traits, site_id)
            registered = await self.enrol(tx, traits, site_id, who=who, fictitious=fictitious)
        return registered

    async def enrol(
        self,
        tx: AsyncSession,
        traits: Traits,
        site_id: SiteId,
        *,
        who: Identity | None,
        fictitious: bool,
        code: str = "",
    ) -> Registered:
        """Write a new patient in the caller's transaction: key, sealed traits, blind indexes, audit.

        `code` is the paper code of somebody whose paper exists already; others get a fresh one.
        """
        patient_id = PatientId(new_id())
        await self._vault.make_key(tx, patient_id)
        sealed = await self._vault.seal(tx, _place(patient_id, 1), msgspec.json.encode(traits))
        code = code or await self._free_code(tx)
        tx.add(
            PatientRow(
                id=patient_id,
                site_id=site_id,
                sealed_traits=sealed,
                status=IdentityStatus.PROV,
                fictitious=fictitious,
                code_index=self._vault.blind("patient", "code", code),
                created_at=self._now(),
                created_by=who.account_id if who else None,
                row_ver=1,
            )
        )
        await tx.flush()
        tx.add_all(PatientKeyword(patient_id=patient_id, blind=blind) for blind in self._name_blinds(traits))
        await self._note_registered(tx, who, patient_id, sealed)
        return Registered(patient_id, code)

    async def _note_registered(
        self, tx: AsyncSession, who: Identity | None, patient_id: PatientId, sealed: bytes
    ) -> None:
        await record(
            tx,
            who,
            Action.PATIENT_REGISTERED,
            at=self._now(),
            patient_id=patient_id,
            record=f"patient:{patient_id}",
            row_ver=1,
            ct_sha256=hashlib.sha256(sealed).digest(),
        )

    async def recognise_code(self, who: Identity, code: str) -> Patient:
        """Return the patient of a paper code, for the cabin. Ten tries a minute: a code has six digits."""
        require(who, Act.VISIT_INTAKE)
        self._guesses.take(str(who.account_id))
        digits = "".join(c for c in code if c.isascii() and c.isdigit())
        async with self._database.transaction() as tx:
            row = await store.by_code(tx, self._vault.blind("patient", "code", digits))
            if row is None:
                raise NotFound(N_("Ce code n’est pas connu. Regardez bien le papier, ou demandez de l’aide."))
            return await self._recognised(tx, who, row)

    async def recognise_name(self, who: Identity, name: str, born_on: date) -> Patient:
        """Return the one patient with this family name and birth date, for the cabin.

        Two people with both in common (twins) are not told apart on a screen: the answer is to ask for help.
        """
        require(who, Act.VISIT_INTAKE)
        self._guesses.take(str(who.account_id))
        blind = self._vault.blind("patient", "name", f"{plain(name)}|{born_on.isoformat()}")
        async with self._database.transaction() as tx:
            rows = await store.by_names(tx, [blind])
            if len(rows) != 1:
                raise NotFound(N_("Nous ne vous trouvons pas avec ce nom et cette date. Demandez de l’aide."))
            return await self._recognised(tx, who, rows[0])

    async def search(self, who: Identity, wanted: str) -> list[Patient]:
        """Return up to 20 patients of the caller's site whose names fit, by name."""
        require(who, Act.PATIENT_SEARCH)
        if not plain(wanted):
            return []
        async with self._database.transaction() as tx:
            found = await self._matching(tx, _site_of(who), wanted)
            await record(tx, who, Action.PATIENT_SEARCHED, at=self._now(), reason=f"{len(found)} found")
        return found[:FOUND_MOST]

    async def read(self, who: Identity, patient_id: PatientId) -> Patient:
        """Return one patient's identity: to their site's health workers, and to GPs in a care relation."""
        require(who, Act.PATIENT_READ)
        async with self._database.transaction() as tx:
            patient = await self.allowed(tx, who, patient_id)
            await record(tx, who, Action.PATIENT_READ, at=self._now(), patient_id=patient_id)
        return patient

    async def allowed(self, tx: AsyncSession, who: Identity, patient_id: PatientId) -> Patient:
        """Return the patient if `who` has a relation with them; else NotFound, as if there were none."""
        row = await store.patient(tx, patient_id)
        if who.role is Role.GP and who.practitioner_id is not None:
            related = await store.cares_for(tx, who.practitioner_id, patient_id, self._now())
        else:
            related = who.role is Role.HEALTH_WORKER and row.site_id == who.site_id
        if not related:
            raise NotFound(N_("Cette personne n’est pas connue ici, ou son dossier ne vous est pas ouvert."))
        return await self.opened(tx, row)

    async def opened(self, tx: AsyncSession, row: PatientRow) -> Patient:
        """Return a patient with opened traits. The caller has authorised and audits."""
        text = await self._vault.open(tx, _place(row.id, row.row_ver), row.sealed_traits)
        traits = msgspec.json.decode(text, type=Traits)
        return Patient(row.id, row.site_id, traits, row.status, row.fictitious, row.row_ver)

    async def _recognised(self, tx: AsyncSession, who: Identity, row: PatientRow) -> Patient:
        await record(tx, who, Action.PATIENT_RECOGNISED, at=self._now(), patient_id=row.id)
        return await self.opened(tx, row)

    async def _matching(self, tx: AsyncSession, site_id: SiteId, wanted: str) -> list[Patient]:
        rows = await store.patients_of_site(tx, site_id)
        await self._vault.warm(tx, [row.id for row in rows])
        everyone = [await self.opened(tx, row) for row in rows]
        found = [patient for patient in everyone if matches(patient.traits, wanted)]
        return sorted(found, key=lambda patient: (plain(patient.traits.birth_name), patient.traits.born_on))

    async def _refuse_duplicates(self, tx: AsyncSession, traits: Traits, site_id: SiteId) -> None:
        same = {row.id: row for row in await store.by_names(tx, self._name_blinds(traits))}
        alike = [await self.opened(tx, row) for row in same.values()]
        full_name = f"{traits.given_names[0]} {traits.birth_name}"
        for patient in await self._matching(tx, site_id, full_name):
            if patient.id not in same and _birth_is_near(patient.traits.born_on, traits.born_on):
                alike.append(patient)
        if alike:
            raise PossibleDuplicate(alike)

    async def _free_code(self, tx: AsyncSession) -> str:
        while True:
            code = f"{secrets.randbelow(1_000_000):06d}"
            if await store.by_code(tx, self._vault.blind("patient", "code", code)) is None:
                return code

    def _name_blinds(self, traits: Traits) -> list[bytes]:
        return [self._vault.blind("patient", "name", key) for key in sorted(name_keys(traits))]


def _birth_is_near(left: date, right: date) -> bool:
    """Return whether two birth dates share two of day, month and year, or have day and month swapped."""
    same = (left.day == right.day) + (left.month == right.month) + (left.year == right.year)
    swapped = left.year == right.year and (left.day, left.month) == (right.month, right.day)
    return same >= 2 or swapped


def _place(patient_id: PatientId, row_ver: int) -> Place:
    return Place("patient", "sealed_traits", patient_id, patient_id, row_ver)


def _site_of(who: Identity) -> SiteId:
    if who.site_id is None:
        raise NotFound(N_("Votre compte n’est rattaché à aucun site."))
    return who.site_id
