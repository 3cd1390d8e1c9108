"""The third seat: a doctor asks somebody in, the patient says yes or no, and each of the three gets seats in pairs.

doctor ─── the visit's call ─── cabin        Each pair is a call of its own for the exchange, with two seats and
    ╲                          ╱             one offerer. In a pair the doctor and the cabin keep their seat of the
 <guest>:practitioner  <guest>:patient       visit, the guest sits opposite: answers the doctor, offers to the cabin
      ╲                      ╱
             guest
"""

import hashlib
import secrets
from typing import Protocol

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.encounters import store
from server.encounters.guest_rules import (
    CODE_DIGITS,
    CODE_FOR,
    PARTS,
    Guest,
    GuestMove,
    GuestPart,
    GuestStatus,
    Invitation,
    after,
    opposite,
    pair,
    read_code,
    read_name,
)
from server.encounters.rules import CallStatus, EncounterStatus
from server.encounters.service.ground import NOT_YOURS, Exchange, Ground, cabin_of, lines_of, practitioner_of
from server.encounters.tables import EncounterRow, GuestRow
from server.kernel.access import Act, Identity, Role, require
from server.kernel.errors import Conflict, NotFound, NotSignedIn
from server.kernel.ids import EncounterId, GuestId, new_id
from server.kernel.sealing import Place
from server.kernel.words import N_
from server.records.rules.note import Participant
from server.web.limits import Bucket
from signalling.protocol import Seat

_ACTIONS = {
    GuestMove.ENTER: Action.GUEST_ASKED,
    GuestMove.AGREE: Action.GUEST_ADMITTED,
    GuestMove.REFUSE: Action.GUEST_REFUSED,
}
NO_CALL = N_("Il n’y a pas d’appel en ce moment.")


class GuestTickets(Protocol):
    """The exchange's office for the guest's two pairs."""

    async def issue_seat(self, call: str, seat: str, who: str) -> str:
        """Return a fresh single-use ticket for a seat of a call."""

    async def issue_line(self, line: str, who: str) -> str:
        """Return a fresh single-use ticket for one line."""


