"""What the first screen says of today: open or not, who is there, how long it takes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.encounters.service.outlook import Outlooks
from server.encounters.views import Doctor
from server.kernel.access import Identity
from server.people.places import Places
from server.scheduler.service.hours import Hours


class Door(StrEnum):
    """How the cabin's door stands."""

    OPEN = "open"
    NO_DOCTOR = "no-doctor"
    """One may sit down; nobody can say yet how long it takes."""
    CLOSED = "closed"
    OUT_OF_ORDER = "out-of-order"


@dataclass(frozen=True, slots=True)
class Today:
    """The sign at the door. `minutes` is (low, high)."""

    door: Door
    doctors: tuple[Doctor, ...] = ()
    minutes: tuple[int, int] | None = None
    open_until: datetime | None = None
    opens_at: datetime | None = None


class Todays:
    """Puts the sign together. A doctor who is there keeps the cabin open beyond its hours."""

    def __init__(self, places: Places, outlooks: Outlooks, hours: Hours) -> None:
        self._places = places
        self._outlooks = outlooks
        self._hours = hours

    async def of(self, who: Identity) -> Today:
        """Return what the caller's cabin shows now."""
        outlook = await self._outlooks.now(who)
        opening = await self._hours.of_cabin(who)
        until = opening.open_until if opening else None
        if who.cabin_id is not None and not (await self._places.post(who, who.cabin_id)).cabin.in_service:
            return Today(Door.OUT_OF_ORDER)
        if outlook.doctors:
            return Today(Door.OPEN, outlook.doctors, outlook.minutes, until)
        if opening is None or opening.is_open:
            return Today(Door.NO_DOCTOR, open_until=until)
        return Today(Door.CLOSED, opens_at=opening.opens_at)
