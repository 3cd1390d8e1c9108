"""What a reminder says: when, where, whom to call, and how to say that one cannot come. Never who, nor why."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from server.kernel.sealing import Vault
from server.kernel.words import N_
from server.scheduler.reminders.rules import CODE_DIGITS, Channel, gsm

SMS = N_("Rendez-vous %(when)s, %(place)s. Pas libre ? %(link)s ou %(phone)s")
SUBJECT = N_("Votre rendez-vous %(when)s")
EMAIL = N_(
    "Bonjour,\n\nVous avez un rendez-vous %(when)s.\nLieu : %(place)s\n\n"
    "Vous ne pouvez pas venir, ou vous ne voulez plus de rappels ?\n%(link)s\n\n"
    "Une question ? Appelez le %(phone)s. Votre code : %(code)s\n"
)
VOICE = N_(
    "Bonjour. Vous avez un rendez-vous %(when)s, %(place)s. "
    "Si vous ne pouvez pas venir, appelez le %(phone)s et donnez ce code : %(spoken)s. "
    "Je répète : rendez-vous %(when)s. Le code : %(spoken)s. Au revoir."
)
OFFER_SMS = N_("Un moment plus tôt est libre : %(when)s, %(place)s. Oui ou non avant %(until)s : %(link)s ou %(phone)s")
OFFER_SUBJECT = N_("Un moment plus tôt est libre : %(when)s")
OFFER_EMAIL = N_(
    "Bonjour,\n\nUn moment plus tôt est libre : %(when)s.\nLieu : %(place)s\n\n"
    "Il est gardé pour vous jusqu’à %(until)s. Répondez oui ou non :\n%(link)s\n\n"
    "Sans réponse, il est proposé à quelqu’un d’autre. Un rendez-vous que vous avez déjà reste à sa place.\n\n"
    "Une question ? Appelez le %(phone)s. Votre code : %(code)s\n"
)
OFFER_VOICE = N_(
    "Bonjour. Un moment plus tôt est libre : %(when)s, %(place)s. Il est gardé pour vous jusqu’à %(until)s. "
    "Pour dire oui ou non, appelez le %(phone)s et donnez ce code : %(spoken)s. "
    "Je répète : %(when)s. Le code : %(spoken)s. Au revoir."
)

AT_HOME = N_("chez vous")
AT_STOP = N_("arrêt du médicobus, %(place)s")

Speak = Callable[[str, str, Mapping[str, object]], str]
"""(locale, French sentence, its places) -> the sentence in that language."""
SayWhen = Callable[[datetime, str, ZoneInfo], str]
"""(instant, locale, zone) -> « mardi 24 novembre à 9 h 30 »."""


@dataclass(frozen=True, slots=True)
class _Letters:
    sms: str
    subject: str
    email: str
    voice: str


_LETTERS = _Letters(SMS, SUBJECT, EMAIL, VOICE)
_OFFERS = _Letters(OFFER_SMS, OFFER_SUBJECT, OFFER_EMAIL, OFFER_VOICE)


@dataclass(frozen=True, slots=True)
class Meeting:
    """What may be said of an appointment."""

    starts_at: datetime
    zone: str
    place: str
    """Empty: at the person's home."""
    phone: str
    answer_by: datetime | None = None
    """Of a moment that is offered: until when it is kept."""
    at_stop: bool = False
    """The medicobus stops at that place."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens one reminder's page: the token in the link, and the digits that one says by telephone."""

    token: str
    code: str

    @property
    def token_hash(self) -> bytes:
        """What the database keeps of the token."""
        return hash_of(self.token)


def keys_of(vault: Vault, reminder_id: UUID) -> Keys:
    """Return the token and the code of a reminder: the same at each attempt, and secret without the index key."""
    token = base64.urlsafe_b64encode(vault.blind("reminder", "link", str(reminder_id))).decode().rstrip("=")
    number = int.from_bytes(vault.blind("reminder", "spoken", str(reminder_id))[:8], "big")
    return Keys(token, f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}d}")


def hash_of(token: str) -> bytes:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes reminders in the patient's language."""

    speak: Speak
    say_when: SayWhen
    origin: str

    def link(self, keys: Keys) -> str:
        """Return the address of a reminder's page."""
        return f"{self.origin}/rdv/{keys.token}"

    def write(self, channel: Channel, locale: str, meeting: Meeting, keys: Keys) -> tuple[str, str]:
        """Return subject and text."""
        places = {
            "when": self.say_when(meeting.starts_at, locale, ZoneInfo(meeting.zone)),
            "place": self._where(locale, meeting),
            "phone": meeting.phone,
            "link": self.link(keys),
            "code": f"{keys.code[:4]} {keys.code[4:]}",
            "spoken": ", ".join(keys.code),
        }
        if meeting.answer_by is not None:
            places["until"] = self.say_when(meeting.answer_by, locale, ZoneInfo(meeting.zone))
        letters = _LETTERS if meeting.answer_by is None else _OFFERS
        if channel is Channel.EMAIL:
            return self.speak(locale, letters.subject, places), self.speak(locale, letters.email, places)
        if channel is Channel.VOICE:
            return "", self.speak(locale, letters.voice, places)
        return "", gsm(self.speak(locale, letters.sms, places))

    def _where(self, locale: str, meeting: Meeting) -> str:
        if meeting.at_stop:
            return self.speak(locale, AT_STOP, {"place": meeting.place})
        return meeting.place or self.speak(locale, AT_HOME, {})
