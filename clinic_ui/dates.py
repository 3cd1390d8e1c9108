"""Dates, times and numbers as people say them, in their language and at the village's hour.

    when   mardi 24 novembre à 9 h 30      Tuesday 24 November at 9:30
    day    mardi 24 novembre               Tuesday 24 November
    hour   9 h 30                          9:30

Spaces inside an hour do not break. Instants are aware; `zone` is where they are shown.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal

ZONE = ZoneInfo("Europe/Paris")
_HARD = "\N{NO-BREAK SPACE}"
_BABEL = {"en": "en_GB"}


def _locale(locale: str) -> str:
    return _BABEL.get(locale, locale)


def _there(at: datetime, zone: ZoneInfo) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant must know its zone")
    return at.astimezone(zone)


def day(on: date | datetime, locale: str, zone: ZoneInfo = ZONE, *, year: bool = False) -> str:
    """Return « mardi 24 novembre », with the year when asked."""
    on = _there(on, zone).date() if isinstance(on, datetime) else on
    words = format_date(on, "EEEE d MMMM y" if year else "EEEE d MMMM", locale=_locale(locale))
    return words.replace(" 1 ", " 1er ", 1) if locale == "fr" else words


def long_day(on: date | datetime, locale: str, zone: ZoneInfo = ZONE) -> str:
    """Return « mardi 24 novembre 2026 »."""
    return day(on, locale, zone, year=True)


def short_day(on: date | datetime, locale: str, zone: ZoneInfo = ZONE) -> str:
    """Return « 24/11/2026 », for desks and tables."""
    on = _there(on, zone).date() if isinstance(on, datetime) else on
    return format_date(on, "dd/MM/y", locale=_locale(locale))


def hour(at: datetime, locale: str, zone: ZoneInfo = ZONE) -> str:
    """Return « 9 h 30 », « 9 h » on the hour, or "9:30"; an hour that comes twice says which."""
    there = _there(at, zone)
    if locale != "fr":
        return f"{there.hour}:{there.minute:02d}{_which(there, (' (first time)', ' (second time)'))}"
    minutes = f"{_HARD}{there.minute:02d}" if there.minute else ""
    return f"{there.hour}{_HARD}h{minutes}{_which(there, (' (la 1re fois)', ' (la 2e fois)'))}"


def _which(there: datetime, words: tuple[str, str]) -> str:
    """Return which of the two is meant when clocks show this hour twice on that day."""
    twice = there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
    return words[there.fold] if twice else ""


def clock(at: datetime, locale: str, zone: ZoneInfo = ZONE) -> str:
    """Return "09:30", the tight form of desks."""
    return f"{_there(at, zone):%H:%M}"


def when(at: datetime, locale: str, zone: ZoneInfo = ZONE) -> str:
    """Return « mardi 24 novembre à 9 h 30 »."""
    joint = "à" if locale == "fr" else "at"
    return f"{day(at, locale, zone)} {joint} {hour(at, locale, zone)}"


def minutes(lasting: timedelta | float, locale: str) -> str:
    """Return « 18 min », « 2 h 05 » of a duration (seconds when a number)."""
    seconds = lasting.total_seconds() if isinstance(lasting, timedelta) else lasting
    whole = max(0, int(seconds // 60))
    if whole < 60:
        return f"{whole}{_HARD}min"
    hours, rest = divmod(whole, 60)
    return f"{hours}{_HARD}h" + (f"{_HARD}{rest:02d}" if rest else "")


def since(at: datetime, locale: str, now: datetime | None = None) -> str:
    """Return how long ago `at` was, as `minutes` says it."""
    return minutes((now or datetime.now(UTC)) - at, locale)


def age(born_on: date, locale: str, today: date | None = None) -> str:
    """Return « 81 ans », « 14 mois » under two years."""
    today = today or datetime.now(ZONE).date()
    months = (today.year - born_on.year) * 12 + today.month - born_on.month - (today.day < born_on.day)
    years = months // 12
    if years < 2:
        unit = "mois" if locale == "fr" else ("month" if months == 1 else "months")
        return f"{months}{_HARD}{unit}"
    return f"{years}{_HARD}{'ans' if locale == 'fr' else 'years'}"


def number(value: float | Decimal, locale: str, digits: int = 1) -> str:
    """Return « 37,1 » with at most `digits` decimals."""
    pattern = "#,##0." + "#" * digits if digits else "#,##0"
    return format_decimal(value, format=pattern, locale=_locale(locale))
