"""The coordinator's day: which cabins work, who waits too long, which follow-ups nobody has booked."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.database.engine import Database
from server.encounters.help_rules import HelpCall, HelpKind, is_open
from server.encounters.quality_rules import Report
from server.encounters.rules import DUTY_FOR, CallStatus, EncounterStatus
from server.evaluation import store
from server.evaluation.call_rules import WEEKS, LineWeek, VisitCalls, by_week, monday
from server.evaluation.rules import CabinLine, CabinState, Day, middle
from server.evaluation.store import Waiting
from server.kernel.access import Act, Identity, require
from server.kernel.clock import Clock
from server.kernel.ids import CabinId, EncounterId, SiteId
from server.people import store as people_store
from server.people.rules import Cabin
from signalling.protocol import Seat

_Seats = Mapping[CabinId, tuple[EncounterStatus, CallStatus]]
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
            calls = {one: call for one, call in (await store.help_calls(tx)).items() if is_open(call, now)}
            cabins = await people_store.cabins(tx)
            finished, left = await store.ended_since(tx, morning)
            unbooked, late = await store.follow_ups_to_book(tx, today)
            states = {one.id: _state(one, seated, calls) for one in cabins}
            return Day(
                cabins=tuple(_line(one, sites[one.site_id], states[one.id], waiting, now) for one in cabins),
                doctors=tuple(await store.doctors_on_duty(tx, now - DUTY_FOR)),
                visits_finished=finished,
                visits_left=left,
                median_wait_minutes=middle(await store.waits_since(tx, morning)),
                incidents=await store.incidents_since(tx, morning),
                follow_ups_unbooked=unbooked,
                follow_ups_late=late,
                running_late=tuple(await store.running_late(tx, morning, morning + timedelta(days=1))),
            )

    async def lines(self, who: Identity) -> tuple[LineWeek, ...]:
        """Return how the line of each village was, week by week: seconds and percentiles, and nobody's call alone."""
        require(who, Act.OVERVIEW_SEE)
        this_week = monday(self._now().astimezone(ZONE).date())
        since = datetime.combine(this_week - timedelta(weeks=WEEKS - 1), time(), ZONE)
        async with self._database.reading() as tx:
            sites = {site.id: site.name for site in await people_store.sites(tx)}
            return by_week(_visits(await store.calls_since(tx, since)), sites)


def _visits(rows: list[tuple[EncounterId, SiteId, datetime, Seat, Report]]) -> list[VisitCalls]:
    """Return the reports by visit; a visit belongs to the day on which its first call was reported."""
    first: dict[EncounterId, tuple[SiteId, datetime]] = {}
    reports: dict[EncounterId, list[tuple[Seat, Report]]] = {}
    for visit, site_id, at, seat, report in rows:
        first.setdefault(visit, (site_id, at))
        reports.setdefault(visit, []).append((seat, report))
    return [
        VisitCalls(visit, site_id, at.astimezone(ZONE).date(), tuple(reports[visit]))
        for visit, (site_id, at) in first.items()
    ]


def _line(cabin: Cabin, site: str, state: CabinState, waiting: list[Waiting], now: datetime) -> CabinLine:
    since = [one.since for one in waiting if one.cabin_id == cabin.id]
    longest = max((now - one for one in since), default=now - now)
    return CabinLine(cabin.id, cabin.name, site, cabin.phone, state, len(since), int(longest.total_seconds() // 60))


def _state(cabin: Cabin, seated: _Seats, calls: Mapping[CabinId, HelpCall]) -> CabinState:
    if cabin.id in calls:
        return CabinState.EMERGENCY if calls[cabin.id].kind is HelpKind.EMERGENCY else CabinState.HELP
    if not cabin.in_service:
        return CabinState.OUT_OF_SERVICE
    if cabin.id not in seated:
        return CabinState.FREE
    status, call = seated[cabin.id]
    if status is EncounterStatus.IN_PROGRESS:
        return CabinState.CLOSING if call is CallStatus.ENDED else CabinState.WITH_DOCTOR
    if status is EncounterStatus.ARRIVED:
        return CabinState.INTAKE
    return CabinState.CLOSING if status is EncounterStatus.FINISHED else CabinState.WAITING
