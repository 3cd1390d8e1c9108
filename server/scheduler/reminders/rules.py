"""When a reminder goes out and by which way, what may stand in it, and what becomes of it.

    due ──take──► sending ──sent──► sent ──arrived──► delivered
     ▲ ▲             │ │ │             └──bounced──► failed
     │ └───again─────┘ │ └──refuse───────────────────► failed
     │                 └──lose: nobody knows─────────► unknown
     └──retry (a person)── failed | unknown
    due | sending ──drop──► dropped          due | failed | unknown ──by hand──► sent

A reminder says when, where and whom to call: no name, no specialty, no reason, no result (CNIL).
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from server.kernel.errors import Conflict, Invalid
from server.kernel.words import N_

QUIET_FROM, QUIET_TO = time(20), time(8)
EVENING = time(18)
"""When a message goes out that would have fallen into the night after: people still read it."""
AT_LEAST = timedelta(minutes=30)
"""Before the appointment: later, a reminder only disturbs on the way."""
STILL_KNOWN = timedelta(hours=12)
"""After booking nobody needs to be reminded."""
MOST_ATTEMPTS = 6
LEASE = timedelta(minutes=2)
CODE_DIGITS = 8
_SUNDAY = 6


class Channel(StrEnum):
    """A way to remind somebody."""

    SMS = "sms"
    EMAIL = "email"
    VOICE = "voice"
    """A call that reads the text aloud: for landlines."""
    CARD = "card"
    """A card that somebody of the site prints and hands over."""


class Occasion(StrEnum):
    """On what occasion."""

    BOOKED = "booked"
    WEEK = "week-before"
    TWO_DAYS = "two-days-before"
    DAY = "day-before"
    HOURS = "hours-before"
    OFFER = "offer"
    """A moment that was freed is kept for them: they say yes or no."""


class ReminderStatus(StrEnum):
    """Where a reminder stands."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The sender died between sending and writing it down, and the way does not tell twice from once."""
    DROPPED = "dropped"


class ReminderMove(StrEnum):
    """What happens to a reminder."""

    TAKE = "take"
    AGAIN = "again"
    SEND = "send"
    ARRIVE = "arrive"
    BOUNCE = "bounce"
    REFUSE = "refuse"
    LOSE = "lose"
    DROP = "drop"
    RETRY = "retry"
    BY_HAND = "by-hand"


_S, _M = ReminderStatus, ReminderMove
MOVES = {
    (_S.DUE, _M.TAKE): _S.SENDING,
    (_S.SENDING, _M.TAKE): _S.SENDING,
    (_S.SENDING, _M.AGAIN): _S.DUE,
    (_S.SENDING, _M.SEND): _S.SENT,
    (_S.SENDING, _M.REFUSE): _S.FAILED,
    (_S.SENDING, _M.LOSE): _S.UNKNOWN,
    (_S.SENT, _M.ARRIVE): _S.DELIVERED,
    (_S.SENT, _M.BOUNCE): _S.FAILED,
    (_S.DUE, _M.DROP): _S.DROPPED,
    (_S.SENDING, _M.DROP): _S.DROPPED,
    (_S.FAILED, _M.RETRY): _S.DUE,
    (_S.UNKNOWN, _M.RETRY): _S.DUE,
    (_S.DUE, _M.BY_HAND): _S.SENT,
    (_S.FAILED, _M.BY_HAND): _S.SENT,
    (_S.UNKNOWN, _M.BY_HAND): _S.SENT,
}
TROUBLED = (_S.FAILED, _S.UNKNOWN)
"""States in which somebody of the site has to look."""

CADENCE = {
    Channel.SMS: (Occasion.TWO_DAYS, Occasion.HOURS),
    Channel.EMAIL: (Occasion.BOOKED, Occasion.WEEK, Occasion.TWO_DAYS),
    Channel.VOICE: (Occasion.DAY,),
    Channel.CARD: (Occasion.BOOKED,),
}
BEFORE = {
    Occasion.WEEK: timedelta(days=7),
    Occasion.TWO_DAYS: timedelta(days=2),
    Occasion.DAY: timedelta(days=1),
    Occasion.HOURS: timedelta(hours=2),
}


def after(status: ReminderStatus, move: ReminderMove) -> ReminderStatus:
    """Return the state that `move` leads to, or raise Conflict."""
    try:
        return MOVES[status, move]
    except KeyError:
        raise Conflict(
            N_("Ce rappel a changé entre-temps. Rien n’a été modifié. Rechargez la page."), code="reminder-moved"
        ) from None


