"""What a visit tells the subjects below: to the records, who took part and when. Fulfils `records` `Visits`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from server.database.engine import Database
from server.encounters import store
from server.encounters.rules import Accompanied, EncounterStatus
from server.encounters.service import guests
from server.encounters.service.ground import Ground, lines_of
from server.encounters.tables import EncounterRow
from server.kernel.ids import CabinId, EncounterId, PatientId, PractitionerId
from server.people import store as people_store
from server.records.rules.note import Claim, Part, Participant, VisitFacts
from server.records.service.visits import Condition, IdValue
from signalling.ladder import Rung


@dataclass(frozen=True, slots=True)
class CallNumbers:
    """Ends of calls: how many, seconds on each rung, cuts; sorted, what 95 % of each one's seconds did not exceed."""

    ends: int
    seconds: Mapping[str, int]
    cuts: int
    worst: Mapping[str, Sequence[int]]


async def open_visits(database: Database) -> dict[tuple[str, str], int]:
    """Return how many visits wait or run, by state and by the state of their call: a number names nobody."""
    async with database.reading() as tx:
        found = await store.tally(tx)
    return {(status.value, call.value): count for (status, call), count in found.items()}


async def has_taken(tx: AsyncSession, practitioner_id: PractitionerId, patient_id: PatientId) -> bool:
    """Return whether a doctor has taken a visit of a patient and not closed it: the gate of records asks."""
    return await store.has_taken(tx, practitioner_id, patient_id)


async def recent_calls(database: Database, since: datetime) -> CallNumbers:
    """Return how the calls went that were reported since an instant, each end for itself: numbers of nobody."""
    async with database.reading() as tx:
        rows = await store.recent_qualities(tx, since)
    return CallNumbers(
        len(rows),
        {rung.value: sum(getattr(row, f"{rung.value}_for") for row in rows) for rung in Rung},
        sum(row.cuts for row in rows),
        {name: sorted(getattr(row, f"{name}_high") for row in rows) for name in ("delay", "jitter", "lost", "hidden")},
    )


class EncounterFacts:
    """Facts of visits, read in the caller's transaction. The caller has authorised and audits."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def facts(self, tx: AsyncSession, encounter_id: EncounterId) -> VisitFacts:
        """Return what the visit knows, and hold it still until the transaction ends; raises NotFound.

        The visit starts with the first picture or sound, or with the claim when there never was any.
        """
        row = await store.visit(tx, encounter_id)
        return VisitFacts(
            encounter_id=row.id,
            patient_id=row.patient_id,
            practitioner_id=row.practitioner_id,
            fence=row.fence,
            in_progress=row.status is EncounterStatus.IN_PROGRESS,
            started_at=row.live_at or row.claimed_at,
            ended_at=row.ended_at,
            participants=await self._participants(tx, row),
            seated_in=row.cabin_id if row.seated_at and row.left_at is None else None,
        )

    async def claim(self, tx: AsyncSession, encounter_id: EncounterId) -> Claim:
        """Return whose visit it is, in one query that holds the claim until the commit; raises NotFound."""
        patient_id, practitioner_id, status = await store.claim_of(tx, encounter_id)
        return Claim(patient_id, practitioner_id, status is EncounterStatus.IN_PROGRESS)

    def held(self, visit: IdValue, doctor: IdValue) -> Condition:
        """Return the condition that `visit` is in progress and claimed by `doctor`; it holds the claim too."""
        return store.held(visit, doctor)

    async def patient_in(self, tx: AsyncSession, cabin_id: CabinId) -> tuple[EncounterId, PatientId] | None:
        """Return the visit that sits in a cabin and its patient, or None."""
        row = await store.seated(tx, cabin_id)
        return (row.id, row.patient_id) if row else None

    async def is_open(self, tx: AsyncSession, patient_id: PatientId) -> bool:
        """Return whether a patient waits or is seen just now."""
        return bool(await store.open_visits_of(tx, patient_id))

    async def pages_of(self, tx: AsyncSession, patient_id: PatientId) -> list[str]:
        """Return the lines of the pages that show the open visit of a patient, if there is one."""
        return [line for row in await store.open_visits_of(tx, patient_id) for line in lines_of(row)]

    async def nudge(self, lines: Sequence[str]) -> None:
        """Tell these pages that something changed; after the commit."""
        await self._ground.nudge(lines)

    async def _participants(self, tx: AsyncSession, row: EncounterRow) -> tuple[Participant, ...]:
        present = []
        if row.practitioner_id is not None:
            doctor = await people_store.practitioner(tx, row.practitioner_id)
            present.append(Participant(Part.PRACTITIONER, doctor.name, doctor.rpps))
        answers = await self._ground.answers(tx, row)
        if answers.companion:
            beside = row.accompanied is Accompanied.WITH_HEALTH_WORKER
            present.append(Participant(Part.HEALTH_WORKER if beside else Part.COMPANION, answers.companion))
        return (*present, *await guests.participants(self._ground, tx, row))
