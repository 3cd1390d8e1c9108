"""The directories of the sites: made when somebody searches, kept right by the rows, forgotten after a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.clock import Clock
from server.kernel.ids import PatientId, SiteId
from server.people import store
from server.people.directory import Directory
from server.people.rules import Patient
from server.people.tables import PatientRow

KEPT_FOR = timedelta(minutes=30)
KEPT_PEOPLE = 100_000
"""People in all directories of a process, at less than 4 kB each; beyond it the least recently used site leaves."""
AT_ONCE = 500  # rows opened between two breaths of the event loop; the vault's batch

Opener = Callable[[AsyncSession, Sequence[PatientRow]], Awaitable[list[Patient]]]
"""Opens rows; who cannot be opened, because their key was destroyed, is left out."""


@dataclass(slots=True)
class _Site:
    until: datetime
    stamp: tuple[int, int] = (0, 0)
    row_vers: dict[PatientId, int] = field(default_factory=dict)
    directory: Directory = field(default_factory=Directory)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Directories:
    """One directory a site, true to the rows at each search: another server may have written."""

    def __init__(self, opened: Opener, now: Clock) -> None:
        self._opened = opened
        self._now = now
        self._sites: OrderedDict[SiteId, _Site] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(site.directory) for site in self._sites.values())

    async def of(self, tx: AsyncSession, site_id: SiteId) -> Directory:
        """Return the directory of a site as the rows stand in this transaction."""
        self._leave_out()
        site = self._sites.setdefault(site_id, _Site(self._now() + KEPT_FOR))
        self._sites.move_to_end(site_id)
        async with site.lock:
            stamp = await store.stamp_of_site(tx, site_id)
            if stamp != site.stamp:
                await self._catch_up(tx, site_id, site)
                site.stamp = stamp
        return site.directory

    async def _catch_up(self, tx: AsyncSession, site_id: SiteId, site: _Site) -> None:
        site.stamp = (0, 0)  # cut short, the next search begins again
        true = await store.row_vers_of_site(tx, site_id)
        for gone in site.row_vers.keys() - true.keys():
            site.directory.drop(gone)
            del site.row_vers[gone]
        changed = [one for one, row_ver in true.items() if site.row_vers.get(one) != row_ver]
        for start in range(0, len(changed), AT_ONCE):
            rows = await store.patients(tx, changed[start : start + AT_ONCE])
            for patient in await self._opened(tx, rows):
                site.directory.put(patient.id, patient.traits)
            site.row_vers.update((row.id, row.row_ver) for row in rows)
            await asyncio.sleep(0)

    def _leave_out(self) -> None:
        """Forget what was made long ago (a destroyed key takes the name out of memory too), and what is too much."""
        for site_id in [one for one, site in self._sites.items() if self._now() >= site.until]:
            del self._sites[site_id]
        while len(self) > KEPT_PEOPLE and len(self._sites) > 1:
            self._sites.popitem(last=False)
