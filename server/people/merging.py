"""What a health worker does with two records of one person: see who looks alike, join them, keep them apart, part them.

The rules and the reason why nothing is rewritten are in `duplicates.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import store as accounts_store
from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import MergeId, PatientId, SiteId, new_id
from server.kernel.words import N_
from server.people import store
from server.people.duplicates import Pair, beneath, ordered, pairs, refuse_merge, stands_first
from server.people.rules import Patient
from server.people.service import People
from server.people.tables import PatientDistinct, PatientMerge

AT_ONCE = 500  # rows opened between two breaths of the event loop; the vault's batch
SHOWN_MOST = 100

OpenVisit = Callable[[AsyncSession, PatientId], Awaitable[bool]]
"""Whether a patient waits or is seen just now. Visits stand on a floor above, and hand it in."""


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the trail: who was joined to whom, by whom; and who took it away, if somebody did."""

    joined: Patient
    into: Patient
    merged_at: datetime
    merged_by: str
    parted_at: datetime | None
    parted_by: str


class Merging:
    """Duplicates of a site."""

    def __init__(self, database: Database, people: People, open_visit: OpenVisit, now: Clock) -> None:
        self._database = database
        self._people = people
        self._open_visit = open_visit
        self._now = now

    async def alike(self, who: Identity) -> list[Pair]:
        """Return the pairs of the caller's site that may be one person, the most alike first, at most 100."""
        require(who, Act.PATIENT_MERGE)
        site_id = _site_of(who)
        async with self._database.reading() as tx:
            people = await self._all_of(tx, site_id)
            apart = await store.distinct_pairs(tx)
        found = [one for one in await asyncio.to_thread(pairs, people) if _ids(one) not in apart][:SHOWN_MOST]
        async with self._database.transaction() as tx:
            await record(tx, who, Action.PATIENT_SEARCHED, at=self._now(), reason=f"{len(found)} pairs alike")
        return found

    async def compare(self, who: Identity, one: PatientId, other: PatientId) -> tuple[Patient, Patient]:
        """Return both people, first the one whose identity is surer; raises Conflict when they are joined already."""
        require(who, Act.PATIENT_MERGE)
        async with self._database.transaction() as tx:
            both = [await self._standing(tx, who, each) for each in (one, other)]
            for patient in both:
                await record(tx, who, Action.PATIENT_READ, at=self._now(), patient_id=patient.id)
        return stands_first(*both)

    async def merge(self, who: Identity, kept: tuple[PatientId, int], joined: tuple[PatientId, int]) -> None:
        """Join a record to the one that stands for both from now on; each id with the row version that was seen.

        Raises Invalid for what must not be joined, Conflict when somebody changed, joined or received one meanwhile.
        """
        require(who, Act.PATIENT_MERGE)
        async with self._database.transaction() as tx:
            await store.hold_site(tx, _site_of(who))
            first, second = await self._seen(tx, who, kept), await self._seen(tx, who, joined)
            refuse_merge(first, second)
            await self._refuse_open_visit(tx, first.id, second.id)
            below = [link.patient_id for link in await store.links_of(tx, second.id)]
            await store.move_root(tx, below, first.id)
            tx.add(
                PatientMerge(
                    id=MergeId(new_id()),
                    patient_id=second.id,
                    into_id=first.id,
                    root_id=first.id,
                    merged_at=self._now(),
                    merged_by=who.account_id,
                )
            )
            await self._note(tx, who, Action.PATIENT_MERGED, second.id, first.id)

    async def part(self, who: Identity, joined_id: PatientId) -> PatientId:
        """Take away the link of a record, with all that was joined to it before; return who stood for it until now."""
        require(who, Act.PATIENT_MERGE)
        async with self._database.transaction() as tx:
            await store.hold_site(tx, _site_of(who))
            root = await self._people.allowed(tx, who, joined_id)
            links = {link.patient_id: link for link in await store.links_of(tx, root.id)}
            link = links.get(joined_id)
            if link is None:
                raise Conflict(N_("Ce dossier n’est réuni avec aucun autre."), code="not-merged")
            await self._refuse_open_visit(tx, root.id)
            below = beneath({one: each.into_id for one, each in links.items()}, joined_id)
            link.parted_at, link.parted_by = self._now(), who.account_id
            await tx.flush()
            await store.move_root(tx, below - {joined_id}, joined_id)
            await self._note(tx, who, Action.PATIENT_PARTED, joined_id, link.into_id)
        return root.id

    async def keep_apart(self, who: Identity, one: PatientId, other: PatientId) -> None:
        """Write down that two people only look alike: they are not shown together again."""
        require(who, Act.PATIENT_MERGE)
        async with self._database.transaction() as tx:
            ids = [(await self._standing(tx, who, each)).id for each in (one, other)]
            first, second = ordered(ids[0], ids[1])
            await store.keep_apart(tx, PatientDistinct(
                first_id=first, second_id=second, said_at=self._now(), said_by=who.account_id
            ))  # fmt: skip
            await self._note(tx, who, Action.PATIENT_KEPT_APART, first, second)

    async def trail(self, who: Identity, patient_id: PatientId) -> list[Link]:
        """Return what was ever joined to this record or parted from it, newest first."""
        require(who, Act.PATIENT_MERGE)
        async with self._database.transaction() as tx:
            await self._people.allowed(tx, who, patient_id)
            rows = await store.trail_of(tx, patient_id)
            actors = {actor for row in rows for actor in (row.merged_by, row.parted_by) if actor}
            names = await accounts_store.names(tx, actors)
            ids = {one for row in rows for one in (row.patient_id, row.into_id)}
            people = {one.id: one for one in await self._people.opened_all(tx, await store.patients(tx, ids))}
            await record(tx, who, Action.PATIENT_READ, at=self._now(), patient_id=patient_id)
        return [
            Link(
                people[row.patient_id],
                people[row.into_id],
                row.merged_at,
                names.get(row.merged_by, ""),
                row.parted_at,
                names.get(row.parted_by, "") if row.parted_by else "",
            )
            for row in rows
            if row.patient_id in people and row.into_id in people
        ]

    async def _all_of(self, tx: AsyncSession, site_id: SiteId) -> list[Patient]:
        """Return the people of a site, each once; opened a part at a time, for others want to work too."""
        joined = await store.merged_of_site(tx, site_id)
        ids = [one for one in await store.row_vers_of_site(tx, site_id) if one not in joined]
        people: list[Patient] = []
        for start in range(0, len(ids), AT_ONCE):
            rows = await store.patients(tx, ids[start : start + AT_ONCE])
            people += await self._people.opened_all(tx, rows)
            await asyncio.sleep(0)
        return people

    async def _standing(self, tx: AsyncSession, who: Identity, patient_id: PatientId) -> Patient:
        patient = await self._people.allowed(tx, who, patient_id)
        if patient.id != patient_id:
            raise Conflict(N_("Ce dossier est déjà réuni avec un autre."), code="already-merged")
        return patient

    async def _seen(self, tx: AsyncSession, who: Identity, seen: tuple[PatientId, int]) -> Patient:
        patient = await self._standing(tx, who, seen[0])
        if patient.row_ver != seen[1]:
            raise Conflict(
                N_("Quelqu’un a modifié ces informations entre-temps. Rien n’a été écrasé."), code="edited-elsewhere"
            )
        return patient

    async def _refuse_open_visit(self, tx: AsyncSession, *people: PatientId) -> None:
        for one in people:
            if await self._open_visit(tx, one):
                raise Conflict(N_("Une visite est en cours. Attendez qu’elle soit finie."), code="visit-open")

    async def _note(
        self, tx: AsyncSession, who: Identity, action: Action, patient_id: PatientId, other: PatientId
    ) -> None:
        """Write the act down in both records."""
        for one, about in ((patient_id, other), (other, patient_id)):
            await record(tx, who, action, at=self._now(), patient_id=one, record=f"patient:{about}")


def _ids(pair: Pair) -> tuple[PatientId, PatientId]:
    return ordered(pair.first.id, pair.second.id)


def _site_of(who: Identity) -> SiteId:
    if who.site_id is None:
        raise NotFound(N_("Votre compte n’est rattaché à aucun site."))
    return who.site_id
