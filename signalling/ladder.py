"""The ladder of a call: what is sent over a line that gets worse, and when it goes down and up again. One table.

    video ─▶ small ─▶ still ─▶ voice ─▶ telephone ─▶ deferred
      ◀───────◀────────◀────────◀──────────◀────────────◀

Each end stands on its own rung for what it sends, looks once a second, and goes one rung at a time: down when any of
the rung's triggers holds for its seconds, up when all of its conditions hold for theirs. Every condition to come back
to a rung is stricter than each trigger to leave it, so a line that stays the same never makes it climb and fall in
turn; a line that comes and goes meets `patience`, which doubles the wait after each relapse. The call is on the lower
of its two ends' rungs, and the end whose rung it is has the weak line.

`table()` goes to the pages as JSON; `clinic_ui/static/js/ladder.js` walks it by the same rules, and tests walk both.

Where the numbers come from. Measured between two windows over a relay that narrows and loses: pausing the picture
under 90 kbit/s after 3 looks and returning above 140 after 4 keeps the voice whole on lines of 60 to 200 kbit/s;
doubled voice (RED, RFC 2198) takes the concealment of 8 % loss from 6 % to under 1 %; the browser's estimate of the
rate falls to 30 kbit/s on any line that loses 8 %, however wide it is, so below the picture not the rate decides but
how long packets stand in a queue. Opus at 16 kbit/s is still wide-band speech (RFC 6716, 2.1.1). A fifth of a voice
invented for 10 s is a conversation no more, and 15 s without a packet is what a browser itself calls failed. The rest
is judged.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Literal

import msgspec

PATIENCE_MOST: Final = 8  # judged: 4 s become 32, which is as long as people bear a changing picture
RELAPSE_WITHIN: Final = 30  # s after a climb: a fall then means that the climb was too early
SETTLES_IN: Final = 4  # s after a climb in which the browser's estimate of the rate still follows
CALM_AFTER: Final = 120  # s without a fall, and a relapse is forgotten
WITHOUT_VIDEO_MOST: Final = 30  # s in one visit; beyond it is an incident of the report, and no video visit to a payer


class Rung(StrEnum):
    """What goes over the line, from all to nothing."""

    VIDEO = "video"
    SMALL = "small"
    """A smaller picture, fewer times a second."""
    STILL = "still"
    """The voice, and a photograph every few seconds."""
    VOICE = "voice"
    TELEPHONE = "telephone"
    """The voice does not come through either: take the telephone."""
    DEFERRED = "deferred"
    """Nothing comes through for long: another time."""

    @property
    def height(self) -> int:
        """How high it stands: 5 is a video visit, 0 none at all."""
        return len(RUNGS) - 1 - RUNGS.index(self)


RUNGS: Final = tuple(Rung)
WITH_VIDEO: Final = frozenset({Rung.VIDEO, Rung.SMALL})


class Weak(StrEnum):
    """Whose line is weak, told by one end."""

    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"


Of = Literal["available", "lost", "hidden", "waits", "silent"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One second of a line, as seen by the end that sends over it.

    `available`: bits a second that it takes (None: the browser does not say, and then it decides nothing). `lost`: the
    share of packets that the other end misses. `hidden`: the share of this end's voice that the other end had to
    invent. `waits`: seconds that a packet takes there and back beyond the least of this call: a queue stands somewhere.
    `silent`: seconds since anything came.
    """

    available: float | None = None
    lost: float = 0.0
    hidden: float = 0.0
    waits: float = 0.0
    silent: float = 0.0


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on one thing of a sample. For `available` low is bad; for all others high is bad."""

    of: Of
    at: float

    def is_worse(self, sample: Sample) -> bool | None:
        """Return whether the sample lies on the bad side; None when nothing is known."""
        value: float | None = getattr(sample, self.of)
        if value is None:
            return None
        return value < self.at if self.of == "available" else value > self.at

    def is_stricter_than(self, other: "Limit") -> bool:
        """Return whether good by this one is good by the other, with a gap between."""
        return self.of == other.of and (self.at > other.at if self.of == "available" else self.at < other.at)


@dataclass(frozen=True, slots=True)
class Trigger:
    """Go down when the limit is broken for so many seconds on end."""

    limit: Limit
    seconds: int


@dataclass(frozen=True, slots=True)
class Way:
    """Go up when no limit is broken for so many seconds on end."""

    limits: tuple[Limit, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Picture:
    """How the camera is sent: at most so many bits a second, lines and frames a second; inactive is paused."""

    bitrate: int
    lines: int
    rate: int
    active: bool = True


@dataclass(frozen=True, slots=True)
class Voice:
    """Bits a second of Opus before headers, and milliseconds in one packet: long packets have fewer headers."""

    bitrate: int
    packet: int

    @property
    def on_the_wire(self) -> int:
        """Bits a second with the headers of RTP, its extensions, SRTP, UDP and IP: 58 bytes a packet."""
        return self.bitrate + 58 * 8 * 1000 // self.packet


@dataclass(frozen=True, slots=True)
class Stills:
    """A photograph every so many seconds: its width, its most bytes, and bits a second that it may and must take.

    Each one that arrives with no queue behind it lets the next go half as fast again: so a line that has become better
    is found out without hurting the voice, which the browser's own estimate does not do while the picture is paused.
    """

    every: int
    width: int
    bytes_most: int
    rate_most: int
    rate_least: int


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: what is sent on it, and when it is left."""

    rung: Rung
    picture: Picture
    voice: Voice
    stills: Stills | None = None
    down: tuple[Trigger, ...] = ()
    up: Way | None = None


