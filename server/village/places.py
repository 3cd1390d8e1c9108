"""Three villages that do not exist, their sites, cabins, doctors and health workers, and when each is there.

Telephone numbers come from the ranges that the French regulator (Arcep) keeps for fiction; postcodes and commune
codes from those that are given to nobody; RPPS numbers from 109999xxxxx, with a right Luhn digit.
"""

from dataclasses import dataclass
from random import Random

from server.people.rules import SiteKind

ZONE = "Europe/Paris"
VR, AMB = "VR", "AMB"
_FICTION = ("06 39 98", "02 61 91")  # a mobile and a north-western range of the fiction block
_MOBILE, _LANDLINE = _FICTION


@dataclass(frozen=True, slots=True)
class Hours:
    """Open on a weekday (Monday is 0) between two minutes of the wall clock; `modality` None is good for both."""

    weekday: int
    start_min: int
    end_min: int
    modality: str | None = None


@dataclass(frozen=True, slots=True)
class Village:
    """A commune with its one site. `weight`: the share of the people who live there."""

    key: str
    commune: str
    insee: str
    postcode: str
    site: str
    kind: SiteKind
    address: str
    phone: str
    aed: str
    latitude: float
    longitude: float
    weight: int
    streets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Booth:
    """A cabin. `login` is its account."""

    login: str
    village: str
    name: str
    access_notes: str
    phone: str
    hours: tuple[Hours, ...]


@dataclass(frozen=True, slots=True)
class Doctor:
    """A GP: remote half-days (VR) from the surgery, and half-days on site (AMB)."""

    login: str
    name: str
    rpps: str
    place: str
    phone: str
    hours: tuple[Hours, ...]


@dataclass(frozen=True, slots=True)
class Worker:
    """A trained person beside the patient."""

    login: str
    name: str
    profession: str
    village: str
    phone: str
    hours: tuple[Hours, ...]


def phone(rng: Random, *, mobile: bool) -> str:
    """Return a number that rings nowhere."""
    last = rng.randrange(10_000)
    return f"{_MOBILE if mobile else _LANDLINE} {last // 100:02d} {last % 100:02d}"


def address(rng: Random, village: Village) -> str:
    """Return a postal address in the village; a third live in a hamlet."""
    street = rng.choice(village.streets)
    number = "" if street.startswith("Lieu-dit") else f"{rng.randint(1, 48)} "
    return f"{number}{street}, {village.postcode} {village.commune}"


def _days(days: str, start: str, end: str, modality: str | None = None) -> tuple[Hours, ...]:
    """Return hours for days written as digits: « 024 » is Monday, Wednesday and Friday."""
    return tuple(Hours(int(day), _minute(start), _minute(end), modality) for day in days)


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


SAMU = "02 61 91 00 15"
"""Stands for the ten-digit number of the department's SAMU; a real site writes its own."""

VILLAGES = (
    Village(
        key="saint-fiacre",
        commune="Saint-Fiacre-des-Prés",
        insee="22997",
        postcode="22999",
        site="Maison de santé de Saint-Fiacre-des-Prés",
        kind=SiteKind.HEALTH_CENTRE,
        address="2 place de l’Église",
        phone="02 61 91 10 00",
        aed="Dans l’entrée, à gauche de la porte",
        latitude=48.262,
        longitude=-3.354,
        weight=5,
        streets=(
            "rue de l’Église",
            "rue des Lavoirs",
            "rue du Four-Banal",
            "chemin des Prés",
            "impasse du Tilleul",
            "rue de la Gare",
            "Lieu-dit Kerbrézel",
            "Lieu-dit la Croix-Verte",
            "Lieu-dit le Moulin-Neuf",
        ),
    ),
    Village(
        key="trebrivan",
        commune="Trébrivan-le-Vieux",
        insee="22998",
        postcode="22999",
        site="Mairie de Trébrivan-le-Vieux",
        kind=SiteKind.TOWN_HALL,
        address="1 place de la Mairie",
        phone="02 61 91 20 00",
        aed="Sous le porche de la mairie",
        latitude=48.311,
        longitude=-3.468,
        weight=3,
        streets=(
            "rue du Calvaire",
            "rue de l’École",
            "route du Bois-Joli",
            "place de la Mairie",
            "Lieu-dit Kergariou",
            "Lieu-dit le Vieux-Bourg",
            "Lieu-dit Goasvenn",
        ),
    ),
    Village(
        key="locarn",
        commune="Locarn-sur-Isle",
        insee="22999",
        postcode="22999",
        site="Pharmacie de Locarn-sur-Isle",
        kind=SiteKind.PHARMACY,
        address="7 rue du Pont",
        phone="02 61 91 30 00",
        aed="Contre la vitrine de la pharmacie",
        latitude=48.335,
        longitude=-3.389,
        weight=3,
        streets=(
            "rue du Pont",
            "quai de l’Isle",
            "rue des Tanneurs",
            "rue du Stade",
            "Lieu-dit la Ville-Basse",
            "Lieu-dit Penhoat-Isle",
        ),
    ),
)
BY_KEY = {village.key: village for village in VILLAGES}

