"""The tables in the copy of a record: visits, measures, plans, documents, and who opened what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from clinic_ui.accesses import OPENING_WORDS, ROLE_WORDS, WHY_WORDS
from clinic_ui.dates import clock, number
from clinic_ui.desk.words import FLAGS, MEASURES, MODALITIES, REASONS
from clinic_ui.front_office.day import STATE_WORDS
from clinic_ui.paper.sheets import Block, heading, table
from clinic_ui.paper.words import Tongue
from server.encounters.access_rules import Entry, OpenedBy, VisitTaken, by_day
from server.encounters.guest_rules import GuestStatus
from server.encounters.rules import Decision, EncounterStatus, Reason, RedFlag
from server.interop.fhir.bundle import Opened, is_draft
from server.interop.service import Copy
from server.kernel.ids import AccountId
from server.kernel.words import N_
from server.people.access.glass_rules import Broken, GlassReason
from server.records.documents.rules import DocumentBody, DocumentStatus
from server.records.rules.measures import MEASURES as TABLE
from server.records.rules.measures import MeasureName, ObservationBody, as_shown
from server.records.rules.note import Modality, NoteStatus
from server.scheduler.rules.appointment import AppointmentStatus
from server.scheduler.rules.promise import PromiseStatus

VISIT_WORDS = {
    EncounterStatus.FINISHED: N_("terminée"),
    EncounterStatus.CANCELLED: N_("sans médecin"),
    EncounterStatus.ENTERED_IN_ERROR: N_("Saisie par erreur"),
}
PROMISE_WORDS = {
    PromiseStatus.DUE: N_("à réserver"),
    PromiseStatus.OFFERED: N_("proposé"),
    PromiseStatus.BOOKED: N_("réservé"),
    PromiseStatus.KEPT: N_("fait"),
    PromiseStatus.MISSED: N_("manqué"),
    PromiseStatus.WITHDRAWN: N_("retiré"),
}


@dataclass(frozen=True, slots=True)
class Read:
    """A record as its person reads it: without drafts, in a language, at the hour of a place."""

    copy: Copy
    locale: str
    zone: ZoneInfo
    tongue: Tongue = field(init=False)
    rows: Opened = field(init=False)
    names: dict[str, str] = field(init=False)
    """What places and professionals are called."""

    def __post_init__(self) -> None:
        """Leave the drafts out."""
        rows = {name: [row for row in some if not is_draft(name, row)] for name, some in self.copy.rows.items()}
        places = ("site", "cabin", "practitioner", "health_worker")
        object.__setattr__(self, "tongue", Tongue(self.locale))
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "names", {row["id"]: row["name"] for place in places for row in rows[place]})

    def say(self, text: str, **params: object) -> str:
        """Return a sentence."""
        return self.tongue.say(text, **params)

    @staticmethod
    def instant(said: str) -> datetime:
        """Return the instant that stands in a row."""
        return datetime.fromisoformat(said)

    def day(self, said: str) -> str:
        """Return « 22/11/2026 »."""
        return self.tongue.day(self.instant(said).astimezone(self.zone).date())

    def moment(self, at: datetime | str) -> str:
        """Return « 22/11/2026 09:30 »."""
        at = self.instant(at) if isinstance(at, str) else at
        return f"{self.tongue.day(at.astimezone(self.zone).date())} {clock(at, self.locale, self.zone)}"

    def by(self, row: Mapping[str, Any], *columns: str) -> str:
        """Return who and where, one a line."""
        return "\n".join(self.names[row[column]] for column in columns if row.get(column) in self.names)


def files_of(rows: Opened) -> list[tuple[str, dict[str, Any]]]:
    """Return each document with the name of its file beside the paper. What the scanner set apart is not given."""
    kept = [row for row in rows["document"] if row["status"] != DocumentStatus.QUARANTINED]
    named = ((msgspec.convert(row["body"], DocumentBody).media_type.ending, row) for row in kept)
    return [(f"documents/{place}.{ending}", row) for place, (ending, row) in enumerate(named, 1)]


def visits(read: Read) -> list[Block]:
    """Return each visit: when, where and with whom, why, what was answered to the question of consent."""
    heads = [N_("Quand"), N_("Où et avec qui"), N_("Pourquoi"), N_("Accord"), N_("Suite")]
    rows = [
        [
            read.moment(row["arrived_at"]),
            _there(read, row),
            _why(read, row.get("intake") or {}),
            "\n".join(_answers(read, row["id"])),
            read.say(VISIT_WORDS.get(EncounterStatus(row["status"]), N_("en cours"))),
        ]
        for row in sorted(read.rows["encounter"], key=lambda row: str(row["arrived_at"]))
    ]
    return _table(read, heads, rows, [3, 5, 5, 3, 3])


def _there(read: Read, row: dict[str, Any]) -> str:
    came = [
        str(one["name"]["text"] if isinstance(one["name"], dict) else one["name"])
        for one in read.rows["guest"]
        if one["encounter_id"] == row["id"] and one["status"] in (GuestStatus.LEFT, GuestStatus.REMOVED) and one["name"]
    ]
    companion = (row.get("intake") or {}).get("companion")
    return "\n".join([read.by(row, "cabin_id", "practitioner_id"), *([companion] if companion else []), *came])


def _why(read: Read, intake: dict[str, Any]) -> str:
    told = [read.say(REASONS[Reason(intake["reason"])])] if intake.get("reason") else []
    told += [intake["words"]] if intake.get("words") else []
    told += [read.say(FLAGS[RedFlag(flag)]) for flag, yes in (intake.get("flags") or {}).items() if yes]
    return "\n".join(told)


def _answers(read: Read, encounter_id: str) -> Iterator[str]:
    for one in read.rows["consent"]:
        if one["encounter_id"] == encounter_id:
            yield read.say(N_("oui")) if one["decision"] == Decision.GIVEN else read.say(N_("non"))


def measures(read: Read) -> list[Block]:
    """Return one table for each thing that was measured, the oldest first; what was struck says so."""
    found: list[Block] = []
    bodies = [(row, msgspec.convert(row["body"], ObservationBody)) for row in read.rows["observation"]]
    bodies.sort(key=lambda one: str(one[0]["taken_at"]))
    heads = [N_("Quand"), N_("Valeur"), N_("Comment"), N_("Par qui")]
    for name in MeasureName:
        rows = [
            [
                read.moment(row["taken_at"]),
                _value(read, row, body),
                body.device or read.say(N_("à la main")),
                _who(read, row),
            ]
            for row, body in bodies
            if body.measure is name
        ]
        found += [heading(read.say(MEASURES[name]), 3), *_table(read, heads, rows, [3, 3, 4, 4])] if rows else []
    return found


def _value(read: Read, row: dict[str, Any], body: ObservationBody) -> str:
    measure = TABLE[body.measure]
    shown = f"{number(as_shown(body.measure, body.value), read.locale, measure.shown_digits)} {measure.shown_unit}"
    words = read.say(measure.choices[int(body.value)]) if measure.choices else shown
    return f"{words} ({read.say(N_('Saisie par erreur'))})" if row["status"] == NoteStatus.ENTERED_IN_ERROR else words


def _who(read: Read, row: dict[str, Any]) -> str:
    return read.copy.names.get(str(row["taken_by"]), "")


def plans(read: Read) -> list[Block]:
    """Return what a doctor asked for, and every appointment."""
    asked = [
        [
            read.day(row["created_at"]),
            f"{_date(read, row['earliest_on'])} – {_date(read, row['latest_on'])}",
            f"{read.say(MODALITIES[Modality(row['modality'])])}\n{read.by(row, 'practitioner_id')}",
            said(row.get("reason")),
            read.say(PROMISE_WORDS[PromiseStatus(row["status"])]),
        ]
        for row in read.rows["follow_up_promise"]
    ]
    booked = [
        [
            read.moment(row["starts_at"]),
            read.by(row, "practitioner_id", "health_worker_id"),
            read.by(row, "cabin_id") or read.say(MODALITIES[Modality(row["modality"])]),
            read.say(STATE_WORDS[AppointmentStatus(row["status"])][0])
            if row["status"] in STATE_WORDS
            else row["status"],
        ]
        for row in sorted(read.rows["appointment"], key=lambda row: str(row["starts_at"]))
    ]
    found: list[Block] = []
    if asked:
        heads = [N_("Demandé le"), N_("À faire entre"), N_("Comment"), N_("Pourquoi"), N_("Suite")]
        found += [heading(read.say(N_("Suivis demandés")), 3), *_table(read, heads, asked, [3, 4, 4, 5, 3])]
    if booked:
        heads = [N_("Quand"), N_("Avec"), N_("Où"), N_("Suite")]
        found += [heading(read.say(N_("Rendez-vous")), 3), *_table(read, heads, booked, [3, 5, 4, 3])]
    return found


def said(body: object) -> str:
    """Return the words of something that was sealed, as text or as an object."""
    if isinstance(body, dict):
        return "\n".join(said(value) for value in body.values() if value)
    return str(body or "")


def documents(read: Read) -> list[Block]:
    """Return what was sent, and which file beside the paper it is."""
    rows = []
    for name, row in files_of(read.rows):
        body = msgspec.convert(row["body"], DocumentBody)
        struck = row["status"] == DocumentStatus.ENTERED_IN_ERROR
        title = f"{body.title} ({read.say(N_('Saisie par erreur'))})" if struck else body.title
        rows.append([title, body.media_type.ending.upper(), read.day(row["added_at"]), name])
    return _table(read, [N_("Titre"), N_("Sorte"), N_("Ajouté le"), N_("Fichier")], rows, [6, 2, 3, 4])


def accesses(read: Read) -> list[Block]:
    """Return who opened the record, the newest first: in the words of « Qui a ouvert ce dossier ? »."""
    names = {AccountId(UUID(number_)): name for number_, name in read.copy.names.items()}
    days = by_day(_entries(read), names, _taken(read), read.zone, _glasses(read))
    rows = [
        [
            f"{read.tongue.day(day.on)} {clock(one.first_at, read.locale, read.zone)}",
            _opened_by(read, one),
            _connection(read, one),
            "\n".join(read.say(OPENING_WORDS[what]) for what in one.openings),
        ]
        for day in days
        for one in day.people
    ]
    return _table(read, [N_("Quand"), N_("Qui"), N_("À quelle occasion"), N_("Quoi")], rows, [3, 4, 4, 6])


def _entries(read: Read) -> list[Entry]:
    rows = sorted(read.rows["audit_event"], key=lambda row: (row["at"], row["id"]), reverse=True)
    return [
        Entry(
            read.instant(row["at"]), AccountId(UUID(row["actor"])) if row["actor"] else None, row["role"], row["action"]
        )
        for row in rows
    ]


def _taken(read: Read) -> list[VisitTaken]:
    return [
        VisitTaken(
            AccountId(UUID(row["claimed_by"])),
            read.instant(row["claimed_at"]),
            read.instant(row["finished_at"]) if row["finished_at"] else None,
        )
        for row in read.rows["encounter"]
        if row["claimed_by"] and row["claimed_at"]
    ]


def _glasses(read: Read) -> list[Broken]:
    return [
        Broken(
            AccountId(UUID(row["account_id"])),
            read.instant(row["broken_at"]),
            read.instant(row["until"]),
            GlassReason(row["reason"]),
            said(row["words"]),
            None,
        )
        for row in read.rows["broken_glass"]
    ]


def _opened_by(read: Read, one: OpenedBy) -> str:
    role = read.say(ROLE_WORDS[one.role]) if one.role else ""
    return "\n".join(part for part in (one.name, role) if part) or read.say(N_("Le logiciel"))


def _connection(read: Read, one: OpenedBy) -> str:
    day = read.tongue.day(one.visit_at.astimezone(read.zone).date()) if one.visit_at else ""
    words = read.say(WHY_WORDS[one.why], day=day)
    return f"{words} : « {one.glass.words} »" if one.glass else words


def _date(read: Read, on: str) -> str:
    return read.tongue.day(datetime.fromisoformat(on).date())


def _table(read: Read, heads: list[str], rows: list[list[str]], widths: list[int]) -> list[Block]:
    return [table([read.say(head) for head in heads], rows, widths)] if rows else []
