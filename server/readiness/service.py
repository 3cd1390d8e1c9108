"""Checking a cabin: an echo to call, a report to judge and keep, and what every cabin counts as.

    begin ─▶ (the page looks at its devices) ─▶ answer: an echo, 60 s ─▶ report ─▶ judged, kept, told to who watches

The figures are the page's; the colour is ours. What the echo heard goes before what the page says of its way up.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import CabinId, new_id
from server.kernel.words import N_
from server.people import store as people_store
from server.people.rules import Cabin, Site
from server.readiness import store
from server.readiness.rules import (
    HISTORY_FOR,
    KEPT_FOR,
    Check,
    Figures,
    Standing,
    Verdict,
    Way,
    Witness,
    joined,
    judge,
    seen,
    standing,
    way_of,
)
from server.readiness.tables import ReadinessRow
from server.web.limits import Bucket
from signalling.ice import IceServer, IceServers

PER_MINUTE, BURST = 4, 6  # a check takes 15 s: who presses faster presses without looking
LINE = "readiness"
"""The line of who watches all cabins."""


class Echoes(Protocol):
    """The echoes of this server: one for a cabin, a few at once, each for a minute."""

    async def answer(self, key: UUID, cabin_id: CabinId, offer_sdp: str, servers: list[IceServer]) -> str:
        """Return an echo's answer to an offer. Raises Unavailable `busy` when the room is full, Invalid."""

    async def witness(self, key: UUID, cabin_id: CabinId) -> Witness | None:
        """Return what this cabin's echo saw, and end it; None when there is none any more."""

    async def close(self) -> None:
        """End all."""


class Seats(Protocol):
    """Says who sits in a cabin."""

    async def patient_in(self, tx: AsyncSession, cabin_id: CabinId) -> object | None:
        """Return the visit that sits in a cabin, or None."""


