"""Both ends of a call: the ticket of one's own seat, the first picture, hanging up, and what went wrong."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.encounters import store
from server.encounters.quality_rules import Report
from server.encounters.rules import CallStatus, Decision, EncounterStatus, IncidentKind, Move
from server.encounters.service import guests, quality
from server.encounters.service.ground import (
    NOT_YOURS,
    Exchange,
    Ground,
    Tickets,
    cabin_of,
    lines_of,
    practitioner_of,
    seat_holder,
)
from server.encounters.tables import EncounterRow, IncidentRow
from server.kernel.access import Act, Identity, Role, require
from server.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from server.kernel.ids import EncounterId, new_id
from server.kernel.words import N_
from server.web.limits import Bucket
from signalling.protocol import Seat

LONGEST = timedelta(hours=4)  # no incident of a visit lasts longer: a larger number is a broken clock
SAME = timedelta(seconds=15)  # both ends tell of one cut, each when it hears the other again


class Calls:
    """The call of a visit. A cabin names no visit: it can only mean the one that sits in it."""

    def __init__(self, ground: Ground, tickets: Tickets, exchange: Exchange) -> None:
        self._ground = ground
        self._tickets = tickets
        self._exchange = exchange
        self._incidents = Bucket(ground.now, per_minute=10, burst=30)
        self._reports = Bucket(ground.now, per_minute=15, burst=30)
        self._lobbies = Bucket(ground.now, per_minute=30, burst=30)  # cards that a doctor reads

    async def seat_ticket(self, who: Identity, encounter_id: EncounterId | None = None) -> str:
        """Return a fresh single-use ticket for the caller's own seat in the visit's call.

        The doctor's only while the call rings or is live. The cabin's from the moment it waits: it sits ready, so
        that the picture comes without a further step; nothing flows until a doctor has claimed the visit. Never
        before a given consent is on record: raises Conflict `no-call`, NotAllowed `no-consent` (R.6316-2).
        """
        require(who, Act.CALL_SEAT)
        async with self._ground.database.transaction() as tx:
            row = await self._own(tx, who, encounter_id, waiting=who.role is Role.CABIN)
            if row.call is CallStatus.ENDED:
                raise Conflict(N_("Il n’y a pas d’appel en ce moment."), code="no-call")
            await self._refuse_without_consent(tx, row)
            seat = "patient" if who.role is Role.CABIN else "practitioner"
            await self._ground.note(tx, who, row, Action.CALL_SEATED, seat)
        return await self._tickets.issue_seat(str(row.id), seat, seat_holder(who))

    async def lobby_ticket(self, who: Identity, encounter_id: EncounterId) -> str:
        """Return a ticket for the lobby of a waiting visit's call: a doctor reads the card, and the line gets warm.

        Both ends connect, and nothing is sent: no track is on the line before the consent, which must be on record,
        and the press, which is `Queue.claim`. Raises Conflict `not-waiting` for a visit that does not sit and wait,
        and for a doctor who has another one; NotAllowed `no-consent`.
        """
        require(who, Act.CALL_WARM)
        self._lobbies.take(str(who.account_id))
        async with self._ground.database.transaction() as tx:
            row = await store.look(tx, encounter_id)
            sits = row.seated_at is not None and row.left_at is None
            if (
                row.status is not EncounterStatus.TRIAGED
                or not sits
                or await store.running_of(tx, practitioner_of(who))
            ):
                raise Conflict(N_("Cette personne n’attend pas, ou n’attend plus."), code="not-waiting")
            await self._refuse_without_consent(tx, row)
            await self._ground.note(tx, who, row, Action.CALL_SEATED, "lobby")
        return await self._tickets.issue_seat(str(row.id), "lobby", seat_holder(who))

    async def connected(self, who: Identity, encounter_id: EncounterId | None = None) -> None:
        """Note that sound or picture flow; the first end to say so makes the call live. Late words change nothing."""
        require(who, Act.CALL_REPORT)
        async with self._ground.database.transaction() as tx:
            row = await self._own(tx, who, encounter_id)
            if row.call is not CallStatus.RINGING:
                return
            await self._refuse_without_consent(tx, row)
            await self._ground.move(tx, who, row, Move.CONNECT)
            row.live_at = row.live_at or self._ground.now()
        await self._ground.nudge(["queue", *lines_of(row)])

    async def hang_up(self, who: Identity, encounter_id: EncounterId | None = None) -> None:
        """End the call for both; the visit goes on until the note is signed. Twice is as good as once."""
        require(who, Act.CALL_SEAT)
        async with self._ground.database.transaction() as tx:
            row = await self._own(tx, who, encounter_id)
            if row.call is CallStatus.ENDED:
                return
            await self._ground.move(tx, who, row, Move.HANG_UP)
            row.ended_at = self._ground.now()
            pairs = await guests.end(self._ground, tx, who, row)
        for call in (str(row.id), *pairs):
            await self._exchange.close_call(call, "hung-up")
        await self._ground.nudge(["queue", *lines_of(row)])

    async def incident(
        self, who: Identity, kind: IncidentKind, seconds: int = 0, encounter_id: EncounterId | None = None
    ) -> None:
        """Keep what went wrong and for how long; the report must say it (R.6316-4, 5°).

        What both ends tell of is one incident, as long as the longer of their words.
        """
        require(who, Act.CALL_REPORT)
        if not 0 <= seconds <= LONGEST.total_seconds():
            wrong = {"seconds": N_("Cette durée n’est pas possible.")}
            raise Invalid(N_("Cette durée n’est pas possible."), fields=wrong)
        self._incidents.take(str(who.account_id))
        async with self._ground.database.transaction() as tx:
            row = await self._own(tx, who, encounter_id)
            now = self._ground.now()
            twin = next(
                (one for one in await store.incidents(tx, row.id) if one.kind is kind and now - one.at < SAME), None
            )
            if twin is not None:
                twin.seconds = max(twin.seconds, seconds)
            else:
                tx.add(IncidentRow(id=new_id(), encounter_id=row.id, at=now, kind=kind, seconds=seconds))
            await self._ground.note(tx, who, row, Action.CALL_INCIDENT, kind.value)
        await self._ground.nudge(lines_of(row))

    async def quality(self, who: Identity, report: Report, encounter_id: EncounterId | None = None) -> None:
        """Keep what the caller's end says of its call so far: each report says all of it again.

        Raises Invalid for numbers that cannot be true, TooMany for a page that does not stop.
        """
        require(who, Act.CALL_REPORT)
        self._reports.take(str(who.account_id))
        seat = Seat.PATIENT if who.role is Role.CABIN else Seat.PRACTITIONER
        async with self._ground.database.transaction() as tx:
            row = await self._own(tx, who, encounter_id)
            is_news = await quality.keep(self._ground, tx, row, seat, report)
            if is_news:
                await self._ground.note(tx, who, row, Action.CALL_INCIDENT, IncidentKind.AUDIO_ONLY.value)
        if is_news:
            await self._ground.nudge(lines_of(row))

    async def _own(
        self, tx: AsyncSession, who: Identity, encounter_id: EncounterId | None, *, waiting: bool = False
    ) -> EncounterRow:
        """Return the visit at whose end the caller stands: their cabin's, or the one that they claimed.

        It runs, or, if asked, is `waiting`.
        """
        if who.role is Role.CABIN:
            row = await store.seated(tx, cabin_of(who), lock=True)
        else:
            row = await store.visit(tx, encounter_id) if encounter_id else None
            if row is not None and row.practitioner_id != practitioner_of(who):
                row = None
        if row is None or (encounter_id is not None and row.id != encounter_id):
            raise NotFound(NOT_YOURS)
        waits = waiting and row.status is EncounterStatus.TRIAGED
        if not waits and row.status is not EncounterStatus.IN_PROGRESS:
            raise Conflict(N_("Il n’y a pas d’appel en ce moment."), code="no-call")
        return row

    async def _refuse_without_consent(self, tx: AsyncSession, row: EncounterRow) -> None:
        said = await store.consent(tx, row.id)
        if said is None or said.decision is not Decision.GIVEN:
            raise NotAllowed(
                N_("La personne n’a pas donné son accord : l’appel ne peut pas commencer."), code="no-consent"
            )
