"""One of the moments that stand on a page, as its form sends it back."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from server.kernel.ids import CabinId, HealthWorkerId, InstrumentId, PractitionerId
from server.kernel.words import N_
from server.scheduler.service.views import Choice

_CHOOSE = N_("Choisissez un des moments proposés.")


class Chosen(msgspec.Struct, frozen=True):
    """Which moment was pressed, and who serves then."""

    starts_at: Annotated[datetime, Meta(tz=True, description=_CHOOSE)]
    practitioner_id: Annotated[PractitionerId, Meta(description=_CHOOSE)]
    cabin_id: CabinId | None = None
    health_worker_id: HealthWorkerId | None = None
    instrument_id: InstrumentId | None = None

    @property
    def choice(self) -> Choice:
        """What the scheduler is asked for."""
        return Choice(self.starts_at, self.practitioner_id, self.cabin_id, self.health_worker_id, self.instrument_id)
