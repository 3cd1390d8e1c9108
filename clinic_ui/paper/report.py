"""A report on paper: the five items of R.6316-4 in their order, then measures, advice and what comes next."""

from collections.abc import Sequence
from datetime import date, datetime

from clinic_ui.dates import ZONE, clock, number
from clinic_ui.desk.words import MEASURES, MODALITIES, PARTS
from clinic_ui.paper.sheets import RULE, Block, Sheet, facts, framed, heading, lines, names, sheet, strong
from clinic_ui.paper.words import Tongue
from server.kernel.words import N_
from server.people.rules import Traits
from server.records.prescriptions.rules import Line, treated_of
from server.records.rules.measures import MEASURES as TABLE
from server.records.rules.note import FollowUpWish, NoteStatus, Part, SignedContent
from server.records.service.measures import Observation


def report_sheet(
    content: SignedContent,
    traits: Traits,
    signed_on: date,
    locale: str,
    *,
    status: NoteStatus = NoteStatus.FINAL,
    observations: Sequence[Observation] = (),
    prescribed: Sequence[Line] = (),
    additions: Sequence[tuple[datetime, str]] = (),
) -> Sheet:
    """Return the sheet of a report that is signed on a day: the preview of a draft is the same sheet."""
    tongue = Tongue(locale)
    title = tongue.say(N_("Compte rendu de téléconsultation du %(day)s"), day=tongue.day(_there(content.started_at)))
    blocks = [
        heading(title, 1),
        names([["strong", content.signed_by]], tongue.patient(treated_of(traits))),
        *([framed(tongue.say(N_("Saisie par erreur")))] if status is NoteStatus.ENTERED_IN_ERROR else []),
        RULE,
        *report_blocks(content, tongue, observations=observations, prescribed=prescribed, additions=additions),
        RULE,
        strong(tongue.say(N_("Signé par %(name)s, le %(day)s."), name=content.signed_by, day=tongue.day(signed_on))),
    ]
    return sheet(title, locale, signed_on, f"{content.signed_by} · {tongue.day(signed_on)}", blocks)


def report_blocks(
    content: SignedContent,
    tongue: Tongue,
    *,
    observations: Sequence[Observation] = (),
    prescribed: Sequence[Line] = (),
    additions: Sequence[tuple[datetime, str]] = (),
    level: int = 2,
) -> list[Block]:
    """Return what a report says, under headings of a level."""
    return [
        *_items(content, prescribed, tongue, level),
        *_beside(content, observations, tongue, level),
        *_added(additions, tongue, level),
    ]


def _items(content: SignedContent, prescribed: Sequence[Line], tongue: Tongue, level: int) -> list[Block]:
    body, none = content.body, tongue.say(N_("Aucun"))
    acts = [*body.acts.splitlines(), *(f"{line.drug} : {_taken(line, tongue)}" for line in prescribed)]
    return [
        heading(tongue.say(N_("Compte rendu")), level),
        *([lines(*body.examination.splitlines())] if body.examination else []),
        *([strong(line) for line in body.conclusion.splitlines() if line]),
        heading(tongue.say(N_("Actes et prescriptions")), level),
        lines(*(acts or [none])),
        heading(tongue.say(N_("Personnes présentes")), level),
        lines(*(_present(one.part, one.name, one.identifier, tongue) for one in content.participants)),
        heading(tongue.say(N_("Début et fin")), level),
        lines(f"{clock(content.started_at, tongue.locale)} – {clock(content.ended_at, tongue.locale)}"),
        heading(tongue.say(N_("Incidents techniques")), level),
        lines(*(body.incidents.splitlines() or [none])),
    ]


def _beside(content: SignedContent, observations: Sequence[Observation], tongue: Tongue, level: int) -> list[Block]:
    body = content.body
    blocks: list[Block] = []
    if observations:
        taken = ((tongue.say(MEASURES[one.measure]), _measured(one, tongue)) for one in observations)
        blocks += [heading(tongue.say(N_("Mesures")), level), facts(*((f"{label} :", value) for label, value in taken))]
    if body.advice:
        blocks += [heading(tongue.say(N_("Conseils")), level), lines(*body.advice.splitlines())]
    if body.follow_up:
        blocks += [heading(tongue.say(N_("Suite")), level), lines(_wish(body.follow_up, tongue))]
    return blocks


def _added(additions: Sequence[tuple[datetime, str]], tongue: Tongue, level: int) -> list[Block]:
    blocks: list[Block] = []
    for at, words in additions:
        blocks += [
            heading(tongue.say(N_("Ajout du %(day)s"), day=tongue.day(_there(at))), level),
            lines(*words.splitlines()),
        ]
    return blocks


def _taken(line: Line, tongue: Tongue) -> str:
    return ", ".join(part for part in (tongue.when_taken(line), tongue.how_long(line)) if part)


def _present(part: Part, name: str, identifier: str, tongue: Tongue) -> str:
    known = tongue.say(N_("RPPS %(number)s"), number=identifier) if identifier else ""
    return ", ".join(words for words in (name, tongue.say(PARTS[part]), known) if words)


def _measured(one: Observation, tongue: Tongue) -> str:
    if one.words:
        return tongue.say(one.words)
    return f"{number(one.shown, tongue.locale, TABLE[one.measure].shown_digits)} {one.shown_unit}"


def _wish(wish: FollowUpWish, tongue: Tongue) -> str:
    parts = [tongue.say(N_("dans %(days)s jours"), days=wish.in_days), tongue.say(MODALITIES[wish.modality]), wish.why]
    if wish.is_series:
        parts.insert(
            1, tongue.say(N_("%(times)s fois, tous les %(days)s jours"), times=wish.times, days=wish.every_days)
        )
    return ", ".join(part for part in parts if part)


def _there(at: datetime) -> date:
    return at.astimezone(ZONE).date()