def _below(kbits: float, seconds: int) -> Trigger:
    return Trigger(Limit("available", kbits * 1000), seconds)


def _over(of: Of, share: float, seconds: int) -> Trigger:
    return Trigger(Limit(of, share), seconds)


def _back(seconds: int, *limits: tuple[Of, float]) -> Way:
    return Way(tuple(Limit(of, at) for of, at in limits), seconds)


_CUT = _over("silent", 15, 1)
_QUEUE = _over("waits", 0.5, 4)
_FULL, _PACKED, _LEAST = Voice(24_000, packet=20), Voice(24_000, packet=40), Voice(16_000, packet=60)
_PAUSED = Picture(bitrate=110_000, lines=240, rate=10, active=False)
_FLOWS: Final = ("silent", 2.0)

LADDER: Final = (
    Step(
        Rung.VIDEO,
        Picture(bitrate=250_000, lines=360, rate=15),  # start small and climb, not the reverse
        _FULL,
        down=(_below(180, 3), _over("lost", 0.10, 3), _over("hidden", 0.05, 4), _QUEUE, _CUT),
    ),
    Step(
        Rung.SMALL,
        Picture(bitrate=110_000, lines=240, rate=10),
        _FULL,
        down=(_below(90, 3), _over("hidden", 0.08, 4), _QUEUE, _CUT),
        up=_back(8, ("available", 210_000), ("lost", 0.05), ("hidden", 0.03), ("waits", 0.25), _FLOWS),
    ),
    Step(
        Rung.STILL,
        _PAUSED,
        _PACKED,
        stills=Stills(every=4, width=320, bytes_most=12_000, rate_most=120_000, rate_least=12_000),
        down=(_over("hidden", 0.10, 8), _QUEUE, _CUT),  # 8 s: the doubled voice has its chance first
        up=_back(4, ("available", 140_000), ("hidden", 0.04), ("waits", 0.25), _FLOWS),
    ),
    Step(
        Rung.VOICE,
        _PAUSED,
        _LEAST,
        down=(_over("hidden", 0.20, 10), _CUT),
        up=_back(10, ("hidden", 0.04), ("waits", 0.25), _FLOWS),
    ),
    Step(Rung.TELEPHONE, _PAUSED, _LEAST, down=(_over("silent", 60, 1),), up=_back(3, ("hidden", 0.10), _FLOWS)),
    Step(Rung.DEFERRED, _PAUSED, _LEAST, up=_back(3, _FLOWS)),
)


@dataclass(frozen=True, slots=True)
class Redundancy:
    """When each packet of voice carries the one before it too.

    On when packets are lost and no queue stands, off when none are lost for long or a queue stands: there the loss
    comes from the queue itself, and more bits make it worse. It takes another 16 to 24 kbit/s.
    """

    lost_on: float = 0.02
    waits_on: float = 0.15
    on_for: int = 3
    lost_off: float = 0.01
    lost_off_for: int = 15
    waits_off: float = 0.4
    waits_off_for: int = 3


