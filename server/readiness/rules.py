"""From what a cabin's check measured to a colour and the one fault to mend first: one table, read from the top.

    figures ─▶ seen ─▶ RULES, row by row ─▶ findings ─▶ the worst colour; of equals, the row that stands higher

    green   all was measured, and nothing stands in the table's way
    amber   a visit works, something is to be mended; also: not checked for 36 hours
    red     a visit would fail: the cabin takes no bookings until a later check is amber or green

Darkness is never red: before anybody has come the lamp is out, and a lamp is lit faster than a booking is moved.
The way down is never red by its rate: it comes back through the server, and a busy server must not close a cabin.
A relay that is not configured has no colour: nobody in the cabin can mend that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from server.kernel.ids import CabinId
from server.readiness.faults import Fault

CHECK_EVERY: Final = timedelta(hours=20)  # once a day, whatever hour yesterday's was
BEFORE_OPENING: Final = timedelta(minutes=45)  # time to fetch a cable, or to move the first patient
AGAIN_AFTER_RED: Final = timedelta(minutes=30)  # a network that came back opens the cabin again by itself
UNCHECKED_AFTER: Final = timedelta(hours=36)  # a day and its night: yesterday's check says nothing of today
KEPT_FOR: Final = timedelta(days=90)
HISTORY_FOR: Final = timedelta(days=30)

Milliseconds = Annotated[float, Meta(ge=0, le=120_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Rate = Annotated[float, Meta(ge=0, le=10_000_000)]
Decibels = Annotated[float, Meta(ge=-200, le=200)]
Luma = Annotated[float, Meta(ge=0, le=255)]


class Colour(StrEnum):
    """How a check ended."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


WORSE: Final = {Colour.GREEN: 0, Colour.AMBER: 1, Colour.RED: 2}


class Item(StrEnum):
    """What is looked at, in the order of the page."""

    CAMERA = "camera"
    LIGHT = "light"
    MICROPHONE = "microphone"
    LOUDSPEAKER = "loudspeaker"
    LINE = "line"
    RELAY = "relay"


class Device(StrEnum):
    """What the browser said when it was asked for a camera or a microphone."""

    OK = "ok"
    ABSENT = "absent"
    REFUSED = "refused"
    BUSY = "busy"


class Way(StrEnum):
    """How a relay is reached: village networks often let only some of these through."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class Relays(StrEnum):
    """What was reached of the relays that are configured."""

    NONE = "none"
    NOT_UDP = "not-udp"
    NOT_ALL = "not-all"
    ALL = "all"
    UNKNOWN = "unknown"
    """Nothing was tried of what is configured."""


class Figures(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a page measured; None: not measured. Rates in kbit/s, shares from 0 to 1, levels in dB of full scale."""

    camera: Device
    microphone: Device
    light: Luma | None = None
    """Mean luminance of the picture, 0 (black) to 255."""
    level_db: Decibels | None = None
    """The loudest tenth of a second while the room was heard."""
    noise_db: Decibels | None = None
    """The middle tenth of a second of the same time."""
    tone_rise_db: Decibels | None = None
    """How far our tone, out of the loudspeaker, stood above the room in the microphone."""
    heard: bool | None = None
    """What a person answered to « Entendez-vous le son ? »."""
    connected: bool | None = None
    connect_ms: Milliseconds | None = None
    first_frame_ms: Milliseconds | None = None
    rtt_ms: Milliseconds | None = None
    jitter_ms: Milliseconds | None = None
    loss_up: Share | None = None
    loss_down: Share | None = None
    up_kbps: Rate | None = None
    down_kbps: Rate | None = None
    relay_udp: bool | None = None
    relay_tcp: bool | None = None
    relay_tls: bool | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """What the echo at the other end of the line saw of the same check."""

    heard: bool
    loss_up: float | None
    jitter_ms: float | None


