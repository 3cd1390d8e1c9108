"""Who has to care for a promise now, whether the next contact should be in person, and why one ends without a visit.

due | offered     nobody ──a week before the window──► health worker ──due date over──► doctor
missed            health worker ──the window is over──► doctor
any of them       doctor ──two weeks after the window──► coordinator
not read          nobody ──3 days──► health worker ──a week──► doctor ──two weeks──► coordinator

Two things are to be read: the follow-up itself by somebody of the site, and by the doctor what came of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum

from server.scheduler.rules.promise import PromiseStatus


class WithdrawReason(StrEnum):
    """Why nobody will keep a promise."""

    PATIENT_REFUSES = "patient-refuses"
    SEEN_ELSEWHERE = "seen-elsewhere"
    NO_LONGER_NEEDED = "no-longer-needed"
    MOVED_AWAY = "moved-away"
    DECEASED = "deceased"
    MISTAKE = "mistake"


class HandoverKind(StrEnum):
    """Whose promises are handed over."""

    PRACTITIONER = "practitioner"
    HEALTH_WORKER = "health-worker"


class Concern(IntEnum):
    """Whom a promise waits for. Each looks at what stands at their level and above."""

    NOBODY = 0
    HEALTH_WORKER = 1
    DOCTOR = 2
    COORDINATOR = 3


AHEAD = timedelta(days=7)
"""Our choice: a week is what a village needs to find a moment and tell an elderly person."""
TOO_LONG = timedelta(days=14)
_OPEN = (PromiseStatus.DUE, PromiseStatus.OFFERED)


class Reader(StrEnum):
    """For whom a promise was opened."""

    SITE = "site"
    DOCTOR = "doctor"


class Outcome(StrEnum):
    """What came of a promise that stands open again."""

    MISSED = "missed"
    CANNOT_COME = "cannot-come"
    DECLINED = "declined"
    """They said no to a moment of the waiting list."""
    EXPIRED = "expired"
    """They did not answer."""


UNREAD_AFTER = (
    (Concern.COORDINATOR, timedelta(days=14)),
    (Concern.DOCTOR, timedelta(days=7)),
    (Concern.HEALTH_WORKER, timedelta(days=3)),
)
"""Our choice: three days are a long weekend; a week and two are those of `AHEAD` and `TOO_LONG`."""


@dataclass(frozen=True, slots=True)
class Readings:
    """When a promise was made and opened, and the newest that came of it."""

    made_at: datetime
    by_site_at: datetime | None = None
    by_doctor_at: datetime | None = None
    outcome: Outcome | None = None
    outcome_at: datetime | None = None

    @property
    def news(self) -> Outcome | None:
        """What came of it, until the doctor has opened it since."""
        return None if self._doctor_waits_since is None else self.outcome

    def at_site(self, now: datetime) -> Concern | None:
        """Return how far it has climbed because nobody of the site opened it; None: somebody did.

        One that was booked in the cabin and stands open again is counted from then on.
        """
        since = max(self.made_at, self.outcome_at or self.made_at)
        return unread(since, now) if self.by_site_at is None else None

    def at_doctor(self, now: datetime) -> Concern | None:
        """Return how far it has climbed because the doctor has not opened what came of it; None: nothing to read."""
        since = self._doctor_waits_since
        return None if since is None else unread(since, now)

    def concern(self, now: datetime) -> Concern:
        """Return who has to see to it that it is read."""
        return max(self.at_site(now) or Concern.NOBODY, self.at_doctor(now) or Concern.NOBODY)

    @property
    def _doctor_waits_since(self) -> datetime | None:
        if self.outcome_at is None or (self.by_doctor_at is not None and self.by_doctor_at >= self.outcome_at):
            return None
        return self.outcome_at


def unread(since: datetime, now: datetime) -> Concern:
    """Return who has to know of something that nobody has read since then."""
    return next((whom for whom, days in UNREAD_AFTER if now - since >= days), Concern.NOBODY)


def concern(status: PromiseStatus, earliest_on: date, due_on: date, latest_on: date, today: date) -> Concern:
    """Return who has to care for a promise today."""
    if status not in (*_OPEN, PromiseStatus.MISSED):
        return Concern.NOBODY
    if today > latest_on + TOO_LONG:
        return Concern.COORDINATOR
    if today > (latest_on if status is PromiseStatus.MISSED else due_on):
        return Concern.DOCTOR
    near = today >= earliest_on - AHEAD
    return Concern.HEALTH_WORKER if near or status is not PromiseStatus.DUE else Concern.NOBODY


@dataclass(frozen=True, slots=True)
class Contact:
    """One visit that took place."""

    on: date
    in_person: bool


@dataclass(frozen=True, slots=True)
class Alternation:
    """How often in a row by screen, since when nobody saw the person, and whether that is too long."""

    remote_in_a_row: int
    last_in_person_on: date | None
    too_often: bool
    too_long: bool

    @property
    def advises_in_person(self) -> bool:
        """Whether the next one should better be in person. Advice with a reason, never a refusal."""
        return self.too_often or self.too_long


@dataclass(frozen=True, slots=True)
class AlternationRule:
    """How much by screen is enough. There is no national number (convention 2024-2029): a site sets its own."""

    remote_in_a_row: int = 2
    months_without: int = 12

    def judge(self, contacts: Sequence[Contact], today: date) -> Alternation:
        """Weigh the contacts of one person. Who never came at all is not held to anything."""
        ordered = sorted(contacts, key=lambda one: one.on)
        seen = [one.on for one in ordered if one.in_person]
        last = seen[-1] if seen else None
        in_a_row = sum(last is None or one.on > last for one in ordered if not one.in_person)
        since = last or (ordered[0].on if ordered else today)
        too_long = (today - since).days > self.months_without * 30.44
        return Alternation(in_a_row, last, in_a_row >= self.remote_in_a_row, too_long)
