"""What a robot's instruments say: the messages of signalling/MEASURES.md, with values that drift a little."""

from collections.abc import Iterable
from datetime import datetime
from random import Random
from typing import Final

import msgspec

from server.records.rules.measures import MEASURES, MeasureName

VERSION: Final = 1
DEVICE: Final = "ROBOT · appareil fictif"
# Where each value stays, and how far it drifts: a person at rest.
_AT_REST: Final = {
    MeasureName.HEART_RATE: (74, 5),
    MeasureName.OXYGEN_SATURATION: (97, 1),
    MeasureName.TEMPERATURE: (36.8, 0.2),
    MeasureName.SYSTOLIC: (136, 6),
    MeasureName.DIASTOLIC: (82, 4),
}


class DeviceReading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value, in the unit of the records' table (UCUM): what a person may then record as it stands."""

    measure: MeasureName
    value: float
    unit: str


class DeviceWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="measures"):
    """What an instrument measured at one moment. Shown live; kept only when a person records it."""

    version: int
    device: str
    robot: bool
    taken_at: datetime
    readings: tuple[DeviceReading, ...]


class Instruments:
    """The instruments of one robot. The same seed gives the same values."""

    def __init__(self, seed: str) -> None:
        self._rng = Random(f"instruments/{seed}")

    def measure(self, at: datetime, names: Iterable[MeasureName] = tuple(_AT_REST)) -> str:
        """Return a message with one value of each name."""
        readings = tuple(self._read(name) for name in names)
        return msgspec.json.encode(DeviceWords(VERSION, DEVICE, True, at, readings)).decode()

    def _read(self, name: MeasureName) -> DeviceReading:
        middle, drift = _AT_REST[name]
        value = round(self._rng.uniform(middle - drift, middle + drift), MEASURES[name].digits)
        return DeviceReading(name, value, MEASURES[name].unit)


def read_words(words: str) -> DeviceWords | None:
    """Return an instrument's message; None for what is none: the other end may speak of other things too."""
    try:
        return msgspec.json.decode(words, type=DeviceWords)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
