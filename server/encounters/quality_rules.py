"""How good a visit's calls were: what an end may report, both ends' reports as one, and whether it was a video visit.

    each end ──report, again and again, all of its call so far──▶ one row per end and call ──▶ Quality of the visit

Both ends stand on the same rung of the ladder (`signalling.ladder`), so their seconds are the same seconds seen twice:
of each end the calls are added up, and the end that saw more is believed. Nothing here names anybody, and no media.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from server.kernel.errors import Invalid
from server.kernel.words import N_
from signalling.ladder import RUNGS, WITH_VIDEO, WITHOUT_VIDEO_MOST, Rung
from signalling.protocol import Seat

LONGEST = timedelta(hours=4)  # no call of a visit lasts longer: a larger number is a broken clock
SLACK = timedelta(seconds=90)  # between an end's clock and ours, and for seconds that are rounded
MOST_CALLS = 50  # of one visit and one end: each reload of a page begins another
MOST_CUTS = 1000
MOST_DELAY = 60_000  # ms


class Side(StrEnum):
    """Whose line was weak."""

    CABIN = "cabin"
    DOCTOR = "doctor"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Spread:
    """Half of the seconds were at most `middle`, 95 % of them at most `high`."""

    middle: int = 0
    high: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What one end says of one call so far: seconds on each rung and of each weak side, cuts, and spreads.

    `delay` (there and back) and `jitter` in ms; `lost` and `hidden` (voice that had to be invented) in thousandths.
    """

    call: UUID
    seconds: Mapping[Rung, int]
    weak: Mapping[Side, int]
    cuts: int = 0
    cut_for: int = 0
    delay: Spread = field(default_factory=Spread)
    jitter: Spread = field(default_factory=Spread)
    lost: Spread = field(default_factory=Spread)
    hidden: Spread = field(default_factory=Spread)

    @property
    def lasted(self) -> int:
        """Seconds that the report speaks of."""
        return sum(self.seconds.values())


@dataclass(frozen=True, slots=True)
class Quality:
    """All calls of a visit, as one."""

    seconds: Mapping[Rung, int]
    weak: Mapping[Side, int]
    cuts: int

    @property
    def with_video(self) -> int:
        """Seconds with two moving pictures."""
        return sum(seconds for rung, seconds in self.seconds.items() if rung in WITH_VIDEO)

    @property
    def without_video(self) -> int:
        """Seconds without one of them: photographs, the voice alone, or less."""
        return sum(self.seconds.values()) - self.with_video

    @property
    def is_video_visit(self) -> bool:
        """Whether it counts as a video consultation: pictures both ways, and no more than 30 s without.

        Coverage asks for « vidéotransmission »; the telephone was only studied.
        """
        return self.with_video > 0 and self.without_video <= WITHOUT_VIDEO_MOST

    @property
    def weakest(self) -> Side | None:
        """Whose line was weak for longest; nobody's when it was less than it takes to notice."""
        side, seconds = max(self.weak.items(), key=lambda one: one[1], default=(None, 0))
        return side if seconds > WITHOUT_VIDEO_MOST else None


def check(report: Report, since_claim: timedelta) -> None:
    """Raise Invalid unless the numbers can be true of a call of a visit that was claimed so long ago."""
    most = int((min(LONGEST, since_claim) + SLACK).total_seconds())
    spreads = (report.delay, report.jitter, report.lost, report.hidden)
    counts = (*report.seconds.values(), *report.weak.values(), report.cuts, report.cut_for)
    possible = (
        all(count >= 0 for count in counts)
        and report.lasted <= most
        and sum(report.weak.values()) <= report.lasted + len(RUNGS)  # each is rounded by itself
        and report.cut_for <= most
        and report.cuts <= MOST_CUTS
        and all(0 <= one.middle <= one.high for one in spreads)
        and max(report.delay.high, report.jitter.high) <= MOST_DELAY
        and max(report.lost.high, report.hidden.high) <= 1000
    )
    if not possible:
        wrong = {"seconds": N_("Cette durée n’est pas possible.")}
        raise Invalid(N_("Cette durée n’est pas possible."), fields=wrong)


def side_of(weak: str, seat: Seat) -> Side:
    """Return whose line an end means by `mine`, `theirs` or `both`."""
    if weak == "both":
        return Side.BOTH
    mine = Side.CABIN if seat is Seat.PATIENT else Side.DOCTOR
    theirs = Side.DOCTOR if seat is Seat.PATIENT else Side.CABIN
    return mine if weak == "mine" else theirs


def of_visit(reports: Iterable[tuple[Seat, Report]]) -> Quality | None:
    """Return both ends' reports as one; None when nobody has reported anything."""
    by_seat: dict[Seat, list[Report]] = {}
    for seat, report in reports:
        by_seat.setdefault(seat, []).append(report)
    return max((_added(calls) for calls in by_seat.values()), key=_known, default=None)


def _known(quality: Quality) -> int:
    return sum(quality.seconds.values())


def _added(calls: Sequence[Report]) -> Quality:
    return Quality(
        seconds={rung: sum(one.seconds.get(rung, 0) for one in calls) for rung in RUNGS},
        weak={side: sum(one.weak.get(side, 0) for one in calls) for side in Side},
        cuts=sum(one.cuts for one in calls),
    )
