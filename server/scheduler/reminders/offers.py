"""Puts the message about an offered moment into the outbox, in the transaction that offers it."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.kernel.ids import ReminderId, new_id
from server.kernel.sealing import Vault
from server.people import store as people_store
from server.scheduler.reminders import store
from server.scheduler.reminders.letters import keys_of
from server.scheduler.reminders.rules import Channel, Occasion, ReminderStatus
from server.scheduler.tables import Appointment

TIME_TO_ANSWER = timedelta(minutes=10)
"""A message that leaves later than this before the end would only annoy."""


class Telling:
    """Writes offers into the outbox, by the channels that a person has chosen."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def tell(self, tx: AsyncSession, held: Appointment, now: datetime, until: datetime) -> int:
        """Return by how many channels the person is told; 0: somebody of the site calls them."""
        root = (await people_store.roots(tx, [held.patient_id]))[held.patient_id]
        wanted = [one.channel for one in await store.choices(tx, [root]) if one.wanted]
        rows = [self._row(held, channel, now, until) for channel in wanted if channel is not Channel.CARD]
        return await store.add(tx, rows) if rows else 0

    def _row(self, held: Appointment, channel: Channel, now: datetime, until: datetime) -> dict[str, object]:
        reminder_id = ReminderId(new_id())
        keys = keys_of(self._vault, reminder_id)
        return {
            "id": reminder_id,
            "appointment_id": held.id,
            "patient_id": held.patient_id,
            "site_id": held.site_id,
            "starts_at": held.starts_at,
            "channel": channel,
            "status": ReminderStatus.DUE,
            "fence": 0,
            "attempts": 0,
            "token_hash": keys.token_hash,
            "code_index": self._vault.blind("reminder", "code", keys.code),
            "occasion": Occasion.OFFER,
            "not_before": now,
            "not_after": until - TIME_TO_ANSWER,
        }
