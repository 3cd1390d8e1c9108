"""Breaking the glass, and reviewing it: what doctors and coordinators can do (drawn in `glass_rules`).

    break:  password ─▶ nothing unreviewed ─▶ who is meant ─▶ not open anyway ─▶ row + log + nudge, in one transaction
    review: somebody else ─▶ verdict ─▶ log + nudge; the record closes, and the doctor may break another

The reviewer learns who, when, at which site, for which of four reasons, and which kinds of pages were read how often;
no name, no words and nothing of what stood on the pages.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import log, record
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import GlassId, PatientId, new_id
from server.kernel.sealing import Place, Vault
from server.kernel.words import N_
from server.people import store as people_store
from server.people.access import store
from server.people.access.finding import Finder, Sought
from server.people.access.glass_rules import (
    OPEN_FOR,
    Broken,
    Glass,
    GlassReason,
    Phase,
    Verdict,
    check_glass_words,
    is_late,
    may_review,
    phase,
)
from server.people.access.tables import GlassRow
from server.people.rules import Patient
from server.people.service import People

TOLD_FOR = timedelta(days=30)
LINE = "queue"  # coordinators listen there, and a nudge says nothing

Prove = Callable[[Identity, str], Awaitable[None]]
"""Asks for the password once more (`Accounts.prove`); raises Invalid."""


class Nudger(Protocol):
    """Tells pages that something changed; they come and look."""

    async def nudge(self, *lines: str) -> None:
        """Nudge everybody who listens on these lines."""


@dataclass(frozen=True, slots=True)
class Breaking:
    """What a doctor says when they break the glass."""

    sought: Sought
    reason: GlassReason
    words: str
    password: str


@dataclass(frozen=True, slots=True)
class Case:
    """One time that a record was opened so, as the reviewer sees it. `acts`: how often each kind is in the log."""

    glass: Glass
    doctor: str
    site: str
    phase: Phase
    late: bool
    acts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cases:
    """What waits for a review, the oldest first, and what was reviewed in the last weeks."""

    waiting: tuple[Case, ...]
    reviewed: tuple[Case, ...]


class Glasses:
    """Records that are opened in an emergency."""

    def __init__(
        self, database: Database, vault: Vault, people: People, prove: Prove, nudger: Nudger, now: Clock
    ) -> None:
        self._database = database
        self._vault = vault
        self._people = people
        self._prove = prove
        self._nudger = nudger
        self._now = now
        self._finder = Finder(database, vault, people, now)

    async def break_one(self, who: Identity, said: Breaking) -> PatientId:
        """Open the record of one patient for an hour, for reading; return whose it is.

        Raises Invalid for a wrong password or too few words, Conflict `glass-unreviewed` while an earlier one waits
        for its review and `already-open`, NotFound when nobody, or not one person alone, is meant.
        """
        require(who, Act.GLASS_BREAK)
        words = check_glass_words(said.words)
        await self._prove(who, said.password)
        async with self._database.transaction() as tx:
            await self._refuse_unreviewed(tx, who)
            meant = await self._finder.meant(tx, who, said.sought)
            found = f"{len(meant)} meant in an emergency"
            await record(tx, who, Action.PATIENT_SEARCHED, at=self._now(), reason=found)
        if len(meant) != 1:
            raise _not_one(meant)
        try:
            async with self._database.transaction() as tx:
                await self._refuse_open(tx, who, meant[0].id)
                await self._keep(tx, who, meant[0].id, said.reason, words)
        except IntegrityError:  # two at the same instant: the index lets one through
            raise _unreviewed() from None
        await self._nudger.nudge(LINE)
        return meant[0].id

    async def mine(self, who: Identity) -> tuple[Glass, Phase] | None:
        """Return what the caller broke and nobody has reviewed yet, and where it stands; None: they may break one."""
        require(who, Act.GLASS_BREAK)
        async with self._database.reading() as tx:
            glass = await store.unreviewed_of(tx, who.account_id)
        return (glass, phase(glass, self._now())) if glass else None

    async def close(self, who: Identity) -> None:
        """End one's own hour before it is over. Twice is as good as once."""
        require(who, Act.GLASS_BREAK)
        async with self._database.transaction() as tx:
            glass = await store.close(tx, who.account_id, self._now())
            if glass is not None:
                await self._note(tx, who, glass, Action.GLASS_CLOSED, None)
        await self._nudger.nudge(LINE)

    async def cases(self, who: Identity) -> Cases:
        """Return what the reviewer sees. Reading it opens no record."""
        require(who, Act.GLASS_REVIEW)
        async with self._database.reading() as tx:
            doctors = {one.id: one.name for one in await people_store.practitioners(tx)}
            sites = {one.id: one.commune for one in await people_store.sites(tx)}

            async def case(glass: Glass) -> Case:
                row = await people_store.patient(tx, glass.patient_id)
                records = await people_store.same_ids(tx, glass.patient_id)
                acts = await log.acts_of(tx, glass.account_id, records, glass.broken_at, glass.until)
                now = self._now()
                doctor, site = doctors[glass.practitioner_id], sites[row.site_id]
                return Case(glass, doctor, site, phase(glass, now), is_late(glass, now), acts)

            waiting = [await case(one) for one in await store.unreviewed(tx)]
            reviewed = [await case(one) for one in await store.reviewed_since(tx, self._now() - TOLD_FOR)]
        return Cases(tuple(waiting), tuple(reviewed))

    async def count(self, who: Identity) -> int:
        """Return how many wait for a review."""
        require(who, Act.GLASS_REVIEW)
        async with self._database.reading() as tx:
            return len(await store.unreviewed(tx))

    async def review(self, who: Identity, glass_id: GlassId, verdict: Verdict) -> None:
        """Confirm or contest; raises Conflict when somebody was faster, and for one's own."""
        require(who, Act.GLASS_REVIEW)
        async with self._database.transaction() as tx:
            glass = await store.broken(tx, glass_id)
            reviewable = may_review(glass, who.account_id)
            if not reviewable or not await store.decide(tx, glass_id, verdict, who.account_id, self._now()):
                raise Conflict(N_("Cet accès est déjà contrôlé."), code="already-reviewed")
            await self._note(tx, who, glass, Action.GLASS_REVIEWED, verdict.value)
        await self._nudger.nudge(LINE, f"desk:{glass.account_id}")

    async def _refuse_unreviewed(self, tx: AsyncSession, who: Identity) -> None:
        if await store.unreviewed_of(tx, who.account_id) is not None:
            raise _unreviewed()

    async def _refuse_open(self, tx: AsyncSession, who: Identity, patient_id: PatientId) -> None:
        try:
            await self._people.allowed(tx, who, patient_id, Act.HISTORY_READ)
        except NotFound:
            return
        raise Conflict(N_("Ce dossier vous est déjà ouvert : cherchez-le dans « Dossiers »."), code="already-open")

    async def _keep(
        self, tx: AsyncSession, who: Identity, patient_id: PatientId, reason: GlassReason, words: str
    ) -> None:
        if who.practitioner_id is None:
            raise NotFound(N_("Votre compte n’est pas celui d’un médecin."))
        glass_id, now = GlassId(new_id()), self._now()
        sealed = await self._vault.seal(tx, _place(glass_id, patient_id, 1), words.encode())
        row = GlassRow(
            id=glass_id,
            patient_id=patient_id,
            account_id=who.account_id,
            practitioner_id=who.practitioner_id,
            reason=reason,
            sealed_words=sealed,
            row_ver=1,
            broken_at=now,
            until=now + OPEN_FOR,
            verdict=None,
            reviewed_at=None,
            reviewed_by=None,
        )
        tx.add(row)
        await tx.flush()
        digest = hashlib.sha256(sealed).digest()
        await self._note(tx, who, store.glass(row), Action.GLASS_BROKEN, reason.value, digest)

    async def _note(
        self,
        tx: AsyncSession,
        who: Identity,
        glass: Glass,
        action: Action,
        why: str | None,
        digest: bytes | None = None,
    ) -> None:
        await record(
            tx,
            who,
            action,
            at=self._now(),
            patient_id=glass.patient_id,
            record=f"broken_glass:{glass.id}",
            row_ver=1 if digest else None,
            ct_sha256=digest,
            reason=why,
        )


async def broken_of(tx: AsyncSession, vault: Vault, patient_id: PatientId) -> list[Broken]:
    """Return every time that a patient's glass was broken, the newest first. The caller has authorised and audits."""
    found = []
    for row in await store.of_patient(tx, patient_id):
        words = (await vault.open(tx, _place(row.id, row.patient_id, row.row_ver), row.sealed_words)).decode()
        found.append(Broken(row.account_id, row.broken_at, row.until, row.reason, words, row.verdict))
    return found


def _place(glass_id: GlassId, patient_id: PatientId, row_ver: int) -> Place:
    return Place("broken_glass", "sealed_words", glass_id, patient_id, row_ver)


def _unreviewed() -> Conflict:
    return Conflict(
        N_("Votre dernier accès d’urgence n’est pas encore contrôlé. Appelez la coordination, ou le 15."),
        code="glass-unreviewed",
    )


def _not_one(meant: list[Patient]) -> NotFound:
    if meant:
        return NotFound(N_("Plusieurs personnes ont ce nom et cette date. Ajoutez le prénom, ou le code du papier."))
    return NotFound(N_("Personne n’est connu ici avec ce nom et cette date. Vérifiez, ou demandez le code du papier."))
