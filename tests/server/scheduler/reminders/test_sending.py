"""The outbox: what is planned, who sends it, once, and what becomes of it when something changes or breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import select

from clinic_ui import i18n
from clinic_ui.dates import when
from server.config import Config
from server.kernel.ids import AppointmentId
from server.scheduler.reminders import sending
from server.scheduler.reminders.carriers import carriers_of
from server.scheduler.reminders.letters import Writer
from server.scheduler.reminders.rules import LEASE, Channel, ReminderStatus
from server.scheduler.reminders.sending import Sending
from server.scheduler.reminders.service import Reminders
from server.scheduler.reminders.tables import Reminder
from server.scheduler.rules.promise import PromiseStatus
from server.scheduler.service.views import CancelReason
from tests.server.scheduler.clinic import NEXT_MONDAY, Clinic, in_minutes
from tests.server.scheduler.reminders.providers import Gateway, mail_server, sms_gateway

S = ReminderStatus
KEY = "une-cle-de-test"


def _speak(locale: str, sentence: str, places: Mapping[str, object]) -> str:
    return i18n.translate(locale, sentence, **places)


def sender(clinic: Clinic, **settings: str) -> Sending:
    """A sender as a server has one."""
    ways = carriers_of(Config(mail_from="cabine@exemple.fr", **settings), clinic.clock)  # type: ignore[arg-type]
    return Sending(clinic.database, clinic.vault, clinic.clock, Writer(_speak, when, "https://c.fr"), ways)


def desk(clinic: Clinic) -> Reminders:
    """What the health worker uses."""
    return Reminders(
        clinic.database, clinic.village.people, clinic.vault, clinic.clock, clinic.village.exchange, list(Channel)
    )


async def booked(clinic: Clinic, *channels: Channel) -> AppointmentId:
    """Somebody who wants to be reminded by these channels has an appointment on Monday at nine."""
    promise = await clinic.promised()
    patient = (await clinic.stored(promise)).patient_id
    await desk(clinic).choose(clinic.nurse, patient, channels, "06 12 34 56 78", "o@exemple.fr", "fr")
    return await clinic.follow_ups.reserve(clinic.nurse, promise, clinic.choice(), KEY)


async def states(clinic: Clinic) -> list[ReminderStatus]:
    """Where the reminders stand, in the order in which they go out."""
    async with clinic.database.reading() as tx:
        return list(await tx.scalars(select(Reminder.status).order_by(Reminder.not_before)))


async def rows(clinic: Clinic) -> list[Reminder]:
    """The outbox."""
    async with clinic.database.reading() as tx:
        return list(await tx.scalars(select(Reminder).order_by(Reminder.not_before)))


@asynccontextmanager
async def by_sms(clinic: Clinic) -> AsyncIterator[tuple[Gateway, Sending]]:
    """A gateway and a sender; the first SMS of a booked appointment is due."""
    async with sms_gateway() as gateway:
        one = sender(clinic, sms_url=gateway.url)
        await booked(clinic, Channel.SMS)
        assert await one.plan() == 2
        clinic.clock.set(NEXT_MONDAY - timedelta(days=2) + timedelta(hours=3))  # Saturday at noon
        yield gateway, one
        for way in set(one._carriers.values()):
            await way.close()


async def test_a_booked_appointment_is_announced_twice_by_sms_at_the_hours_and_planning_again_adds_nothing(
    clinic: Clinic,
) -> None:
    async with by_sms(clinic) as (gateway, one):
        assert await one.plan() == 0
        assert await one.send_batch() == 1
        assert await one.send_batch() == 0
        (sent,) = gateway.effects.values()
        assert (sent["to"], sent["kind"]) == ("+33612345678", "sms")
        assert "lundi 9 mars à 9 h" in sent["text"].replace("\u00a0", " ")
        assert await states(clinic) == [S.SENT, S.DUE]
        gateway.became = "delivered"
        assert await one.ask() == 1
        clinic.clock.set(
            NEXT_MONDAY - timedelta(hours=1)
        )  # the evening of Sunday is quiet: it waited for eight o'clock
        assert await one.send_batch() == 1
        assert await states(clinic) == [S.DELIVERED, S.SENT]


async def test_ten_senders_at_once_send_each_reminder_once(clinic: Clinic) -> None:
    async with by_sms(clinic) as (gateway, one):
        counts = await asyncio.gather(*(one.send_batch() for _ in range(10)))
        assert sum(counts) == 1
        assert list(gateway.calls.values()) == [1]


async def test_a_sender_that_dies_is_followed_by_one_that_uses_the_same_key(clinic: Clinic) -> None:
    async with by_sms(clinic) as (gateway, one):
        settle = sending.store.settle

        async def dies(*_words: object, **_more: object) -> bool:
            raise ConnectionResetError

        sending.store.settle = dies  # type: ignore[assignment]
        try:
            await one.send_batch()
        except ConnectionResetError:
            pass
        finally:
            sending.store.settle = settle
        assert await states(clinic) == [S.SENDING, S.DUE]
        assert await one.send_batch() == 0  # the lease holds
        clinic.clock.advance(LEASE + timedelta(seconds=1))
        assert await one.send_batch() == 1
        assert (list(gateway.calls.values()), len(gateway.effects)) == ([2], 1)
        assert await states(clinic) == [S.SENT, S.DUE]


async def test_what_was_moved_or_cancelled_is_not_announced_and_the_new_moment_is(clinic: Clinic) -> None:
    async with by_sms(clinic) as (gateway, one):
        (first, _) = await rows(clinic)
        await clinic.follow_ups.move(clinic.nurse, first.appointment_id, 1, clinic.choice(in_minutes(60)))
        await one.send_batch()
        assert (await states(clinic), gateway.effects) == ([S.DROPPED, S.DUE], {})
        assert await one.plan() == 2
        await clinic.follow_ups.cancel(clinic.nurse, first.appointment_id, 2, CancelReason.OTHER)
        clinic.clock.set(NEXT_MONDAY)
        while await one.send_batch():
            pass
        assert (set(await states(clinic)), gateway.effects) == ({S.DROPPED}, {})


async def test_who_takes_the_consent_back_hears_nothing_more(clinic: Clinic) -> None:
    async with by_sms(clinic) as (gateway, one):
        (first, _) = await rows(clinic)
        await desk(clinic).choose(clinic.nurse, first.patient_id, [Channel.CARD], "", "", "fr")
        await one.send_batch()
        assert (await states(clinic), gateway.effects) == ([S.DROPPED, S.DUE], {})


async def test_a_provider_that_is_down_is_asked_again_later_and_given_up_after_six_times(clinic: Clinic) -> None:
    async with by_sms(clinic) as (gateway, one):
        gateway.answer = 503
        for _ in range(6):
            assert await one.send_batch() == 1
            assert await one.send_batch() == 0
            clinic.clock.advance(hours=1)
        row, _ = await rows(clinic)
        assert (row.status, row.trouble, row.attempts) == (S.FAILED, "answered-503", 6)
        gateway.answer = 400
        await desk(clinic).settle(clinic.nurse, row.id, again=True)
        await one.send_batch()
        assert (await rows(clinic))[0].trouble == "refused-400"


async def test_what_was_due_by_day_does_not_go_out_at_night(clinic: Clinic) -> None:
    async with by_sms(clinic) as (gateway, one):
        clinic.clock.set(NEXT_MONDAY - timedelta(days=1))  # Sunday
        await one.send_batch()
        assert gateway.effects == {}
        row = (await rows(clinic))[-1]
        assert (row.status, row.not_before) == (S.DUE, NEXT_MONDAY - timedelta(hours=1))


async def test_a_mail_of_which_nobody_knows_whether_it_left_waits_for_a_person(clinic: Clinic) -> None:
    with mail_server() as box:
        one = sender(clinic, smtp_url=box.url)
        await booked(clinic, Channel.EMAIL)
        assert await one.plan() == 2  # booked, and two days before: a week before is over
        assert await one.send_batch() == 1
        assert "Votre code" in box.mails[0].get_content()
        clinic.clock.set(NEXT_MONDAY - timedelta(days=2) + timedelta(hours=3))
        async with clinic.database.transaction() as tx:
            await sending.store.take(tx, clinic.clock(), [Channel.EMAIL], 10)  # and dies
        clinic.clock.advance(LEASE + timedelta(seconds=1))
        assert await one.send_batch() == 0
        assert await states(clinic) == [S.SENT, S.UNKNOWN]
        (line,) = await desk(clinic).to_look_at(clinic.nurse)
        assert line.line.status is S.UNKNOWN
        assert line.patient_name.startswith("Odette Lavergne")
        assert len(box.mails) == 1


async def test_it_runs_beside_the_server_and_ends_with_it(clinic: Clinic) -> None:
    async with by_sms(clinic) as (gateway, one):
        life = one.running(None)  # type: ignore[arg-type]
        await anext(life)
        await asyncio.wait_for(gateway.took.wait(), 30)
        assert await anext(life, None) is None
        assert await states(clinic) == [S.SENT, S.DUE]


async def test_saying_no_by_the_link_frees_the_moment_once_and_asks_for_a_call(clinic: Clinic) -> None:
    async with by_sms(clinic) as (gateway, one):
        await one.send_batch()
        ((sent,), office) = gateway.effects.values(), desk(clinic)
        token = sent["text"].split("/rdv/")[1].split()[0]
        page = await office.page(token, "1.2.3.4")
        assert (page.stands, page.meeting.starts_at) == (True, NEXT_MONDAY)
        await office.decline(token, "1.2.3.4")
        await office.decline(token, "1.2.3.4")
        assert not (await office.page(token, "1.2.3.4")).stands
        (line,) = await clinic.follow_ups.due(clinic.nurse)
        assert line.status is PromiseStatus.OFFERED
        await clinic.follow_ups.reserve(clinic.nurse, line.id, clinic.choice(), "une-autre-cle")  # the moment is free
        await office.stop(token, "1.2.3.4")
        assert await office.wishes(clinic.nurse, line.patient_id) == []