@dataclass(frozen=True, slots=True)
class Level:
    """How good a stretch of line is for who listens, 4 (good) to 0 (no use): bars, not decisions."""

    level: int
    lost: float
    hidden: float
    seconds: float
    """Of a packet's way there and back."""


TRIGGERS: Final = tuple(dict.fromkeys(trigger for step in LADDER for trigger in step.down))
"""Every trigger of the table once. All are counted on all rungs: a line that breaks is followed down at once."""
NOTHING_FALLS: Final = (0,) * len(TRIGGERS)
REDUNDANCY: Final = Redundancy()
LEVELS: Final = (
    Level(4, lost=0.02, hidden=0.02, seconds=0.25),
    Level(3, lost=0.05, hidden=0.05, seconds=0.4),
    Level(2, lost=0.10, hidden=0.10, seconds=1.0),
    Level(1, lost=1.0, hidden=0.20, seconds=60.0),
)


@dataclass(frozen=True, slots=True)
class Stand:
    """Where one end stands, and what it has counted since it came there."""

    rung: Rung = Rung.VIDEO
    falling: tuple[int, ...] = ()
    """For each of TRIGGERS, the seconds that it has held."""
    rising: int = 0
    patience: int = 1
    climbed: int = CALM_AFTER
    """Seconds since the last climb, as far as it matters."""
    fell: int = CALM_AFTER


def step_of(rung: Rung) -> Step:
    """Return the table's row of a rung."""
    return LADDER[RUNGS.index(rung)]


def look(stand: Stand, sample: Sample) -> Stand:
    """Return where an end stands after one more second of its line: the same rung, or the next one."""
    here = step_of(stand.rung)
    settled = sample if stand.climbed >= SETTLES_IN else replace(sample, available=None)
    falling = tuple(
        had + 1 if trigger.limit.is_worse(settled) else 0
        for had, trigger in zip(stand.falling or NOTHING_FALLS, TRIGGERS, strict=True)
    )
    rising = stand.rising + 1 if here.up and not any(one.is_worse(sample) for one in here.up.limits) else 0
    climbed, fell = min(CALM_AFTER, stand.climbed + 1), min(CALM_AFTER, stand.fell + 1)
    patience = 1 if fell == CALM_AFTER else stand.patience
    if any(seconds >= one.seconds for seconds, one in zip(falling, TRIGGERS, strict=True) if one in here.down):
        if climbed < RELAPSE_WITHIN:
            patience = min(PATIENCE_MOST, patience * 2)
        return Stand(_next(stand.rung, 1), falling, patience=patience, climbed=climbed, fell=0)
    if here.up and rising >= here.up.seconds * patience:
        return Stand(_next(stand.rung, -1), falling, patience=patience, climbed=0, fell=fell)
    return replace(stand, falling=falling, rising=rising, patience=patience, climbed=climbed, fell=fell)


def _next(rung: Rung, by: int) -> Rung:
    return RUNGS[RUNGS.index(rung) + by]


@dataclass(frozen=True, slots=True)
class Shared:
    """What both ends are on together."""

    rung: Rung
    weak: Weak | None


def together(mine: Rung, theirs: Rung) -> Shared:
    """Return the lower of both ends' rungs, and whose line it is that asks for it; None when both are good."""
    if mine is theirs:
        return Shared(mine, None if mine is Rung.VIDEO else Weak.BOTH)
    if mine.height < theirs.height:
        return Shared(mine, Weak.MINE)
    return Shared(theirs, Weak.THEIRS)


@dataclass(frozen=True, slots=True)
class Table:
    """All of it, as the pages read it."""

    ladder: tuple[Step, ...] = LADDER
    redundancy: Redundancy = field(default=REDUNDANCY)
    levels: tuple[Level, ...] = LEVELS
    patience_most: int = PATIENCE_MOST
    relapse_within: int = RELAPSE_WITHIN
    settles_in: int = SETTLES_IN
    calm_after: int = CALM_AFTER
    without_video_most: int = WITHOUT_VIDEO_MOST
    with_video: tuple[Rung, ...] = tuple(rung for rung in RUNGS if rung in WITH_VIDEO)


def table() -> dict[str, object]:
    """Return the table as plain lists and names, for a page's JSON."""
    plain: dict[str, object] = msgspec.json.decode(msgspec.json.encode(Table()))
    return plain
