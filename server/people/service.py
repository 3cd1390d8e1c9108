"""Registering, recognising, searching and reading patients; and the places where people work."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import CannotOpen, Conflict, NotFound
from server.kernel.ids import PatientId, SiteId, new_id
from server.kernel.sealing import Place, Vault
from server.kernel.words import N_
from server.people import store
from server.people.access.gate import Gate, InVisit, no_visits
from server.people.directory import Hit, NameFit
from server.people.identity import Move, moved, status_of
from server.people.rules import (
    DocumentKind,
    IdentityStatus,
    Patient,
    Traits,
    check_traits,
    name_keys,
    plain,
)
from server.people.searching import Directories
from server.people.tables import PatientKeyword, PatientRow
from server.people.wanted import NEAR_DATES, DateFit, understood
from server.web.limits import Bucket

FOUND_MOST = 20


@dataclass(frozen=True, slots=True)
class Registered:
    """A new patient and the paper code that opens the cabin for them. The code is shown once."""

    patient_id: PatientId
    code: str


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody who may be meant by a search, and why. `date_fit` is None when no birth date was asked."""

    patient: Patient
    name_fit: NameFit
    date_fit: DateFit | None


class PossibleDuplicate(Conflict):
    """People who may be the same person. Nothing was saved; saving again with `force` registers all the same."""

    code = "possible-duplicate"

    def __init__(self, duplicates: list[Patient]) -> None:
        super().__init__(N_("Une personne très semblable est déjà connue. Rien n’a été enregistré."))
        self.duplicates = duplicates


