"""Who would serve one person at a freed moment: the doctor whose moment it is, and a cabin and helper of their site."""

from datetime import datetime
from itertools import product

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import CabinId, HealthWorkerId, InstrumentId, PractitionerId
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.search import Found
from server.scheduler.rules.units import unit_of
from server.scheduler.service import asking
from server.scheduler.service.views import Choice
from server.scheduler.tables import FollowUpPromise


async def choice_for(
    tx: AsyncSession, row: FollowUpPromise, practitioner_id: PractitionerId, starts_at: datetime, now: datetime
) -> Choice | None:
    """Return the moment with who serves at this person's site, cheapest first; None when it does not stand."""
    doctors = ResourceKind.PRACTITIONER
    around = await asking.bench(tx, row, now, wide=True)
    narrowed = {
        kind: [one for one in side if kind is not doctors or one.calendar.subject_id == practitioner_id]
        for kind, side in around.sides.items()
    }
    for some in product(*narrowed.values()):
        serving = {one.calendar.kind: one.calendar.subject_id for one in some}
        if asking.stands(around, Found(unit_of(starts_at), 0, serving)):
            cabin, worker = serving.get(ResourceKind.CABIN), serving.get(ResourceKind.HEALTH_WORKER)
            instrument = serving.get(ResourceKind.INSTRUMENT)
            return Choice(
                starts_at,
                practitioner_id,
                CabinId(cabin) if cabin else None,
                HealthWorkerId(worker) if worker else None,
                InstrumentId(instrument) if instrument else None,
            )
    return None