class Test(StrEnum):
    """How a row of the table looks at its figure. A figure that was not measured is only ever `missing`."""

    IS = "is"
    ABOVE = "above"
    BELOW = "below"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: when `figure` fails the test, `item` has `colour`, and `fault` says what to mend. `source`: whence."""

    item: Item
    colour: Colour
    fault: Fault
    figure: str
    test: Test
    limit: float | str | bool | None
    source: str


_GONE = "no picture or no voice: no teleconsultation (R.6316-3, HAS 2024)"
_UX = "quality words of the call, level 3 « correcte »"
_HOUSE = "own judgement, to be tuned in the field"
_R, _A = Colour.RED, Colour.AMBER
_I, _F, _T = Item, Fault, Test

RULES: Final[tuple[Rule, ...]] = (
    Rule(_I.CAMERA, _R, _F.CAMERA_REFUSED, "camera", _T.IS, Device.REFUSED, _GONE),
    Rule(_I.CAMERA, _R, _F.CAMERA_ABSENT, "camera", _T.IS, Device.ABSENT, _GONE),
    Rule(_I.CAMERA, _R, _F.CAMERA_BUSY, "camera", _T.IS, Device.BUSY, _GONE),
    Rule(_I.MICROPHONE, _R, _F.MICROPHONE_REFUSED, "microphone", _T.IS, Device.REFUSED, _GONE),
    Rule(_I.MICROPHONE, _R, _F.MICROPHONE_ABSENT, "microphone", _T.IS, Device.ABSENT, _GONE),
    Rule(_I.MICROPHONE, _R, _F.MICROPHONE_BUSY, "microphone", _T.IS, Device.BUSY, _GONE),
    Rule(_I.MICROPHONE, _R, _F.MICROPHONE_SILENT, "level_db", _T.BELOW, -95, "a signal pinned to zero: 16-bit floor"),
    Rule(_I.LOUDSPEAKER, _R, _F.SOUND_UNHEARD, "heard", _T.IS, False, "a person in the cabin said so"),
    Rule(_I.LINE, _R, _F.LINE_DOWN, "connected", _T.IS, False, "nothing came back from the echo"),
    Rule(_I.RELAY, _R, _F.RELAY_DOWN, "relays", _T.IS, Relays.NONE, "without a relay most doctors are out of reach"),
    Rule(_I.LINE, _R, _F.LINE_SLOW, "up_kbps", _T.BELOW, 60, "voice alone needs 60 kbit/s, measured in CALL §4"),
    Rule(_I.LINE, _R, _F.LINE_LOSSY, "loss_up", _T.ABOVE, 0.2, "twice what RED was measured to hold in CALL §4"),
    Rule(_I.LINE, _R, _F.LINE_LOSSY, "loss_down", _T.ABOVE, 0.2, "twice what RED was measured to hold in CALL §4"),
    Rule(_I.LINE, _R, _F.LINE_LATE, "rtt_ms", _T.ABOVE, 1000, "ITU-T G.114: 400 ms one way is the outermost"),
    Rule(_I.RELAY, _A, _F.RELAY_NOT_UDP, "relays", _T.IS, Relays.NOT_UDP, "voice over TCP stops and starts"),
    Rule(_I.LINE, _A, _F.LINE_SLOW, "up_kbps", _T.BELOW, 250, _UX),
    Rule(_I.LINE, _A, _F.LINE_SLOW, "down_kbps", _T.BELOW, 250, _UX),
    Rule(_I.LINE, _A, _F.LINE_LOSSY, "loss_up", _T.ABOVE, 0.05, _UX),
    Rule(_I.LINE, _A, _F.LINE_LOSSY, "loss_down", _T.ABOVE, 0.05, _UX),
    Rule(_I.LINE, _A, _F.LINE_LATE, "rtt_ms", _T.ABOVE, 400, _UX),
    Rule(_I.LINE, _A, _F.LINE_UNSTEADY, "jitter_ms", _T.ABOVE, 100, _HOUSE),
    Rule(_I.LINE, _A, _F.PICTURE_LATE, "first_frame_ms", _T.ABOVE, 8000, _HOUSE),
    Rule(_I.LIGHT, _A, _F.BLACK, "light", _T.BELOW, 12, _HOUSE),
    Rule(_I.LIGHT, _A, _F.DARK, "light", _T.BELOW, 45, _HOUSE),
    Rule(_I.LIGHT, _A, _F.GLARE, "light", _T.ABOVE, 225, _HOUSE),
    Rule(_I.LOUDSPEAKER, _A, _F.TONE_LOST, "tone_rise_db", _T.BELOW, 6, "6 dB is twice the amplitude of the room"),
    Rule(_I.MICROPHONE, _A, _F.NOISE, "noise_db", _T.ABOVE, -35, _HOUSE),
    Rule(_I.RELAY, _A, _F.RELAY_FALLBACK, "relays", _T.IS, Relays.NOT_ALL, "a stricter network would find no way"),
    Rule(_I.LIGHT, _A, _F.INCOMPLETE, "light", _T.MISSING, None, "green is only what was measured"),
    Rule(_I.MICROPHONE, _A, _F.INCOMPLETE, "level_db", _T.MISSING, None, "green is only what was measured"),
    Rule(_I.LINE, _A, _F.INCOMPLETE, "connected", _T.MISSING, None, "green is only what was measured"),
    Rule(_I.LINE, _A, _F.INCOMPLETE, "first_frame_ms", _T.MISSING, None, "green is only what was measured"),
    Rule(_I.LINE, _A, _F.INCOMPLETE, "rtt_ms", _T.MISSING, None, "green is only what was measured"),
    Rule(_I.LINE, _A, _F.INCOMPLETE, "loss_up", _T.MISSING, None, "green is only what was measured"),
    Rule(_I.LINE, _A, _F.INCOMPLETE, "loss_down", _T.MISSING, None, "green is only what was measured"),
    Rule(_I.LINE, _A, _F.INCOMPLETE, "up_kbps", _T.MISSING, None, "green is only what was measured"),
    Rule(_I.LINE, _A, _F.INCOMPLETE, "down_kbps", _T.MISSING, None, "green is only what was measured"),
    Rule(_I.RELAY, _A, _F.INCOMPLETE, "relays", _T.IS, Relays.UNKNOWN, "green is only what was measured"),
)

Seen = Mapping[str, float | str | bool | None]
"""The figures as the table looks at them, and `relays`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the table that a check met."""

    item: Item
    colour: Colour
    fault: Fault


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a check ended: the worst finding, and all of them by item."""

    colour: Colour
    fault: Fault | None
    findings: tuple[Finding, ...]

    def of(self, item: Item) -> Finding | None:
        """Return the worst finding of one item; None: nothing to say against it."""
        return _worst(one for one in self.findings if one.item is item)


