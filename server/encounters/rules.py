"""The life of a visit: one state machine for queue, visit and call, who may move it, and what the cabin shows.

The state is a pair: the FHIR status of the Encounter, and the status of its call.

      arrive ──▶ arrived ──triage──▶ triaged ◀──come-back── onleave
                    │                 │  ▲  └──step-out──────▶ │
                  leave         claim │  │ release           leave
                    ▼                 ▼  │ (nothing signed)    ▼
                cancelled       in-progress               cancelled
                                 ringing ──connect──▶ live
                                    ▲ └──hang-up─┐     │ hang-up
                                    │            ▼     ▼
                                    └───ring─── in-progress, ended ──finish──▶ finished, ended

    leave also ends a triaged visit; void leads from anywhere to entered-in-error, and nothing leads out of it.
    A planned visit (an appointment) arrives like a new one.

    triage asks for a reason, four red-flag answers and a given consent: so no call ever is live without consent.
    claim asks for a patient who sits in the cabin; `fence` grows with it, and one practitioner has one visit in
    progress; both are decided by the database (`store.claim`, unique indexes).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

import msgspec

from server.kernel.access import Role
from server.kernel.errors import Conflict, Invalid
from server.kernel.ids import AppointmentId, CabinId, EncounterId, PatientId, PractitionerId, SiteId
from server.kernel.words import N_

WORDS_MAX = 500
NAME_MAX = 120
CONSENT_VERSION = "2026-03"
"""The version of the consent sentences on the screen; a new wording gets a new version."""

ABANDONED_AFTER = timedelta(minutes=15)  # nobody touches an intake for so long: the kiosk crashed or they left
FORGOTTEN_AFTER = timedelta(hours=12)  # yesterday's line: who waited then begins anew today
DUTY_FOR = timedelta(minutes=10)  # a desk that was not seen for so long is closed, whatever it last said
CARE_FOR = timedelta(days=90)  # how long a finished visit leaves the record open: the follow-up's questions
USUAL_MINUTES = 12.0  # a general practitioner's video consultation, until this clinic has measured its own
ADULT_AT = 18


class EncounterStatus(StrEnum):
    """FHIR R4 EncounterStatus, verbatim."""

    PLANNED = "planned"
    ARRIVED = "arrived"
    TRIAGED = "triaged"
    IN_PROGRESS = "in-progress"
    ON_LEAVE = "onleave"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"


class CallStatus(StrEnum):
    """Where the visit's call stands."""

    NONE = "none"
    RINGING = "ringing"
    LIVE = "live"
    ENDED = "ended"


class Move(StrEnum):
    """What can happen to a visit."""

    ARRIVE = "arrive"
    TRIAGE = "triage"
    LEAVE = "leave"
    STEP_OUT = "step-out"
    COME_BACK = "come-back"
    CLAIM = "claim"
    CONNECT = "connect"
    HANG_UP = "hang-up"
    RING = "ring"
    RELEASE = "release"
    FINISH = "finish"
    VOID = "void"


class Reason(StrEnum):
    """Why one comes: the six pictures of the cabin."""

    PAIN = "pain"
    FEVER = "fever"
    RENEWAL = "renewal"
    SKIN = "skin"
    RESULT = "result"
    OTHER = "other"


class RedFlag(StrEnum):
    """Signs that call for 15 before anything else (motifs M03.06, M01.03, M03.08, M02.02 of the SAMU's list)."""

    CHEST_PAIN = "chest-pain"
    BREATHLESS = "breathless"
    STROKE = "stroke"
    BLEEDING = "bleeding"


class Accompanied(StrEnum):
    """Who is with the patient."""

    ALONE = "alone"
    WITH_SOMEONE = "with-someone"
    WITH_HEALTH_WORKER = "with-health-worker"


class CancelReason(StrEnum):
    """Why a visit ended before a doctor took it."""

    GAVE_UP = "gave-up"
    REFUSED_CONSENT = "refused-consent"
    REDIRECTED = "redirected"
    """Towards a consultation in person."""
    EMERGENCY = "emergency"
    ABANDONED = "abandoned"
    """The cabin was left in the middle of the intake."""
    BOOKED_ONLY = "booked-only"
    """They came for an appointment and not for a doctor."""


class Decision(StrEnum):
    """What was answered to the consent question."""

    GIVEN = "given"
    REFUSED = "refused"


class ConsentMode(StrEnum):
    """How it was answered: on the screen, or aloud before a witness."""

    TOUCH = "touch"
    ORAL = "oral"


class IncidentKind(StrEnum):
    """What went wrong in a call; part of the report (R.6316-4, 5°)."""

    CUT = "cut"
    AUDIO_ONLY = "audio-only"
    NO_CAMERA = "no-camera"
    NO_MICROPHONE = "no-microphone"
    OTHER = "other"


