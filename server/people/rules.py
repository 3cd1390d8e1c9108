"""What people and places are, and how a name is compared: accents, hyphens and case do not matter."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec

from server.kernel.errors import Invalid
from server.kernel.ids import CabinId, HealthWorkerId, PatientId, PractitionerId, SiteId
from server.kernel.words import N_

OLDEST_YEARS = 130
NAME_MAX = 100
INS_TEST_OID = "1.2.250.1.213.1.4.10"  # INS-NIR-TEST: the only identifier system that fixtures may use


class Sex(StrEnum):
    """Administrative sex, as in the strict traits of the national identity rules (RNIV) and FHIR."""

    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


class IdentityStatus(StrEnum):
    """The four exclusive statuses of an identity [EXI SI 07 of RNIV]."""

    PROV = "PROV"
    """Provisional: said, not checked."""
    RECUP = "RECUP"
    """Fetched from INSi, not checked against a document."""
    VALI = "VALI"
    """Checked against a high-trust document."""
    QUAL = "QUAL"
    """Both."""


class DocumentKind(StrEnum):
    """High-trust documents that prove who somebody is (RNIV 1)."""

    ID_CARD = "id-card"
    PASSPORT = "passport"
    RESIDENCE = "residence-permit"
    CHILD = "birth-certificate"
    """Of a child: birth certificate or family book, with a document of a parent."""


class SiteKind(StrEnum):
    """What kind of place a cabin stands in; nurses may not practise in commercial premises (R.4312-77)."""

    TOWN_HALL = "town-hall"
    HEALTH_CENTRE = "health-centre"
    PHARMACY = "pharmacy"
    MEDICOBUS = "medicobus"


class Traits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who a patient is. Sealed as one JSON; the first six are the strict traits of the RNIV."""

    birth_name: str
    given_names: tuple[str, ...]
    born_on: date
    sex: Sex
    birth_place_insee: str = ""
    used_name: str = ""
    used_given_name: str = ""
    phone: str = ""
    address: str = ""
    ins: str = ""
    ins_oid: str = ""
    insi_answered: bool = False
    """The INSi teleservice gave the number; the evidence stands with the traits, sealed like them."""
    document: DocumentKind | None = None
    """What was sighted last."""
    doubtful: bool = False
    """Somebody may use another's identity: it proves nothing until the doubt is lifted."""


@dataclass(frozen=True, slots=True)
class Site:
    """A village post: where cabins stand and health workers work."""

    id: SiteId
    name: str
    kind: SiteKind
    commune: str
    insee: str
    postcode: str
    address: str
    phone: str
    samu_phone: str
    aed: str
    zone: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Cabin:
    """A booth and its kit."""

    id: CabinId
    site_id: SiteId
    name: str
    access_notes: str
    phone: str
    in_service: bool


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A doctor, as shown to the patient before the call: name, specialty, RPPS, place of practice."""

    id: PractitionerId
    name: str
    specialty: str
    rpps: str
    place: str
    phone: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class HealthWorker:
    """A trained person beside the patient (fr. professionnel accompagnant)."""

    id: HealthWorkerId
    site_id: SiteId
    name: str
    profession: str
    phone: str


@dataclass(frozen=True, slots=True)
class Patient:
    """A registered patient with opened traits."""

    id: PatientId
    site_id: SiteId
    traits: Traits
    status: IdentityStatus
    fictitious: bool
    row_ver: int


def plain(text: str) -> str:
    """Return a name as it is compared: no accents, no case, single spaces instead of hyphens and the like."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", bare.replace("œ", "oe").replace("æ", "ae")).strip()


def display_name(traits: Traits) -> str:
    """Return the name that the person uses: « Odette Lavergne »."""
    given = traits.used_given_name or traits.given_names[0]
    return f"{given} {traits.used_name or traits.birth_name}"


def discreet_name(traits: Traits) -> str:
    """Return what a screen in a village may show: « Odette L. »."""
    given = traits.used_given_name or traits.given_names[0]
    return f"{given} {(traits.used_name or traits.birth_name)[:1]}."


def age(born_on: date, on: date) -> int:
    """Return the age in whole years on a day."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def name_keys(traits: Traits) -> frozenset[str]:
    """Return the family-name-and-birth-date keys that this person can be found by: birth name and used name."""
    names = {plain(traits.birth_name), plain(traits.used_name)} - {""}
    return frozenset(f"{name}|{traits.born_on.isoformat()}" for name in names)


def check_traits(traits: Traits, today: date) -> Traits:
    """Return the traits with names trimmed, or raise Invalid naming each field that cannot be."""
    wrong: dict[str, str] = {}
    if not plain(traits.birth_name):
        wrong["birth_name"] = N_("Écrivez le nom de naissance.")
    if not traits.given_names or not plain(traits.given_names[0]):
        wrong["given_names"] = N_("Écrivez au moins un prénom.")
    texts = (traits.birth_name, traits.used_name, traits.used_given_name, *traits.given_names)
    if any(len(text) > NAME_MAX for text in texts):
        wrong["birth_name"] = N_("Ce nom est trop long : 100 lettres au plus.")
    if traits.born_on > today:
        wrong["born_on"] = N_("Cette date de naissance est dans le futur.")
    elif age(traits.born_on, today) > OLDEST_YEARS:
        wrong["born_on"] = N_("Cette date de naissance est trop ancienne.")
    if traits.phone and not re.fullmatch(r"\+?[0-9 .-]{6,20}", traits.phone):
        wrong["phone"] = N_("Ce numéro de téléphone n’a pas la bonne forme.")
    if len(traits.address) > 300:
        wrong["address"] = N_("Cette adresse est trop longue : 300 lettres au plus.")
    if traits.birth_place_insee and not re.fullmatch(r"\d[0-9AB]\d{3}", traits.birth_place_insee):
        wrong["birth_place_insee"] = N_("Le code INSEE du lieu de naissance a 5 caractères.")
    if wrong:
        raise Invalid(N_("Certaines informations sont à corriger. Rien n’a été enregistré."), fields=wrong)
    return msgspec.structs.replace(
        traits,
        birth_name=traits.birth_name.strip(),
        given_names=tuple(name.strip() for name in traits.given_names if name.strip()),
        used_name=traits.used_name.strip(),
        used_given_name=traits.used_given_name.strip(),
    )
