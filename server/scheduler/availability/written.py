"""Hours as people write them in a file: « lun-ven 09:00-12:30 », « mar,jeu 14:00-18:00 sur place »."""

import re
from collections.abc import Iterable

from server.kernel.errors import Invalid
from server.kernel.words import N_
from server.records.rules.note import Modality
from server.scheduler.availability.rules import Weekly

DAYS = ("lun", "mar", "mer", "jeu", "ven", "sam", "dim")
_MODALITIES = {"": None, "cabine": Modality.REMOTE, "sur place": Modality.IN_PERSON, "domicile": Modality.HOME}
_LINE = re.compile(
    r"^(?P<days>[a-z,\- ]+?) +(?P<start>\d{1,2}[:h]\d{2}) *[-–] *(?P<end>\d{1,2}[:h]\d{2})(?: +(?P<how>[a-z ]+))?$"
)


def read_hours(lines: Iterable[str]) -> tuple[Weekly, ...]:
    """Return the weekly lines of these texts, or raise Invalid quoting the first that makes no sense."""
    return tuple(one for line in lines for one in _read(line))


def _read(line: str) -> list[Weekly]:
    found = _LINE.match(" ".join(line.casefold().split()))
    days = _days(found["days"]) if found else []
    if not found or not days or (found["how"] or "") not in _MODALITIES:
        raise Invalid(
            N_("« %(line)s » : écrivez des heures comme « lun-ven 09:00-12:30 ». Rien n’a été enregistré."),
            line=line,
        )
    start, end = _minute(found["start"]), _minute(found["end"])
    return [Weekly(day, start, end if end > start else end + 24 * 60, _MODALITIES[found["how"] or ""]) for day in days]


def _days(text: str) -> list[int]:
    """Return the weekdays of « lun-mer, ven »; none when a word is no day."""
    found: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last and last not in DAYS):
            return []
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found.extend((begin + n) % 7 for n in range((end - begin) % 7 + 1))
    return sorted(set(found))


def _minute(clock: str) -> int:
    hours, minutes = clock.replace("h", ":").split(":")
    return int(hours) * 60 + int(minutes)
