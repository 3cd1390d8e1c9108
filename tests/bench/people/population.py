"""An invented population for the search, and the ways in which people are asked for wrongly. Always the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from server.people.rules import Sex, Traits
from server.village.names import first_names

FAMILY_NAMES = 45_000
MARRIED = 0.35
_FIRST_DAY, _DAYS = date(1930, 1, 1), 34_000
_STARTS = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "f",
    "g",
    "gr",
    "gu",
    "h",
    "j",
    "k",
    "kerv",
    "l",
    "m",
    "n",
    "p",
    "ph",
    "pl",
    "qu",
    "r",
    "s",
    "t",
    "tr",
    "v",
]
_MIDDLES = ["a", "an", "au", "e", "eau", "en", "er", "i", "in", "o", "oi", "on", "ou", "u"]
_LASTS = ("", "c", "d", "t", "x", "ard", "ault", "ec", "el", "ert", "et", "ez", "ier", "in", "on", "y")
_HEARD = (("ph", "f"), ("eau", "o"), ("au", "o"), ("qu", "k"), ("en", "an"), ("c", "k"), ("y", "i"), ("ai", "ei"))
_LETTERS = "abcdefghilmnoprstuv"

Asked = Callable[[Random, Traits], str]


def population(people: int, random: Random) -> list[Traits]:
    """Return invented people; family names thin out as in France, the first borne by one in 250."""
    families = _families(random)
    weights = list(accumulate(1 / (rank + 22) for rank in range(len(families))))
    made = []
    for _ in range(people):
        sex = random.randrange(2)
        family, husband = random.choices(families, cum_weights=weights, k=2)
        born_on = _FIRST_DAY + timedelta(days=random.randrange(_DAYS))
        given = first_names(random, born_on.year, female=sex == 0)[0]
        used = husband if sex == 0 and random.random() < MARRIED else ""
        made.append(Traits(family, (given,), born_on, (Sex.FEMALE, Sex.MALE)[sex], used_name=used))
    return made


def _families(random: Random) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < FAMILY_NAMES:
        name = "".join(random.choice(_STARTS) + random.choice(_MIDDLES) for _ in range(random.choice((1, 2, 2, 3))))
        name = (name + random.choice(_LASTS)).capitalize()
        if len(name) > 3:
            names[random.choice(("", "", "", "", "Le ", "Saint-")) + name] = None
    return list(names)


def slipped(random: Random, name: str) -> str:
    """Return the name with one slip of the finger in its longest word: a letter more, less, other, or two swapped."""
    word = max(re.findall(r"\w+", name), key=len)
    place = random.randrange(1, len(word))
    made = (
        word[:place] + word[place + 1 :],
        word[:place] + random.choice(_LETTERS) + word[place:],
        word[:place] + random.choice(_LETTERS) + word[place + 1 :],
        word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :],
    )
    return name.replace(word, random.choice(made))


def misspelt(random: Random, name: str) -> str:
    """Return the name as somebody else would write what they hear."""
    able = [(written, heard) for written, heard in _HEARD if written in name.lower()]
    if not able:
        return name + "e" if name[-1] not in "ae" else slipped(random, name)
    written, heard = random.choice(able)
    return re.sub(written, heard, name, count=1, flags=re.IGNORECASE)


def _line(traits: Traits, *, family: str = "", given: str = "", born_on: date | str = "") -> str:
    born_on = born_on or traits.born_on
    told = born_on if isinstance(born_on, str) else born_on.strftime("%d/%m/%Y")
    return f"{family or traits.birth_name} {given or traits.given_names[0]} {told}"


def _other_day(random: Random, traits: Traits) -> date:
    return traits.born_on.replace(day=random.choice([day for day in range(1, 29) if day != traits.born_on.day]))


def _other_year(random: Random, traits: Traits) -> str:
    return traits.born_on.strftime("%d/%m/") + str(traits.born_on.year + random.choice((-10, -2, -1, 1, 2, 10)))


QUERIES: dict[str, Asked] = {
    "as registered": lambda _random, one: _line(one),
    "no accents, inverted": lambda _random, one: f"{one.given_names[0]} {one.birth_name} {one.born_on:%d%m%Y}".upper(),
    "married name": lambda _random, one: _line(one, family=one.used_name),
    "misspelt family name": lambda random, one: _line(one, family=misspelt(random, one.birth_name)),
    "slip in the family name": lambda random, one: _line(one, family=slipped(random, one.birth_name)),
    "slips in both names": lambda random, one: _line(
        one, family=slipped(random, one.birth_name), given=slipped(random, one.given_names[0])
    ),
    "misspelt, wrong day": lambda random, one: _line(
        one, family=misspelt(random, one.birth_name), born_on=_other_day(random, one)
    ),
    "misspelt, wrong year": lambda random, one: _line(
        one, family=misspelt(random, one.birth_name), born_on=_other_year(random, one)
    ),
    "day and month swapped": lambda _random, one: _line(one, born_on=one.born_on.strftime("%m/%d/%Y")),
}
