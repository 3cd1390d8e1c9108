"""A directory of people, in memory only: finds who is meant by a misspelt, inverted, married or misheard name.

    word -> same | sounds the same | one slip | how it starts | sounds so but for one slip -> people, each once
    date -> same | one part differs                                                       -> people
    each person: score = names (worst first) and date, and the reason in words; the best 20

Nothing of it is ever written: see SEARCH.md, for why, and for what was measured.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise, takewhile

from server.kernel.ids import PatientId
from server.people.names import SLIP_FROM, one_slip, shortened, sound
from server.people.rules import Traits, plain
from server.people.wanted import NEAR_DATES, DateFit, Wanted

STARTS_MOST = 400  # words that a few first letters may stand for
PEOPLE_MOST = 5_000  # people weighed for one search: two letters of a name would otherwise mean a whole village
NAME_WEIGHS = 0.7  # of a score; the date has the rest


class NameFit(StrEnum):
    """How the words that were asked fit the words of a name; the last is the weakest."""

    SAME = "same"
    SOUND = "sound"
    SLIP = "slip"
    START = "start"
    LIKE = "like"
    """It sounds so, but for one slip."""
    PART = "part"
    """One word does not fit at all; the birth date does."""


NAME_SCORES = {
    NameFit.SAME: 1.0,
    NameFit.SOUND: 0.92,
    NameFit.SLIP: 0.88,
    NameFit.START: 0.8,
    NameFit.LIKE: 0.7,
    NameFit.PART: 0.0,
}
DATE_SCORES = {
    DateFit.SAME: 1.0,
    DateFit.SWAPPED: 0.9,
    DateFit.DAY: 0.8,
    DateFit.MONTH: 0.75,
    DateFit.YEAR: 0.75,
    DateFit.OTHER: 0.0,
}


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody who may be meant, and why. `date_fit` is None when no date was asked."""

    patient_id: PatientId
    score: float
    name_fit: NameFit
    date_fit: DateFit | None


@dataclass(frozen=True, slots=True)
class _Person:
    words: tuple[str, ...]
    born_on: date


