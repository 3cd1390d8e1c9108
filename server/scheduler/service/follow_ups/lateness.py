"""« En retard »: said at the office for somebody who telephones, seen by the doctor, and taken back."""

from server.audit.rules import Action
from server.kernel.access import Act, Identity, require
from server.kernel.ids import AppointmentId
from server.scheduler.rules.late import checked
from server.scheduler.service.follow_ups.steps import Steps


class Lateness(Steps):
    """Notes who comes late."""

    async def say_late(self, who: Identity, appointment_id: AppointmentId, version: int, minutes: int | None) -> int:
        """Note that somebody who is booked comes so many minutes late; None takes it back. Returns the new version.

        The moment stays theirs, the doctor's pages show it, and until then nobody can note that they did not come.
        """
        require(who, Act.FOLLOW_UP_BOOK)
        promise_id = await self._promise_of(appointment_id)
        async with self._database.transaction() as tx:
            _, booked = await self._booked(tx, who, promise_id, appointment_id, version)
            booked.late_min = checked(minutes, booked.starts_at, self._now())
            await self._audit(tx, who, Action.APPOINTMENT_LATE, booked, f"{minutes} min" if minutes else "taken-back")
        await self._nudger.nudge(f"site:{booked.site_id}", "queue")
        return booked.version
