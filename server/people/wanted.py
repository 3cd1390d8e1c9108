"""What was asked: the words of a name and the parts of a birth date in one line, and how well a date fits."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from server.people.rules import plain

YEARS = range(1880, 2101)
_DAY_FIRST = re.compile(r"\b(\d{1,2})[\s/.\-](\d{1,2})[\s/.\-](\d{4})\b|\b(\d{2})(\d{2})(\d{4})\b")
_YEAR_FIRST = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_DAY_AND_MONTH = re.compile(r"\b(\d{1,2})[/.\-](\d{1,2})\b|\b(\d{2})(\d{2})\b")


class DateFit(StrEnum):
    """How the birth date of a person fits the one that was asked."""

    SAME = "same"
    SWAPPED = "swapped"
    """Day and month change places."""
    DAY = "day"
    """Only the day differs."""
    MONTH = "month"
    YEAR = "year"
    OTHER = "other"


NEAR_DATES = frozenset(DateFit) - {DateFit.OTHER}
"""Dates that one slip explains."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as it was understood. A part of the date that was not said is 0."""

    words: tuple[str, ...]
    day: int = 0
    month: int = 0
    year: int = 0

    @property
    def has_date(self) -> bool:
        """Whether anything was said about the birth date."""
        return bool(self.day or self.month or self.year)

    @property
    def has_whole_date(self) -> bool:
        """Whether day, month and year were said."""
        return bool(self.day and self.month and self.year)

    def date_fit(self, born_on: date) -> DateFit:
        """Return how well a birth date fits what was said of it; a part that was not said always fits."""
        differing = [
            fit
            for fit, said, true in (
                (DateFit.DAY, self.day, born_on.day),
                (DateFit.MONTH, self.month, born_on.month),
                (DateFit.YEAR, self.year, born_on.year),
            )
            if said and said != true
        ]
        if not differing:
            return DateFit.SAME
        if not self.has_whole_date:
            return DateFit.OTHER
        if (self.day, self.month, self.year) == (born_on.month, born_on.day, born_on.year):
            return DateFit.SWAPPED
        return differing[0] if len(differing) == 1 else DateFit.OTHER


def understood(line: str) -> Wanted:
    """Return the words and the date of a search: « Quéré Yvon 3/3/1945 », « 03031945 », « yvon 1945 », « 0303 »."""
    day = month = year = 0
    if found := _YEAR_FIRST.search(line):
        year, month, day = (int(part) for part in found.groups())
    elif found := _DAY_FIRST.search(line):
        day, month, year = (int(part) for part in found.groups() if part)
    if found:
        line = line[: found.start()] + " " + line[found.end() :]
    words: list[str] = []
    for word in plain(line).split() if day else plain(_only_day_and_month(line)).split():
        if word.isdigit() and int(word) in YEARS and not year:
            year = int(word)
        elif word.startswith("0000") and not day:
            day, month = int(word[4:6]), int(word[6:])
        else:
            words.append(word)
    return Wanted(tuple(words), day, month, year)


def _only_day_and_month(line: str) -> str:
    """Return the line with « 03/03 » and « 0303 » written as one word that no name is: « 00000303 »."""

    def marked(found: re.Match[str]) -> str:
        day, month = (int(part) for part in found.groups() if part)
        return f"0000{day:02d}{month:02d}" if 1 <= day <= 31 and 1 <= month <= 12 else found[0]

    return _DAY_AND_MONTH.sub(marked, line)
