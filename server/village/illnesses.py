"""Who has which chronic condition, allergy and medicine, by age and sex.

Facts used, in words (shares of people who have it):
- hypertension: Esteban, Santé publique France, 2014-2016: 6.3 % from 18 to 34, 67.8 % from 65 to 74, 30.6 % of
  all from 18 to 74 (men 36.5 %, women 25.2 %), men above women at every age;
- type 2 diabetes: treated diabetes, CnamTS, 2009: 0.4 % below 45, 6.3 % from 45 to 64, 14.2 % from 65 to 74,
  14.8 % from 75 on; from 75 to 79 one man in five and one woman in seven; men 1.4 times women;
- COPD: 7.5 % with a measure of breath, health examination centres, 2003; published range 5 to 10 % past 45;
- heart failure: 2.3 % of adults (Handicap-Santé, 2008-2009), 15 % past 85;
- asthma: 6 to 7 % of adults, 11 % of children at school (national surveys of schools, and of health);
- pregnancy: births by age of mother (Insee, civil registration), times nine months of twelve;
- penicillin allergy as people declare it: 9.4 % of patients of 100 GPs, Seine-Saint-Denis, 2005.
Ours: the steps between published ages, the level past 75 for hypertension (the survey stops there), atrial
fibrillation, the other allergies, and which medicine goes with what. No advice: it furnishes a demonstration.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Condition(StrEnum):
    """A long illness, or a state that asks for follow-up."""

    HYPERTENSION = "hypertension"
    DIABETES_2 = "diabetes-2"
    COPD = "copd"
    HEART_FAILURE = "heart-failure"
    ATRIAL_FIBRILLATION = "atrial-fibrillation"
    ASTHMA = "asthma"
    PREGNANCY = "pregnancy"


@dataclass(frozen=True, slots=True)
class Named:
    """What a condition is called: in French, and in the international classification (ICD-10, fr. CIM-10)."""

    label: str
    icd10: str


@dataclass(frozen=True, slots=True)
class Allergy:
    """To what, with which reaction, since which year."""

    substance: str
    reaction: str
    year: int


@dataclass(frozen=True, slots=True)
class Medicine:
    """A current medicine: substance with strength, and how it is taken."""

    name: str
    dosage: str


NAMES = {
    Condition.HYPERTENSION: Named("Hypertension artérielle", "I10"),
    Condition.DIABETES_2: Named("Diabète de type 2", "E11"),
    Condition.COPD: Named("BPCO", "J44"),
    Condition.HEART_FAILURE: Named("Insuffisance cardiaque", "I50"),
    Condition.ATRIAL_FIBRILLATION: Named("Fibrillation atriale", "I48"),
    Condition.ASTHMA: Named("Asthme", "J45"),
    Condition.PREGNANCY: Named("Grossesse", "Z34"),
}

Steps = tuple[tuple[int, float, float], ...]
"""From this age on: the share of women and of men, oldest step first."""

PREVALENCE: dict[Condition, Steps] = {
    Condition.HYPERTENSION: (
        (75, 0.73, 0.76),
        (65, 0.63, 0.73),
        (55, 0.42, 0.57),
        (45, 0.24, 0.38),
        (35, 0.10, 0.20),
        (18, 0.042, 0.084),
    ),
    Condition.DIABETES_2: ((75, 0.123, 0.185), (65, 0.115, 0.17), (45, 0.052, 0.074), (18, 0.004, 0.004)),
    Condition.COPD: ((75, 0.085, 0.12), (65, 0.07, 0.11), (45, 0.045, 0.065)),
    Condition.HEART_FAILURE: ((85, 0.15, 0.15), (75, 0.085, 0.095), (65, 0.03, 0.05), (45, 0.008, 0.018)),
    Condition.ATRIAL_FIBRILLATION: ((85, 0.14, 0.16), (75, 0.08, 0.10), (65, 0.03, 0.05), (45, 0.005, 0.01)),
    Condition.ASTHMA: ((18, 0.07, 0.06), (6, 0.10, 0.12), (3, 0.06, 0.07)),
    Condition.PREGNANCY: ((45, 0.0, 0.0), (35, 0.035, 0.0), (25, 0.075, 0.0), (18, 0.02, 0.0)),
}

_PENICILLIN = 0.094
_PENICILLIN_AS_CHILD = 0.04
_OTHER_ALLERGIES = (
    (0.015, "Aspirine et anti-inflammatoires", "urticaire"),
    (0.010, "Venin de guêpe", "malaise, œdème"),
    (0.008, "Latex", "eczéma des mains"),
    (0.007, "Arachide", "œdème des lèvres"),
    (0.006, "Produit de contraste iodé", "urticaire"),
    (0.005, "Sulfamides", "éruption"),
)
_PENICILLIN_REACTIONS = ("éruption", "éruption", "éruption", "urticaire", "vomissements", "œdème du visage")

TREATED = 0.75
"""Share of hypertensive people with a medicine, on a list that is followed."""

_MORNING = "1 le matin"
_PRESSURE = (
    Medicine("Ramipril 5 mg", _MORNING),
    Medicine("Amlodipine 5 mg", _MORNING),
    Medicine("Périndopril 4 mg", _MORNING),
    Medicine("Valsartan 80 mg", _MORNING),
    Medicine("Hydrochlorothiazide 12,5 mg", _MORNING),
)
_SUGAR = (
    Medicine("Metformine 500 mg", "1 matin et soir"),
    Medicine("Metformine 850 mg", "1 matin et soir"),
    Medicine("Metformine 1000 mg", "1 matin et soir"),
)
_MORE_SUGAR = (Medicine("Gliclazide 30 mg LM", _MORNING), Medicine("Dapagliflozine 10 mg", _MORNING))
_ALWAYS: dict[Condition, tuple[Medicine, ...]] = {
    Condition.COPD: (
        Medicine("Tiotropium 18 µg", "1 inhalation le matin"),
        Medicine("Salbutamol 100 µg", "1 à 2 bouffées si besoin"),
    ),
    Condition.HEART_FAILURE: (Medicine("Furosémide 40 mg", _MORNING), Medicine("Bisoprolol 2,5 mg", _MORNING)),
    Condition.ATRIAL_FIBRILLATION: (Medicine("Apixaban 5 mg", "1 matin et soir"),),
    Condition.ASTHMA: (Medicine("Salbutamol 100 µg", "1 à 2 bouffées si besoin"),),
    Condition.PREGNANCY: (Medicine("Acide folique 0,4 mg", _MORNING),),
}
_ASTHMA_DAILY = Medicine("Béclométasone 250 µg", "1 bouffée matin et soir")


def prevalence(condition: Condition, age: int, *, female: bool) -> float:
    """Return the share of people of this age and sex who have the condition."""
    for least, women, men in PREVALENCE[condition]:
        if age >= least:
            return women if female else men
    return 0.0


def conditions(rng: Random, age: int, *, female: bool) -> tuple[Condition, ...]:
    """Draw the conditions of a person. One draw for each, so that a new condition changes no other."""
    return tuple(c for c in Condition if rng.random() < prevalence(c, age, female=female))


def allergies(rng: Random, age: int, this_year: int) -> tuple[Allergy, ...]:
    """Draw the declared allergies of a person."""
    found = []
    if rng.random() < (_PENICILLIN if age >= 18 else _PENICILLIN_AS_CHILD):
        found.append(Allergy("Pénicilline", rng.choice(_PENICILLIN_REACTIONS), _since(rng, age, this_year)))
    for share, substance, reaction in _OTHER_ALLERGIES:
        if rng.random() < share:
            found.append(Allergy(substance, reaction, _since(rng, age, this_year)))
    return tuple(found)


def medicines(rng: Random, having: tuple[Condition, ...]) -> tuple[Medicine, ...]:
    """Draw the current medicines that go with the conditions, each substance once."""
    taken: list[Medicine] = []
    if Condition.HYPERTENSION in having and rng.random() < TREATED:
        taken += rng.sample(_PRESSURE, rng.choice((1, 1, 2)))
    if Condition.DIABETES_2 in having:
        taken.append(rng.choice(_SUGAR))
        taken += [rng.choice(_MORE_SUGAR)] if rng.random() < 0.35 else []
    for condition, always in _ALWAYS.items():
        if condition in having:
            taken += [medicine for medicine in always if medicine not in taken]
    if Condition.ASTHMA in having and rng.random() < 0.5:
        taken.append(_ASTHMA_DAILY)
    return tuple(taken)


def _since(rng: Random, age: int, this_year: int) -> int:
    return this_year - rng.randint(0, max(min(age - 1, 40), 0))
