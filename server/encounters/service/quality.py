"""Keeping what the ends of a call report of it, and what the report of the visit must say because of it."""

from sqlalchemy.ext.asyncio import AsyncSession

from server.encounters import store
from server.encounters.quality_rules import MOST_CALLS, Report, check, of_visit
from server.encounters.rules import IncidentKind
from server.encounters.service.ground import Ground
from server.encounters.tables import CallQualityRow, EncounterRow, IncidentRow
from server.kernel.ids import new_id
from signalling.ladder import WITHOUT_VIDEO_MOST
from signalling.protocol import Seat


async def keep(ground: Ground, tx: AsyncSession, row: EncounterRow, seat: Seat, report: Report) -> bool:
    """Keep a report in the caller's transaction, in place of what the same call said before.

    Return whether the visit's incidents changed. Raises Invalid for numbers that cannot be true; what says less than
    is known already (it was overtaken on its way), or comes from one call too many, changes nothing.
    """
    now = ground.now()
    check(report, now - (row.claimed_at or now))
    known = {(one.seat, one.call): one for one in await store.call_qualities(tx, row.id)}
    had = known.get((seat, report.call))
    if had is None and sum(one is seat for one, _call in known) >= MOST_CALLS:
        return False
    if had is None:
        had = CallQualityRow(encounter_id=row.id, seat=seat, call=report.call)
        tx.add(had)
    elif store.report(had).lasted > report.lasted:
        return False
    store.write_report(had, report, now)
    await tx.flush()
    return await _note_voice_alone(ground, tx, row)


async def _note_voice_alone(ground: Ground, tx: AsyncSession, row: EncounterRow) -> bool:
    """More than 30 s without video is one incident of the visit, however many ends and calls tell of it."""
    rows = await store.call_qualities(tx, row.id)
    quality = of_visit((one.seat, store.report(one)) for one in rows)
    if quality is None or quality.without_video <= WITHOUT_VIDEO_MOST:
        return False
    found = [one for one in await store.incidents(tx, row.id) if one.kind is IncidentKind.AUDIO_ONLY]
    if found and found[0].seconds >= quality.without_video:
        return False
    if found:
        found[0].seconds = quality.without_video
    else:
        new = IncidentRow(id=new_id(), encounter_id=row.id, at=ground.now(), kind=IncidentKind.AUDIO_ONLY)
        new.seconds = quality.without_video
        tx.add(new)
    return True