def wait_for(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: a minute, two, four… up to an hour."""
    return timedelta(minutes=min(60, 2 ** max(0, attempts - 1)))


@dataclass(frozen=True, slots=True)
class Quiet:
    """When a village is left in peace: nights, Sundays and its closing days, in its own zone."""

    zone: str
    closed: Collection[date] = ()

    def is_quiet(self, at: datetime) -> bool:
        """Whether nobody may be disturbed at an instant."""
        local = at.astimezone(ZoneInfo(self.zone))
        return not QUIET_TO <= local.time() < QUIET_FROM or self._off(local.date())

    def later(self, at: datetime) -> datetime:
        """Return the first instant from `at` on at which people may be disturbed."""
        if not self.is_quiet(at):
            return at
        local = at.astimezone(ZoneInfo(self.zone))
        on = local.date() + timedelta(days=1 if local.time() >= QUIET_FROM else 0)
        while self._off(on):
            on += timedelta(days=1)
        return datetime.combine(on, QUIET_TO, ZoneInfo(self.zone)).astimezone(at.tzinfo)

    def sooner(self, at: datetime) -> datetime:
        """Return `at`, or an evening before it when it falls into a quiet time."""
        if not self.is_quiet(at):
            return at
        local = at.astimezone(ZoneInfo(self.zone))
        on = local.date() - timedelta(days=0 if local.time() >= QUIET_FROM else 1)
        while self._off(on):
            on -= timedelta(days=1)
        return datetime.combine(on, EVENING, ZoneInfo(self.zone)).astimezone(at.tzinfo)

    def _off(self, on: date) -> bool:
        return on.weekday() == _SUNDAY or on in self.closed


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when a reminder may go out."""

    not_before: datetime
    not_after: datetime


def window(occasion: Occasion, starts_at: datetime, booked_at: datetime, quiet: Quiet) -> Window | None:
    """Return when this reminder goes out; None when it makes no sense: booked too late, or no quiet hour fits."""
    not_after = starts_at - (timedelta(days=3) if occasion is Occasion.WEEK else AT_LEAST)
    if occasion is Occasion.BOOKED:
        not_before = quiet.later(booked_at)
    else:
        wanted = starts_at - BEFORE[occasion]
        if wanted < booked_at + STILL_KNOWN:
            return None
        not_before = quiet.sooner(wanted)
        if not_before < booked_at:
            not_before = quiet.later(wanted)
    return Window(not_before, not_after) if not_before < not_after else None


# --- what is written ------------------------------------------------------------------------------------------------

_GSM = frozenset(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
) | frozenset(" \n\r")
_TWICE = frozenset("^{}\\[~]|€")
"""GSM 03.38 extension: these take two places."""
_PLAIN = str.maketrans({"’": "'", "‘": "'", "«": '"', "»": '"', "“": '"', "”": '"', "–": "-", "—": "-", "…": "...",
                        "\u00a0": " ", "\u202f": " ", "œ": "oe", "Œ": "OE"})  # fmt: skip


def gsm(text: str) -> str:
    """Return the text in the alphabet of SMS: one « ê » would make 70 letters of the 160."""
    plain = text.translate(_PLAIN)
    return "".join(letter if letter in _GSM or letter in _TWICE else _bare(letter) for letter in plain)


def _bare(letter: str) -> str:
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if base in _GSM else "?"


def segments(text: str) -> int:
    """Return of how many parts an SMS consists: 160 letters alone, 153 in each part of several."""
    places = sum(2 if letter in _TWICE else 1 for letter in text)
    return 1 if places <= 160 else -(-places // 153)


# --- where it goes --------------------------------------------------------------------------------------------------

_OVERSEAS = {"262": "262", "692": "262", "693": "262", "263": "262", "639": "262", "590": "590", "690": "590",
             "691": "590", "594": "594", "694": "594", "596": "596", "696": "596", "697": "596"}  # fmt: skip
_MOBILE = re.compile(r"\+(33[67]|262(69|639)|590(690|691)|594694|596(696|697)|(?!33|262|590|594|596))")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,180}[A-Za-z0-9])?\Z")


def dialled(text: str) -> str:
    """Return a telephone number as the network wants it: +33 for a French one, that of the place overseas."""
    bare = re.sub(r"[\s.()-]", "", text)
    if re.fullmatch(r"0[1-9]\d{8}", bare):
        return f"+{_OVERSEAS.get(bare[1:4], '33')}{bare[1:]}"
    if re.fullmatch(r"(\+|00)[1-9]\d{7,14}", bare):
        return "+" + bare.removeprefix("00").removeprefix("+")
    raise Invalid(N_("Ce numéro n’a pas la bonne forme."), fields={"phone": N_("Écrivez le numéro avec dix chiffres.")})


def address_for(channel: Channel, phone: str, email: str) -> str:
    """Return where a channel leads, or raise Invalid naming what lacks."""
    if channel is Channel.CARD:
        return ""
    if channel is Channel.EMAIL:
        if not _EMAIL.fullmatch(email.strip()) or ".." in email:
            raise Invalid(
                N_("Cette adresse n’a pas la bonne forme."), fields={"email": N_("Écrivez une adresse e-mail.")}
            )
        return email.strip()
    number = dialled(phone)
    if channel is Channel.SMS and not _MOBILE.match(number):
        raise Invalid(
            N_("Un SMS n’arrive que sur un mobile."),
            fields={
                "phone": N_("Un SMS n’arrive que sur un mobile. Choisissez l’appel, ou donnez un numéro de mobile.")
            },
        )
    return number