class Step(StrEnum):
    """Which screen the cabin shows."""

    REASON = "reason"
    FLAGS = "flags"
    EMERGENCY = "emergency"
    CONSENT = "consent"
    WAITING = "waiting"
    AWAY = "away"
    CALL = "call"
    CLOSING = "closing"
    """The call is over, the doctor is still writing."""
    SUMMARY = "summary"
    IN_PERSON = "in-person"
    """Consent was refused, or a doctor in person is the better way: say where."""
    GOODBYE = "goodbye"


class Lack(StrEnum):
    """What a visit lacks before it may wait for a doctor."""

    REASON = "reason"
    FLAGS = "flags"
    EMERGENCY = "emergency"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class State:
    """The pair that the machine moves."""

    status: EncounterStatus
    call: CallStatus = CallStatus.NONE


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the patient said before seeing a doctor; sealed as one JSON."""

    reason: Reason | None = None
    words: str = ""
    flags: dict[RedFlag, bool] = {}  # msgspec copies it for each struct
    urgent_acknowledged: bool = False
    """The emergency guidance was shown and the patient chose to go on."""
    companion: str = ""


@dataclass(frozen=True, slots=True)
class Encounter:
    """A visit, as other subjects may know it."""

    id: EncounterId
    patient_id: PatientId
    cabin_id: CabinId
    site_id: SiteId
    status: EncounterStatus
    call: CallStatus
    practitioner_id: PractitionerId | None
    fence: int
    accompanied: Accompanied
    locale: str
    priority: bool
    arrived_at: datetime
    triaged_at: datetime | None
    claimed_at: datetime | None
    live_at: datetime | None
    ended_at: datetime | None
    finished_at: datetime | None
    seated_at: datetime | None
    left_at: datetime | None
    cancel_reason: CancelReason | None
    appointment_id: AppointmentId | None
    row_ver: int

    @property
    def state(self) -> State:
        """The pair that the machine moves."""
        return State(self.status, self.call)

    @property
    def is_seated(self) -> bool:
        """Whether the patient is in the cabin now."""
        return self.seated_at is not None and self.left_at is None


_S, _C = EncounterStatus, CallStatus
_NEW, _WAITING, _AWAY = State(_S.ARRIVED), State(_S.TRIAGED), State(_S.ON_LEAVE)
_RINGING, _LIVE, _ENDED = (State(_S.IN_PROGRESS, call) for call in (_C.RINGING, _C.LIVE, _C.ENDED))
_GONE = State(_S.CANCELLED)

MOVES: dict[tuple[State | None, Move], State] = {
    (None, Move.ARRIVE): _NEW,
    (State(_S.PLANNED), Move.ARRIVE): _NEW,
    (_NEW, Move.TRIAGE): _WAITING,
    (_NEW, Move.LEAVE): _GONE,
    (_WAITING, Move.LEAVE): _GONE,
    (_AWAY, Move.LEAVE): _GONE,
    (_WAITING, Move.STEP_OUT): _AWAY,
    (_AWAY, Move.COME_BACK): _WAITING,
    (_WAITING, Move.CLAIM): _RINGING,
    (_RINGING, Move.CONNECT): _LIVE,
    (_RINGING, Move.HANG_UP): _ENDED,
    (_LIVE, Move.HANG_UP): _ENDED,
    (_ENDED, Move.RING): _RINGING,
    (_RINGING, Move.RELEASE): _WAITING,
    (_LIVE, Move.RELEASE): _WAITING,
    (_ENDED, Move.RELEASE): _WAITING,
    (_ENDED, Move.FINISH): State(_S.FINISHED, _C.ENDED),
}
CLOSED = frozenset({_S.FINISHED, _S.CANCELLED, _S.ENTERED_IN_ERROR})

MOVERS: dict[Move, frozenset[Role]] = {
    Move.ARRIVE: frozenset({Role.CABIN, Role.HEALTH_WORKER}),
    Move.TRIAGE: frozenset({Role.CABIN, Role.HEALTH_WORKER}),
    Move.LEAVE: frozenset({Role.CABIN, Role.HEALTH_WORKER}),
    Move.STEP_OUT: frozenset({Role.CABIN}),
    Move.COME_BACK: frozenset({Role.CABIN}),
    Move.CLAIM: frozenset({Role.GP}),
    Move.CONNECT: frozenset({Role.CABIN, Role.GP}),
    Move.HANG_UP: frozenset({Role.CABIN, Role.GP}),
    Move.RING: frozenset({Role.GP}),
    Move.RELEASE: frozenset({Role.GP}),
    Move.FINISH: frozenset({Role.GP}),
    Move.VOID: frozenset({Role.GP}),
}


class WrongMove(Conflict):
    """The visit cannot move like this from where it is."""

    code = "wrong-move"


def after(state: State | None, move: Move) -> State:
    """Return the state that `move` leads to (`None` is: there is no visit yet), or raise WrongMove."""
    if move is Move.VOID and state is not None and state.status is not _S.ENTERED_IN_ERROR:
        return State(_S.ENTERED_IN_ERROR, _C.NONE if state.call is _C.NONE else _C.ENDED)
    try:
        return MOVES[state, move]
    except KeyError:
        raise WrongMove(N_("Ce n’est plus possible : la visite a changé entre-temps. Rien n’a été perdu.")) from None


def may_move(role: Role, move: Move) -> bool:
    """Return whether a person of this role may make this move at all."""
    return role in MOVERS[move]


def is_urgent(answers: Answers) -> bool:
    """Return whether any red flag was answered with yes."""
    return any(answers.flags.values())


def with_flags(answers: Answers, flags: Mapping[RedFlag, bool]) -> Answers:
    """Return the answers with these added; a new yes asks for the emergency guidance again."""
    news = any(yes and not answers.flags.get(flag, False) for flag, yes in flags.items())
    merged = {**answers.flags, **flags}
    acknowledged = answers.urgent_acknowledged and not news
    return msgspec.structs.replace(answers, flags=merged, urgent_acknowledged=acknowledged)


def lacks(answers: Answers, consent: Decision | None) -> tuple[Lack, ...]:
    """Return what a visit lacks before triage, in the order in which the cabin asks for it."""
    lacking = []
    if answers.reason is None:
        lacking.append(Lack.REASON)
    if is_urgent(answers) and not answers.urgent_acknowledged:
        lacking.append(Lack.EMERGENCY)
    if any(flag not in answers.flags for flag in RedFlag):
        lacking.append(Lack.FLAGS)
    if consent is not Decision.GIVEN:
        lacking.append(Lack.CONSENT)
    return tuple(lacking)


LACKING = {
    Lack.REASON: N_("Choisissez pourquoi vous venez."),
    Lack.FLAGS: N_("Répondez aux quatre questions."),
    Lack.EMERGENCY: N_("Lisez d’abord la page d’urgence."),
    Lack.CONSENT: N_("Il manque votre accord."),
}


def refuse_lacking(lacking: tuple[Lack, ...]) -> None:
    """Raise Invalid naming each thing that lacks before the patient may wait for a doctor."""
    if lacking:
        fields = {lack.value: LACKING[lack] for lack in lacking}
        raise Invalid(N_("Il manque encore quelque chose avant de voir un médecin."), code="not-ready", fields=fields)


def check_words(words: str, *, field: str = "words", most: int = WORDS_MAX) -> str:
    """Return the words trimmed, or raise Invalid when they are too long."""
    words = words.strip()
    if len(words) > most:
        wrong = {field: N_("Ce texte est trop long.")}
        raise Invalid(N_("Ce texte est trop long. Rien n’a été enregistré."), fields=wrong)
    return words


_STEP_BEFORE = {
    Lack.REASON: Step.REASON,
    Lack.EMERGENCY: Step.EMERGENCY,
    Lack.FLAGS: Step.FLAGS,
    Lack.CONSENT: Step.CONSENT,
}
_STEP_OF = {_S.TRIAGED: Step.WAITING, _S.ON_LEAVE: Step.AWAY, _S.FINISHED: Step.SUMMARY}
_STEP_AFTER = {
    CancelReason.REFUSED_CONSENT: Step.IN_PERSON,
    CancelReason.REDIRECTED: Step.IN_PERSON,
    CancelReason.EMERGENCY: Step.EMERGENCY,
}


def next_step(state: State, answers: Answers, cancelled_for: CancelReason | None = None) -> Step:
    """Return which screen the cabin shows for the visit that is in it."""
    if state.status is _S.ARRIVED:
        return _STEP_BEFORE[lacks(answers, None)[0]]
    if state.status is _S.IN_PROGRESS:
        return Step.CLOSING if state.call is _C.ENDED else Step.CALL
    if state.status is _S.CANCELLED and cancelled_for is not None:
        return _STEP_AFTER.get(cancelled_for, Step.GOODBYE)
    return _STEP_OF.get(state.status, Step.GOODBYE)


def is_abandoned(status: EncounterStatus, arrived_at: datetime, now: datetime) -> bool:
    """Return whether an intake was begun so long ago that its patient must have gone."""
    return status is _S.ARRIVED and now - arrived_at > ABANDONED_AFTER


def stays_for(reason: CancelReason) -> bool:
    """Return whether the cabin still shows something after a visit was cancelled for this reason."""
    return reason in _STEP_AFTER


def wait(ahead: int, running: int, doctors: int, usual_minutes: float = USUAL_MINUTES) -> tuple[int, int] | None:
    """Return an honest range of minutes until a doctor is free, or None when no doctor is there.

    A visit that runs is on average half done. The range is wide on purpose (0.7 to 1.5 times), in steps of five
    minutes: a promise of one number is broken every time. `ahead` counts people before, `running` visits now.
    """
    if doctors <= 0:
        return None
    busy = min(running, doctors)
    middle = usual_minutes * max(0.0, ahead + busy / 2 - (doctors - busy) / 2) / doctors
    low = int(middle * 0.7 // 5 * 5)
    return low, max(low + 5, ceil(middle * 1.5 / 5) * 5)