class People:
    """Patients and their identity."""

    def __init__(self, database: Database, vault: Vault, now: Clock, in_visit: InVisit = no_visits) -> None:
        self._database = database
        self._vault = vault
        self._now = now
        self._gate = Gate(now, in_visit)
        self._guesses = Bucket(now, per_minute=10, burst=10)
        self._directories = Directories(self.opened_all, now)

    async def register(
        self, who: Identity, traits: Traits, *, force: bool = False, fictitious: bool = False
    ) -> Registered:
        """Register a patient at the caller's site.

        Raises Invalid for impossible traits, PossibleDuplicate unless `force`.
        """
        require(who, Act.PATIENT_REGISTER)
        site_id = _site_of(who)
        traits = check_traits(traits, self._now().date())
        if not force:
            async with self._database.reading() as reading:
                await self._directories.of(reading, site_id)  # the long part: not while others wait to write
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
            return await self._recognised(tx, who, row.id)

    async def recognise_name(self, who: Identity, name: str, born_on: date) -> Patient:
        """Return the one patient with this family name and birth date, for the cabin.

        Two people with both in common (twins) are not told apart on a screen: the answer is to ask for help.
        """
        require(who, Act.VISIT_INTAKE)
        self._guesses.take(str(who.account_id))
        blind = self._vault.blind("patient", "name", f"{plain(name)}|{born_on.isoformat()}")
        async with self._database.transaction() as tx:
            named = await store.roots(tx, [row.id for row in await store.by_names(tx, [blind])])
            if len(people := set(named.values())) != 1:
                raise NotFound(N_("Nous ne vous trouvons pas avec ce nom et cette date. Demandez de l’aide."))
            return await self._recognised(tx, who, people.pop())

    async def search(self, who: Identity, wanted: str) -> list[Found]:
        """Return up to 20 patients of the caller's site who may be meant, best first, each with the reason."""
        require(who, Act.PATIENT_SEARCH)
        if not plain(wanted):
            return []
        site_id = _site_of(who)
        async with self._database.reading() as reading:
            hits = (await self._directories.of(reading, site_id)).find(understood(wanted), FOUND_MOST)
        async with self._database.transaction() as tx:
            found = [Found(one, hit.name_fit, hit.date_fit) for one, hit in await self._opened_hits(tx, hits)]
            await record(tx, who, Action.PATIENT_SEARCHED, at=self._now(), reason=f"{len(found)} found")
        return found

    async def read(self, who: Identity, patient_id: PatientId) -> Patient:
        """Return one patient's identity: to their site's health workers, and to GPs in a care relation."""
        require(who, Act.PATIENT_READ)
        async with self._database.transaction() as tx:
            patient = await self.allowed(tx, who, patient_id, Act.PATIENT_READ)
            await record(tx, who, Action.PATIENT_READ, at=self._now(), patient_id=patient.id)
        return patient

    async def identify(
        self,
        who: Identity,
        patient_id: PatientId,
        move: Move,
        row_ver: int,
        *,
        document: DocumentKind | None = None,
        ins: str = "",
    ) -> Patient:
        """Keep a piece of evidence for (or a doubt about) an identity; its status follows.

        Raises Invalid for a number whose key is wrong and for people who stay provisional, Conflict when `row_ver`
        is not the version that was seen.
        """
        require(who, Act.PATIENT_REGISTER)
        async with self._database.transaction() as tx:
            row, patient = await self._own(tx, who, patient_id)
            if row.row_ver != row_ver:
                raise Conflict(
                    N_("Quelqu’un a modifié ces informations entre-temps. Rien n’a été écrasé."),
                    code="edited-elsewhere",
                )
            traits = moved(patient.traits, move, document=document, ins=ins, fictitious=row.fictitious)
            before, row.status = row.status, status_of(traits, fictitious=row.fictitious)
            seen = f" {document}" if move is Move.DOCUMENT else ""
            await self._rewrite(tx, who, row, traits, Action.PATIENT_IDENTIFIED, f"{move}{seen}: {before}>{row.status}")
            return await self.opened(tx, row)

    async def renew_code(self, who: Identity, patient_id: PatientId) -> Registered:
        """Give a new paper code in place of a lost one, which opens nothing from now on. It is shown once."""
        require(who, Act.PATIENT_REGISTER)
        async with self._database.transaction() as tx:
            row, patient = await self._own(tx, who, patient_id)
            code = await self._free_code(tx)
            row.code_index = self._vault.blind("patient", "code", code)
            await self._rewrite(tx, who, row, patient.traits, Action.PATIENT_CODE_RENEWED, None)
        return Registered(patient_id, code)

    async def _own(self, tx: AsyncSession, who: Identity, patient_id: PatientId) -> tuple[PatientRow, Patient]:
        patient = await self.allowed(tx, who, patient_id, Act.PATIENT_REGISTER)
        return await store.patient(tx, patient_id), patient

    async def _rewrite(
        self, tx: AsyncSession, who: Identity, row: PatientRow, traits: Traits, action: Action, reason: str | None
    ) -> None:
        """Seal the traits under the row's next version, and write down who did it."""
        row.row_ver += 1
        row.sealed_traits = await self._vault.seal(tx, _place(row.id, row.row_ver), msgspec.json.encode(traits))
        await tx.flush()
        await record(
            tx,
            who,
            action,
            at=self._now(),
            patient_id=row.id,
            record=f"patient:{row.id}",
            row_ver=row.row_ver,
            ct_sha256=hashlib.sha256(row.sealed_traits).digest(),
            reason=reason,
        )

    async def allowed(self, tx: AsyncSession, who: Identity, patient_id: PatientId, act: Act | None = None) -> Patient:
        """Return the patient if `who` has a relation that opens `act`; else NotFound, as if there were none.

        Without an act, only a relation that opens the whole record counts (`access.relations`).

        Of a record that was joined to another, that is the person of the other: theirs is the id to go on with.
        """
        row = await store.patient(tx, patient_id)
        if await self._gate.relation(tx, who, row, act) is None:
            raise NotFound(N_("Cette personne n’est pas connue ici, ou son dossier ne vous est pas ouvert."))
        return await self.opened(tx, row)

    async def opened(self, tx: AsyncSession, row: PatientRow) -> Patient:
        """Return a patient with opened traits. The caller has authorised and audits."""
        text = await self._vault.open(tx, _place(row.id, row.row_ver), row.sealed_traits)
        traits = msgspec.json.decode(text, type=Traits)
        return Patient(row.id, row.site_id, traits, row.status, row.fictitious, row.row_ver)

    async def _recognised(self, tx: AsyncSession, who: Identity, patient_id: PatientId) -> Patient:
        row = await store.patient(tx, patient_id)
        await record(tx, who, Action.PATIENT_RECOGNISED, at=self._now(), patient_id=row.id)
        return await self.opened(tx, row)

    async def _opened_hits(self, tx: AsyncSession, hits: Sequence[Hit]) -> list[tuple[Patient, Hit]]:
        """Return the people found, as their rows stand now: who is found by two joined records stands there once."""
        roots = await store.roots(tx, [hit.patient_id for hit in hits])
        opened = {one.id: one for one in await self.opened_all(tx, await store.patients(tx, set(roots.values())))}
        found: dict[PatientId, Hit] = {}
        for hit in hits:
            found.setdefault(roots[hit.patient_id], hit)
        return [(opened[one], hit) for one, hit in found.items() if one in opened]

    async def opened_all(self, tx: AsyncSession, rows: Sequence[PatientRow]) -> list[Patient]:
        """Return the rows opened; who cannot be opened, because their key was destroyed, is left out."""
        await self._vault.warm(tx, [row.id for row in rows])
        people: list[Patient] = []
        for row in rows:
            try:
                people.append(await self.opened(tx, row))
            except CannotOpen:
                continue
        return people

    async def _refuse_duplicates(self, tx: AsyncSession, traits: Traits, site_id: SiteId) -> None:
        same = await store.roots(tx, [row.id for row in await store.by_names(tx, self._name_blinds(traits))])
        alike = await self.opened_all(tx, await store.patients(tx, set(same.values())))
        line = f"{traits.given_names[0]} {traits.birth_name} {traits.born_on.isoformat()}"
        hits = (await self._directories.of(tx, site_id)).find(understood(line), FOUND_MOST)
        near = [
            hit
            for hit in hits
            if hit.patient_id not in same and hit.date_fit in NEAR_DATES and hit.name_fit is not NameFit.PART
        ]
        others = await self._opened_hits(tx, near)
        alike += [patient for patient, _hit in others if patient.id not in same.values()]
        if alike:
            raise PossibleDuplicate(alike)

    async def _free_code(self, tx: AsyncSession) -> str:
        while True:
            code = f"{secrets.randbelow(1_000_000):06d}"
            if await store.by_code(tx, self._vault.blind("patient", "code", code)) is None:
                return code

    def _name_blinds(self, traits: Traits) -> list[bytes]:
        return [self._vault.blind("patient", "name", key) for key in sorted(name_keys(traits))]


def _place(patient_id: PatientId, row_ver: int) -> Place:
    return Place("patient", "sealed_traits", patient_id, patient_id, row_ver)


def _site_of(who: Identity) -> SiteId:
    if who.site_id is None:
        raise NotFound(N_("Votre compte n’est rattaché à aucun site."))
    return who.site_id
