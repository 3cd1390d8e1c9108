"""What the records ask of the visits. Encounters stand on a floor above, and hand themselves in."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import CabinId, EncounterId, PatientId
from server.records.rules.note import Claim, VisitFacts
from server.records.store import Condition, IdValue

__all__ = ["Condition", "IdValue", "Visits"]


class Visits(Protocol):
    """Implemented by the encounters subject."""

    async def facts(self, tx: AsyncSession, encounter_id: EncounterId) -> VisitFacts:
        """Return what the visit knows, read in the caller's transaction; raises NotFound."""

    async def claim(self, tx: AsyncSession, encounter_id: EncounterId) -> Claim:
        """Return whose visit it is, in one query that holds the claim until the commit; raises NotFound."""

    def held(self, visit: IdValue, doctor: IdValue) -> Condition:
        """Return the condition that `visit` is in progress and claimed by `doctor`, for a write to carry along.

        It holds the claim until the commit, as `claim` does. A visit never changes its patient.
        """

    async def patient_in(self, tx: AsyncSession, cabin_id: CabinId) -> tuple[EncounterId, PatientId] | None:
        """Return the visit that sits in a cabin and its patient, or None."""

    async def pages_of(self, tx: AsyncSession, patient_id: PatientId) -> list[str]:
        """Return the lines of the pages that show the open visit of a patient, if there is one."""

    async def nudge(self, lines: Sequence[str]) -> None:
        """Tell these pages that something changed; after the commit. A lost nudge costs a refresh."""
