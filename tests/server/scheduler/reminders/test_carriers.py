"""Mails and messages leave for real servers, and what these answer is understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.config import Config
from server.kernel.errors import ConfigError
from server.scheduler.reminders.carriers import Carrier, Gateway, Message, NotNow, Refused, carriers_of
from server.scheduler.reminders.rules import Channel, ReminderStatus
from tests.clock import FakeClock
from tests.components import free_port
from tests.server.scheduler.reminders.providers import mail_server, sms_gateway

SMS = Message("0190-1", Channel.SMS, "+33612345678", "", "Rendez-vous mardi", "fr")
MAIL = Message("0190-2", Channel.EMAIL, "odette@exemple.fr", "Votre rendez-vous, où ?", "À la mairie.", "fr")


def _mail(url: str) -> Carrier:
    return carriers_of(Config(smtp_url=url, mail_from="cabine@exemple.fr"), FakeClock())[Channel.EMAIL]


async def test_a_gateway_takes_a_message_once_and_says_what_became_of_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    async with sms_gateway() as gateway:
        ways = carriers_of(Config(sms_url=gateway.url, sms_token_file=tmp_path / "token"), FakeClock())
        assert set(ways) == {Channel.SMS, Channel.VOICE}
        way = ways[Channel.SMS]
        assert await way.send(SMS) == await way.send(SMS) == "ref-0190-1"
        assert gateway.effects["0190-1"] == {
            "id": "0190-1", "kind": "sms", "to": "+33612345678", "text": "Rendez-vous mardi", "locale": "fr",
        }  # fmt: skip
        assert (gateway.calls["0190-1"], gateway.authorised) == (2, {"Bearer secret"})
        assert await way.ask("ref-0190-1") is ReminderStatus.SENT
        gateway.became = "delivered"
        assert await way.ask("ref-0190-1") is ReminderStatus.DELIVERED
        for answer, raised in ((400, Refused), (429, NotNow), (503, NotNow)):
            gateway.answer = answer
            with pytest.raises(raised):
                await way.send(SMS)
        await way.close()


async def test_a_gateway_that_is_not_there_is_asked_again_later() -> None:
    way = Gateway(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(NotNow):
        await way.send(SMS)
    await way.close()


async def test_a_mail_server_takes_a_mail_with_the_same_message_id_each_time() -> None:
    with mail_server() as box:
        way = _mail(box.url)
        assert await way.send(MAIL) == await way.send(MAIL) == "<0190-2@exemple.fr>"
        first, again = box.mails
        assert first["Message-ID"] == again["Message-ID"]
        assert (first["To"], first["From"]) == ("odette@exemple.fr", "cabine@exemple.fr")
        assert first["Subject"] == "Votre rendez-vous, où ?"
        assert first.get_content().strip() == "À la mairie."
        assert first["Auto-Submitted"] == "auto-generated"
        assert await way.ask("<0190-2@exemple.fr>") is ReminderStatus.SENT
        for answer, raised in (("550 no such mailbox", Refused), ("451 later", NotNow)):
            box.answer = answer
            with pytest.raises(raised):
                await way.send(MAIL)
    with pytest.raises(NotNow):
        await way.send(MAIL)
    await way.close()


def test_a_setting_that_leads_nowhere_stops_the_start() -> None:
    assert carriers_of(Config(), FakeClock()) == {}
    with pytest.raises(ConfigError, match="MAIL_FROM"):
        carriers_of(Config(smtp_url="smtp://mail.exemple.fr"), FakeClock())
    with pytest.raises(ConfigError, match="SMS_TOKEN_FILE"):
        carriers_of(Config(sms_url="http://sms", sms_token_file=Path("/nowhere/token")), FakeClock())
