"""Closing a visit: prescription and note signed, visit finished, follow-up promised, together or not at all.

sign ─► facts of the visit ─► prescription: draft → active ─► note: preliminary → final ─► visit: ended → finished
             ─► today's appointment: booked → fulfilled ─► promise: due ─► commit ─► nudge cabin, desk, site
"""

from dataclasses import dataclass

from server.database.engine import Database
from server.encounters.service import Endings
from server.kernel.access import Act, Identity, require
from server.kernel.ids import EncounterId, NoteId, PromiseId
from server.records.prescriptions.service import Prescriptions
from server.records.service.notes import Notes
from server.records.service.visits import Visits
from server.scheduler.service.follow_ups import FollowUps


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed visit: its signed note, and the follow-up that the doctor asked for."""

    encounter_id: EncounterId
    note_id: NoteId
    promise_id: PromiseId | None


class Closing:
    """Signs and closes visits: the one place where records, visits and follow-ups change together."""

    def __init__(
        self,
        database: Database,
        visits: Visits,
        notes: Notes,
        prescriptions: Prescriptions,
        endings: Endings,
        follow_ups: FollowUps,
    ) -> None:
        self._database = database
        self._visits = visits
        self._notes = notes
        self._prescriptions = prescriptions
        self._endings = endings
        self._follow_ups = follow_ups

    async def sign(self, who: Identity, encounter_id: EncounterId, row_ver: int, prescription_ver: int = 0) -> Closed:
        """Sign the note of the caller's visit at `row_ver`, finish the visit and promise the follow-up it asks for.

        `prescription_ver` is the version of the draft prescription that was read again; 0: there was none.
        Raises Invalid naming which of the five items lack, Conflict when the note moved on or the call still runs.
        """
        require(who, Act.NOTE_SIGN)
        async with self._database.transaction() as tx:
            facts = await self._visits.facts(tx, encounter_id)
            prescribed = await self._prescriptions.sign_in(tx, who, facts, prescription_ver)
            note = await self._notes.sign_in(tx, who, facts, row_ver, prescribed=bool(prescribed))
            visit = await self._endings.finish(who, tx, encounter_id)
            await self._follow_ups.keep(tx, who, visit)
            wish = note.content.body.follow_up
            promise_id = await self._follow_ups.promise(tx, who, visit, wish) if wish is not None else None
        await self._endings.tell(who, encounter_id)
        return Closed(encounter_id, note.id, promise_id)