class Nudger(Protocol):
    """Tells pages that something changed; they come and look."""

    async def nudge(self, *lines: str) -> None:
        """Nudge everybody who listens on these lines."""


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay address of the network, to be tried alone."""

    way: Way
    server: IceServer


@dataclass(frozen=True, slots=True)
class Begun:
    """What a page needs for a check."""

    standing: Standing
    ice_servers: tuple[IceServer, ...]
    relays: tuple[Relay, ...]


@dataclass(frozen=True, slots=True)
class CabinReadiness:
    """One cabin: what it counts as, and its checks of thirty days, in order."""

    cabin: Cabin
    site: Site
    standing: Standing
    checks: tuple[Check, ...]


class Readiness:
    """The checks of cabins."""

    def __init__(
        self, database: Database, now: Clock, nudger: Nudger, seats: Seats, echoes: Echoes, ice: IceServers
    ) -> None:
        self._database = database
        self._now = now
        self._nudger = nudger
        self._seats = seats
        self._echoes = echoes
        self._ice = ice
        self._bucket = Bucket(now, per_minute=PER_MINUTE, burst=BURST)

    async def begin(self, who: Identity) -> Begun:
        """Return what the page of a cabin needs to check it. Raises Conflict `visit` while somebody sits in it."""
        require(who, Act.CABIN_CHECK)
        async with self._database.reading() as tx:
            await self._nobody_sits(tx, _cabin_of(who))
            now = standing((await store.last(tx, [_cabin_of(who)])).get(_cabin_of(who)), self._now())
        return Begun(now, tuple(self._ice.for_page(_pseudonym())), tuple(self._relays()))

    async def answer(self, who: Identity, offer_sdp: str) -> tuple[UUID, str]:
        """Open an echo for a cabin and return its key and its answer; a former echo of this cabin ends.

        Raises Conflict `visit`, TooMany, Unavailable `busy`, Invalid.
        """
        require(who, Act.CABIN_CHECK)
        cabin_id, key = _cabin_of(who), new_id()
        self._bucket.take(str(cabin_id))
        async with self._database.reading() as tx:
            await self._nobody_sits(tx, cabin_id)
        return key, await self._echoes.answer(key, cabin_id, offer_sdp, self._ice.for_page(_pseudonym()))

    async def report(self, who: Identity, key: UUID | None, figures: Figures, *, asked: bool) -> Verdict:
        """Judge and keep what a cabin measured. `key`: of the echo it called, if it came so far.

        A report without its echo (its minute is over, another server had it) counts by what the page says alone.
        """
        require(who, Act.CABIN_CHECK)
        cabin_id, now = _cabin_of(who), self._now()
        self._bucket.take(f"report {cabin_id}")
        witness = await self._echoes.witness(key, cabin_id) if key else None
        figures = joined(figures, witness)
        verdict = judge(seen(figures, self._ways()))
        async with self._database.transaction() as tx:
            cabin = await people_store.cabin(tx, cabin_id)
            row = ReadinessRow(
                id=new_id(),
                cabin_id=cabin_id,
                at=now,
                colour=verdict.colour,
                fault=verdict.fault,
                asked=asked,
                figures=msgspec.json.encode(figures).decode(),
            )
            tx.add(row)
            await store.forget(tx, cabin_id, now - KEPT_FOR)
            await record(tx, who, Action.CABIN_CHECKED, at=now, record=f"cabin:{cabin_id}", reason=verdict.colour.value)
        await self._nudger.nudge(LINE, f"site:{cabin.site_id}")
        return verdict

    async def mine(self, who: Identity) -> Check | None:
        """Return the last check of the caller's own cabin."""
        require(who, Act.CABIN_CHECK)
        async with self._database.reading() as tx:
            return (await store.last(tx, [_cabin_of(who)])).get(_cabin_of(who))

    async def of_cabins(self, who: Identity, cabin_ids: Iterable[CabinId]) -> dict[CabinId, Standing]:
        """Return what these cabins count as now; they are places, and no secret of anybody."""
        require(who, Act.READINESS_SEE)
        ids, now = list(cabin_ids), self._now()
        async with self._database.reading() as tx:
            known = await store.last(tx, ids)
        return {one: standing(known.get(one), now) for one in ids}

    async def all(self, who: Identity) -> list[CabinReadiness]:
        """Return every cabin in service with its last thirty days, by name."""
        require(who, Act.READINESS_SEE)
        now = self._now()
        async with self._database.reading() as tx:
            cabins = [one for one in await people_store.cabins(tx) if one.in_service]
            sites = {site.id: site for site in await people_store.sites(tx)}
            last = await store.last(tx, [cabin.id for cabin in cabins])
            checks = await store.since(tx, now - HISTORY_FOR)
        return [
            CabinReadiness(
                cabin,
                sites[cabin.site_id],
                standing(last.get(cabin.id), now),
                tuple(one for one in checks if one.cabin_id == cabin.id),
            )
            for cabin in cabins
        ]

    async def close(self) -> None:
        """End the echoes that are open, with the server."""
        await self._echoes.close()

    async def _nobody_sits(self, tx: AsyncSession, cabin_id: CabinId) -> None:
        if await self._seats.patient_in(tx, cabin_id) is not None:
            raise Conflict(N_("Quelqu’un est dans la cabine. Le contrôle attend la fin de la visite."), code="visit")

    def _urls(self) -> tuple[str, ...]:
        return tuple(self._ice.turn_urls) if self._ice.turn_secret else ()

    def _ways(self) -> set[Way]:
        return {way_of(url) for url in self._urls()}

    def _relays(self) -> Iterable[Relay]:
        """Yield each relay address with credentials of its own: a relay lets one name have few places at once."""
        for url in self._urls():
            alone = replace(self._ice, stun_urls=(), turn_urls=(url,))
            yield from (Relay(way_of(url), server) for server in alone.for_page(_pseudonym()))


def _pseudonym() -> str:
    return secrets.token_hex(8)


def _cabin_of(who: Identity) -> CabinId:
    if who.cabin_id is None:
        raise NotFound(N_("Ce compte n’est pas celui d’une cabine."))
    return who.cabin_id
