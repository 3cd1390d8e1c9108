"""What a patient does in the cabin: arrive, say why, answer, agree, wait, leave, and say goodbye."""

from collections.abc import Callable, Mapping

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from server.encounters import store
from server.encounters.help_rules import HelpKind
from server.encounters.rules import (
    CLOSED,
    FORGOTTEN_AFTER,
    Answers,
    CallStatus,
    CancelReason,
    Decision,
    EncounterStatus,
    Move,
    Reason,
    RedFlag,
    State,
    after,
    check_words,
    is_abandoned,
    lacks,
    refuse_lacking,
    stays_for,
    with_flags,
)
from server.encounters.service.ground import Beginning, ConsentSaid, Ground, Opinions, cabin_of, lines_of
from server.encounters.service.help import close_at_goodbye, keep_asked
from server.encounters.service.screen import cabin_visit
from server.encounters.tables import EncounterRow
from server.encounters.views import CabinVisit
from server.kernel.access import Act, Identity, require
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import EncounterId, PatientId
from server.kernel.words import N_


class Intake:
    """The visit in the cabin. A cabin acts only on the visit that sits in it."""

    def __init__(self, ground: Ground, opinions: Opinions) -> None:
        self._ground = ground
        self._opinions = opinions

    async def arrive(self, who: Identity, beginning: Beginning) -> EncounterId:
        """Seat a recognised patient: in a new visit, or in theirs that waits for this cabin or stepped out.

        Raises Conflict `cabin-busy` while another visit sits here, `already-in-line` for one that waits elsewhere.
        """
        require(who, Act.VISIT_INTAKE)
        cabin_id = cabin_of(who)
        async with self._ground.database.transaction() as tx:
            cabin = await store.lock_cabin(tx, cabin_id)
            await store.lock_patient(tx, beginning.patient_id)
            row = await store.seated(tx, cabin_id, lock=True)
            if row is not None and row.patient_id == beginning.patient_id and _goes_on(row):
                return row.id
            if row is not None:
                await self._vacate(tx, who, row)
            row = await self._waiting_here(tx, who, beginning.patient_id)
            if row is None:
                row = await self._ground.begin(tx, who, cabin, beginning)
            row.seated_at, row.version = self._ground.now(), row.version + 1
            lines = await self._ground.queue_lines(tx, row)
        await self._ground.nudge(lines)
        return row.id

    async def say_reason(self, who: Identity, reason: Reason, words: str = "") -> CabinVisit | None:
        """Keep why the patient comes: one of the six pictures, and up to 500 letters of their own."""
        require(who, Act.VISIT_INTAKE)
        words = check_words(words)
        return await self._answer(who, lambda said: msgspec.structs.replace(said, reason=reason, words=words))

    async def answer_flags(self, who: Identity, flags: Mapping[RedFlag, bool]) -> CabinVisit | None:
        """Keep answers to the red-flag questions, one or all. A yes makes the visit urgent and alerts the site."""
        require(who, Act.VISIT_INTAKE)
        return await self._answer(who, lambda said: with_flags(said, flags), alarming=any(flags.values()))

    async def go_on(self, who: Identity) -> CabinVisit | None:
        """Note that the emergency guidance was shown, and that the patient goes on to the doctor."""
        require(who, Act.VISIT_INTAKE)
        return await self._answer(who, lambda said: msgspec.structs.replace(said, urgent_acknowledged=True))

    async def consent(self, who: Identity, said: ConsentSaid) -> CabinVisit | None:
        """Keep the answer. Given: the visit waits for a doctor. Refused: it is cancelled, step `in-person`.

        Raises Invalid `not-ready` naming what lacks before (reason, red flags, emergency guidance).
        """
        require(who, Act.VISIT_INTAKE)
        async with self._ground.database.transaction() as tx:
            row = await self._mine(tx, who)
            answers = await self._ground.answers(tx, row)
            after(State(row.status, row.call), Move.TRIAGE)  # the question is asked once, before waiting
            if said.given:
                refuse_lacking(lacks(answers, Decision.GIVEN))
            await self._ground.keep_consent(tx, who, row, said)
            if said.given:
                await self._ground.move(tx, who, row, Move.TRIAGE)
                row.triaged_at = self._ground.now()
            else:
                await self._cancel(tx, who, row, CancelReason.REFUSED_CONSENT)
            lines = await self._ground.queue_lines(tx, row)
        await self._ground.nudge(lines)
        return await self.current(who)

    async def leave(self, who: Identity, reason: CancelReason = CancelReason.GAVE_UP) -> CabinVisit | None:
        """End a visit that no doctor has taken: given up, abandoned, redirected or an emergency.

        After `redirected` and `emergency` the visit stays on the screen (what to do now) until goodbye.
        """
        require(who, Act.VISIT_INTAKE)
        async with self._ground.database.transaction() as tx:
            cabin = await store.lock_cabin(tx, cabin_of(who))
            row = await self._mine(tx, who)
            lines = lines_of(row)
            await self._cancel(tx, who, row, reason)
            if not stays_for(reason):
                row.left_at = self._ground.now()
                lines += await close_at_goodbye(tx, self._ground, who, cabin)
                await self._ground.seat_next(tx, row.cabin_id)
            lines += await self._ground.queue_lines(tx, row)
        await self._ground.nudge(lines)
        return await self.current(who)

    async def step_out(self, who: Identity) -> CabinVisit | None:
        """Keep the patient's place while they go out. The cabin is free for others meanwhile."""
        require(who, Act.VISIT_INTAKE)
        return await self._move(who, Move.STEP_OUT)

    async def come_back(self, who: Identity) -> CabinVisit | None:
        """Wait again, at the same place. After somebody else sat here, `arrive` brings the visit back instead."""
        require(who, Act.VISIT_INTAKE)
        return await self._move(who, Move.COME_BACK)

    async def goodbye(self, who: Identity, face: int | None = None) -> CabinVisit | None:
        """Let the patient go, keep a smiley (1 to 3) if there is one, and seat who waits for this cabin.

        Possible once the call is over or the visit is closed; returns the next visit. Raises Conflict `in-call`.
        """
        require(who, Act.VISIT_INTAKE)
        async with self._ground.database.transaction() as tx:
            cabin_id = cabin_of(who)
            cabin = await store.lock_cabin(tx, cabin_id)
            row = await self._mine(tx, who)
            if row.status not in CLOSED and row.call is not CallStatus.ENDED:
                raise Conflict(N_("La visite n’est pas terminée."), code="in-call")
            if face is not None:
                await self._opinions.keep(tx, who, row.id, cabin_id, face)
            row.left_at, row.version = self._ground.now(), row.version + 1
            lines = await close_at_goodbye(tx, self._ground, who, cabin)
            await self._ground.seat_next(tx, cabin_id)
            lines += await self._ground.queue_lines(tx, row)
        await self._ground.nudge(lines)
        return await self.current(who)

    async def current(self, who: Identity) -> CabinVisit | None:
        """Return the visit that sits in this cabin, or None when the cabin is free."""
        require(who, Act.VISIT_INTAKE)
        async with self._ground.database.reading() as tx:
            row = await store.seated(tx, cabin_of(who))
            return None if row is None else await cabin_visit(tx, self._ground, row)

    async def _answer(
        self, who: Identity, change: Callable[[Answers], Answers], *, alarming: bool = False
    ) -> CabinVisit | None:
        async with self._ground.database.transaction() as tx:
            cabin = await store.lock_cabin(tx, cabin_of(who)) if alarming else None
            row = await self._mine(tx, who)
            if row.status is not EncounterStatus.ARRIVED:
                raise Conflict(N_("Vos réponses sont déjà parties chez le médecin."), code="too-late")
            await self._ground.seal(tx, who, row, change(await self._ground.answers(tx, row)))
            lines = lines_of(row)
            if cabin is not None:
                lines += await keep_asked(tx, self._ground, who, cabin, HelpKind.EMERGENCY)
        await self._ground.nudge(lines)
        return await self.current(who)

    async def _move(self, who: Identity, move: Move) -> CabinVisit | None:
        async with self._ground.database.transaction() as tx:
            row = await self._mine(tx, who)
            await self._ground.move(tx, who, row, move)
            lines = await self._ground.queue_lines(tx, row)
        await self._ground.nudge(lines)
        return await self.current(who)

    async def _mine(self, tx: AsyncSession, who: Identity) -> EncounterRow:
        row = await store.seated(tx, cabin_of(who), lock=True)
        if row is None:
            raise NotFound(N_("Personne n’est dans la cabine pour le moment."), code="no-visit")
        return row

    async def _cancel(self, tx: AsyncSession, who: Identity, row: EncounterRow, reason: CancelReason) -> None:
        await self._ground.move(tx, who, row, Move.LEAVE, reason.value)
        row.cancel_reason = reason

    async def _vacate(self, tx: AsyncSession, who: Identity, row: EncounterRow) -> None:
        """Free the seat of a visit that is over, stepped out or abandoned, or raise Conflict."""
        now = self._ground.now()
        if row.status is EncounterStatus.ON_LEAVE:
            row.seated_at = None
        elif row.status in CLOSED or row.call is CallStatus.ENDED:
            row.left_at = now
        elif is_abandoned(row.status, row.arrived_at, now):
            await self._cancel(tx, who, row, CancelReason.ABANDONED)
            row.left_at = now
        else:
            raise Conflict(N_("Une autre visite est en cours dans cette cabine."), code="cabin-busy")
        row.version += 1
        await tx.flush()

    async def _waiting_here(self, tx: AsyncSession, who: Identity, patient_id: PatientId) -> EncounterRow | None:
        row = await store.open_of_patient(tx, patient_id)
        if row is None:
            return None
        if self._ground.now() - row.arrived_at > FORGOTTEN_AFTER:
            # Where it still sits, its cabin shows goodbye: only that cabin's own lock may give its seat away.
            await self._cancel(tx, who, row, CancelReason.ABANDONED)
            await tx.flush()
            return None
        if row.cabin_id != cabin_of(who):
            raise Conflict(N_("Vous êtes déjà dans la file, dans une autre cabine."), code="already-in-line")
        if row.status is EncounterStatus.ON_LEAVE:
            await self._ground.move(tx, who, row, Move.COME_BACK)
        return row


def _goes_on(row: EncounterRow) -> bool:
    return row.status not in CLOSED and row.status is not EncounterStatus.ON_LEAVE
