"""Makes the demo's village in an empty database: `settle` once, in one transaction, the same for the same seed.

    seed, today ──▶ people, places, visits (pure) ──▶ acts in the order of time ──▶ services ──▶ one commit

Ids and ciphertexts are fresh each time; people, places, words, measures and times come from the seed and the day.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Protocol
from zoneinfo import ZoneInfo

from server.accounts.passwords import Passwords
from server.database.engine import Database
from server.kernel.clock import Clock
from server.kernel.sealing import Vault
from server.village import places, store
from server.village.cast import cast, first_visits
from server.village.checks import mornings
from server.village.chronicle import Arrival, Chronicle
from server.village.clinic import open_clinic
from server.village.coming import Coming
from server.village.lines import TOLD_FOR
from server.village.population import Person, people
from server.village.settling import Settling
from server.village.sign_ins import PASSWORD, DemoSignIns, sign_ins
from server.village.visits import WEEKS, Visit, takings, visits

OTHERS = 288  # with the twelve named ones: 300 people
VISITS = 70
MEASURED = 24  # people with chronic conditions whose measures were also taken between visits
UNBOOKED = frozenset({0, 3})
"""Odette and Yvon: their follow-up is open, so that a demonstration can book it."""
_REGISTERED = timedelta(days=420)
_ZONE = ZoneInfo(places.ZONE)


class House(Protocol):
    """What a village is written into."""

    @property
    def database(self) -> Database:
        """The database, migrated."""

    @property
    def vault(self) -> Vault:
        """Its vault."""

    @property
    def now(self) -> Clock:
        """The clock: the past ends yesterday."""


@dataclass(frozen=True, slots=True)
class _Deed:
    """An act at its moment."""

    at: datetime
    do: Callable[[], Awaitable[None]]


async def settle(house: House, seed: int) -> DemoSignIns:
    """Make the village unless somebody lives there already; return who may sign in."""
    async with house.database.reading() as tx:
        is_empty = await store.is_empty(tx)
    if is_empty:
        await write(house.database, house.vault, seed, house.now())
    return sign_ins()


async def write(
    database: Database,
    vault: Vault,
    seed: int,
    now: datetime,
    *,
    others: int = OTHERS,
    past: int = VISITS,
    weeks: int = WEEKS,
) -> None:
    """Write the village as it is at `now`, into an empty database: all of it, or nothing.

    Besides the named people it has so many `others`; about `past` visits are over, and the last `weeks` were busy.
    """
    today = now.astimezone(_ZONE).date()
    everybody = _with_codes(seed, cast(seed, today) + people(seed, others, today))
    passwords = Passwords()
    try:
        hashed = await passwords.hash(PASSWORD)
        async with database.transaction() as tx:
            clinic = open_clinic(database, tx, vault, passwords, _noon(today) - _REGISTERED)
            settled = await Settling(clinic, hashed).settle()
            chronicle = Chronicle(clinic, settled, everybody, told_since=_noon(today) - TOLD_FOR)
            seen = visits(seed, everybody, first_visits(), past, today, weeks)
            await chronicle.register(_arrivals(everybody, {visit.person for visit in seen}, today))
            for deed in _deeds(chronicle, everybody, seen, seed, today):
                await deed.do()
            clinic.then.at = _noon(today) - timedelta(hours=18)
            for place, cabin_id in enumerate(settled.cabins.values()):
                await store.add_checks(tx, mornings(cabin_id, place, now, Random(f"{seed}/checks/{place}")))
            await Coming(clinic, chronicle, today, Random(f"{seed}/coming")).book(UNBOOKED)
    finally:
        passwords.close()


def _arrivals(everybody: Sequence[Person], seen: Collection[int], today: date) -> list[Arrival]:
    """Return when each became known: long ago, or soon after birth."""
    arrivals = []
    for number, person in enumerate(everybody):
        born = _noon(person.traits.born_on) + timedelta(days=10)
        at = min(max(_noon(today) - _REGISTERED, born), _noon(today) - timedelta(days=1))
        asked = number in seen or bool(person.conditions or person.allergies)
        arrivals.append(Arrival(number, at, asked))
    return arrivals


def _deeds(
    chronicle: Chronicle, everybody: Sequence[Person], past: Sequence[Visit], seed: int, today: date
) -> list[_Deed]:
    """Return all that happened, in the order of time."""
    ill = [number for number, person in enumerate(everybody) if person.conditions]
    taken = takings(seed, everybody, ill[:MEASURED], today)
    deeds = [_Deed(taking.taken_at, partial(chronicle.take, taking)) for taking in taken]
    before: dict[int, Visit] = {}
    for visit in past:
        deeds.append(_Deed(visit.arrived_at, partial(chronicle.visit, visit)))
        if visit.keeps:
            at = before[visit.person].arrived_at + timedelta(days=1)
            deeds.append(_Deed(at, partial(chronicle.book, visit, at)))
        before[visit.person] = visit
    return sorted(deeds, key=lambda deed: deed.at)


def _with_codes(seed: int, everybody: list[Person]) -> list[Person]:
    """Return the people with a paper code each: the known ones, and drawn ones for the others."""
    rng = Random(f"{seed}/codes")
    used = {person.code for person in everybody}
    coded = []
    for person in everybody:
        code = person.code
        while not code or (not person.code and code in used):
            code = f"{rng.randrange(1_000_000):06d}"
        used.add(code)
        coded.append(replace(person, code=code))
    return coded


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), _ZONE)
