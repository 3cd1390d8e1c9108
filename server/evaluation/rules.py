"""What a resident may say of a visit, and from how many answers on a number may be shown."""

from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from server.kernel.errors import Invalid
from server.kernel.ids import CabinId
from server.kernel.words import N_

SAD, FACES = 1, (1, 2, 3)
FEWEST_SHOWN = 5  # a count of fewer people points at persons: it is hidden (requirement 23)


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """How many chose each face, 1 (sad) to 3 (glad). `shown` is false, and the counts empty, below five answers."""

    answers: int
    counts: dict[int, int]

    @property
    def shown(self) -> bool:
        """Whether there are enough answers to show."""
        return bool(self.counts)


def check_face(face: int) -> int:
    """Return the face, or raise Invalid."""
    if face not in FACES:
        wrong = {"face": N_("Choisissez un des trois visages.")}
        raise Invalid(N_("Choisissez un des trois visages."), fields=wrong)
    return face


def satisfaction(counts: dict[int, int]) -> Satisfaction:
    """Return the counts of all three faces, or none of them when too few people answered."""
    answers = sum(counts.values())
    if answers < FEWEST_SHOWN:
        return Satisfaction(0, {})
    return Satisfaction(answers, {face: counts.get(face, 0) for face in FACES})


class CabinState(StrEnum):
    """What a coordinator may know of a cabin: that somebody is there, never who."""

    FREE = "free"
    INTAKE = "intake"
    WAITING = "waiting"
    WITH_DOCTOR = "with-doctor"
    CLOSING = "closing"
    OUT_OF_SERVICE = "out-of-service"
    HELP = "help"
    """Somebody asks for the reception; goes before all of the above."""
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class CabinLine:
    """One cabin of the day."""

    cabin_id: CabinId
    name: str
    site: str
    phone: str
    state: CabinState
    waiting: int
    longest_wait_minutes: int


@dataclass(frozen=True, slots=True)
class LateLine:
    """Somebody has said that they come late today: to whom and where, never who. `clock`: as promised, on the spot."""

    clock: str
    minutes: int
    doctor: str
    cabin: str | None
    """None: not in a cabin."""
    site: str


@dataclass(frozen=True, slots=True)
class Day:
    """The day so far, in numbers that point at nobody.

    `median_wait_minutes` is from "ready for a doctor" to "taken", of the visits taken today; None when none was.
    """

    cabins: tuple[CabinLine, ...]
    doctors: tuple[str, ...]
    visits_finished: int
    visits_left: int
    median_wait_minutes: int | None
    incidents: int
    follow_ups_unbooked: int
    follow_ups_late: int
    running_late: tuple[LateLine, ...] = ()


def middle(minutes: list[float]) -> int | None:
    """Return the median in whole minutes, or None of nothing."""
    return round(median(minutes)) if minutes else None
