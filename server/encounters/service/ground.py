"""What all services of a visit stand on: opening and sealing the answers, moving, seating, and whom to nudge."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.encounters import store
from server.encounters.rules import (
    CONSENT_VERSION,
    NAME_MAX,
    Accompanied,
    Answers,
    ConsentMode,
    Decision,
    Move,
    State,
    after,
    check_words,
    is_urgent,
    may_move,
)
from server.encounters.tables import ConsentRow, EncounterRow
from server.kernel.access import Identity
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import (
    AppointmentId,
    CabinId,
    ConsentId,
    EncounterId,
    PatientId,
    PractitionerId,
    new_id,
)
from server.kernel.sealing import Place, Vault
from server.kernel.words import N_
from server.people.service import People
from server.people.tables import CabinRow

NOT_YOURS = N_("Cette visite n’existe pas, ou elle n’est pas à vous.")
REMEMBERED = 10_000  # readings; the longest unused is forgotten first, and would be written into the log again

_ACTIONS = {
    Move.TRIAGE: Action.ENCOUNTER_TRIAGED,
    Move.CLAIM: Action.ENCOUNTER_CLAIMED,
    Move.FINISH: Action.ENCOUNTER_FINISHED,
}


class Nudger(Protocol):
    """Tells pages that something changed; they come and look."""

    async def nudge(self, *lines: str) -> None:
        """Nudge everybody who listens on these lines. A lost nudge costs a refresh."""


class Tickets(Protocol):
    """The exchange's office for seats in a call."""

    async def issue_seat(self, call: str, seat: str, who: str) -> str:
        """Return a fresh single-use ticket for the seat `patient`, `practitioner` or `lobby` of a call."""


class Exchange(Protocol):
    """The telephone exchange."""

    async def close_call(self, call: str, reason: str) -> None:
        """End a call for both seats."""

    async def admit(self, call: str, connection: str, page: str, who: str) -> None:
        """Give the practitioner's seat to this connection of the account `who`, where its line is known; whoever else
        is in the lobby goes."""