class Directory:
    """The people of one care scope, by the words of their names and by their birth dates."""

    def __init__(self) -> None:
        self._people: dict[PatientId, _Person] = {}
        self._by_word: dict[str, list[PatientId]] = {}
        self._by_date: dict[tuple[int, int, int], list[PatientId]] = {}
        self._by_sound: dict[str, list[str]] = {}
        self._by_shortened: dict[str, list[str]] = {}
        self._by_shortened_sound: dict[str, list[str]] = {}
        self._in_order: list[str] = []

    def __len__(self) -> int:
        return len(self._people)

    def put(self, patient_id: PatientId, traits: Traits) -> None:
        """Enter a person, or their new traits."""
        self.drop(patient_id)
        person = _Person(_words(traits), traits.born_on)
        self._people[patient_id] = person
        for word in person.words:
            if word not in self._by_word:
                self._learn(word)
            self._by_word[word].append(patient_id)
        for part in _date_parts(person.born_on.day, person.born_on.month, person.born_on.year):
            self._by_date.setdefault(part, []).append(patient_id)

    def drop(self, patient_id: PatientId) -> None:
        """Forget a person, if they are known. The words stay, and lead to nobody."""
        person = self._people.pop(patient_id, None)
        if person is None:
            return
        for word in person.words:
            self._by_word[word].remove(patient_id)
        for part in _date_parts(person.born_on.day, person.born_on.month, person.born_on.year):
            self._by_date[part].remove(patient_id)

    def find(self, wanted: Wanted, most: int) -> list[Hit]:
        """Return the people who may be meant, best first; « le goff » may also have been entered as « Legoff »."""
        found = self._find(wanted, most)
        for place in range(len(wanted.words) - 1) if not found else ():
            one_word = "".join(wanted.words[place : place + 2])
            words = (*wanted.words[:place], one_word, *wanted.words[place + 2 :])
            found = found or self._find(replace(wanted, words=words), most)
        return found

    def _find(self, wanted: Wanted, most: int) -> list[Hit]:
        near = [self._near(word) for word in wanted.words]
        hits = [hit for one in self._candidates(wanted, near) if (hit := self._weighed(one, wanted, near))]
        return sorted(hits, key=self._rank)[:most]

    def _rank(self, hit: Hit) -> tuple[float, int, tuple[str, ...], date]:
        person = self._people[hit.patient_id]
        return -hit.score, len(person.words), person.words, person.born_on

    def _learn(self, word: str) -> None:
        self._by_word[word] = []
        insort(self._in_order, word)
        heard = sound(word)
        if heard not in self._by_sound and len(heard) >= SLIP_FROM:
            for shorter in set(shortened(heard)):
                self._by_shortened_sound.setdefault(shorter, []).append(heard)
        self._by_sound.setdefault(heard, []).append(word)
        if len(word) >= SLIP_FROM:
            for shorter in set(shortened(word)):
                self._by_shortened.setdefault(shorter, []).append(word)

    def _near(self, asked: str) -> dict[str, NameFit]:
        """Return the known words that `asked` may stand for, with the best fit of each."""
        found: dict[str, NameFit] = {}
        for word, fit in self._all_near(asked):
            found.setdefault(word, fit)
        return found

    def _all_near(self, asked: str) -> Iterator[tuple[str, NameFit]]:
        """Yield words from the best fit to the weakest."""
        if asked in self._by_word:
            yield asked, NameFit.SAME
        heard, is_long = sound(asked), len(asked) >= SLIP_FROM
        yield from ((word, NameFit.SOUND) for word in (self._by_sound.get(heard, ()) if is_long else ()))
        yield from ((word, NameFit.SLIP) for word in _one_slip_away(asked, self._by_shortened))
        yield from ((word, NameFit.START) for word in self._starting(asked))
        for like in _one_slip_away(heard, self._by_shortened_sound):
            yield from ((word, NameFit.LIKE) for word in self._by_sound[like])

    def _starting(self, asked: str) -> Iterator[str]:
        start = bisect_left(self._in_order, asked)
        return takewhile(lambda word: word.startswith(asked), self._in_order[start : start + STARTS_MOST])

    def _candidates(self, wanted: Wanted, near: list[dict[str, NameFit]]) -> set[PatientId]:
        """Return the people of the rarest word, and those whose birth date is near."""
        found: set[PatientId] = set()
        if near:
            rarest = min(near, key=lambda words: sum(len(self._by_word[word]) for word in words))
            for word in rarest:
                found.update(self._by_word[word])
                if len(found) > PEOPLE_MOST:
                    break
        if wanted.has_whole_date:
            parts = {
                *_date_parts(wanted.day, wanted.month, wanted.year),
                (wanted.month, wanted.day, wanted.year),
            }
            for part in parts:
                found.update(self._by_date.get(part, []))
        elif wanted.has_date and not near:
            found.update(one for one, person in self._people.items() if wanted.date_fit(person.born_on) in NEAR_DATES)
        return found

    def _weighed(self, one: PatientId, wanted: Wanted, near: list[dict[str, NameFit]]) -> Hit | None:
        """Return how well somebody fits: every word must, or all but one when the birth date is near."""
        person = self._people[one]
        fits = [_best(words, person.words) for words in near]
        date_fit = wanted.date_fit(person.born_on) if wanted.has_date else None
        if fits.count(NameFit.PART) > (1 if len(fits) > 1 and wanted.has_whole_date and date_fit in NEAR_DATES else 0):
            return None
        if date_fit is DateFit.OTHER and not wanted.has_whole_date:
            return None
        names = sum(NAME_SCORES[fit] for fit in fits) / len(fits) if fits else 1.0
        score = names if date_fit is None else NAME_WEIGHS * names + (1 - NAME_WEIGHS) * DATE_SCORES[date_fit]
        return Hit(one, score, max(fits, key=_ORDER.index, default=NameFit.SAME), date_fit)


_ORDER = tuple(NameFit)


def _one_slip_away(asked: str, by_shortened: dict[str, list[str]]) -> Iterator[str]:
    """Yield what is one slip away from `asked`; in short words no slip is forgiven."""
    for shorter in shortened(asked) if len(asked) >= SLIP_FROM else ():
        yield from (word for word in by_shortened.get(shorter, ()) if one_slip(asked, word))


def _best(near: dict[str, NameFit], words: tuple[str, ...]) -> NameFit:
    return min((near[word] for word in words if word in near), key=_ORDER.index, default=NameFit.PART)


def _words(traits: Traits) -> tuple[str, ...]:
    """Return all words of a person's names, and neighbours also in one: « le », « goff », « legoff »."""
    names = (traits.birth_name, traits.used_name, traits.used_given_name, *traits.given_names)
    words: dict[str, None] = {}
    for parts in (plain(name).split() for name in names):
        words.update(dict.fromkeys([*parts, *(left + right for left, right in pairwise(parts))]))
    return tuple(words)


def _date_parts(day: int, month: int, year: int) -> tuple[tuple[int, int, int], ...]:
    """Return the keys under which a date is kept: whole, and without each of its parts."""
    return (day, month, year), (0, month, year), (day, 0, year), (day, month, 0)
