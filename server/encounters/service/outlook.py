"""What somebody who has not sat down yet may know: which doctors are there now, and how long it would take."""

from dataclasses import dataclass

from server.encounters import store
from server.encounters.rules import DUTY_FOR
from server.encounters.service.ground import Ground, cabin_of
from server.encounters.service.screen import honest_wait
from server.encounters.views import Doctor, doctor
from server.kernel.access import Act, Identity, require
from server.people import store as people_store


@dataclass(frozen=True, slots=True)
class Outlook:
    """The doctors on duty, and minutes (low, high) for a newcomer; None when no doctor is there."""

    doctors: tuple[Doctor, ...]
    minutes: tuple[int, int] | None


class Outlooks:
    """The view from the door of the cabin."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def now(self, who: Identity) -> Outlook:
        """Return who is there and how long a newcomer would wait; names nobody who waits."""
        require(who, Act.VISIT_INTAKE)
        cabin_of(who)
        async with self._ground.database.reading() as tx:
            on_duty = await store.on_duty(tx, self._ground.now() - DUTY_FOR)
            known = {one.id: doctor(one) for one in await people_store.practitioners(tx)}
            place = len(await store.line(tx)) + 1
            minutes = await honest_wait(tx, self._ground, place, len(on_duty))
        return Outlook(tuple(known[one] for one in on_duty), minutes)
