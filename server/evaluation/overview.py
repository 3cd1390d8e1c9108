"""The coordinator's day: which cabins work, who waits too long, which follow-ups nobody has booked."""

from datetime import datetime
from zoneinfo import ZoneInfo

from server.database.engine import Database
from server.encounters.rules import DUTY_FOR, CallStatus, EncounterStatus
from server.evaluation import store
from server.evaluation.rules import CabinLine, CabinState, Day, middle
from server.evaluation.store import Waiting
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.people import store as people_store
from server.people.rules import Cabin

ZONE = ZoneInfo("Europe/Paris")  # the day of the territory; sites of other zones come with their country pack


class Overview:
    """Numbers of the day. No name of a patient, no reason, no text is ever opened here."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def today(self, who: Identity) -> Day:
        """Return the day so far."""
        require(who, Act.OVERVIEW_SEE)
        now = self._now()
        morning = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        today = morning.date()
        async with self._database.reading() as tx:
            sites = {site.id: site.name for site in await people_store.sites(tx)}
            waiting, seated = await store.waiting(tx), await store.seated(tx)
            cabins = await people_store.cabins(tx)
            finished, left = await store.ended_since(tx, morning)
            unbooked, late = await store.follow_ups_to_book(tx, today)
            return Day(
                cabins=tuple(_line(one, sites[one.site_id], seated.get(one.id), waiting, now) for one in cabins),
                doctors=tuple(await store.doctors_on_duty(tx, now - DUTY_FOR)),
                visits_finished=finished,
                visits_left=left,
                median_wait_minutes=middle(await store.waits_since(tx, morning)),
                incidents=await store.incidents_since(tx, morning),
                follow_ups_unbooked=unbooked,
                follow_ups_late=late,
            )


def _line(
    cabin: Cabin, site: str, seated: tuple[EncounterStatus, CallStatus] | None, waiting: list[Waiting], now: datetime
) -> CabinLine:
    since = [one.since for one in waiting if one.cabin_id == cabin.id]
    longest = max((now - one for one in since), default=now - now)
    state = _state(seated) if cabin.in_service else CabinState.OUT_OF_SERVICE
    return CabinLine(cabin.id, cabin.name, site, cabin.phone, state, len(since), int(longest.total_seconds() // 60))


def _state(seated: tuple[EncounterStatus, CallStatus] | None) -> CabinState:
    if seated is None:
        return CabinState.FREE
    status, call = seated
    if status is EncounterStatus.IN_PROGRESS:
        return CabinState.CLOSING if call is CallStatus.ENDED else CabinState.WITH_DOCTOR
    if status is EncounterStatus.ARRIVED:
        return CabinState.INTAKE
    return CabinState.CLOSING if status is EncounterStatus.FINISHED else CabinState.WAITING
