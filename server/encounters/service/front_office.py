"""What a health worker does with visits: put a patient in the queue, see the site's line, take somebody out."""

from dataclasses import dataclass, field, replace

from server.encounters import store
from server.encounters.rules import (
    Accompanied,
    Answers,
    CancelReason,
    ConsentMode,
    Decision,
    Move,
    Reason,
    RedFlag,
    check_words,
    lacks,
    refuse_lacking,
)
from server.encounters.service.ground import NOT_YOURS, Beginning, ConsentSaid, Ground, lines_of
from server.encounters.tables import EncounterRow
from server.encounters.views import LineItem
from server.kernel.access import Act, Identity, require
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import CabinId, EncounterId, SiteId
from server.kernel.words import N_
from server.people import store as people_store
from server.people.rules import display_name


@dataclass(frozen=True, slots=True)
class Placement:
    """A patient for the queue. The worker read the consent aloud and heard the answer: the worker is its witness.

    `flags` answers all four questions; after a yes, `urgent_acknowledged` says that the emergency guidance was
    followed and a doctor is wanted all the same.
    """

    beginning: Beginning
    cabin_id: CabinId
    reason: Reason
    consent_given: bool
    text_version: str
    words: str = ""
    flags: dict[RedFlag, bool] = field(default_factory=dict)
    urgent_acknowledged: bool = False


class FrontOffice:
    """The queue, as the health workers of a site use it."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def put_in_queue(self, who: Identity, placement: Placement) -> EncounterId:
        """Put a patient of one's own site in the queue of one of its cabins; seat them if it is free.

        A refused consent is kept too: the visit is cancelled at once. Raises Invalid `not-ready`, Conflict
        `already-in-line`, NotFound for people and cabins of other sites.
        """
        require(who, Act.QUEUE_PUT)
        answers = _answers(placement)
        refuse_lacking(lacks(answers, Decision.GIVEN))
        async with self._ground.database.transaction() as tx:
            cabin = await store.lock_cabin(tx, placement.cabin_id)
            if cabin.site_id != _site_of(who):
                raise NotFound(N_("Cette cabine n’est pas sur votre site."))
            patient_id = placement.beginning.patient_id
            await store.lock_patient(tx, patient_id)
            await self._ground.people.allowed(tx, who, patient_id, Act.QUEUE_PUT)
            if await store.open_of_patient(tx, patient_id) is not None:
                raise Conflict(N_("Cette personne est déjà dans la file."), code="already-in-line")
            row = await self._ground.begin(tx, who, cabin, _named(who, placement.beginning), answers)
            said = ConsentSaid(placement.consent_given, placement.text_version, ConsentMode.ORAL, who.name)
            await self._ground.keep_consent(tx, who, row, said)
            if placement.consent_given:
                await self._ground.move(tx, who, row, Move.TRIAGE)
                row.triaged_at = self._ground.now()
                if await store.seated(tx, cabin.id) is None:
                    await self._ground.seat_next(tx, cabin.id)
            else:
                await self._ground.move(tx, who, row, Move.LEAVE, CancelReason.REFUSED_CONSENT.value)
                row.cancel_reason = CancelReason.REFUSED_CONSENT
            lines = await self._ground.queue_lines(tx, row)
        await self._ground.nudge(lines)
        return row.id

    async def line(self, who: Identity) -> tuple[LineItem, ...]:
        """Return the visits of one's own site that are not closed, the oldest first."""
        require(who, Act.QUEUE_PUT)
        async with self._ground.database.reading() as tx:
            cabins = {cabin.id: cabin.name for cabin in await people_store.cabins(tx)}
            items = []
            for row in await store.of_site(tx, _site_of(who)):
                patient = await self._ground.people.opened(tx, await people_store.patient(tx, row.patient_id))
                items.append(_item(row, display_name(patient.traits), cabins[row.cabin_id]))
        return tuple(items)

    async def take_out(
        self, who: Identity, encounter_id: EncounterId, reason: CancelReason = CancelReason.GAVE_UP
    ) -> None:
        """End a visit of one's own site that no doctor has taken, and seat the next."""
        require(who, Act.QUEUE_PUT)
        async with self._ground.database.transaction() as tx:
            found = await store.look(tx, encounter_id)
            if found.site_id != _site_of(who):
                raise NotFound(NOT_YOURS)
            await store.lock_cabin(tx, found.cabin_id)
            row = await store.visit(tx, encounter_id)
            await self._ground.move(tx, who, row, Move.LEAVE, reason.value)
            row.cancel_reason = reason
            if row.seated_at is not None:
                row.left_at = self._ground.now()
                await self._ground.seat_next(tx, row.cabin_id)
            lines = [*lines_of(row), *await self._ground.queue_lines(tx, row)]
        await self._ground.nudge(lines)


def _named(who: Identity, beginning: Beginning) -> Beginning:
    """A health worker who stays beside the patient takes part in the visit: the report will name them."""
    beside = beginning.accompanied is Accompanied.WITH_HEALTH_WORKER
    return replace(beginning, companion=who.name) if beside and not beginning.companion else beginning


def _answers(placement: Placement) -> Answers:
    return Answers(
        reason=placement.reason,
        words=check_words(placement.words),
        flags=dict(placement.flags),
        urgent_acknowledged=placement.urgent_acknowledged,
    )


def _item(row: EncounterRow, name: str, cabin: str) -> LineItem:
    seated = row.seated_at is not None and row.left_at is None
    return LineItem(
        row.id,
        name,
        cabin,
        row.status,
        row.call,
        seated,
        row.priority,
        row.arrived_at,
        row.patient_id,
        row.cabin_id,
    )


def _site_of(who: Identity) -> SiteId:
    if who.site_id is None:
        raise NotFound(N_("Votre compte n’est rattaché à aucun site."))
    return who.site_id
