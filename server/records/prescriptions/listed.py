"""Listed drugs: which ask for a reason or full letters, which are refused, and which go with an allergy.

The rules are a dated JSON file that a clinician reads and edits (`TELECABIN_DRUG_LIST`), never code: each list says its
source, and the desk shows which list a drug stands on.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib import resources
from pathlib import Path

import msgspec

from server.kernel.errors import ConfigError
from server.kernel.words import N_
from server.people.rules import plain
from server.records.prescriptions.rules import Line, PrescriptionBody, Route, Situation, missing_on_paper


class Rule(StrEnum):
    """What a list asks."""

    REFUSE = "refuse"
    """Never from here."""
    REASON = "reason"
    """Only with a written reason."""
    LETTERS = "letters"
    """Strength, dose and quantity in full letters (secured prescription)."""


class DrugList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Drugs of one rule. `words`: names that are sought in a line, as whole words, without accents or case."""

    code: str
    rule: Rule
    fr: str
    en: str
    source: str
    words: tuple[str, ...]


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Drugs that go together in an allergy: the first words name the family."""

    names: tuple[str, ...]
    drugs: tuple[str, ...]


class Suggestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A drug that the desk proposes while the doctor types."""

    drug: str
    form: str
    route: Route = Route.ORAL


class DrugRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    dated: date
    source: str
    lists: tuple[DrugList, ...]
    families: tuple[Family, ...]
    suggestions: tuple[Suggestion, ...] = ()


class AlertKind(StrEnum):
    """Why a line is marked."""

    ALLERGY = "allergy"
    LISTED = "listed"


@dataclass(frozen=True, slots=True)
class Alert:
    """Why line `place` is marked. `word`: the allergy as it was written, or the list's code. `met`: it is answered."""

    place: int
    kind: AlertKind
    word: str
    met: bool
    drug_list: DrugList | None = None


def read_rules(path: Path | None) -> DrugRules:
    """Return the rules of the operator's file, or ours; raises ConfigError by name rather than go without."""
    try:
        file = path or resources.files(__package__) / "listed_drugs.json"
        return msgspec.json.decode(file.read_bytes(), type=DrugRules)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"TELECABIN_DRUG_LIST: {error}") from None


def alerts(body: PrescriptionBody, allergies: tuple[str, ...] | None, rules: DrugRules) -> list[Alert]:
    """Return why lines are marked, in their order."""
    found: list[Alert] = []
    for place, line in enumerate(body.lines):
        for allergy in allergies or ():
            if _clashes(line.drug, allergy, rules):
                found.append(Alert(place, AlertKind.ALLERGY, allergy, bool(line.reason)))
        for one in rules.lists:
            if _names(line.drug, one.words):
                found.append(Alert(place, AlertKind.LISTED, one.code, _answers(line, one.rule), one))
    return found


def missing(body: PrescriptionBody, known: Situation, rules: DrugRules) -> dict[str, str]:
    """Return all that keeps a prescription from being signed, as field -> sentence."""
    lacks = missing_on_paper(body, known)
    for alert in alerts(body, known.allergies, rules):
        if not alert.met:
            field, sentence = _unanswered(alert)
            lacks[f"{alert.place}.{field}"] = sentence
    return lacks


def _unanswered(alert: Alert) -> tuple[str, str]:
    if alert.kind is AlertKind.ALLERGY:
        return "reason", N_("Une allergie connue va contre ce médicament. Changez-le, ou écrivez pourquoi.")
    rule = alert.drug_list.rule if alert.drug_list else Rule.REASON
    if rule is Rule.REFUSE:
        return "drug", N_("Ce médicament ne se prescrit pas d’ici : la liste le refuse.")
    if rule is Rule.LETTERS:
        return "letters", N_("Écrivez en toutes lettres le dosage, la dose et la quantité.")
    return "reason", N_("Ce médicament est sur la liste : écrivez pourquoi vous le prescrivez.")


def _answers(line: Line, rule: Rule) -> bool:
    if rule is Rule.REFUSE:
        return False
    return bool(line.letters if rule is Rule.LETTERS else line.reason)


def _names(text: str, words: tuple[str, ...]) -> bool:
    sought = f" {plain(text)} "
    return any(f" {plain(word)} " in sought for word in words)


def _clashes(drug: str, allergy: str, rules: DrugRules) -> bool:
    """Whether a drug is named by an allergy, or belongs to a family that the allergy names (or is a member of)."""
    if any(len(word) > 3 and _names(drug, (word,)) for word in plain(allergy).split()):
        return True
    return any(
        _names(drug, family.drugs) and (_names(allergy, family.names) or _names(allergy, family.drugs))
        for family in rules.families
    )
