"""The ways out: a mail server (SMTP), and a small HTTP gateway for SMS and spoken messages.

POST {gateway}           {"id", "kind": "sms" | "voice", "to", "text", "locale"}, header Idempotency-Key: id
    2xx {"ref": "…"}     taken; the same id again is the same message, and gives the same answer
    4xx                  refused for good (408, 425 and 429: later)
    5xx, no answer       later
GET  {gateway}/{ref}     {"status": "sent" | "delivered" | "failed"}
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiohttp
import aiosmtplib

from server.config import Config
from server.kernel.clock import Clock
from server.kernel.errors import ConfigError
from server.scheduler.reminders.rules import Channel, ReminderStatus

PATIENCE = 20.0  # s: a provider that takes longer is asked again
_LATER = (408, 425, 429)
_SAID = {"delivered": ReminderStatus.DELIVERED, "failed": ReminderStatus.FAILED}


class NotNow(Exception):
    """The way is closed for the moment; its text is a short word for the log and the screen."""


class Refused(Exception):
    """It will never arrive by this way; its text is a short word for the log and the screen."""


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out. `id` is the same at each attempt."""

    id: str
    channel: Channel
    to: str
    subject: str
    text: str
    locale: str


class Carrier(Protocol):
    """A way out."""

    deduplicates: bool
    """Whether the same id twice is one message: then a doubtful one may be sent again."""

    async def send(self, message: Message) -> str:
        """Hand a message over; return the provider's word for it. Raises NotNow or Refused."""

    async def ask(self, ref: str) -> ReminderStatus:
        """Return SENT, DELIVERED or FAILED: what became of a message that was taken."""

    async def close(self) -> None:
        """Let go of connections."""


class Gateway:
    """SMS and spoken messages, through one HTTP address."""

    deduplicates = True

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: Message) -> str:
        """Hand a message over; return the provider's word for it."""
        body = {
            "id": message.id,
            "kind": message.channel.value,
            "to": message.to,
            "text": message.text,
            "locale": message.locale,
        }
        status, answer = await self._say("POST", self._url, body, {"Idempotency-Key": message.id})
        if 200 <= status < 300:
            return str(answer.get("ref", ""))[:120]
        if 400 <= status < 500 and status not in _LATER:
            raise Refused(f"refused-{status}")
        raise NotNow(f"answered-{status}")

    async def ask(self, ref: str) -> ReminderStatus:
        """Return what the provider says became of it; SENT as long as it does not say."""
        status, answer = await self._say("GET", f"{self._url}/{ref}")
        said = str(answer.get("status", "")) if status == 200 else ""
        return _SAID.get(said, ReminderStatus.SENT)

    async def _say(
        self, method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, object]]:
        if self._session is None:
            limit = aiohttp.TCPConnector(limit=20)
            self._session = aiohttp.ClientSession(connector=limit, timeout=aiohttp.ClientTimeout(PATIENCE))
        try:
            sent = {**self._headers, **(headers or {})}
            async with self._session.request(method, url, json=body, headers=sent, allow_redirects=False) as answer:
                found = await answer.json(content_type=None) if answer.status < 300 else {}
                return answer.status, found if isinstance(found, dict) else {}
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotNow("no-answer") from error

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed over: `smtp://` (STARTTLS where it is offered) or `smtps://`."""

    host: str
    port: int
    user: str
    password: str
    at_once_tls: bool
    sender: str


class Mail:
    """E-mail. The Message-ID is the reminder's, so that a provider that looks keeps one of two."""

    deduplicates = False

    def __init__(self, server: MailServer, now: Clock) -> None:
        self._server = server
        self._now = now
        self._turns = asyncio.Semaphore(4)  # connections at once: more looks like a flood

    async def send(self, message: Message) -> str:
        """Hand a mail over; return its Message-ID."""
        mail, server = self._mail(message), self._server
        try:
            async with self._turns:
                await aiosmtplib.send(
                    mail,
                    hostname=server.host,
                    port=server.port,
                    username=server.user or None,
                    password=server.password or None,
                    use_tls=server.at_once_tls,
                    timeout=PATIENCE,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise (Refused if all(500 <= code < 600 for code in codes) else NotNow)("recipient-refused") from error
        except aiosmtplib.SMTPResponseException as error:
            for_good = 500 <= error.code < 600 and not isinstance(error, aiosmtplib.SMTPAuthenticationError)
            raise (Refused if for_good else NotNow)(f"answered-{error.code}") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotNow("no-answer") from error
        return str(mail["Message-ID"])

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._server.sender, message.to, message.subject
        mail["Date"] = format_datetime(self._now())
        mail["Message-ID"] = f"<{message.id}@{self._server.sender.rpartition('@')[2].strip('>')}>"
        mail["Auto-Submitted"], mail["Content-Language"] = "auto-generated", message.locale
        mail.set_content(message.text)
        return mail

    async def ask(self, ref: str) -> ReminderStatus:
        """Return SENT: a mail server tells no more than that it took the mail."""
        return ReminderStatus.SENT

    async def close(self) -> None:
        """Nothing is kept open."""


def carriers_of(config: Config, now: Clock) -> dict[Channel, Carrier]:
    """Return the ways that the operator has opened. Raises ConfigError for a setting that leads nowhere."""
    found: dict[Channel, Carrier] = {}
    if config.sms_url:
        gateway = Gateway(config.sms_url, _secret("SMS_TOKEN_FILE", config.sms_token_file))
        found[Channel.SMS] = found[Channel.VOICE] = gateway
    if config.smtp_url:
        found[Channel.EMAIL] = Mail(_server(config), now)
    return found


def _server(config: Config) -> MailServer:
    url = urlsplit(config.smtp_url)
    if not url.hostname or "@" not in config.mail_from:
        raise ConfigError("TELECABIN_SMTP_URL needs a host, and TELECABIN_MAIL_FROM the address that mails come from")
    tls = url.scheme == "smtps"
    port = url.port or (465 if tls else 587)
    password = _secret("SMTP_PASSWORD_FILE", config.smtp_password_file)
    return MailServer(url.hostname, port, unquote(url.username or ""), password, tls, config.mail_from)


def _secret(name: str, path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ConfigError(f"TELECABIN_{name}: {error.strerror}") from None
