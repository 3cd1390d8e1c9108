"""Who and what can be booked, and when it is open: resources, weekly rules, exceptions, closing days."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.audit.rules import Action
from server.audit.store import record
from server.kernel.access import Identity
from server.kernel.clock import Clock
from server.kernel.ids import ResourceId, new_id
from server.scheduler import store
from server.scheduler.closings.rules import holidays_of
from server.scheduler.rules.openings import Exceptional, ResourceKind, WeeklyRule, check_rules
from server.scheduler.tables import AvailabilityException, AvailabilityRule, Resource


class Agenda:
    """Opening hours, written in the caller's transaction. The caller has authorised; `who` None is the house itself."""

    def __init__(self, now: Clock) -> None:
        self._now = now

    async def open_weekly(
        self,
        tx: AsyncSession,
        who: Identity | None,
        kind: ResourceKind,
        subject_id: UUID,
        zone: str,
        rules: Collection[WeeklyRule],
    ) -> ResourceId:
        """Make a practitioner, cabin or health worker bookable, with these weekly rules instead of all earlier ones.

        Raises Invalid for an impossible rule.
        """
        check_rules(rules)
        row = Resource(id=ResourceId(new_id()), kind=kind, subject_id=subject_id, zone=zone, active=True)
        resource_id = await store.add_resource(tx, row)
        await store.replace_rules(tx, resource_id, [_row(resource_id, rule) for rule in rules])
        await self._note(tx, who, resource_id)
        return resource_id

    async def except_for(
        self, tx: AsyncSession, who: Identity | None, resource_id: ResourceId, one: Exceptional, reason: str
    ) -> None:
        """Open or close a resource once. What is already booked in a closed time stays booked: people move it."""
        tx.add(
            AvailabilityException(
                id=new_id(),
                resource_id=resource_id,
                kind=one.kind,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                modality=one.modality,
                reason=reason,
                site_id=one.site_id,
            )
        )
        await self._note(tx, who, resource_id)

    async def close_on_holidays(self, tx: AsyncSession, zone: str, years: Iterable[int], area: str = "") -> int:
        """Copy the public holidays of a zone, or of an area in it, into rows that people can edit; return how many."""
        days = holidays_of(area or zone, zone, years)
        for on, label in sorted(days.items()):
            await store.add_closing_day(tx, area or zone, on, label)
        return len(days)

    async def _note(self, tx: AsyncSession, who: Identity | None, resource_id: ResourceId) -> None:
        await record(tx, who, Action.HOURS_CHANGED, at=self._now(), record=f"resource:{resource_id}")


def _row(resource_id: ResourceId, rule: WeeklyRule) -> AvailabilityRule:
    return AvailabilityRule(
        id=new_id(),
        resource_id=resource_id,
        weekday=rule.weekday,
        start_min=rule.start_min,
        end_min=rule.end_min,
        modality=rule.modality,
        valid_from=rule.valid_from,
        valid_to=rule.valid_to,
        site_id=rule.site_id,
        every_weeks=rule.every_weeks,
    )
