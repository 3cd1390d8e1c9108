"""A prescription: its lines, its states, and what the law wants on it before it is signed.

draft ──sign (alone, or with the note)──> active ──cancel, or the signing of another in its place──> cancelled
(autosaved)                                  the words never change again
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec

from server.kernel.words import N_
from server.people.rules import Practitioner, Sex, Traits, age

LINES_MAX = 20
TEXT_MAX = 300
REMARK_MAX = 2000
DAYS_MAX = 365  # R.5132-21: twelve months with renewals
RENEWALS_MAX = 11
WEIGHED_BELOW = 16  # years: doses of children go by weight; art. R.5132-3, 7° « si nécessaire, sa taille et son poids »


class PrescriptionStatus(StrEnum):
    """Status codes of FHIR's MedicationRequest, verbatim."""

    DRAFT = "draft"
    ACTIVE = "active"
    CANCELLED = "cancelled"


class CancelReason(StrEnum):
    """Why a signed prescription no longer holds. A code, for it stands in the log in clear."""

    WRONG_PATIENT = "wrong-patient"
    WRONG_DRUG = "wrong-drug"
    REPLACED = "replaced"
    OTHER = "other"


class Route(StrEnum):
    """How a medicine is taken."""

    ORAL = "oral"
    SUBLINGUAL = "sublingual"
    INHALED = "inhaled"
    NASAL = "nasal"
    EYE = "eye"
    EAR = "ear"
    SKIN = "skin"
    TRANSDERMAL = "transdermal"
    RECTAL = "rectal"
    VAGINAL = "vaginal"
    SUBCUTANEOUS = "subcutaneous"
    INTRAMUSCULAR = "intramuscular"


class Moment(StrEnum):
    """When in the day: the pictures of the kiosk and the columns of the paper."""

    MORNING = "morning"
    NOON = "noon"
    EVENING = "evening"
    NIGHT = "night"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One medicine. `drug`: DCI (or brand) with its strength; `dose`: how much each time, with its unit.

    `frequency` says what moments of the day cannot. `days` or `packs` ends it. `letters`: strength, dose and quantity
    in full letters, for drugs of a secured prescription. `ald`: in relation with a long-term illness (R.161-45 CSS).
    `reason`: why it is prescribed in spite of an allergy or of the list.
    """

    drug: str = ""
    form: str = ""
    route: Route = Route.ORAL
    dose: str = ""
    moments: tuple[Moment, ...] = ()
    frequency: str = ""
    days: int | None = None
    packs: int | None = None
    renewals: int = 0
    letters: str = ""
    ald: bool = False
    reason: str = ""


class PrescriptionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of a prescription. `weight` in kg, `height` in cm; `remark` is read by patient and pharmacist."""

    lines: tuple[Line, ...] = ()
    weight: float | None = None
    height: float | None = None
    remark: str = ""

    @property
    def is_bizone(self) -> bool:
        """Whether the two zones of a long-term illness are needed."""
        return any(line.ald for line in self.lines)


class Prescriber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who prescribes, as R.5132-3, 1° wants it on the paper."""

    name: str
    specialty: str
    rpps: str
    place: str
    phone: str
    email: str


class Treated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is treated, as R.5132-3, 7° wants it on the paper."""

    birth_name: str
    used_name: str
    given_names: tuple[str, ...]
    sex: Sex
    born_on: date


class SignedPrescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sealed when a prescription is signed: its words with who prescribed and who is treated, for good."""

    body: PrescriptionBody
    prescriber: Prescriber
    treated: Treated


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rules must know beside the words. `allergies` None: nobody asked yet."""

    prescriber: Prescriber
    treated: Treated
    allergies: tuple[str, ...] | None
    today: date


def prescriber_of(doctor: Practitioner) -> Prescriber:
    """Return a doctor as they stand on paper."""
    return Prescriber(doctor.name, doctor.specialty, doctor.rpps, doctor.place, doctor.phone, doctor.email)


def treated_of(traits: Traits) -> Treated:
    """Return a patient as they stand on paper."""
    return Treated(traits.birth_name, traits.used_name, traits.given_names, traits.sex, traits.born_on)


