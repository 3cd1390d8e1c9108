"""How a person wants the pages: language, theme and text size, kept in three cookies without an account."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from clinic_ui import i18n

THEMES = ("auto", "light", "dark", "contrast")
SIZES = ("1", "1.25", "1.5")
THEME_COOKIE = "tc-theme"
TEXT_COOKIE = "tc-text"
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Look:
    """What `<html>` says of itself; an empty theme means "the page's own": light in the cabin, auto on the desks."""

    locale: str
    dir: str
    theme: str
    text: str


def look_of(request: web.BaseRequest) -> Look:
    """Read the three cookies, forgiving what makes no sense."""
    locale = i18n.locale_of(request)
    theme = request.cookies.get(THEME_COOKIE, "")
    size = request.cookies.get(TEXT_COOKIE, "")
    return Look(
        locale,
        i18n.direction(locale),
        theme if theme in THEMES else "",
        size if size in SIZES else "1",
    )


def safe_back(target: str) -> str:
    """Return a path of ours to go back to, or the front door: never another site."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return "/"
    return target if target.isprintable() else "/"


async def settings(request: web.Request) -> web.StreamResponse:
    """POST /settings: keep what the form says (lang, theme, text) and go back to the page (back)."""
    form = await request.post()
    response = web.Response(status=303, headers={"Location": safe_back(str(form.get("back", "/")))})
    wanted = (
        ("lang", i18n.COOKIE, tuple(i18n.OFFERED)),
        ("theme", THEME_COOKIE, THEMES),
        ("text", TEXT_COOKIE, SIZES),
    )
    in_cabin = str(form.get("ui", "")) == "kiosk"
    for field, cookie, allowed in wanted:
        value = form.get(field)
        if value in allowed:
            # in the cabin the next person starts afresh: the cookie dies with the visit
            response.set_cookie(
                cookie, str(value), path="/", samesite="Lax", secure=request.secure, max_age=None if in_cabin else _YEAR
            )
    response.headers["Cache-Control"] = "no-store"
    return response
