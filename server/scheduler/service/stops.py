"""Why nothing was found where no cabin but the medicobus serves: the first day on which it stops there."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.records.rules.note import Modality
from server.scheduler import store
from server.scheduler.live import store as live
from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.search import Ask, WhyEmpty
from server.scheduler.rules.units import day_units, local_day
from server.scheduler.service import asking
from server.scheduler.service.views import Proposals
from server.scheduler.tables import FollowUpPromise

LOOKS = 92  # days: a bus that comes less often than once in three months is not waited for
_NOT_THERE = (WhyEmpty.CLOSED, WhyEmpty.NO_CABIN)


async def say_when(tx: AsyncSession, row: FollowUpPromise, ask: Ask, shown: Proposals) -> Proposals:
    """Return an empty answer with the day of the first stop, when all stops come too late; any other as it is."""
    if shown.why_empty not in _NOT_THERE or ResourceKind.CABIN not in asking.kinds_of(row):
        return shown
    stopping = await live.stopping(tx, row.site_id)
    cabins, closed = await asking.cabins_in_service(tx, row.site_id, stopping)
    if not cabins or any(one.site_id == row.site_id for one in cabins.values()) or closed:
        return shown
    today = local_day(ask.not_before, ask.zone)
    days = [today + timedelta(days=number) for number in range(LOOKS)]
    span = range(day_units(days[0], ask.zone).start, day_units(days[-1], ask.zone).stop)
    known = await store.calendars(tx, list(cabins), span, taken=False)

    def stops(on: date) -> bool:
        there = day_units(on, ask.zone)
        return any(one.open_in(there, Modality.REMOTE, row.site_id) for one in known.values())

    first = next((on for on in days if stops(on)), None)
    if first is None or first <= ask.window.latest_on:
        return shown
    return replace(shown, why_empty=WhyEmpty.BUS_LATER, bus_on=first)
