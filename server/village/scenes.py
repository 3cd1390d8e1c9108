"""What is said and written in a past visit, by why one comes: words of patients, of doctors, and what follows.

    person, measures ──▶ scene ──▶ the patient's words, the note (examination, conclusion, acts, advice), follow-up

Follow-up intervals are the usual ones (hypertension 3 months or 1 when not controlled, diabetes 3 months, COPD and
heart failure 3 months, pregnancy monthly). These are demonstration texts, not advice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from server.encounters.rules import Reason
from server.records.rules.note import FollowUpWish, Modality, NoteBody
from server.village.illnesses import Condition
from server.village.population import Person
from server.village.vitals import Vitals

HIGH = (140, 90)
"""Hypertension is not controlled from here on, in mm[Hg]."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One visit's words."""

    reason: Reason
    words: str
    note: NoteBody


def scene(rng: Random, person: Person, measured: Vitals, feverish: bool) -> Scene:
    """Return what was said and written, for the first of the person's conditions or for an acute trouble."""
    if feverish:
        return _fever(rng, person, measured)
    for condition, written in _CHRONIC.items():
        if condition in person.conditions:
            return written(rng, person, measured)
    return rng.choice(_ACUTE)(rng, person, measured)


def _note(examination: str, conclusion: str, acts: str, advice: str, follow_up: FollowUpWish | None = None) -> NoteBody:
    return NoteBody(
        examination=examination,
        conclusion=conclusion,
        acts=acts,
        none_prescribed=not acts,
        no_incident=True,
        advice=advice,
        follow_up=follow_up,
    )


def _again(in_days: int, why: str, *, nurse: bool = True, in_person: bool = False) -> FollowUpWish:
    return FollowUpWish(in_days, Modality.IN_PERSON if in_person else Modality.REMOTE, nurse, why)


def _comma(value: float, digits: int = 1) -> str:
    """Return a number as it is written in French: 37,1."""
    return f"{value:.{digits}f}".replace(".", ",")


def _is_high(measured: Vitals) -> bool:
    return measured.systolic >= HIGH[0] or measured.diastolic >= HIGH[1]


def _renewal(person: Person) -> str:
    lines = "\n".join(f"- {one.name}, {one.dosage}" for one in person.medicines)
    return f"Renouvellement pour 3 mois :\n{lines}" if lines else ""


def _hypertension(rng: Random, person: Person, measured: Vitals) -> Scene:
    examination = (
        f"TA {measured.systolic}/{measured.diastolic}, pouls {measured.pulse} régulier. "
        "Pas d’œdème des chevilles, pas d’essoufflement."
    )
    if _is_high(measured):
        note = _note(
            examination,
            "HTA non équilibrée.",
            _renewal(person) or "Automesure tensionnelle 3 jours, matin et soir, à la cabine.",
            "Votre tension est un peu haute. Prenez-la 3 jours de suite à la cabine, matin et soir. "
            "On se revoit dans un mois.",
            _again(30, "Contrôle de la tension après automesure."),
        )
    else:
        note = _note(
            examination,
            "HTA équilibrée sous traitement." if person.medicines else "Tension limite, surveillance.",
            _renewal(person),
            "Votre tension est bonne. Continuez comme cela. On se revoit dans trois mois.",
            _again(90, "Suivi de la tension.", in_person=rng.random() < 0.25),
        )
    words = rng.choice(("C’est pour mon renouvellement.", "Pour la tension.", "J’ai un peu la tête qui tourne."))
    return Scene(Reason.RENEWAL, words, note)


def _diabetes(rng: Random, person: Person, measured: Vitals) -> Scene:
    glucose = (measured.glucose or 120) / 100
    examination = (
        f"Glycémie {_comma(glucose, 2)} g/L, poids {_comma(measured.weight)} kg, "
        f"TA {measured.systolic}/{measured.diastolic}. Pieds vus à la caméra : pas de plaie."
    )
    balance = "Diabète de type 2 équilibré." if glucose < 1.5 else "Diabète de type 2, équilibre à améliorer."
    if Condition.HYPERTENSION in person.conditions:
        balance += " HTA non équilibrée." if _is_high(measured) else " HTA équilibrée."
    note = _note(
        examination,
        balance,
        f"{_renewal(person)}\nBiologie : HbA1c, créatinine, microalbuminurie.",
        "Faites la prise de sang avant notre prochain rendez-vous. Regardez vos pieds chaque soir.",
        _again(90, "Suivi du diabète, résultat de l’HbA1c.", in_person=rng.random() < 0.4),
    )
    return Scene(Reason.RENEWAL, rng.choice(("Pour le diabète.", "C’est pour l’ordonnance.")), note)


def _copd(rng: Random, person: Person, measured: Vitals) -> Scene:
    note = _note(
        f"SpO₂ {measured.spo2} %, pouls {measured.pulse}. Parle sans s’arrêter. Toux habituelle.",
        "BPCO stable.",
        _renewal(person),
        "Continuez l’inhalateur tous les matins. Si vous êtes plus essoufflé, revenez sans attendre.",
        _again(90, "Suivi de la BPCO, technique d’inhalation avec l’infirmière."),
    )
    return Scene(Reason.RENEWAL, rng.choice(("Je tousse toujours autant.", "Pour mon souffle.")), note)


