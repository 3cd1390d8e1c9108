"""The copy of a record on paper: all that is kept about one person, in the order in which they would look for things.

opened rows ─▶ who they are · what is known · visits · reports · prescriptions · measures · plans · documents · openings
"""

import base64
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from clinic_ui.front_office.sheet import DOUBTFUL, IDENTITY_WORDS
from clinic_ui.paper.prescription import prescribed
from clinic_ui.paper.record_tables import Read, accesses, documents, files_of, measures, plans, said, visits
from clinic_ui.paper.report import report_blocks
from clinic_ui.paper.sheets import CONTENTS, Block, Sheet, facts, framed, heading, lines, picture, sheet
from clinic_ui.paper.words import SEXES
from server.interop.fhir.people import QUALIFIED
from server.interop.service import Copy
from server.kernel.words import N_
from server.people.rules import IdentityStatus, Traits
from server.records.documents.rules import DocumentBody, DocumentStatus, MediaType
from server.records.prescriptions.rules import PrescriptionStatus, SignedPrescription
from server.records.rules.background import BackgroundBody
from server.records.rules.note import NoteStatus, SignedContent

PICTURES_MOST = 16 << 20
"""Bytes of photos and scans that are drawn as pages; the others lie beside the paper as files."""
_LISTS = (
    ("allergies", N_("Allergies")),
    ("conditions", N_("Antécédents")),
    ("medications", N_("Traitements")),
)


def record_sheet(copy: Copy, locale: str, zone: ZoneInfo, on: date) -> Sheet:
    """Return the sheet of a whole record, as it stands on a day. A doctor's drafts are of no record yet."""
    read = Read(copy, locale, zone)
    tongue = read.tongue
    title = tongue.say(N_("Copie du dossier, le %(day)s"), day=tongue.day(on))
    chapters = [
        (N_("Qui vous êtes"), _people(read)),
        (N_("Ce qui est connu"), _known(read)),
        (N_("Visites"), visits(read)),
        (N_("Comptes rendus"), _reports(read)),
        (N_("Ordonnances"), _prescriptions(read)),
        (N_("Mesures"), measures(read)),
        (N_("Suivis et rendez-vous"), plans(read)),
        (N_("Documents"), [*documents(read), *_pictures(read)]),
        (N_("Qui a ouvert ce dossier"), accesses(read)),
    ]
    blocks = [
        heading(title, 1),
        lines(tongue.say(N_("Le reste est dans « dossier.fhir.json », pour d’autres logiciels."))),
    ]
    blocks.append(CONTENTS)
    for words, found in chapters:
        blocks += [heading(tongue.say(words)), *(found or [lines(tongue.say(N_("Rien.")))])]
    return sheet(title, locale, on, title, blocks)


def _people(read: Read) -> list[Block]:
    mine, *joined = (_person(read, row) for row in read.rows["patient"])
    found = [mine]
    for number, other in enumerate(joined, 1):
        found += [heading(read.say(N_("Fiche réunie %(number)s"), number=number), 3), other]
    return found


def _person(read: Read, row: dict[str, Any]) -> Block:
    """Return an identity. Only a qualified one says its INS (RNIV)."""
    traits, tongue = msgspec.convert(row["traits"], Traits), read.tongue
    checked, _tone, _hint = DOUBTFUL if traits.doubtful else IDENTITY_WORDS[IdentityStatus(row["status"])]
    site = next(one for one in read.rows["site"] if one["id"] == row["site_id"])
    pairs = (
        (N_("Nom de naissance"), traits.birth_name),
        (N_("Prénoms de naissance"), ", ".join(traits.given_names)),
        (N_("Nom utilisé"), traits.used_name),
        (N_("Prénom utilisé"), traits.used_given_name),
        (N_("Date de naissance"), tongue.day(traits.born_on)),
        (N_("Sexe"), tongue.say(SEXES[traits.sex])),
        (N_("Lieu de naissance (code INSEE)"), traits.birth_place_insee),
        (N_("Numéro INS"), traits.ins if row["status"] == QUALIFIED else ""),
        (N_("Identité"), tongue.say(checked)),
        (N_("Téléphone"), traits.phone),
        (N_("Adresse"), traits.address),
        (N_("Lieu de soins"), f"{site['name']}, {site['address']}, {site['postcode']} {site['commune']}"),
        (N_("Dossier ouvert le"), read.day(row["created_at"])),
        (N_("Numéro du dossier"), row["id"]),
    )
    return facts(*((f"{tongue.say(label)} :", value) for label, value in pairs))


