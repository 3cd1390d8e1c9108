"""What a file of places says, what is wrong in it, and what it would change: nothing in it ever deletes anything.

file (TOML) ──▶ lines ──▶ faults?  ──▶ with what is there: new | changed, field by field | as it is
a line's key names it for good; a doctor's is the RPPS number, a member of staff's the login
"""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import available_timezones

import msgspec

from server.accounts.rules import check_login
from server.kernel.access import Role
from server.kernel.errors import Invalid
from server.kernel.ids import InstrumentId, SiteId
from server.kernel.words import N_
from server.people.identity import rpps_is_sound
from server.people.rules import SiteKind

_KEY = re.compile(r"^[a-z0-9][a-z0-9-]{1,58}[a-z0-9]$")
_PHONE = re.compile(r"^\+?[0-9 .-]{2,20}$")
_INSEE, _POSTCODE, _RPPS = re.compile(r"^\d[0-9AB]\d{3}$"), re.compile(r"^\d{5}$"), re.compile(r"^\d{11}$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
REFUSED = N_("Certaines informations sont à corriger. Rien n’a été enregistré.")


class PlaceKind(StrEnum):
    """What a line is about; in the order in which lines are written."""

    SITE = "site"
    CABIN = "cabin"
    INSTRUMENT = "instrument"
    PRACTITIONER = "practitioner"
    HEALTH_WORKER = "health-worker"
    STAFF = "staff"


class InstrumentKind(StrEnum):
    """What an instrument is good for: what a doctor may ask for without knowing which one the village has."""

    ECG = "ecg"
    DERMATOSCOPE = "dermatoscope"
    RETINOGRAPH = "retinograph"
    SPIROMETER = "spirometer"
    ULTRASOUND = "ultrasound"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Instrument:
    """Something that a site has once and shares."""

    id: InstrumentId
    site_id: SiteId
    name: str
    in_service: bool
    what: InstrumentKind = InstrumentKind.OTHER


class SiteLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A village post."""

    key: str
    name: str
    kind: SiteKind
    commune: str
    insee: str
    postcode: str
    address: str
    phone: str
    samu_phone: str
    latitude: float
    longitude: float
    aed: str = ""
    zone: str = "Europe/Paris"


class CabinLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A booth of a site, and the account of its screen."""

    key: str
    site: str
    name: str
    login: str = ""
    access_notes: str = ""
    phone: str = ""
    in_service: bool = True
    hours: tuple[str, ...] = ()


class InstrumentLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a site shares."""

    key: str
    site: str
    name: str
    what: InstrumentKind = InstrumentKind.OTHER
    in_service: bool = True
    hours: tuple[str, ...] = ()


class PractitionerLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A doctor."""

    rpps: str
    name: str
    specialty: str
    place: str
    phone: str
    email: str = ""
    login: str = ""
    zone: str = ""
    hours: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The RPPS number."""
        return self.rpps


class WorkerLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trained person beside the patient."""

    key: str
    site: str
    name: str
    profession: str
    phone: str = ""
    login: str = ""
    hours: tuple[str, ...] = ()


class StaffLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A coordinator or an admin."""

    login: str
    name: str
    role: Role = Role.COORDINATOR

    @property
    def key(self) -> str:
        """The login."""
        return self.login


Line = SiteLine | CabinLine | InstrumentLine | PractitionerLine | WorkerLine | StaffLine
LINES: Mapping[PlaceKind, type[Line]] = {
    PlaceKind.SITE: SiteLine,
    PlaceKind.CABIN: CabinLine,
    PlaceKind.INSTRUMENT: InstrumentLine,
    PlaceKind.PRACTITIONER: PractitionerLine,
    PlaceKind.HEALTH_WORKER: WorkerLine,
    PlaceKind.STAFF: StaffLine,
}
KINDS = {line: kind for kind, line in LINES.items()}


class PlacesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All lines of a file."""

    site: tuple[SiteLine, ...] = ()
    cabin: tuple[CabinLine, ...] = ()
    instrument: tuple[InstrumentLine, ...] = ()
    practitioner: tuple[PractitionerLine, ...] = ()
    health_worker: tuple[WorkerLine, ...] = ()
    staff: tuple[StaffLine, ...] = ()

    def lines(self) -> Iterator[Line]:
        """Yield every line in the order in which they are written."""
        for field in self.__struct_fields__:
            yield from getattr(self, field)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where."""

    kind: PlaceKind
    key: str
    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Step:
    """What a line would do. `changed`: field, before, then; all fields when it is `new`."""

    kind: PlaceKind
    key: str
    name: str
    new: bool
    changed: tuple[tuple[str, str, str], ...]


def read_places(text: str) -> PlacesFile:
    """Return the lines of a TOML file, or raise Invalid saying where it is wrong."""
    try:
        return msgspec.convert(tomllib.loads(text), PlacesFile, strict=True)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Invalid(N_("Ce fichier ne se lit pas : %(why)s. Rien n’a été enregistré."), why=error) from None


def kind_of(line: Line) -> PlaceKind:
    """Return what a line is about."""
    return KINDS[type(line)]


def faults(lines: Collection[Line], known_sites: Collection[str]) -> list[Fault]:
    """Return all that is wrong in these lines. `known_sites`: keys of sites that are there already."""
    found: list[Fault] = []
    sites = {*known_sites, *(line.key for line in lines if isinstance(line, SiteLine))}
    seen: set[tuple[PlaceKind, str]] = set()
    for line in lines:
        kind, key = kind_of(line), line.key
        if (kind, key) in seen:
            found.append(Fault(kind, key, "key", N_("Cette clé est deux fois dans le fichier.")))
        seen.add((kind, key))
        found.extend(Fault(kind, key, field, sentence) for field, sentence in _wrong(line, sites))
    return found


def refuse_faults(lines: Collection[Line], known_sites: Collection[str]) -> None:
    """Raise Invalid naming every wrong field of these lines."""
    wrong = faults(lines, known_sites)
    if wrong:
        one = len(lines) == 1
        names = {(fault.field if one else f"{fault.kind} “{fault.key}”, {fault.field}"): fault for fault in wrong}
        raise Invalid(REFUSED, fields={name: fault.sentence for name, fault in names.items()})


def _wrong(line: Line, sites: Collection[str]) -> Iterator[tuple[str, str]]:
    if not isinstance(line, PractitionerLine | StaffLine) and not _KEY.match(line.key):
        yield "key", N_("3 à 60 lettres sans accent, chiffres ou tirets.")
    if not line.name.strip() or len(line.name) > 120:
        yield "name", N_("Écrivez un nom, de 120 lettres au plus.")
    if isinstance(line, CabinLine | InstrumentLine | WorkerLine) and line.site not in sites:
        yield "site", N_("Choisissez un lieu de la liste.")
    phone = getattr(line, "phone", "")
    if phone and not _PHONE.match(phone):
        yield "phone", N_("Ce numéro de téléphone n’a pas la bonne forme.")
    login = getattr(line, "login", "")
    if login or isinstance(line, StaffLine):
        yield from _wrong_login(login)
    if isinstance(line, StaffLine) and line.role not in (Role.COORDINATOR, Role.ADMIN):
        yield "role", N_("Choisissez une des réponses.")
    if isinstance(line, SiteLine):
        yield from _wrong_site(line)
    if isinstance(line, PractitionerLine):
        yield from _wrong_practitioner(line)


def _wrong_login(login: str) -> Iterator[tuple[str, str]]:
    try:
        same = check_login(login) == login
    except Invalid:
        same = False
    if not same:
        yield "login", N_("3 à 40 lettres sans accent, chiffres, points ou tirets.")


def _wrong_site(line: SiteLine) -> Iterator[tuple[str, str]]:
    if not _INSEE.match(line.insee):
        yield "insee", N_("Le code INSEE d’une commune a 5 caractères.")
    if not _POSTCODE.match(line.postcode):
        yield "postcode", N_("Le code postal a 5 chiffres.")
    if line.zone not in available_timezones():
        yield "zone", N_("Écrivez un fuseau comme Europe/Paris.")
    if not line.address.strip() or not line.commune.strip():
        yield "address", N_("L’adresse se lit à voix haute au 15 : elle ne peut pas manquer.")
    if not _PHONE.match(line.samu_phone) or len(re.sub(r"\D", "", line.samu_phone)) < 9:
        yield "samu_phone", N_("Le numéro à dix chiffres du SAMU du lieu : le 15 mènerait au SAMU du médecin.")
    if not (-90 <= line.latitude <= 90 and -180 <= line.longitude <= 180):
        yield "latitude", N_("Écrivez des degrés, comme 48.262 et -3.354.")


def _wrong_practitioner(line: PractitionerLine) -> Iterator[tuple[str, str]]:
    if not (_RPPS.match(line.rpps) and rpps_is_sound(line.rpps)):
        yield "rpps", N_("Ce numéro RPPS n’existe pas : il a 11 chiffres, et le dernier contrôle les autres.")
    if line.email and not _EMAIL.match(line.email):
        yield "email", N_("Cette adresse n’a pas la bonne forme.")
    if line.zone and line.zone not in available_timezones():
        yield "zone", N_("Écrivez un fuseau comme Europe/Paris.")


def step_of(line: Line, before: Line | None) -> Step:
    """Return what a line would do to what is there; hours are compared elsewhere."""
    changed = []
    for field in line.__struct_fields__:
        then, old = getattr(line, field), getattr(before, field) if before else ""
        if field == "hours" or (isinstance(line, PractitionerLine) and field == "zone"):
            continue
        if then != old and not (field == "login" and not then):
            changed.append((field, _said(old), _said(then)))
    return Step(kind_of(line), line.key, line.name, before is None, tuple(changed))


def _said(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def key_from(name: str, taken: Collection[str]) -> str:
    """Return a key for something that a person named on a page: « Cabine de la mairie » gives `cabine-de-la-mairie`."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    key = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:50].strip("-")
    key = key if len(key) >= 3 else f"place-{key}".strip("-")
    if key not in taken:
        return key
    return next(f"{key}-{n}" for n in range(2, len(taken) + 3) if f"{key}-{n}" not in taken)
