"""Choosing channels, the code said by telephone, and what the desk of another site learns: nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server.kernel.errors import Conflict, Invalid, NotFound, TooMany
from server.kernel.ids import SiteId, new_id
from server.scheduler.reminders.letters import keys_of
from server.scheduler.reminders.rules import Channel, ReminderStatus
from server.scheduler.reminders.service import Reminders
from server.scheduler.service.views import CancelReason
from tests.server.scheduler.clinic import Clinic, in_minutes
from tests.server.scheduler.reminders.test_sending import booked, desk, rows, sender


async def test_a_patient_chooses_by_channel_and_may_change_their_mind(clinic: Clinic) -> None:
    patient, office = await clinic.village.patient(), desk(clinic)
    nurse = clinic.nurse
    assert await office.wishes(nurse, patient) == []
    await office.choose(nurse, patient, [Channel.SMS, Channel.EMAIL], "06 12 34 56 78", "o@exemple.fr", "en")
    found = {(one.channel, one.address, one.locale) for one in await office.wishes(nurse, patient)}
    assert found == {(Channel.SMS, "+33612345678", "en"), (Channel.EMAIL, "o@exemple.fr", "en")}
    await office.choose(nurse, patient, [Channel.VOICE], "02 99 00 11 22", "", "fr")
    (one,) = await office.wishes(nurse, patient)
    assert (one.channel, one.address) == (Channel.VOICE, "+33299001122")
    with pytest.raises(Invalid, match="mobile"):
        await office.choose(nurse, patient, [Channel.CARD, Channel.SMS], "02 99 00 11 22", "", "fr")
    assert [one.channel for one in await office.wishes(nurse, patient)] == [Channel.VOICE]  # all or nothing


async def test_the_desk_of_another_site_learns_nothing(clinic: Clinic) -> None:
    appointment = await booked(clinic, Channel.SMS, Channel.CARD)
    await sender(clinic, sms_url="http://127.0.0.1:1").plan()
    row = next(one for one in await rows(clinic) if one.channel is Channel.CARD)
    stranger, office = replace(clinic.nurse, site_id=SiteId(new_id())), desk(clinic)
    assert await office.to_look_at(stranger) == []
    assert await office.card(stranger, appointment) is None
    for refused in (
        office.of_appointment(stranger, appointment),
        office.settle(stranger, row.id, again=False),
        office.by_code(stranger, keys_of(clinic.vault, row.id).code),
        office.wishes(stranger, row.patient_id),
    ):
        with pytest.raises(NotFound):
            await refused


async def test_a_card_waits_to_be_printed_and_its_code_opens_the_appointment_by_telephone(clinic: Clinic) -> None:
    appointment, office = await booked(clinic, Channel.CARD), desk(clinic)
    await sender(clinic).plan()
    (waiting,) = await office.to_look_at(clinic.nurse)
    keys = await office.card(clinic.nurse, appointment)
    assert keys is not None
    assert await office.by_code(clinic.nurse, f"{keys.code[:4]} {keys.code[4:]}") == appointment
    await office.settle(clinic.nurse, waiting.line.id, again=False)
    assert await office.to_look_at(clinic.nurse) == []
    (line,) = await office.of_appointment(clinic.nurse, appointment)
    assert (line.status, line.sent_at) == (ReminderStatus.SENT, clinic.clock())
    with pytest.raises(Conflict):
        await office.settle(clinic.nurse, waiting.line.id, again=True)
    with pytest.raises(Invalid):
        await office.by_code(clinic.nurse, "1234")
    for _ in range(8):
        with pytest.raises(NotFound):
            await office.by_code(clinic.nurse, "00000000")
    with pytest.raises(TooMany):
        await office.by_code(clinic.nurse, "00000000")


async def test_a_link_of_a_moment_that_is_past_or_changed_frees_nothing(clinic: Clinic) -> None:
    appointment, office = await booked(clinic, Channel.CARD), desk(clinic)
    await sender(clinic).plan()
    (row,) = await rows(clinic)
    token = keys_of(clinic.vault, row.id).token
    with pytest.raises(NotFound):
        await office.page(token[:-1], "1.2.3.4")
    await clinic.follow_ups.move(clinic.nurse, appointment, 1, clinic.choice(in_minutes(60)))
    assert not (await office.page(token, "1.2.3.4")).stands
    with pytest.raises(Conflict):
        await office.decline(token, "1.2.3.4")
    await clinic.follow_ups.cancel(clinic.nurse, appointment, 2, CancelReason.OTHER)
    with pytest.raises(Conflict):
        await office.decline(token, "1.2.3.4")
    clinic.clock.advance(timedelta(hours=1))
    for _ in range(30):
        await office.page(token, "1.2.3.4")
    with pytest.raises(TooMany):
        await office.page(token, "1.2.3.4")


def test_only_what_the_operator_has_set_up_can_be_chosen_and_always_a_card(clinic: Clinic) -> None:
    people, exchange = clinic.village.people, clinic.village.exchange
    bare = Reminders(clinic.database, people, clinic.vault, clinic.clock, exchange, [Channel.EMAIL])
    assert bare.channels == (Channel.EMAIL, Channel.CARD)