# The cabins are open every day, so that a demonstration works on any day; doctors and workers keep real weeks.
_CABIN_HOURS = _days("0123456", "08:00", "20:00")
_DAY_AND_NIGHT = _days("0123456", "00:00", "24:00")  # one cabin, for whoever tries the demonstration at night

BOOTHS = (
    Booth(
        "cabine-saint-fiacre",
        "saint-fiacre",
        "Cabine de Saint-Fiacre",
        "Dans le hall, à droite. De plain-pied, porte large.",
        "02 61 91 10 01",
        _DAY_AND_NIGHT,
    ),
    Booth(
        "cabine-saint-fiacre-2",
        "saint-fiacre",
        "Cabine de Saint-Fiacre, salle 2",
        "Au fond du couloir. De plain-pied, un lit d’examen.",
        "02 61 91 10 02",
        _CABIN_HOURS,
    ),
    Booth(
        "cabine-trebrivan",
        "trebrivan",
        "Cabine de Trébrivan",
        "Entrée par la cour de la mairie. Une marche, rampe sur demande.",
        "02 61 91 20 01",
        _CABIN_HOURS,
    ),
    Booth(
        "cabine-locarn",
        "locarn",
        "Cabine de Locarn",
        "Dans la pharmacie, derrière le comptoir. De plain-pied.",
        "02 61 91 30 01",
        _CABIN_HOURS,
    ),
)

DOCTORS = (
    Doctor(
        "aubin",
        "Dr Claire Aubin",
        "10999900011",
        "Cabinet médical du Château, Carhaix",
        "02 61 91 40 11",
        _days("0134", "09:00", "12:30", VR) + _days("04", "14:00", "18:00", VR) + _days("1", "14:00", "17:30", AMB),
    ),
    Doctor(
        "haddad",
        "Dr Karim Haddad",
        "10999900029",
        "Maison de santé de Saint-Fiacre-des-Prés",
        "02 61 91 40 29",
        _days("024", "08:30", "12:00", AMB) + _days("13", "08:30", "12:30", VR) + _days("02", "14:00", "18:30", VR),
    ),
    Doctor(
        "le-goff",
        "Dr Maud Le Goff",
        "10999900037",
        "Centre de santé de Guingamp",
        "02 61 91 40 37",
        _days("0123", "13:30", "18:00", VR) + _days("3", "09:00", "12:00", AMB),
    ),
    Doctor(
        "kerjean",
        "Dr Antoine Kerjean",
        "10999900045",
        "Cabinet du Port, Paimpol",
        "02 61 91 40 45",
        _days("24", "09:00", "12:30", VR) + _days("135", "14:00", "17:00", VR),
    ),
    Doctor(
        "vasseur",
        "Dr Hélène Vasseur",
        "10999900052",
        "Centre de santé de Loudéac",
        "02 61 91 40 52",
        _days("34", "14:00", "18:30", VR) + _days("56", "09:00", "13:00", VR) + _days("56", "14:00", "19:00", VR),
    ),
)

WORKERS = (
    Worker(
        "sylvie",
        "Sylvie Kerdoncuff",
        "Infirmière",
        "saint-fiacre",
        "06 39 98 50 01",
        _days("01234", "08:30", "12:30") + _days("0134", "13:30", "17:30"),
    ),
    Worker(
        "thomas",
        "Thomas Guéguen",
        "Assistant médical",
        "saint-fiacre",
        "06 39 98 50 02",
        _days("2", "13:30", "17:30") + _days("56", "09:00", "13:00") + _days("56", "14:00", "18:00"),
    ),
    Worker(
        "nolwenn",
        "Nolwenn Prigent",
        "Infirmière",
        "trebrivan",
        "06 39 98 50 03",
        _days("0124", "09:00", "12:30") + _days("013", "14:00", "17:00"),
    ),
    Worker(
        "aicha",
        "Aïcha Mansouri",
        "Pharmacienne",
        "locarn",
        "06 39 98 50 04",
        _days("012345", "09:00", "12:30") + _days("01234", "14:00", "18:30"),
    ),
)
