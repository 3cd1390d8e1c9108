"""Finding people: how often the right one stands first, and how long it takes, for each way of asking wrongly.

200,000 invented people in one directory (ten times a large site), then 5,000 through the service: the rows opened,
the search written to the log. Deterministic but for the times.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from random import Random

from server.database.engine import Database
from server.kernel.access import Identity, Role
from server.kernel.clock import utc_now
from server.kernel.ids import AccountId, PatientId, new_id
from server.people.directory import Directory
from server.people.rules import Traits
from server.people.service import People
from server.people.wanted import understood
from server.records.seal.keyring import init_key
from server.records.seal.start import unlock
from tests import components
from tests.bench import Figure, at_least, at_most, quantile
from tests.bench.people.population import QUERIES, Asked, population
from tests.databases import create_all_tables
from tests.server.records.village import settle

PEOPLE = 200_000
OF_A_SITE = 5_000
ASKED = 300
SEED = 20261122


async def run() -> list[Figure]:
    """Measure the directory alone, then the whole search of a site."""
    random = Random(SEED)
    everyone = population(PEOPLE, random)
    directory, ids, entering = _entered(everyone)
    figures: list[Figure] = []
    for kind, asked in QUERIES.items():
        figures += _asked(directory, ids, everyone, kind, asked, random)
    figures.append(at_most("enter one person", 1e6 * entering, "µs", 500))
    figures.append(at_most("memory of one person", _memory(everyone[:OF_A_SITE]) / 1024, "kB", 6))
    del directory, ids
    return figures + await _through_the_service(everyone[:OF_A_SITE], random)


def _entered(everyone: list[Traits]) -> tuple[Directory, list[PatientId], float]:
    directory, ids = Directory(), [PatientId(new_id()) for _ in everyone]
    start = time.perf_counter()
    for one, traits in zip(ids, everyone, strict=True):
        directory.put(one, traits)
    return directory, ids, (time.perf_counter() - start) / len(ids)


def _asked(
    directory: Directory, ids: list[PatientId], everyone: list[Traits], kind: str, asked: Asked, random: Random
) -> list[Figure]:
    first, listed, took = 0, 0, []
    for place in _drawn(everyone, kind, random):
        line = asked(random, everyone[place])
        start = time.perf_counter()
        hits = directory.find(understood(line), 20)
        took.append(1000 * (time.perf_counter() - start))
        found = [hit.patient_id for hit in hits]
        first += found[:1] == [ids[place]]
        listed += ids[place] in found[:5]
    beside = {"among the first 5": listed / len(took)}
    slow = {"median": quantile(took, 0.5), "slowest": max(took)}
    return [
        at_least(f"{kind}: stands first", first / len(took), "share", 0.95, beside),
        at_most(f"{kind}: p95", quantile(took, 0.95), "ms", 50, slow),
    ]


def _drawn(everyone: list[Traits], kind: str, random: Random) -> list[int]:
    """Return who is asked for: anybody for whom this way of asking is one."""
    drawn: list[int] = []
    while len(drawn) < ASKED:
        place = random.randrange(len(everyone))
        one = everyone[place]
        if (kind == "married name" and not one.used_name) or (kind == "day and month swapped" and one.born_on.day > 12):
            continue
        drawn.append(place)
    return drawn


def _memory(people: list[Traits]) -> float:
    tracemalloc.start()
    try:
        directory, _ids, _entering = _entered(people)
        return tracemalloc.get_traced_memory()[0] / len(directory)
    finally:
        tracemalloc.stop()


async def _through_the_service(everyone: list[Traits], random: Random) -> list[Figure]:
    with components.service_folder() as folder:
        database = Database(f"sqlite:///{folder}/bench.db")
        try:
            await create_all_tables(database)
            people = People(database, await unlock(database, init_key(folder / "keys.json").path, utc_now), utc_now)
            return await _searched(database, people, everyone, random)
        finally:
            await database.close()


async def _searched(database: Database, people: People, everyone: list[Traits], random: Random) -> list[Figure]:
    village = await settle(database)
    who = Identity(AccountId(new_id()), Role.HEALTH_WORKER, "bench", "B", site_id=village.site)
    async with database.transaction() as tx:
        for traits in everyone:
            await people.enrol(tx, traits, village.site, who=None, fictitious=True)
    print(f"{len(everyone)} people sealed at one site", file=sys.stderr)
    took = []
    for _ in range(1 + ASKED // 3):
        line = QUERIES["slip in the family name"](random, random.choice(everyone))
        start = time.perf_counter()
        await people.search(who, line)
        took.append(1000 * (time.perf_counter() - start))
    warm = {"median": quantile(took[1:], 0.5), "slowest": max(took[1:])}
    return [
        at_most(f"first search of a site of {len(everyone)}", took[0] / 1000, "s", 5),
        at_most(
            f"search of a site of {len(everyone)}, rows opened and logged, p95",
            quantile(took[1:], 0.95),
            "ms",
            50,
            warm,
        ),
    ]
