"""Who may do what: roles, doors, acts, and the one table that joins them. No rule means no.

    role            door           stands
    cabin           cabin          the booth's screen: knows only the visit that is in it
    health-worker   office         beside the patient, and in the front office of a site
    gp              desk           remote doctor in a browser
    coordinator     coordination   watches whether it works for the village; never clinical text
    admin           coordination   accounts and settings; never clinical text

A rule says which roles may try. Whether *this* person may do it to *that* row (the visit in this cabin, the
patient that this doctor has claimed, the site of this health worker) is decided in the service, from the row.
"""

from dataclasses import dataclass
from enum import StrEnum

from server.kernel.errors import NotAllowed
from server.kernel.ids import AccountId, CabinId, HealthWorkerId, PractitionerId, SiteId
from server.kernel.words import N_


class Role(StrEnum):
    """What an account is for."""

    CABIN = "cabin"
    HEALTH_WORKER = "health-worker"
    GP = "gp"
    COORDINATOR = "coordinator"
    ADMIN = "admin"


class Door(StrEnum):
    """Where a person enters; each door has its own session cookie, so that one browser can hold several."""

    CABIN = "cabin"
    OFFICE = "office"
    DESK = "desk"
    COORDINATION = "coordination"


DOOR_OF = {
    Role.CABIN: Door.CABIN,
    Role.HEALTH_WORKER: Door.OFFICE,
    Role.GP: Door.DESK,
    Role.COORDINATOR: Door.COORDINATION,
    Role.ADMIN: Door.COORDINATION,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in person or cabin, detached from the database: safe to keep for as long as a socket lives."""

    account_id: AccountId
    role: Role
    login: str
    name: str
    session_hash: bytes = b""
    csrf: str = ""
    practitioner_id: PractitionerId | None = None
    health_worker_id: HealthWorkerId | None = None
    cabin_id: CabinId | None = None
    site_id: SiteId | None = None
    hides_address: bool = False
    """Their calls go over the relay alone, so that the other end never learns their network address."""


class Act(StrEnum):
    """What a person can do. Every service method names its act in its first line."""

    VISIT_INTAKE = "visit:intake"
    """Say who one is, why one comes, answer the red flags, consent or refuse, leave."""
    VISIT_SUMMARY = "visit:summary"
    """Read the doctor's plain words after signing."""
    FEEDBACK_GIVE = "feedback:give"
    QUEUE_SEE = "queue:see"
    QUEUE_PUT = "queue:put"
    """Put a patient in the queue from the front office."""
    ENCOUNTER_CLAIM = "encounter:claim"
    """Take, release, ring again, hang up."""
    DUTY_SAY = "duty:say"
    """Say that one takes patients now, or not."""
    CALL_SEAT = "call:seat"
    """Get the ticket of one's own seat in a call."""
    CALL_WARM = "call:warm"
    """Stand in the lobby of a waiting patient's call: the line gets warm, and nothing is sent."""
    CALL_REPORT = "call:report"
    """Say that media flow, or that they failed."""
    GUEST_INVITE = "guest:invite"
    """Ask a third person into one's call, and send them out."""
    GUEST_ANSWER = "guest:answer"
    """Say whether a third person may join: the patient decides."""
    HELP_ASK = "help:ask"
    """Call somebody of the site to the cabin, and say that it is good."""
    HELP_ANSWER = "help:answer"
    """See the site's calls for help, and say that one goes."""
    NOTE_WRITE = "note:write"
    NOTE_SIGN = "note:sign"
    PRESCRIBE = "prescription:write"
    """Write, sign, cancel and replace prescriptions."""
    PRESCRIPTION_READ = "prescription:read"
    """Read and print what was signed."""
    HISTORY_READ = "history:read"
    MEASURES_TAKE = "measures:take"
    MEASURES_READ = "measures:read"
    BACKGROUND_READ = "background:read"
    BACKGROUND_WRITE = "background:write"
    """Allergies, conditions and medications."""
    DOCUMENT_ADD = "document:add"
    """Send a photo or a PDF to a patient's record."""
    DOCUMENT_READ = "document:read"
    DOCUMENT_GIVE = "document:give"
    """Say that a document is for the patient to see in the cabin, after the signature."""
    DOCUMENT_STRIKE = "document:strike"
    PATIENT_REGISTER = "patient:register"
    PATIENT_SEARCH = "patient:search"
    PATIENT_READ = "patient:read"
    PATIENT_MERGE = "patient:merge"
    """Join two records of one person, and part them again."""
    FOLLOW_UP_SEE = "follow-up:see"
    FOLLOW_UP_ASK = "follow-up:ask"
    """Order a follow-up: only who signs may."""
    FOLLOW_UP_PLACE = "follow-up:place"
    """Hold a moment for a follow-up that is one's own, confirm it, let it go."""
    FOLLOW_UP_OVERBOOK = "follow-up:overbook"
    """See one more person beside another appointment: a doctor, in their own calendar."""
    FOLLOW_UP_BOOK = "follow-up:book"
    """Choose among the proposals, move, cancel."""
    SERIES_ORDER = "series:order"
    """Make a series of a follow-up, book it, stop it, cancel or move its following times."""
    WAITING_TEND = "waiting:tend"
    """Put somebody on the waiting list, take them off, and write down what they answer to an offer."""
    PROMISE_TEND = "promise:tend"
    """Note that somebody came or not, withdraw a follow-up, see what stands around it."""
    PROMISE_HAND_OVER = "promise:hand-over"
    """See where follow-ups wait, and give what somebody had promised to somebody else. No patient is named."""
    DAY_SHEET = "day-sheet:see"
    PLACES_SEE = "places:see"
    """Sites, cabins and the people who work there."""
    PLACES_EDIT = "places:edit"
    """Set up sites, cabins, instruments, the people who work there, and their accounts."""
    HOURS_EDIT = "hours:edit"
    """Say when cabins, doctors, health workers and instruments are there."""
    HOURS_OWN = "hours:own"
    """Say when one is there oneself, and nobody else."""
    PLAN_MAKE = "plan:make"
    """Have the whole territory's due follow-ups planned. It books nothing: the people of each site accept or not."""
    OVERVIEW_SEE = "overview:see"
    CABIN_CHECK = "cabin:check"
    """Look whether the cabin's own devices and its line are good."""
    READINESS_SEE = "readiness:see"
    """See which cabins are ready."""
    ADDRESS_HIDE = "address:hide"
    """Have one's calls go over the relay alone."""
    ACCESSES_READ = "accesses:read"
    """Read who opened a patient's record, as the patient may."""
    LOG_WITNESS = "log:witness"
    """Compare the audit log with what one saw of it before."""
    LOG_ALARMS = "log:alarms"
    """See that a witness saw another log, and note the cause."""
    RECORD_FIND = "record:find"
    """Find the record of somebody whom one cares for, by name and birth date."""
    CARE_REFER = "care:refer"
    """Let another doctor read the record of one's patient until a day, and take that back."""
    GLASS_BREAK = "glass:break"
    """Open a record in an emergency, without a relation: for an hour, for a reason, and to be reviewed."""
    GLASS_REVIEW = "glass:review"
    """Say whether a record was rightly opened in an emergency; never what stands in it."""
    RECORD_COPY = "record:copy"
    """Hand a patient the whole of their record."""
    SITE_EXPORT = "site:export"
    """Take the whole site away in clear, to move to other software."""
    RECORD_SHRED = "record:shred"
    """Ask that a patient's records become unreadable, or confirm what another person asked."""
    LINE_OPEN = "line:open"
    """Listen for the nudges of one's own page."""


RULES: dict[Act, frozenset[Role]] = {
    Act.VISIT_INTAKE: frozenset({Role.CABIN}),
    Act.VISIT_SUMMARY: frozenset({Role.CABIN}),
    Act.FEEDBACK_GIVE: frozenset({Role.CABIN}),
    Act.QUEUE_SEE: frozenset({Role.GP}),
    Act.QUEUE_PUT: frozenset({Role.HEALTH_WORKER}),
    Act.ENCOUNTER_CLAIM: frozenset({Role.GP}),
    Act.DUTY_SAY: frozenset({Role.GP}),
    Act.CALL_SEAT: frozenset({Role.CABIN, Role.GP}),
    Act.CALL_WARM: frozenset({Role.GP}),
    Act.CALL_REPORT: frozenset({Role.CABIN, Role.GP}),
    Act.ADDRESS_HIDE: frozenset({Role.GP}),
    Act.GUEST_INVITE: frozenset({Role.GP}),
    Act.GUEST_ANSWER: frozenset({Role.CABIN}),
    Act.HELP_ASK: frozenset({Role.CABIN}),
    Act.HELP_ANSWER: frozenset({Role.HEALTH_WORKER}),
    Act.NOTE_WRITE: frozenset({Role.GP}),
    Act.NOTE_SIGN: frozenset({Role.GP}),
    Act.PRESCRIBE: frozenset({Role.GP}),
    Act.PRESCRIPTION_READ: frozenset({Role.CABIN, Role.GP, Role.HEALTH_WORKER}),
    Act.HISTORY_READ: frozenset({Role.GP}),
    Act.MEASURES_TAKE: frozenset({Role.HEALTH_WORKER}),
    Act.MEASURES_READ: frozenset({Role.GP, Role.HEALTH_WORKER}),
    Act.BACKGROUND_READ: frozenset({Role.GP, Role.HEALTH_WORKER}),
    Act.BACKGROUND_WRITE: frozenset({Role.GP, Role.HEALTH_WORKER}),
    Act.DOCUMENT_ADD: frozenset({Role.CABIN, Role.GP, Role.HEALTH_WORKER}),
    Act.DOCUMENT_READ: frozenset({Role.CABIN, Role.GP, Role.HEALTH_WORKER}),
    Act.DOCUMENT_GIVE: frozenset({Role.GP}),
    Act.DOCUMENT_STRIKE: frozenset({Role.GP, Role.HEALTH_WORKER}),
    Act.PATIENT_REGISTER: frozenset({Role.HEALTH_WORKER}),
    Act.PATIENT_SEARCH: frozenset({Role.HEALTH_WORKER}),
    Act.PATIENT_READ: frozenset({Role.GP, Role.HEALTH_WORKER}),
    Act.PATIENT_MERGE: frozenset({Role.HEALTH_WORKER}),
    Act.FOLLOW_UP_SEE: frozenset({Role.CABIN, Role.GP, Role.HEALTH_WORKER}),
    Act.FOLLOW_UP_ASK: frozenset({Role.GP}),
    Act.FOLLOW_UP_OVERBOOK: frozenset({Role.GP}),
    Act.FOLLOW_UP_PLACE: frozenset({Role.CABIN, Role.GP, Role.HEALTH_WORKER}),
    Act.FOLLOW_UP_BOOK: frozenset({Role.CABIN, Role.HEALTH_WORKER}),
    Act.SERIES_ORDER: frozenset({Role.HEALTH_WORKER}),
    Act.WAITING_TEND: frozenset({Role.HEALTH_WORKER}),
    Act.PROMISE_TEND: frozenset({Role.HEALTH_WORKER, Role.GP}),
    Act.PROMISE_HAND_OVER: frozenset({Role.COORDINATOR, Role.ADMIN}),
    Act.DAY_SHEET: frozenset({Role.HEALTH_WORKER}),
    Act.PLACES_SEE: frozenset({Role.CABIN, Role.GP, Role.HEALTH_WORKER, Role.COORDINATOR, Role.ADMIN}),
    Act.PLACES_EDIT: frozenset({Role.COORDINATOR, Role.ADMIN}),
    Act.HOURS_EDIT: frozenset({Role.COORDINATOR, Role.ADMIN}),
    Act.HOURS_OWN: frozenset({Role.GP, Role.HEALTH_WORKER}),
    Act.PLAN_MAKE: frozenset({Role.COORDINATOR, Role.ADMIN}),
    Act.OVERVIEW_SEE: frozenset({Role.COORDINATOR, Role.ADMIN}),
    Act.CABIN_CHECK: frozenset({Role.CABIN}),
    Act.READINESS_SEE: frozenset({Role.HEALTH_WORKER, Role.COORDINATOR, Role.ADMIN}),
    Act.ACCESSES_READ: frozenset({Role.CABIN, Role.HEALTH_WORKER}),
    Act.LOG_WITNESS: frozenset({Role.CABIN}),
    Act.LOG_ALARMS: frozenset({Role.COORDINATOR, Role.ADMIN}),
    Act.RECORD_FIND: frozenset({Role.GP}),
    Act.CARE_REFER: frozenset({Role.GP}),
    Act.GLASS_BREAK: frozenset({Role.GP}),
    Act.GLASS_REVIEW: frozenset({Role.COORDINATOR, Role.ADMIN}),
    Act.RECORD_COPY: frozenset({Role.HEALTH_WORKER}),
    Act.SITE_EXPORT: frozenset({Role.ADMIN}),
    Act.RECORD_SHRED: frozenset({Role.COORDINATOR, Role.ADMIN}),
    Act.LINE_OPEN: frozenset(Role),
}


def may(who: Identity, act: Act) -> bool:
    """Return whether the role of `who` has a rule for `act`."""
    return who.role in RULES.get(act, frozenset())


def require(who: Identity, act: Act) -> None:
    """Raise NotAllowed unless the role of `who` may `act`."""
    if not may(who, act):
        raise NotAllowed(N_("Votre compte ne permet pas cette action. Rien n’a été changé."))
