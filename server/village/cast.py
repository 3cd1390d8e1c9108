"""The named people of the demonstration: those of the pictures in the README, each with a paper code to enter.

Six of them carry a test vector of the national identifier that fits their sex, month and place of birth. They stay
provisional (PROV), as the identity rules want for whoever is invented.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from random import Random

from server.people.rules import INS_TEST_OID, Sex, Traits, age
from server.village import places, vitals
from server.village.illnesses import Allergy, Condition, Medicine
from server.village.population import Person

_RAMIPRIL = Medicine("Ramipril 5 mg", "1 le matin")
_METFORMIN = Medicine("Metformine 500 mg", "1 matin et soir")
_AMLODIPINE = Medicine("Amlodipine 5 mg", "1 le matin")
_SALBUTAMOL = Medicine("Salbutamol 100 µg", "1 à 2 bouffées si besoin")
_C = Condition


@dataclass(frozen=True, slots=True)
class Role:
    """What is written down of a named person; the rest (address, telephone, body) is drawn."""

    code: str
    birth_name: str
    given_names: tuple[str, ...]
    born_on: date
    sex: Sex
    village: str
    treated_by: str
    came: int
    """How many days ago the first visit was."""
    used_name: str = ""
    born_in: str = "22996"
    ins: str = ""
    conditions: tuple[Condition, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    medicines: tuple[Medicine, ...] = ()
    levels: dict[str, float] = field(default_factory=dict)
    """What the drawn body must be like: the pictures show it."""


_F, _M = Sex.FEMALE, Sex.MALE
ROLES = (
    Role(
        "258036",
        "Kervella",
        ("Odette", "Marie"),
        date(1945, 3, 3),
        _F,
        "saint-fiacre",
        "aubin",
        260,
        used_name="Lavergne",
        conditions=(_C.HYPERTENSION, _C.DIABETES_2),
        allergies=(Allergy("Pénicilline", "éruption", 2011),),
        medicines=(_RAMIPRIL, _METFORMIN),
        levels={
            "height": 156,
            "weight": 58.8,
            "weight_trend": -3.5,
            "systolic": 155,
            "systolic_trend": 9,
            "pulse": 82,
            "glucose": 134,
        },
    ),
    Role(
        "147082",
        "Quéré",
        ("Marcel", "Yves"),
        date(1952, 8, 14),
        _M,
        "trebrivan",
        "haddad",
        180,
        conditions=(_C.HYPERTENSION, _C.COPD),
        medicines=(_AMLODIPINE, Medicine("Tiotropium 18 µg", "1 inhalation le matin"), _SALBUTAMOL),
        levels={"height": 172, "weight": 84, "systolic": 146, "systolic_trend": -10, "spo2": 92.5},
    ),
    Role(
        "620115",
        "Ferreira",
        ("Inès",),
        date(2020, 5, 20),
        _F,
        "saint-fiacre",
        "le-goff",
        12,
        conditions=(_C.ASTHMA,),
        medicines=(_SALBUTAMOL,),
        levels={"height": 115, "weight": 20.5, "weight_trend": 2.2},
    ),
    Role("368124", "Tanguy", ("Yvon",), date(1968, 2, 9), _M, "locarn", "kerjean", 5, levels={"weight": 79}),
    Role(
        "590731",
        "Morvan",
        ("Lucie",),
        date(1993, 11, 2),
        _F,
        "trebrivan",
        "aubin",
        20,
        conditions=(_C.PREGNANCY,),
        medicines=(Medicine("Acide folique 0,4 mg", "1 le matin"),),
        levels={"weight_trend": 9.0},
    ),
    Role(
        "471905",
        "Belkacem",
        ("Ahmed",),
        date(1959, 6, 25),
        _M,
        "locarn",
        "haddad",
        180,
        born_in="99352",
        conditions=(_C.DIABETES_2,),
        medicines=(Medicine("Metformine 1000 mg", "1 matin et soir"),),
        levels={"glucose": 162.0},
    ),
    # The test vectors: sex, year and month, place of birth agree with the number.
    Role(
        "580363",
        "Riou",
        ("Martine",),
        date(1958, 3, 17),
        _F,
        "saint-fiacre",
        "aubin",
        120,
        used_name="Le Bras",
        born_in="63999",
        ins="258036399900163",
        conditions=(_C.HYPERTENSION,),
        medicines=(_AMLODIPINE,),
    ),
    Role(
        "470915",
        "Abgrall",
        ("Jean-Claude",),
        date(1947, 9, 5),
        _M,
        "trebrivan",
        "haddad",
        84,
        born_in="15998",
        ins="147091599801226",
        conditions=(_C.HEART_FAILURE, _C.ATRIAL_FIBRILLATION),
        medicines=(
            Medicine("Furosémide 40 mg", "1 le matin"),
            Medicine("Bisoprolol 2,5 mg", "1 le matin"),
            Medicine("Apixaban 5 mg", "1 matin et soir"),
        ),
        levels={"weight": 81, "weight_trend": 4.5, "spo2": 95.5},
    ),
    Role(
        "651120",
        "Santoni",
        ("Véronique",),
        date(1965, 11, 23),
        _F,
        "locarn",
        "le-goff",
        60,
        used_name="Cadiou",
        born_in="2A999",
        ins="265112A99900364",
        allergies=(Allergy("Venin de guêpe", "malaise", 2017),),
    ),
    Role(
        "800720",
        "Luciani",
        ("Guillaume",),
        date(1980, 7, 30),
        _M,
        "saint-fiacre",
        "",
        45,
        born_in="2B998",
        ins="180072B99800450",
    ),
    Role(
        "930799",
        "Pereira",
        ("Ana",),
        date(1993, 7, 11),
        _F,
        "saint-fiacre",
        "vasseur",
        100,
        born_in="99999",
        ins="293079999900555",
        conditions=(_C.ASTHMA,),
        medicines=(_SALBUTAMOL,),
    ),
    Role(
        "109971",
        "Boutrin",
        ("Théo",),
        date(2001, 9, 19),
        _M,
        "trebrivan",
        "kerjean",
        33,
        born_in="97199",
        ins="101099719900683",
    ),
)


def cast(seed: int, today: date) -> list[Person]:
    """Return the named people, always the same but for their drawn address, telephone and body."""
    return [_played(Random(f"{seed}/cast/{role.code}"), role, today) for role in ROLES]


def cast_names() -> tuple[tuple[str, str], ...]:
    """Return the paper code and the name of each named person."""
    return tuple((role.code, f"{role.given_names[0]} {role.used_name or role.birth_name}") for role in ROLES)


def first_visits() -> dict[int, int]:
    """Return how many days ago each named person, by their place in the cast, first came."""
    return {number: role.came for number, role in enumerate(ROLES)}


def _played(rng: Random, role: Role, today: date) -> Person:
    years = age(role.born_on, today)
    traits = Traits(
        birth_name=role.birth_name,
        given_names=role.given_names,
        born_on=role.born_on,
        sex=role.sex,
        birth_place_insee=role.born_in,
        used_name=role.used_name,
        phone=places.phone(rng, mobile=True) if years >= 12 else "",
        address=places.address(rng, places.BY_KEY[role.village]),
        ins=role.ins,
        ins_oid=INS_TEST_OID if role.ins else "",
    )
    drawn = vitals.body(rng, years, role.conditions, female=role.sex is Sex.FEMALE)
    return Person(
        traits=traits,
        village=role.village,
        conditions=role.conditions,
        allergies=role.allergies,
        medicines=role.medicines,
        body=replace(drawn, **role.levels),
        code=role.code,
        treated_by=role.treated_by,
    )
