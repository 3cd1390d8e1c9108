"""« Je suis là »: which doctors take patients now."""

from sqlalchemy.ext.asyncio import AsyncSession

from server.encounters import store
from server.encounters.rules import DUTY_FOR
from server.encounters.service.ground import Ground, practitioner_of
from server.encounters.tables import DutyRow
from server.encounters.views import OnDuty
from server.kernel.access import Act, Identity, require


class Duty:
    """The duty of one doctor at a time: each says it for themself. Not seen for 10 minutes, it does not count."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def here(self, who: Identity) -> OnDuty:
        """Begin duty, or stay on duty: the desk says it every few minutes."""
        require(who, Act.DUTY_SAY)
        practitioner_id, now = practitioner_of(who), self._ground.now()
        async with self._ground.database.transaction() as tx:
            row = await store.lock_duty(tx, practitioner_id)
            begins = row is None or now - row.seen_at >= DUTY_FOR
            if row is None:
                row = DutyRow(practitioner_id=practitioner_id)
                tx.add(row)
            if begins:
                row.since = now
            row.seen_at = now
            lines = await self._lines(tx) if begins else []
        await self._ground.nudge(lines)
        return OnDuty(practitioner_id, row.since)

    async def away(self, who: Identity) -> None:
        """End duty. A visit that runs goes on."""
        require(who, Act.DUTY_SAY)
        async with self._ground.database.transaction() as tx:
            await store.end_duty(tx, practitioner_of(who))
            lines = await self._lines(tx)
        await self._ground.nudge(lines)

    async def current(self, who: Identity) -> OnDuty | None:
        """Return the caller's own duty, or None."""
        require(who, Act.DUTY_SAY)
        async with self._ground.database.reading() as tx:
            row = await store.duty(tx, practitioner_of(who))
        if row is None or self._ground.now() - row.seen_at >= DUTY_FOR:
            return None
        return OnDuty(row.practitioner_id, row.since)

    async def _lines(self, tx: AsyncSession) -> list[str]:
        return await self._ground.queue_lines(tx)
