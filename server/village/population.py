"""The people of the village: who they are, what they have, where they live; the same for the same seed.

    seed ──▶ one generator per person ──▶ age and sex ──▶ names, address ──▶ illnesses ──▶ body

Everybody is invented. Ages are those of a rural département: Insee, census of 2018, la Creuse: 13.4 % below 15,
12.3 % from 15 to 29, 14.5 % from 30 to 44, 21.4 % from 45 to 59, 23.3 % from 60 to 74, 15.1 % from 75 on.
Ours: the shape inside a band, and the share of women (half at first, two in three past 85). Names are explained in
`names`, illnesses in `illnesses`. Nobody has a national identifier, but for the few of `cast` who carry one of the
published test vectors under the TEST authority (OID 1.2.250.1.213.1.4.10).

Each person has a generator of their own, seeded by the village's seed and their number: a village of 300 is the
beginning of the village of 5,000.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from server.people.rules import Sex, Traits
from server.village import illnesses, names, places, vitals
from server.village.illnesses import Allergy, Condition, Medicine
from server.village.places import Village
from server.village.vitals import Body

PYRAMID = (((0, 14), 13.4), ((15, 29), 12.3), ((30, 44), 14.5), ((45, 59), 21.4), ((60, 74), 23.3), ((75, 99), 15.1))
_PAST_75 = (((75, 79), 34), ((80, 84), 27), ((85, 89), 23), ((90, 94), 12), ((95, 99), 4))
_WOMEN = ((90, 0.72), (85, 0.65), (80, 0.59), (75, 0.55), (60, 0.51), (0, 0.49))


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person. `code` is the known paper code of a named one; the others get theirs at registration."""

    traits: Traits
    village: str
    conditions: tuple[Condition, ...]
    allergies: tuple[Allergy, ...]
    medicines: tuple[Medicine, ...]
    body: Body
    code: str = ""
    treated_by: str = ""
    """The login of the registered GP; empty for the one in nine adults who has none (CNAM, 2023)."""

    @property
    def female(self) -> bool:
        """Whether the administrative sex is female."""
        return self.traits.sex is Sex.FEMALE


def people(seed: int, count: int, today: date) -> list[Person]:
    """Return `count` invented people; the first ones do not depend on `count`."""
    return [person(Random(f"{seed}/{number}"), today) for number in range(count)]


def person(rng: Random, today: date) -> Person:
    """Return one invented person of an age drawn from the pyramid."""
    age = _age(rng)
    female = rng.random() < next(share for least, share in _WOMEN if age >= least)
    village = rng.choices(places.VILLAGES, [one.weight for one in places.VILLAGES])[0]
    having = illnesses.conditions(rng, age, female=female)
    return Person(
        traits=_traits(rng, age, today, village, female=female),
        village=village.key,
        conditions=having,
        allergies=illnesses.allergies(rng, age, today.year),
        medicines=illnesses.medicines(rng, having),
        body=vitals.body(rng, age, having, female=female),
        treated_by=_registered_with(rng),
    )


def born_on(rng: Random, age: int, today: date) -> date:
    """Return a birth date that makes this age today."""
    latest = date(today.year - age, today.month, min(today.day, 28))
    return latest - timedelta(days=rng.randrange(364))


def _age(rng: Random) -> int:
    low, high = rng.choices([band for band, _ in PYRAMID], [share for _, share in PYRAMID])[0]
    if low == 75:
        low, high = rng.choices([band for band, _ in _PAST_75], [share for _, share in _PAST_75])[0]
    return rng.randint(low, high)


def _traits(rng: Random, age: int, today: date, village: Village, *, female: bool) -> Traits:
    born = born_on(rng, age, today)
    birth_name = names.family_name(rng, born.year)
    given = names.first_names(rng, born.year, female=female)
    return Traits(
        birth_name=birth_name,
        given_names=given,
        born_on=born,
        sex=Sex.FEMALE if female else Sex.MALE,
        birth_place_insee=village.insee if rng.random() < 0.4 else "22996",
        used_name=names.used_name(rng, birth_name, age, female=female),
        used_given_name=given[1] if len(given) > 1 and rng.random() < 0.04 else "",
        phone=places.phone(rng, mobile=age < 75 or rng.random() < 0.5) if age >= 12 else "",
        address=places.address(rng, village),
    )


def _registered_with(rng: Random) -> str:
    if rng.random() < 1 / 9:
        return ""
    return rng.choice(places.DOCTORS).login
