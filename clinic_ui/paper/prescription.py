"""A prescription on paper: what R.5132-3 wants, two zones in a long-term illness, the blank cancelled (R.5132-4)."""

from collections.abc import Sequence
from datetime import date

from clinic_ui.paper.sheets import RULE, Block, Sheet, framed, heading, items, lines, names, sheet, strong
from clinic_ui.paper.words import Tongue
from server.kernel.words import N_
from server.records.prescriptions.rules import Line, PrescriptionBody, SignedPrescription

ZONE_ALD = N_(
    "Prescriptions relatives au traitement de l’affection de longue durée reconnue (AFFECTION EXONÉRANTE)"
)  # R.161-45 CSS: the words of the two zones are those of the form
ZONE_OTHER = N_("Prescriptions SANS RAPPORT avec l’affection de longue durée (MALADIES INTERCURRENTES)")


def prescription_sheet(
    content: SignedPrescription, signed_on: date, locale: str, cancelled_on: date | None = None
) -> Sheet:
    """Return the sheet of a prescription that is signed on a day: the preview of a draft is the same sheet."""
    tongue = Tongue(locale)
    day = tongue.day(signed_on)
    remark = content.body.remark.splitlines()
    title = tongue.say(N_("Ordonnance du %(day)s"), day=day)
    blocks = [
        heading(title, 1),
        names(tongue.doctor(content.prescriber), tongue.patient(content.treated, content.body)),
        *([framed(tongue.say(N_("ANNULÉE le %(day)s"), day=tongue.day(cancelled_on)))] if cancelled_on else []),
        RULE,
        *prescribed(content.body, tongue),
        *([heading(tongue.say(N_("Remarque"))), lines(*remark)] if remark else []),
        RULE,
        *_end(content, day, tongue),
    ]
    return sheet(title, locale, signed_on, f"{content.prescriber.name} · {day}", blocks)


def prescribed(body: PrescriptionBody, tongue: Tongue, level: int = 2) -> list[Block]:
    """Return the medicines, in their two zones when there is a long-term illness, under headings of a level."""
    written = body.lines
    if not body.is_bizone:
        return [_medicines(written, tongue)]
    ald = [line for line in written if line.ald]
    other = [line for line in written if not line.ald]
    blocks = [heading(tongue.say(ZONE_ALD), level), _medicines(ald, tongue), RULE]
    blocks.append(heading(tongue.say(ZONE_OTHER), level))
    blocks.append(_medicines(other, tongue, len(ald) + 1) if other else lines(tongue.say(N_("Rien."))))
    return blocks


def _medicines(written: Sequence[Line], tongue: Tongue, start: int = 1) -> Block:
    return items([(line.drug, tongue.line_texts(line)) for line in written], start)


def _end(content: SignedPrescription, day: str, tongue: Tongue) -> list[Block]:
    number = len(content.body.lines)
    counted = tongue.ngettext("%(num)s médicament prescrit.", "%(num)s médicaments prescrits.", number)
    signed = tongue.say(N_("Signé par %(name)s, le %(day)s."), name=content.prescriber.name, day=day)
    return [
        lines(counted, tongue.say(N_("Rien n’est prescrit sous cette ligne."))),
        strong(signed),
        lines(tongue.say(N_("Écrite après une téléconsultation. Vous choisissez votre pharmacie."))),
    ]
