"""Templates of follow-ups by condition, and how much by screen is enough: a dated file that a clinician edits.

`TELECABIN_FOLLOW_UP_PLANS` names the operator's own; the doctor confirms or changes each follow-up that it proposes.
Nothing of which template was taken is kept: it would say in clear what somebody has.
"""

from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from server.kernel.errors import ConfigError
from server.people.founding.rules import InstrumentKind
from server.records.rules.note import FOLLOW_UP_MAX_DAYS, SERIES_MOST, SERIES_STEP_MAX_DAYS
from server.scheduler.promises.rules import AlternationRule


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One template. `how`: by the cabin alone, with a nurse beside, or at the surgery.

    A series says how often (`times`), every so many days.
    """

    """One template. `how`: by the cabin alone, with a nurse beside, at the surgery, or at home."""

    code: str
    fr: Annotated[str, Meta(min_length=1, max_length=60)]
    en: Annotated[str, Meta(min_length=1, max_length=60)]
    days: Annotated[int, Meta(ge=1, le=FOLLOW_UP_MAX_DAYS)]
    how: Literal["cabin", "nurse", "surgery", "home"]
    why: Annotated[str, Meta(max_length=300)]
    source: Annotated[str, Meta(min_length=1)]
    every_days: Annotated[int, Meta(ge=0, le=SERIES_STEP_MAX_DAYS)] = 0
    """Of a series: days between two times; 0 for once."""
    times: Annotated[int, Meta(ge=1, le=SERIES_MOST)] = 1
    instrument: InstrumentKind | None = None


class _Alternation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    remote_in_a_row: Annotated[int, Meta(ge=1, le=100)]
    months_without: Annotated[int, Meta(ge=1, le=120)]


class Plans(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    dated: date
    source: str
    alternation: _Alternation
    plans: tuple[Plan, ...]

    @property
    def rule(self) -> AlternationRule:
        """How much by screen is enough."""
        return AlternationRule(self.alternation.remote_in_a_row, self.alternation.months_without)


def read_plans(path: Path | None) -> Plans:
    """Return the operator's file, or ours; raises ConfigError by name rather than go without."""
    try:
        file = path or resources.files(__package__) / "plans.json"
        return msgspec.json.decode(file.read_bytes(), type=Plans)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"TELECABIN_FOLLOW_UP_PLANS: {error}") from None
