"""Two records that may be one person: which look alike, which may be joined, and which of them then stands for both.

    opened records ──pairs──> alike, best first ──a person compares──> refusal in words | joined
                                              └──> « two people »: not shown again

    before          joined: B to A          joined: A to C            parted: A from C      parted: B from A
    A   B   C       A <── B     C           C <── A <── B             A <── B     C         A   B   C

No row of a record is rewritten: the words are sealed for the record that they were written in. Every query follows
the links instead, so that taking a link away gives back exactly what was there. What is written while two records are
joined is written in the one that stands for both, and stays there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise

from server.kernel.errors import Conflict, Invalid
from server.kernel.ids import PatientId
from server.kernel.words import N_
from server.people.directory import DATE_SCORES, NAME_SCORES, NAME_WEIGHS, NameFit
from server.people.identity import ins_is_sound, written_ins
from server.people.names import SLIP_FROM, one_slip, sound
from server.people.rules import IdentityStatus, Patient, Traits, plain
from server.people.wanted import NEAR_DATES, DateFit, Wanted

SURE = {IdentityStatus.QUAL: 3, IdentityStatus.VALI: 2, IdentityStatus.RECUP: 1, IdentityStatus.PROV: 0}
WORD_FROM = 3
"""Letters of a family name's word that says anything: « le » and « de » do not."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one person, the one that would stand for both first; and why they are shown."""

    first: Patient
    second: Patient
    score: float
    name_fit: NameFit
    date_fit: DateFit
    same_ins: bool


def pairs(people: Iterable[Patient]) -> list[Pair]:
    """Return who looks alike among these people, the most alike first.

    Alike: some family name and some given name that sound the same or differ by one slip, and a birth date that one
    slip explains; or one number that INSi gave for both.
    """
    together: dict[object, list[Patient]] = defaultdict(list)
    for one in people:
        for key in _keys(one.traits):
            together[key].append(one)
    met: dict[tuple[PatientId, PatientId], Pair | None] = {}
    for beside in together.values():
        for first, second in combinations(beside, 2):
            both = ordered(first.id, second.id)
            if both not in met:
                met[both] = _pair(first, second)
    found = [pair for pair in met.values() if pair is not None]
    return sorted(found, key=lambda pair: (not pair.same_ins, -pair.score, pair.first.id))


def ordered(first: PatientId, second: PatientId) -> tuple[PatientId, PatientId]:
    """Return two ids, the smaller first: how a pair is known."""
    return (first, second) if first < second else (second, first)


def stands_first(one: Patient, other: Patient) -> tuple[Patient, Patient]:
    """Return both, first the one whose identity is surer, and of equals the older record."""
    return (one, other) if (-_sure(one), one.id) <= (-_sure(other), other.id) else (other, one)


def refuse_merge(kept: Patient, joined: Patient) -> None:
    """Raise Invalid or Conflict, in words, unless `joined` may be joined to `kept`."""
    if kept.id == joined.id:
        raise Conflict(N_("Ces deux dossiers sont déjà réunis."), code="already-merged")
    if kept.fictitious != joined.fictitious:
        raise Invalid(N_("Une de ces personnes est fictive : les dossiers ne sont pas réunis."))
    if kept.traits.doubtful or joined.traits.doubtful:
        raise Invalid(N_("Une identité est douteuse. Levez d’abord le doute : les dossiers ne sont pas réunis."))
    if _ins(kept) and _ins(joined) and _ins(kept) != _ins(joined):
        raise Invalid(N_("Les deux matricules INS sont différents : ce sont deux personnes."))
    if kept.traits.document and joined.traits.document and _strict(kept.traits) != _strict(joined.traits):
        raise Invalid(N_("Les deux identités ont été vérifiées avec une pièce, et elles diffèrent. Rien n’est réuni."))
    if _sure(kept) < _sure(joined):
        raise Invalid(N_("Gardez l’identité la mieux vérifiée : choisissez l’autre dossier."))


def beneath(links: Mapping[PatientId, PatientId], patient_id: PatientId) -> frozenset[PatientId]:
    """Return the records that were joined to this one, directly or not, and itself. `links`: record -> joined to."""
    found = {patient_id}
    while more := {one for one, into in links.items() if into in found} - found:
        found |= more
    return frozenset(found)


def _sure(patient: Patient) -> int:
    return SURE[patient.status]


def _ins(patient: Patient) -> str:
    ins = written_ins(patient.traits.ins)
    return ins if patient.traits.insi_answered and ins_is_sound(ins) else ""


def _strict(traits: Traits) -> tuple[object, ...]:
    return plain(traits.birth_name), plain(traits.given_names[0]), traits.born_on, traits.sex


def _keys(traits: Traits) -> Iterable[object]:
    """Return what two records must have one of in common to be looked at together."""
    born = traits.born_on
    turned = tuple(sorted((born.day, born.month)))
    parts: list[object] = [(born.day, born.month), ("y", born.month, born.year), ("d", born.day, born.year)]
    return (*parts, (*turned, born.year), *(["ins", traits.ins] if traits.ins and traits.insi_answered else []))


def _pair(one: Patient, other: Patient) -> Pair | None:
    first, second = stands_first(one, other)
    born = first.traits.born_on
    date_fit = Wanted((), born.day, born.month, born.year).date_fit(second.traits.born_on)
    family = _fit(_family(first.traits), _family(second.traits))
    given = _fit(_given(first.traits), _given(second.traits))
    same_ins = bool(_ins(first)) and _ins(first) == _ins(second)
    name_fit = max(family, given, key=tuple(NameFit).index)
    if not same_ins and (name_fit is NameFit.PART or date_fit not in NEAR_DATES):
        return None
    names = (NAME_SCORES[family] + NAME_SCORES[given]) / 2
    score = NAME_WEIGHS * names + (1 - NAME_WEIGHS) * DATE_SCORES[date_fit]
    return Pair(first, second, score, name_fit, date_fit, same_ins)


def _fit(mine: frozenset[str], theirs: frozenset[str]) -> NameFit:
    """Return the best that any two words fit: the same, by sound, or but for one slip; else not."""
    if mine & theirs:
        return NameFit.SAME
    long = [(one, other) for one in mine for other in theirs if min(len(one), len(other)) >= SLIP_FROM]
    if any(sound(one) == sound(other) for one, other in long):
        return NameFit.SOUND
    return NameFit.SLIP if any(one_slip(one, other) for one, other in long) else NameFit.PART


def _family(traits: Traits) -> frozenset[str]:
    """Return the words of the family names, neighbours also in one: « Le Goff » may stand as « Legoff »."""
    names = [plain(name).split() for name in (traits.birth_name, traits.used_name)]
    joined = {left + right for words in names for left, right in pairwise(words)}
    return frozenset(word for words in names for word in words if len(word) >= WORD_FROM) | joined


def _given(traits: Traits) -> frozenset[str]:
    return frozenset(word for name in (traits.given_names[0], traits.used_given_name) for word in plain(name).split())
