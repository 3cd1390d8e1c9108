"""The early warning score as people read it: its reasons, what it asks for, or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.kernel.words import N_
from server.people.rules import Sex, Traits, age
from server.records.rules.background import BackgroundBody
from server.records.rules.measures import MEASURES, MeasureName
from server.records.rules.news2 import PARAMETERS, Band, NotValid, Score, score
from server.records.service.measures import Observation

BEFORE = timedelta(hours=1)  # a nurse measures before the person waits; older values say nothing of now
_ASKED_OF = range(16, 56)  # years in which somebody may be pregnant

NO_SCORE = {
    NotValid.CHILD: N_("Pas de score NEWS2 : il ne vaut pas avant 16 ans."),
    NotValid.PREGNANT: N_("Pas de score NEWS2 : il ne vaut pas pendant une grossesse."),
}
ASKS = {
    Band.ROUTINE: (N_("rien d’anormal dans ces mesures"), ""),
    Band.LOW: (N_("peu de points"), ""),
    Band.LOW_MEDIUM: (N_("3 points pour une seule mesure"), "warn"),
    Band.MEDIUM: (N_("urgent"), "warn"),
    Band.HIGH: (N_("urgence"), "danger"),
}
FOR_DOCTOR = {
    Band.ROUTINE: N_("Ces mesures seules ne demandent rien de plus."),
    Band.LOW: N_("Reprendre les mesures dans la journée."),
    Band.LOW_MEDIUM: N_("À évaluer dans l’heure : qu’est-ce qui l’explique ?"),
    Band.MEDIUM: N_("À évaluer tout de suite. Pensez à une infection grave."),
    Band.HIGH: N_("À évaluer tout de suite. Pensez à alerter le 15 du lieu."),
}
FOR_WORKER = {
    Band.ROUTINE: N_("Ces mesures seules ne demandent rien de plus."),
    Band.LOW: N_("Reprenez les mesures plus tard."),
    Band.LOW_MEDIUM: N_("Prévenez le médecin maintenant."),
    Band.MEDIUM: N_("Prévenez le médecin maintenant."),
    Band.HIGH: N_("Appelez le 15. Prévenez aussi le médecin."),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter: its observation, or None when it was not measured; its points, or None when they are not known."""

    label: str
    taken: Observation | None
    digits: int
    points: int | None


@dataclass(frozen=True, slots=True)
class WarningShown:
    """What the page shows. With `no_score` there is nothing else. All words are French sentences."""

    no_score: str = ""
    total: int = 0
    complete: bool = False
    band: Band = Band.ROUTINE
    meaning: str = ""
    kind: str = ""
    doctor: str = ""
    worker: str = ""
    rows: tuple[Row, ...] = ()
    scale_2: bool = False
    ask_pregnant: bool = False

    @property
    def lacks(self) -> tuple[str, ...]:
        """The labels of what was not measured."""
        return tuple(row.label for row in self.rows if row.taken is None)


def early_warning(
    found: Sequence[Observation], since: datetime, traits: Traits, background: BackgroundBody
) -> WarningShown | None:
    """Return the score of the newest values from an hour before `since` on; None without any of them."""
    newest: dict[MeasureName, Observation] = {}
    for one in sorted(found, key=lambda one: one.taken_at):
        if one.measure in PARAMETERS and one.taken_at >= since - BEFORE:
            newest[one.measure] = one
    if not newest:
        return None
    years = age(traits.born_on, since.date())
    values = {name: one.value for name, one in newest.items()}
    pregnant = background.pregnant is True
    scored = score(values, years, pregnant=pregnant, scale_2=background.low_oxygen_target)
    if isinstance(scored, NotValid):
        return WarningShown(no_score=NO_SCORE[scored])
    unasked = background.pregnant is None and traits.sex is not Sex.MALE and years in _ASKED_OF
    return _warning(scored, newest, ask_pregnant=unasked)


def _warning(scored: Score, newest: dict[MeasureName, Observation], *, ask_pregnant: bool) -> WarningShown:
    meaning, kind = ASKS[scored.band]
    rows = tuple(
        Row(MEASURES[name].label, newest.get(name), MEASURES[name].shown_digits, scored.points.get(name))
        for name in PARAMETERS
    )
    return WarningShown(
        total=scored.total,
        complete=not scored.missing,
        band=scored.band,
        meaning=meaning,
        kind=kind,
        doctor=FOR_DOCTOR[scored.band],
        worker=FOR_WORKER[scored.band],
        rows=rows,
        scale_2=scored.scale_2,
        ask_pregnant=ask_pregnant,
    )
