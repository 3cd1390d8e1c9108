"""Sites, cabins, and who works there: facts that a public board could show."""

from dataclasses import dataclass

from server.database.engine import Database
from server.kernel.access import Act, Identity, require
from server.kernel.ids import CabinId, SiteId
from server.people import store
from server.people.rules import Cabin, HealthWorker, Practitioner, Site


@dataclass(frozen=True, slots=True)
class Post:
    """A cabin, the site it stands in and the health workers of that site."""

    cabin: Cabin
    site: Site
    health_workers: tuple[HealthWorker, ...]


class Places:
    """The map: where cabins stand and who can be found there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def post(self, who: Identity, cabin_id: CabinId) -> Post:
        """Return a cabin with its site and the people on it."""
        require(who, Act.PLACES_SEE)
        async with self._database.reading() as tx:
            cabin = await store.cabin(tx, cabin_id)
            site = await store.site(tx, cabin.site_id)
            workers = await store.health_workers(tx, site.id)
        return Post(cabin, site, tuple(workers))

    async def site(self, who: Identity, site_id: SiteId) -> Site:
        """Return one site."""
        require(who, Act.PLACES_SEE)
        async with self._database.reading() as tx:
            return await store.site(tx, site_id)

    async def sites(self, who: Identity) -> list[Site]:
        """Return all sites by name."""
        require(who, Act.PLACES_SEE)
        async with self._database.reading() as tx:
            return await store.sites(tx)

    async def cabins(self, who: Identity, site_id: SiteId | None = None) -> list[Cabin]:
        """Return the cabins of one site, or all."""
        require(who, Act.PLACES_SEE)
        async with self._database.reading() as tx:
            return await store.cabins(tx, site_id)

    async def practitioners(self, who: Identity) -> list[Practitioner]:
        """Return all practitioners by name."""
        require(who, Act.PLACES_SEE)
        async with self._database.reading() as tx:
            return await store.practitioners(tx)

    async def health_workers(self, who: Identity, site_id: SiteId | None = None) -> list[HealthWorker]:
        """Return the health workers of one site, or all."""
        require(who, Act.PLACES_SEE)
        async with self._database.reading() as tx:
            return await store.health_workers(tx, site_id)
