"""What a resident may say of a visit, and from how many answers on a number may be shown."""

from dataclasses import dataclass

from server.kernel.errors import Invalid
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
