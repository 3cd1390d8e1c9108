"""An offer says when, where, until when and how to answer; nothing of who or why."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clinic_ui.dates import when
from server.clinic import translate
from server.scheduler.reminders.letters import Keys, Meeting, Writer
from server.scheduler.reminders.offers import Telling
from server.scheduler.reminders.rules import Channel
from server.scheduler.reminders.tables import Reminder
from tests.server.scheduler.clinic import Clinic

KEYS = Keys("jeton", "12345678")
MEETING = Meeting(
    datetime(2026, 3, 9, 8, tzinfo=UTC), "Europe/Paris", "Mairie, Saint-Fiacre", "02 99 00 00 01",
    answer_by=datetime(2026, 3, 3, 9, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.EMAIL, Channel.VOICE])
def test_an_offer_says_when_where_and_until_when(channel: Channel, locale: str) -> None:
    _, text = Writer(translate, when, "https://clinique.example").write(channel, locale, MEETING, KEYS)
    assert "Saint-Fiacre" in text
    assert "10" in text
    assert ("rdv/jeton" in text) is (channel is not Channel.VOICE)
    assert "%(" not in text


async def test_nobody_is_told_who_has_chosen_no_channel(clinic: Clinic) -> None:
    promise = await clinic.promised()
    held = await clinic.follow_ups.hold(clinic.nurse, promise, clinic.choice())
    from server.scheduler import store

    async with clinic.database.transaction() as tx:
        row = await store.appointment(tx, held.id)
        assert await Telling(clinic.vault).tell(tx, row, clinic.clock(), held.until) == 0
    assert await clinic.count(Reminder) == 0
