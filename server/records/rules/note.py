"""The consultation note: its words, its states, and the five items that the law wants before it is signed.

preliminary ──sign──> final ──amend──> amended
  (autosaved)           └────strike──> entered-in-error
                  the words never change again: corrections are addenda
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from server.kernel.ids import CabinId, EncounterId, PatientId, PractitionerId
from server.kernel.words import N_
from server.people.founding.rules import InstrumentKind

TEXT_MAX = 20_000  # letters in one box of the note: a long report has 5,000
FOLLOW_UP_MAX_DAYS = 730
SERIES_STEP_MAX_DAYS = 180
SERIES_MOST = 30  # times: a month of daily dressings


class NoteStatus(StrEnum):
    """FHIR R4 status codes, verbatim."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    ENTERED_IN_ERROR = "entered-in-error"


class StrikeReason(StrEnum):
    """Why a signed note is an error. A code, for it stands in the log in clear."""

    WRONG_PATIENT = "wrong-patient"
    WRONG_VISIT = "wrong-visit"
    OTHER = "other"


class Modality(StrEnum):
    """How a follow-up takes place: FHIR's encounter classes."""

    REMOTE = "VR"
    IN_PERSON = "AMB"
    HOME = "HH"
    """At the person's home: a health worker beside them, the doctor on the screen."""


class Part(StrEnum):
    """What somebody did in the visit."""

    PRACTITIONER = "practitioner"
    HEALTH_WORKER = "health-worker"
    COMPANION = "companion"
    INTERPRETER = "interpreter"
    SPECIALIST = "specialist"
    """Another professional whom the doctor asked in."""


class FollowUpWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the doctor orders for later: in how many days, how, with whom beside, why; and how often."""

    in_days: int
    modality: Modality
    with_health_worker: bool = False
    why: str = ""
    times: int = 1
    every_days: int = 0
    """Of a series: days between two times."""
    instrument: InstrumentKind | None = None
    """What has to be there besides: asked for by its kind, for the village has one or none."""

    @property
    def is_series(self) -> bool:
        """Whether it is wanted more than once."""
        return self.times > 1


class NoteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of a note. `advice` is for the patient, in plain words; the rest is for the record.

    As SOAP: *subjective* is what the patient said in the cabin (the visit's reason and answers, sealed with the visit),
    *objective* `examination` with the visit's measures, *assessment* `conclusion`, *plan* `acts`, `advice` and
    `follow_up`. Problems, allergies and medications in course stand in the patient's background, not in each note.
    """

    examination: str = ""
    conclusion: str = ""
    acts: str = ""
    none_prescribed: bool = False
    incidents: str = ""
    no_incident: bool = False
    advice: str = ""
    follow_up: FollowUpWish | None = None


class Participant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who took part. `identifier`: a doctor's RPPS, or empty for who has none."""

    part: Part
    name: str
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What the visit itself knows, for the note to be written, signed and shown."""

    encounter_id: EncounterId
    patient_id: PatientId
    practitioner_id: PractitionerId | None
    fence: int
    in_progress: bool
    started_at: datetime | None
    ended_at: datetime | None
    participants: tuple[Participant, ...]
    seated_in: CabinId | None = None
    """The cabin in which the patient still sits."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose visit it is just now: all that an autosave needs to know."""

    patient_id: PatientId
    practitioner_id: PractitionerId | None
    in_progress: bool


class SignedContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sealed when a note is signed: the words with the facts of the visit, together for good."""

    body: NoteBody
    participants: tuple[Participant, ...]
    started_at: datetime
    ended_at: datetime
    signed_by: str


def missing_items(body: NoteBody, facts: VisitFacts, *, prescribed: bool = False) -> dict[str, str]:
    """Return what still lacks before signing, as field -> sentence. Empty: the note may be signed.

    The five items of article R.6316-4 of the Code de la santé publique: report, acts and prescriptions,
    identities of the professionals, date and time, technical incidents. An explicit "none" counts as said, and so
    does a prescription of the visit (`prescribed`).
    """
    lacking = {
        "conclusion": _report_lacks(body),
        "acts": _acts_lack(body, prescribed=prescribed),
        "participants": _identities_lack(facts),
        "time": _time_lacks(facts),
        "incidents": _incidents_lack(body),
    }
    return {field: sentence for field, sentence in lacking.items() if sentence}


def _report_lacks(body: NoteBody) -> str:
    return "" if body.conclusion.strip() else N_("Écrivez le compte rendu : au moins une conclusion.")


def _acts_lack(body: NoteBody, *, prescribed: bool) -> str:
    if prescribed and body.none_prescribed:
        return N_("Une ordonnance est écrite, et « Aucun » est coché. Gardez l’un des deux.")
    written = bool(body.acts.strip()) or prescribed
    if written and body.none_prescribed:
        return N_("Des actes sont écrits, et « Aucun » est coché. Gardez l’un des deux.")
    if not written and not body.none_prescribed:
        return N_("Écrivez les actes et prescriptions, ou cochez « Aucun ».")
    return ""


def _identities_lack(facts: VisitFacts) -> str:
    doctors = [one for one in facts.participants if one.part is Part.PRACTITIONER]
    if not doctors or not all(one.identifier.strip() for one in doctors):
        return N_("L’identité du médecin manque : son nom et son numéro RPPS.")
    if not all(one.name.strip() for one in facts.participants):
        return N_("Le nom d’une personne présente manque.")
    return ""


def _time_lacks(facts: VisitFacts) -> str:
    if facts.started_at is None or facts.ended_at is None:
        return N_("L’heure de début ou de fin manque : terminez d’abord l’appel.")
    if facts.ended_at < facts.started_at:
        return N_("La fin de la consultation est avant son début.")
    return ""


def _incidents_lack(body: NoteBody) -> str:
    written = bool(body.incidents.strip())
    if written and body.no_incident:
        return N_("Un incident est écrit, et « Aucun incident » est coché. Gardez l’un des deux.")
    if not written and not body.no_incident:
        return N_("Écrivez les incidents techniques, ou cochez « Aucun incident ».")
    return ""


def wrong_words(body: NoteBody) -> dict[str, str]:
    """Return what cannot even be saved as a draft, as field -> sentence."""
    texts = ("examination", "conclusion", "acts", "incidents", "advice")
    too_long = N_("Ce texte est trop long : 20 000 lettres au plus.")
    wrong = {name: too_long for name in texts if len(getattr(body, name)) > TEXT_MAX}
    wish = body.follow_up
    if wish is not None and not 1 <= wish.in_days <= FOLLOW_UP_MAX_DAYS:
        wrong["follow_up"] = N_("Le suivi doit avoir lieu dans 1 à 730 jours.")
    elif wish is not None and not _series_fits(wish):
        wrong["follow_up"] = N_("Une série : 2 à 30 fois, tous les 1 à 180 jours, en deux ans au plus.")
    elif wish is not None and len(wish.why) > TEXT_MAX:
        wrong["follow_up"] = too_long
    return wrong


def _series_fits(wish: FollowUpWish) -> bool:
    if wish.times == 1:
        return wish.every_days >= 0
    fits = 2 <= wish.times <= SERIES_MOST and 1 <= wish.every_days <= SERIES_STEP_MAX_DAYS
    return fits and wish.in_days + (wish.times - 1) * wish.every_days <= FOLLOW_UP_MAX_DAYS