def tidy(body: PrescriptionBody) -> PrescriptionBody:
    """Return the words without blank lines or spaces around them."""
    lines = (msgspec.structs.replace(line, **_stripped(line)) for line in body.lines)
    kept = tuple(line for line in lines if line != Line(route=line.route, ald=line.ald))
    return msgspec.structs.replace(body, lines=kept, remark=body.remark.strip())


def _stripped(line: Line) -> dict[str, str]:
    return {name: getattr(line, name).strip() for name in _TEXTS}


_TEXTS = ("drug", "form", "dose", "frequency", "letters", "reason")


def wrong_prescription(body: PrescriptionBody) -> dict[str, str]:
    """Return what cannot even be saved as a draft, as field -> sentence. Fields of a line: « 0.drug »."""
    wrong: dict[str, str] = {}
    if len(body.lines) > LINES_MAX:
        wrong["lines"] = N_("Une ordonnance a 20 lignes au plus.")
    if len(body.remark) > REMARK_MAX:
        wrong["remark"] = N_("Ce texte est trop long : 2 000 lettres au plus.")
    if body.weight is not None and not 0.3 <= body.weight <= 400:
        wrong["weight"] = N_("Ce poids n’est pas possible : 0,3 à 400 kg.")
    if body.height is not None and not 20 <= body.height <= 250:
        wrong["height"] = N_("Cette taille n’est pas possible : 20 à 250 cm.")
    for place, line in enumerate(body.lines):
        wrong |= {f"{place}.{name}": sentence for name, sentence in _wrong_line(line).items()}
    return wrong


def _wrong_line(line: Line) -> dict[str, str]:
    too_long = N_("Ce texte est trop long : 300 lettres au plus.")
    wrong = {name: too_long for name in _TEXTS if len(getattr(line, name)) > TEXT_MAX}
    if line.days is not None and not 1 <= line.days <= DAYS_MAX:
        wrong["days"] = N_("La durée va de 1 à 365 jours.")
    if line.packs is not None and not 1 <= line.packs <= 99:
        wrong["packs"] = N_("Le nombre de boîtes va de 1 à 99.")
    if not 0 <= line.renewals <= RENEWALS_MAX:
        wrong["renewals"] = N_("Une ordonnance se renouvelle 11 fois au plus.")
    return wrong


def missing_on_paper(body: PrescriptionBody, known: Situation) -> dict[str, str]:
    """Return what article R.5132-3 of the Code de la santé publique wants and is not there, as field -> sentence."""
    missing: dict[str, str] = {}
    if not body.lines:
        missing["lines"] = N_("Écrivez au moins un médicament.")
    missing |= _prescriber_lacks(known.prescriber) | _treated_lacks(known.treated)
    if body.weight is None and age(known.treated.born_on, known.today) < WEIGHED_BELOW:
        missing["weight"] = N_("Écrivez le poids : la personne a moins de 16 ans.")
    for place, line in enumerate(body.lines):
        missing |= {f"{place}.{name}": sentence for name, sentence in _line_lacks(line).items()}
    return missing


def _prescriber_lacks(doctor: Prescriber) -> dict[str, str]:
    said = (doctor.name, doctor.specialty, doctor.rpps, doctor.place, doctor.phone, doctor.email)
    if all(words.strip() for words in said):
        return {}
    return {
        "prescriber": N_(
            "Votre fiche est incomplète : nom, spécialité, RPPS, adresse, téléphone et adresse électronique."
        )
    }


def _treated_lacks(patient: Treated) -> dict[str, str]:
    if not patient.birth_name.strip() or not patient.given_names:
        return {"treated": N_("Le nom ou le prénom de la personne manque.")}
    if patient.sex is Sex.UNKNOWN:
        return {"treated": N_("Le sexe de la personne manque : demandez à l’accueil de le compléter.")}
    return {}


def _line_lacks(line: Line) -> dict[str, str]:
    lacks: dict[str, str] = {}
    if not line.drug:
        lacks["drug"] = N_("Écrivez le médicament et son dosage.")
    if not line.dose:
        lacks["dose"] = N_("Écrivez la dose de chaque prise.")
    if not line.moments and not line.frequency:
        lacks["frequency"] = N_("Dites quand : un moment de la journée, ou en toutes lettres.")
    if line.days is None and line.packs is None:
        lacks["days"] = N_("Écrivez la durée, ou le nombre de boîtes.")
    return lacks