def _heart(rng: Random, person: Person, measured: Vitals) -> Scene:
    note = _note(
        f"Poids {_comma(measured.weight)} kg, TA {measured.systolic}/{measured.diastolic}, SpO₂ {measured.spo2} %. "
        "Chevilles : œdème léger le soir.",
        "Insuffisance cardiaque stable.",
        f"{_renewal(person)}\nBiologie : ionogramme, créatinine.",
        "Pesez-vous tous les matins. Si vous prenez 2 kilos en 3 jours, appelez.",
        _again(28, "Poids et œdèmes : contrôle avec l’infirmière."),
    )
    return Scene(Reason.RENEWAL, rng.choice(("Je suis vite fatigué.", "Pour le cœur.")), note)


def _asthma(rng: Random, person: Person, measured: Vitals) -> Scene:
    note = _note(
        f"SpO₂ {measured.spo2} %, pas de sifflement entendu, parle normalement.",
        "Asthme contrôlé.",
        _renewal(person),
        "Gardez le spray bleu sur vous. Plus de deux fois par semaine : revenez nous voir.",
        _again(180, "Contrôle de l’asthme."),
    )
    return Scene(Reason.RENEWAL, rng.choice(("Pour le spray.", "Ça siffle un peu la nuit.")), note)


def _pregnancy(rng: Random, person: Person, measured: Vitals) -> Scene:
    note = _note(
        f"TA {measured.systolic}/{measured.diastolic}, poids {_comma(measured.weight)} kg. "
        "Mouvements perçus, pas de saignement.",
        "Grossesse d’évolution normale.",
        "Prise de sang : toxoplasmose. Échographie à prévoir.",
        "Tout va bien. Prochain examen dans un mois, au cabinet ou chez la sage-femme.",
        _again(28, "Examen prénatal.", nurse=False, in_person=True),
    )
    return Scene(Reason.OTHER, rng.choice(("C’est pour le suivi de grossesse.", "J’ai des nausées.")), note)


def _fever(rng: Random, person: Person, measured: Vitals) -> Scene:
    note = _note(
        f"T° {_comma(measured.temperature)}, pouls {measured.pulse}, SpO₂ {measured.spo2} %. "
        "Gorge rouge à la caméra, nuque souple.",
        "Syndrome viral.",
        "Paracétamol, selon le poids, 3 jours.",
        "Buvez souvent, reposez-vous. Si la fièvre dure plus de 3 jours, revenez.",
        _again(3, "Fièvre : réévaluation.", nurse=False) if rng.random() < 0.3 else None,
    )
    return Scene(Reason.FEVER, rng.choice(("J’ai de la fièvre depuis hier.", "Fièvre et mal de gorge.")), note)


def _back(rng: Random, person: Person, measured: Vitals) -> Scene:
    note = _note(
        "Douleur lombaire sans irradiation. Marche, se penche avec gêne. Pas de déficit.",
        "Lombalgie commune.",
        "Paracétamol 1 g, 3 fois par jour si besoin, 5 jours.",
        "Bougez autant que possible. Si la douleur descend dans la jambe, revenez.",
    )
    return Scene(Reason.PAIN, rng.choice(("J’ai mal au dos.", "Le dos s’est bloqué au jardin.")), note)


def _skin(rng: Random, person: Person, measured: Vitals) -> Scene:
    note = _note(
        "Plaque rouge, sèche, de 4 cm au pli du coude, sur photo. Pas de surinfection.",
        "Eczéma.",
        "Dermocorticoïde 1 fois par jour, 7 jours. Émollient.",
        "Mettez la crème le soir pendant une semaine, puis seulement l’hydratant.",
        _again(14, "Peau : contrôle par photo.", nurse=False) if rng.random() < 0.5 else None,
    )
    return Scene(Reason.SKIN, rng.choice(("J’ai des plaques qui grattent.", "Un bouton qui ne part pas.")), note)


def _result(rng: Random, person: Person, measured: Vitals) -> Scene:
    note = _note(
        "Bilan apporté : lipides, glycémie, fonction rénale dans les normes.",
        "Bilan normal.",
        "",
        "Vos résultats sont bons. Prochain bilan dans un an.",
    )
    return Scene(Reason.RESULT, "Pour mes résultats de prise de sang.", note)


def _wound(rng: Random, person: Person, measured: Vitals) -> Scene:
    note = _note(
        "Plaie propre de la main gauche, 2 cm, bords nets. Sensibilité et mouvements normaux.",
        "Plaie simple, rapprochée par des bandelettes.",
        "Pansement tous les 2 jours par une infirmière. Vaccin antitétanique vérifié.",
        "Gardez le pansement sec. Si ça rougit ou si ça bat, revenez.",
        _again(7, "Plaie de la main : ablation des bandelettes."),
    )
    return Scene(Reason.OTHER, "Je me suis coupé à la main.", note)


_Written = Callable[[Random, Person, Vitals], Scene]
_CHRONIC: dict[Condition, _Written] = {
    Condition.PREGNANCY: _pregnancy,
    Condition.HEART_FAILURE: _heart,
    Condition.COPD: _copd,
    Condition.DIABETES_2: _diabetes,
    Condition.HYPERTENSION: _hypertension,
    Condition.ASTHMA: _asthma,
}
_ACUTE: tuple[_Written, ...] = (_back, _skin, _result, _wound)