@dataclass(frozen=True, slots=True)
class Check:
    """One kept check of a cabin. `asked`: by a person, not by the morning."""

    cabin_id: CabinId
    at: datetime
    colour: Colour
    fault: Fault | None
    asked: bool
    figures: Figures


@dataclass(frozen=True, slots=True)
class Standing:
    """What a cabin counts as now. Not `checked`: no check of the last 36 hours; amber, and nothing is closed."""

    colour: Colour
    fault: Fault | None
    at: datetime | None
    checked: bool

    @property
    def closes(self) -> bool:
        """Whether the cabin takes no bookings."""
        return self.colour is Colour.RED


def way_of(url: str) -> Way:
    """Return how a TURN URL reaches its relay (RFC 7065): `turns:` is TLS, `?transport=tcp` is TCP, else UDP."""
    if url.startswith("turns:"):
        return Way.TLS
    return Way.TCP if url.endswith("?transport=tcp") else Way.UDP


def relays(figures: Figures, configured: Iterable[Way]) -> Relays | None:
    """Return what was reached of the configured ways; None when no relay is configured, whatever a page says."""
    reached = {Way.UDP: figures.relay_udp, Way.TCP: figures.relay_tcp, Way.TLS: figures.relay_tls}
    tried = {way: reached[way] for way in configured}
    if not tried:
        return None
    if all(one is None for one in tried.values()):
        return Relays.UNKNOWN
    if all(tried.values()):
        return Relays.ALL
    if not any(tried.values()):
        return Relays.NONE
    return Relays.NOT_ALL if tried.get(Way.UDP, True) else Relays.NOT_UDP


def joined(figures: Figures, witness: Witness | None) -> Figures:
    """Return the figures with what the echo saw: of two views of one way, the worse holds."""
    if witness is None:
        return figures
    return msgspec.structs.replace(
        figures,
        connected=bool(figures.connected and witness.heard),
        loss_up=_most(figures.loss_up, witness.loss_up),
        jitter_ms=_most(figures.jitter_ms, witness.jitter_ms),
    )


def _most(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return max(known, default=None)


def seen(figures: Figures, configured: Iterable[Way]) -> Seen:
    """Return what the table looks at. Who was heard or not heard by a person needs no microphone to tell."""
    values: dict[str, float | str | bool | None] = {
        name: getattr(figures, name) for name in Figures.__struct_fields__ if not name.startswith("relay_")
    }
    if figures.heard is not None:
        values["tone_rise_db"] = None
    values["relays"] = relays(figures, configured)
    return values


def judge(values: Seen) -> Verdict:
    """Return the colour of a check, the fault to mend first, and all that the table found."""
    findings = tuple(Finding(rule.item, rule.colour, rule.fault) for rule in RULES if _meets(rule, values[rule.figure]))
    worst = _worst(findings)
    return Verdict(worst.colour, worst.fault, findings) if worst else Verdict(Colour.GREEN, None, ())


def _worst(findings: Iterable[Finding]) -> Finding | None:
    """Return the worst; `max` keeps the first of equals, which stands higher in the table."""
    return max(findings, key=lambda one: WORSE[one.colour], default=None)


def _meets(rule: Rule, value: float | str | bool | None) -> bool:
    if rule.test is Test.MISSING or value is None:
        return rule.test is Test.MISSING and value is None
    if rule.test is Test.IS:
        return value == rule.limit
    limit = float(rule.limit or 0)
    return float(value) > limit if rule.test is Test.ABOVE else float(value) < limit


def standing(last: Check | None, now: datetime) -> Standing:
    """Return what a cabin counts as now. Red stays red until a later check: time alone mends nothing."""
    if last is not None and (last.colour is Colour.RED or now - last.at <= UNCHECKED_AFTER):
        return Standing(last.colour, last.fault, last.at, checked=True)
    return Standing(Colour.AMBER, None, last.at if last else None, checked=False)


def due_at(last: Check | None, now: datetime, *, is_open: bool, opens_at: datetime | None) -> datetime | None:
    """Return when a cabin that stands on its first screen checks itself next; None while nobody knows when it opens.

    Every opening day before the door opens; in open hours when the last check is 20 hours old, or red and 30 minutes.
    """
    again = AGAIN_AFTER_RED if last is not None and last.colour is Colour.RED else CHECK_EVERY
    later = last.at + again if last is not None else now
    if is_open:
        return later
    if opens_at is None:
        return None
    morning = opens_at - BEFORE_OPENING
    if last is None or last.at < morning:
        return morning
    return max(later, morning)