class Guests:
    """The third seat of running calls. A guest has no account: their browser's token opens this one invitation."""

    def __init__(self, ground: Ground, tickets: GuestTickets, exchange: Exchange) -> None:
        self._ground = ground
        self._tickets = tickets
        self._exchange = exchange
        self._codes = Bucket(ground.now, per_minute=6, burst=6)  # of one address: who types slowly, twice wrong
        self._all_codes = Bucket(ground.now, per_minute=20, burst=20)
        self._invitations = Bucket(ground.now, per_minute=6, burst=6)

    # --- the doctor -------------------------------------------------------------------------------------------------

    async def invite(self, who: Identity, encounter_id: EncounterId, part: GuestPart) -> Invitation:
        """Make a code for one person, to be read out by telephone. It lives `CODE_FOR` and opens once.

        Raises Conflict `no-call` outside of a call, `guest-there` while somebody else is asked in or in.
        """
        require(who, Act.GUEST_INVITE)
        self._invitations.take(str(who.account_id))
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        now = self._ground.now()
        async with self._ground.database.transaction() as tx:
            visit = await self._visit(tx, who, encounter_id)
            if (old := await store.open_guest(tx, visit.id)) is not None:
                if old.status is not GuestStatus.INVITED:
                    raise Conflict(N_("Quelqu’un est déjà invité. Une personne à la fois."), code="guest-there")
                await _move(self._ground, tx, who, visit, old, GuestMove.END)
            row = GuestRow(
                id=GuestId(new_id()),
                encounter_id=visit.id,
                part=part,
                status=GuestStatus.INVITED,
                code_index=self._index(code),
                row_ver=0,
                invited_by=who.account_id,
                invited_at=now,
                expires_at=now + CODE_FOR,
            )
            await self._seal(tx, who, visit, row, "", Action.GUEST_INVITED)
            tx.add(row)
            try:
                await tx.flush()
            except IntegrityError:  # the code is another visit's: one in millions
                raise Conflict(N_("Réessayez."), code="again") from None
        await self._ground.nudge(lines_of(visit))
        return Invitation(row.id, code, row.expires_at)

    async def remove(self, who: Identity, encounter_id: EncounterId) -> None:
        """Send the guest out at once, or take the invitation back. Twice is as good as once."""
        require(who, Act.GUEST_INVITE)
        async with self._ground.database.transaction() as tx:
            visit = await store.visit(tx, encounter_id)
            if visit.practitioner_id != practitioner_of(who):
                raise NotFound(NOT_YOURS)
            row = await store.open_guest(tx, visit.id)
            if row is None:
                return
            await _move(self._ground, tx, who, visit, row, GuestMove.REMOVE)
        await self._over(visit, row, "removed")

    # --- the cabin --------------------------------------------------------------------------------------------------

    async def answer(self, who: Identity, guest_id: GuestId, agrees: bool) -> None:
        """Let the patient decide who joins; a no is possible later too, and sends the guest out."""
        require(who, Act.GUEST_ANSWER)
        async with self._ground.database.transaction() as tx:
            visit = await self._visit(tx, who)
            row = await store.open_guest(tx, visit.id)
            if row is None or row.id != guest_id:
                raise NotFound(NOT_YOURS)
            await _move(self._ground, tx, who, visit, row, GuestMove.AGREE if agrees else GuestMove.REFUSE)
            if agrees:
                row.admitted_at = self._ground.now()
        if agrees:
            return await self._ground.nudge([*lines_of(visit), line_of(row.id)])
        await self._over(visit, row, "refused")

    # --- both -------------------------------------------------------------------------------------------------------

    async def at(self, who: Identity, encounter_id: EncounterId | None = None) -> Guest | None:
        """Return the newest guest of the caller's visit: also one that was refused or went."""
        require(who, Act.CALL_SEAT)
        async with self._ground.database.reading() as tx:
            try:
                visit = await self._visit(tx, who, encounter_id, lock=False)
            except (Conflict, NotFound):
                return None
            row = await store.last_guest(tx, visit.id)
            return await self._guest(tx, visit, row) if row else None

    async def seat_ticket(self, who: Identity, encounter_id: EncounterId | None = None) -> str:
        """Return a ticket for the caller's seat in their pair with the guest; Conflict `no-guest` before a yes."""
        require(who, Act.CALL_SEAT)
        async with self._ground.database.transaction() as tx:
            visit = await self._visit(tx, who, encounter_id)
            row = await store.open_guest(tx, visit.id)
            _refuse_outside(row)
            assert row is not None  # noqa: S101 - refused above
        seat = Seat.PATIENT if who.role is Role.CABIN else Seat.PRACTITIONER
        return await self._tickets.issue_seat(pair(row.id, seat), seat.value, f"{who.role.value}:{who.account_id}")

    # --- the guest --------------------------------------------------------------------------------------------------

    async def enter(self, said_code: str, said_name: str, address: str) -> str:
        """Use up a code; return the token by which this browser is known from now on. The patient is asked.

        Raises Invalid for a code that is none, NotFound for one that opens nothing (never was, used, too old),
        TooMany for who guesses.
        """
        code, name = read_code(said_code), read_name(said_name)
        self._codes.take(address)
        self._all_codes.take("everybody")
        token = secrets.token_urlsafe(32)
        async with self._ground.database.transaction() as tx:
            found = await store.guest_by_code(tx, self._index(code), self._ground.now())
            if found is None:
                raise NotFound(N_("Ce code n’ouvre rien, ou il a déjà servi. Demandez-en un autre au médecin."))
            visit = await store.visit(tx, found.encounter_id)
            await tx.refresh(found)
            _refuse_ended(visit)
            found.token_hash = _hash(token)
            await _move(self._ground, tx, None, visit, found, GuestMove.ENTER)
            await self._seal(tx, None, visit, found, name, None)
        await self._ground.nudge(lines_of(visit))
        return token

    async def known(self, token: str) -> Guest:
        """Return the guest whose browser shows this token; NotSignedIn for a token that is none."""
        async with self._ground.database.reading() as tx:
            row = await self._row(tx, token)
            return await self._guest(tx, await store.look(tx, row.encounter_id), row)

    async def leave(self, token: str) -> None:
        """Go. Twice is as good as once."""
        async with self._ground.database.transaction() as tx:
            row = await self._row(tx, token)
            visit = await store.visit(tx, row.encounter_id)
            await tx.refresh(row)
            if row.status not in (GuestStatus.ASKING, GuestStatus.ADMITTED):
                return
            await _move(self._ground, tx, None, visit, row, GuestMove.LEAVE)
        await self._over(visit, row, "left")

    async def line_ticket(self, token: str) -> str:
        """Return a ticket for the line on which the guest hears that something changed."""
        async with self._ground.database.reading() as tx:
            row = await self._row(tx, token)
            if row.status not in (GuestStatus.ASKING, GuestStatus.ADMITTED):
                raise NotSignedIn(N_("Cette invitation est finie."))
        return await self._tickets.issue_line(line_of(row.id), f"guest:{row.id}")

    async def guest_ticket(self, token: str, towards: Seat) -> str:
        """Return a ticket for the guest's seat in the pair towards the doctor or the cabin."""
        async with self._ground.database.reading() as tx:
            row = await self._row(tx, token)
            _refuse_outside(row)
            _refuse_ended(await store.look(tx, row.encounter_id))
        return await self._tickets.issue_seat(pair(row.id, towards), opposite(towards).value, f"guest:{row.id}")

    # --- what they stand on -----------------------------------------------------------------------------------------

    async def _visit(
        self, tx: AsyncSession, who: Identity, encounter_id: EncounterId | None = None, *, lock: bool = True
    ) -> EncounterRow:
        """Return the caller's visit, while its call rings or runs."""
        find = store.visit if lock else store.look
        if who.role is Role.CABIN:
            visit = await store.seated(tx, cabin_of(who), lock=lock)
        else:
            visit = await find(tx, encounter_id) if encounter_id else None
            if visit is not None and visit.practitioner_id != practitioner_of(who):
                visit = None
        if visit is None:
            raise NotFound(NOT_YOURS)
        _refuse_ended(visit)
        return visit

    async def _row(self, tx: AsyncSession, token: str) -> GuestRow:
        row = await store.guest_by_token(tx, _hash(token)) if token else None
        if row is None:
            raise NotSignedIn(N_("Cette invitation est finie."))
        return row

    async def _guest(self, tx: AsyncSession, visit: EncounterRow, row: GuestRow) -> Guest:
        return Guest(row.id, row.part, _status_now(visit, row), await _name(self._ground, tx, visit, row))

    async def _seal(
        self, tx: AsyncSession, who: Identity | None, visit: EncounterRow, row: GuestRow, name: str, said: Action | None
    ) -> None:
        row.row_ver += 1
        row.sealed_name = await self._ground.vault.seal(tx, _place(visit, row), name.encode())
        await _note(self._ground, tx, who, visit, row, said or Action.GUEST_ASKED, sealed=True)

    async def _over(self, visit: EncounterRow, row: GuestRow, reason: str) -> None:
        for name in pairs(row):
            await self._exchange.close_call(name, reason)
        await self._ground.nudge([*lines_of(visit), line_of(row.id)])

    def _index(self, code: str) -> bytes:
        return self._ground.vault.blind("guest", "code", code)