class Opinions(Protocol):
    """Keeps what a patient thought of the visit."""

    async def keep(
        self, tx: AsyncSession, who: Identity, encounter_id: EncounterId, cabin_id: CabinId, face: int
    ) -> None:
        """Keep a smiley, 1 (sad) to 3 (glad), in the caller's transaction."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """Who comes, with whom, and in which language."""

    patient_id: PatientId
    accompanied: Accompanied = Accompanied.ALONE
    companion: str = ""
    locale: str = "fr"
    appointment_id: AppointmentId | None = None


@dataclass(frozen=True, slots=True)
class ConsentSaid:
    """An answer to the consent question. `witness` is the name of who heard it, when it was said aloud."""

    given: bool
    text_version: str
    mode: ConsentMode = ConsentMode.TOUCH
    witness: str = ""


class Ground:
    """The database, the vault and the clock of the visits, and what every service does with them."""

    def __init__(self, database: Database, people: People, vault: Vault, now: Clock, nudger: Nudger) -> None:
        self.database = database
        self.people = people
        self.now = now
        self.nudger = nudger
        self.vault = vault
        self._read: OrderedDict[tuple[bytes, EncounterId], None] = OrderedDict()

    async def answers(self, tx: AsyncSession, row: EncounterRow) -> Answers:
        """Return what the patient said. The caller has authorised and audits."""
        text = await self.vault.open(tx, _place(row, row.row_ver), row.sealed_intake)
        return msgspec.json.decode(text, type=Answers)

    async def begin(
        self,
        tx: AsyncSession,
        who: Identity,
        cabin: CabinRow,
        beginning: Beginning,
        answers: Answers = Answers(),  # noqa: B008 - frozen
    ) -> EncounterRow:
        """Write a new visit in the caller's transaction; it has arrived, and does not sit yet."""
        if not cabin.in_service:
            raise Conflict(N_("Cette cabine est fermée pour le moment."), code="cabin-closed")
        new = after(None, Move.ARRIVE)
        row = EncounterRow(
            id=EncounterId(new_id()),
            patient_id=beginning.patient_id,
            cabin_id=cabin.id,
            site_id=cabin.site_id,
            status=new.status,
            call=new.call,
            fence=0,
            accompanied=beginning.accompanied,
            locale=check_words(beginning.locale, field="locale", most=12),
            appointment_id=beginning.appointment_id,
            arrived_at=self.now(),
            row_ver=0,
            version=0,
        )
        companion = check_words(beginning.companion, field="companion", most=NAME_MAX)
        await self.seal(tx, who, row, msgspec.structs.replace(answers, companion=companion))
        tx.add(row)
        await tx.flush()
        await self.note(tx, who, row, Action.ENCOUNTER_ARRIVED)
        return row

    async def seal(self, tx: AsyncSession, who: Identity, row: EncounterRow, answers: Answers) -> None:
        """Write the answers into the row, sealed, and into the log."""
        row.row_ver += 1
        row.version += 1
        row.sealed_intake = await self.vault.seal(tx, _place(row, row.row_ver), msgspec.json.encode(answers))
        row.priority = is_urgent(answers)
        await record(
            tx,
            who,
            Action.REASON_SAID,
            at=self.now(),
            patient_id=row.patient_id,
            record=f"encounter:{row.id}",
            row_ver=row.row_ver,
            ct_sha256=hashlib.sha256(row.sealed_intake).digest(),
        )

    async def move(
        self, tx: AsyncSession, who: Identity, row: EncounterRow, move: Move, why: str | None = None
    ) -> None:
        """Move a visit in the caller's transaction, or raise WrongMove; the log says who and why."""
        if not may_move(who.role, move):
            raise NotAllowed(N_("Votre compte ne permet pas cette action. Rien n’a été changé."))
        new = after(State(row.status, row.call), move)
        row.status, row.call, row.version = new.status, new.call, row.version + 1
        await self.note(tx, who, row, _ACTIONS.get(move, Action.ENCOUNTER_MOVED), why or move.value)

    async def note(
        self, tx: AsyncSession, who: Identity, row: EncounterRow, action: Action, why: str | None = None
    ) -> None:
        """Write an act on a visit into the log."""
        about = f"encounter:{row.id}"
        await record(tx, who, action, at=self.now(), patient_id=row.patient_id, record=about, reason=why)

    async def keep_consent(self, tx: AsyncSession, who: Identity, row: EncounterRow, said: ConsentSaid) -> None:
        """Keep the answer to the consent question, given or refused."""
        if said.text_version != CONSENT_VERSION:
            wrong = {"text_version": N_("Le texte a changé. Rechargez la page et lisez-le de nouveau.")}
            raise Invalid(N_("Le texte de l’accord a changé. Rien n’a été enregistré."), fields=wrong)
        decision = Decision.GIVEN if said.given else Decision.REFUSED
        tx.add(
            ConsentRow(
                id=ConsentId(new_id()),
                encounter_id=row.id,
                decision=decision,
                at=self.now(),
                text_version=said.text_version,
                locale=row.locale,
                mode=said.mode,
                witness=check_words(said.witness, field="witness", most=NAME_MAX) or None,
                recorded_by=who.account_id,
            )
        )
        await self.note(tx, who, row, Action.CONSENT_RECORDED, decision.value)

    async def seat_next(self, tx: AsyncSession, cabin_id: CabinId) -> EncounterRow | None:
        """Seat the first who waits for this cabin. The caller holds the cabin's lock, and has freed the seat."""
        await tx.flush()  # the seat is unique: its former holder must have left before the next sits down
        row = await store.next_for_cabin(tx, cabin_id)
        if row is not None:
            row.seated_at, row.version = self.now(), row.version + 1
            await tx.flush()
        return row

    async def queue_lines(self, tx: AsyncSession, *rows: EncounterRow) -> list[str]:
        """Return whom to nudge when the line changed: the desks, these visits' pages, and all who wait."""
        await tx.flush()
        waiting = [f"cabin:{row.cabin_id}" for row in await store.line(tx)]
        return ["queue", *(line for row in rows for line in lines_of(row)), *waiting]

    async def nudge(self, lines: Iterable[str]) -> None:
        """Nudge each line once; after the commit, never inside of a transaction."""
        if once := tuple(dict.fromkeys(lines)):
            await self.nudger.nudge(*once)

    def unread(self, who: Identity, rows: Iterable[EncounterRow]) -> list[EncounterRow]:
        """Return the visits whose reading by this session is not yet in the log.

        A desk asks for its queue at every nudge: the log needs to say once who read what, not a hundred times.
        """
        return [row for row in rows if (who.session_hash, row.id) not in self._read]

    def was_read(self, who: Identity, rows: Iterable[EncounterRow]) -> None:
        """Remember that the log has these readings; after the commit."""
        for row in rows:
            self._read[who.session_hash, row.id] = None
        while len(self._read) > REMEMBERED:
            self._read.popitem(last=False)


def lines_of(row: EncounterRow) -> list[str]:
    """Return the lines of the pages that show this visit."""
    desk = [f"desk:{row.claimed_by}"] if row.claimed_by else []
    return [f"cabin:{row.cabin_id}", f"site:{row.site_id}", *desk]


def cabin_of(who: Identity) -> CabinId:
    """Return the cabin that this account is."""
    if who.cabin_id is None:
        raise NotFound(NOT_YOURS)
    return who.cabin_id


def practitioner_of(who: Identity) -> PractitionerId:
    """Return the practitioner that this account is."""
    if who.practitioner_id is None:
        raise NotFound(NOT_YOURS)
    return who.practitioner_id


def seat_holder(who: Identity) -> str:
    """Return how the exchange's log names who holds a seat: an account, never a patient."""
    return f"{who.role.value}:{who.account_id}"


def _place(row: EncounterRow, row_ver: int) -> Place:
    return Place("encounter", "sealed_intake", row.id, row.patient_id, row_ver)
