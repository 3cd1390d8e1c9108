"""Who and what can have hours: cabins, doctors, health workers and instruments, with the place where each is."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.access import Act, Identity, may, require
from server.kernel.errors import NotFound
from server.kernel.ids import SiteId
from server.kernel.words import N_
from server.people import store as people_store
from server.people.founding import store as founding_store
from server.people.rules import Site
from server.scheduler.rules.openings import ResourceKind

_UNKNOWN = N_("Cet élément n’existe pas, ou il n’est pas à vous.")
HOME_ZONE = "Europe/Paris"
"""Of a doctor for whom nobody has said another, where there is no site yet."""


class _Named(Protocol):
    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def name(self) -> str:
        """What people call it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody or something with hours. `site` None: a doctor, who belongs to no site."""

    id: UUID
    kind: ResourceKind
    name: str
    site: Site | None


async def subjects(tx: AsyncSession) -> list[Subject]:
    """Return all who can have hours: by kind, site and name."""
    sites = {site.id: site for site in await people_store.sites(tx)}
    found = [
        *(_at(sites, one.site_id, ResourceKind.CABIN, one) for one in await people_store.cabins(tx)),
        *(Subject(one.id, ResourceKind.PRACTITIONER, one.name, None) for one in await people_store.practitioners(tx)),
        *(_at(sites, one.site_id, ResourceKind.HEALTH_WORKER, one) for one in await people_store.health_workers(tx)),
        *(_at(sites, one.site_id, ResourceKind.INSTRUMENT, one) for one in await founding_store.instruments(tx)),
    ]
    order = list(ResourceKind)
    return sorted(found, key=lambda one: (order.index(one.kind), one.site.name if one.site else "", one.name))


async def subject(tx: AsyncSession, subject_id: UUID) -> Subject:
    """Return one of them, or raise NotFound."""
    for one in await subjects(tx):
        if one.id == subject_id:
            return one
    raise NotFound(_UNKNOWN)


def own_subject(who: Identity) -> UUID | None:
    """Return whose hours are the caller's own; None for an account that is no doctor's and no health worker's."""
    return who.practitioner_id or who.health_worker_id if may(who, Act.HOURS_OWN) else None


def require_hours(who: Identity, subject_id: UUID) -> None:
    """Raise unless the caller may see and change these hours: coordinators everybody's, others their own.

    Somebody else's hours answer as those of nobody: NotFound.
    """
    if not may(who, Act.HOURS_EDIT):
        require(who, Act.HOURS_OWN)
        if subject_id != own_subject(who):
            raise NotFound(_UNKNOWN)


def _at(sites: dict[SiteId, Site], site_id: SiteId, kind: ResourceKind, one: _Named) -> Subject:
    return Subject(one.id, kind, one.name, sites.get(site_id))