def _known(read: Read) -> list[Block]:
    found: list[Block] = []
    for row in read.rows["patient_background"]:
        body = msgspec.convert(row["body"], BackgroundBody)
        for field, words in _LISTS:
            entries: tuple[str, ...] | None = getattr(body, field)
            none = N_("Personne ne l’a encore demandé.") if entries is None else N_("Aucun")
            found += [heading(read.say(words), 3), lines(*(entries or (read.say(none),)))]
        told = [
            *([read.say(N_("Grossesse en cours"))] if body.pregnant else []),
            *([read.say(N_("Oxygène voulu par le médecin : 88 à 92 %"))] if body.low_oxygen_target else []),
            read.say(N_("Écrit le %(day)s"), day=read.day(row["saved_at"])),
        ]
        found.append(lines(*told))
    return found


def _reports(read: Read) -> list[Block]:
    """Return each signed note with what was added to it; what was struck says so."""
    found: list[Block] = []
    for row in sorted(read.rows["note"], key=lambda row: str(row["signed_at"])):
        content = msgspec.convert(row["body"], SignedContent)
        added = [one for one in read.rows["note_addendum"] if one["note_id"] == row["id"]]
        additions = [(read.instant(one["added_at"]), said(one["body"])) for one in added]
        title = f"{read.moment(content.started_at)} · {content.signed_by}"
        signed = read.say(N_("Signé par %(name)s, le %(day)s."), name=content.signed_by, day=read.day(row["signed_at"]))
        struck = row["status"] == NoteStatus.ENTERED_IN_ERROR
        found += [
            heading(title, 3),
            *([framed(read.say(N_("Saisie par erreur")))] if struck else []),
            *report_blocks(content, read.tongue, additions=additions, level=4),
            lines(signed),
        ]
    return found


def _prescriptions(read: Read) -> list[Block]:
    found: list[Block] = []
    for row in sorted(read.rows["prescription"], key=lambda row: str(row["signed_at"])):
        content = msgspec.convert(row["body"], SignedPrescription)
        cancelled = row["status"] == PrescriptionStatus.CANCELLED
        day = read.day(row["cancelled_at"]) if cancelled else ""
        remark = content.body.remark.splitlines()
        found += [
            heading(f"{read.day(row['signed_at'])} · {content.prescriber.name}", 3),
            *([framed(read.say(N_("ANNULÉE le %(day)s"), day=day))] if cancelled else []),
            *prescribed(content.body, read.tongue, 4),
            *([heading(read.say(N_("Remarque")), 4), lines(*remark)] if remark else []),
        ]
    return found


def _pictures(read: Read) -> list[Block]:
    """Return photos and scans, as many as a paper bears."""
    found: list[Block] = []
    drawn = 0
    for name, row in files_of(read.rows):
        body = msgspec.convert(row["body"], DocumentBody)
        if body.media_type is MediaType.PDF or row["status"] != DocumentStatus.CURRENT:
            continue
        content = base64.b64decode(row["head"])
        drawn += len(content)
        if drawn > PICTURES_MOST:
            break
        alt = read.say(N_("Photo ou scan : %(title)s"), title=body.title or name)
        found += [heading(body.title or name, 3), picture(body.media_type, content, (body.width, body.height), alt)]
    return found