async def end(ground: Ground, tx: AsyncSession, who: Identity, visit: EncounterRow) -> tuple[str, ...]:
    """End whatever guest a visit has, for its call is over; return the pairs that the exchange must close."""
    row = await store.open_guest(tx, visit.id)
    if row is None:
        return ()
    await _move(ground, tx, who, visit, row, GuestMove.END)
    return pairs(row)


async def participants(ground: Ground, tx: AsyncSession, visit: EncounterRow) -> tuple[Participant, ...]:
    """Return the third persons who were in, as the note names them, each once."""
    rows = await store.guests_admitted(tx, visit.id)
    present = [Participant(PARTS[row.part], await _name(ground, tx, visit, row)) for row in rows]
    return tuple(dict.fromkeys(present))


def pairs(row: GuestRow) -> tuple[str, ...]:
    """Return the exchange's names of the guest's two connections."""
    return pair(row.id, Seat.PRACTITIONER), pair(row.id, Seat.PATIENT)


def line_of(guest_id: GuestId) -> str:
    """Return the line on which a guest hears that something changed."""
    return f"guest:{guest_id}"


async def _move(
    ground: Ground, tx: AsyncSession, who: Identity | None, visit: EncounterRow, row: GuestRow, move: GuestMove
) -> None:
    row.status = after(row.status, move)
    row.code_index = None
    if move is not GuestMove.AGREE and move is not GuestMove.ENTER:
        row.ended_at = ground.now()
    if move is not GuestMove.ENTER:  # sealing the name says so
        await _note(ground, tx, who, visit, row, _ACTIONS.get(move, Action.GUEST_ENDED))
    await tx.flush()


async def _note(
    ground: Ground,
    tx: AsyncSession,
    who: Identity | None,
    visit: EncounterRow,
    row: GuestRow,
    action: Action,
    *,
    sealed: bool = False,
) -> None:
    """Write into the log what became of a guest; who has no account is named by the row."""
    await record(
        tx,
        who,
        action,
        at=ground.now(),
        patient_id=visit.patient_id,
        record=f"guest:{row.id}",
        row_ver=row.row_ver if sealed else None,
        ct_sha256=hashlib.sha256(row.sealed_name).digest() if sealed else None,
        reason=f"{row.part.value} {row.status.value}",
    )


async def _name(ground: Ground, tx: AsyncSession, visit: EncounterRow, row: GuestRow) -> str:
    return (await ground.vault.open(tx, _place(visit, row), row.sealed_name)).decode()


def _place(visit: EncounterRow, row: GuestRow) -> Place:
    return Place("guest", "sealed_name", row.id, visit.patient_id, row.row_ver)


def _status_now(visit: EncounterRow, row: GuestRow) -> GuestStatus:
    """Where the guest stands, also when the visit ended by a way that told nobody."""
    if row.status in (GuestStatus.ASKING, GuestStatus.ADMITTED) and not _calls(visit):
        return GuestStatus.LEFT
    return row.status


def _calls(visit: EncounterRow) -> bool:
    running = visit.status is EncounterStatus.IN_PROGRESS and visit.left_at is None
    return running and visit.call in (CallStatus.RINGING, CallStatus.LIVE)


def _refuse_ended(visit: EncounterRow) -> None:
    if not _calls(visit):
        raise Conflict(NO_CALL, code="no-call")


def _refuse_outside(row: GuestRow | None) -> None:
    if row is None or row.status is not GuestStatus.ADMITTED:
        raise Conflict(N_("Personne d’autre n’est dans l’appel."), code="no-guest")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
