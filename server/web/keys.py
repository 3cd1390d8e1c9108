"""Typed names of what requests and the application carry."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from server.kernel.access import Door, Identity

Identify = Callable[[str, Door], Awaitable[Identity | None]]
"""Returns who holds this session token at this door, or None."""

Translate = Callable[[str, str, Mapping[str, object]], str]
"""(locale, French sentence, its places) -> the sentence in that language."""

IDENTIFY: web.AppKey[Identify] = web.AppKey("identify")
TRANSLATE: web.AppKey[Translate] = web.AppKey("translate")
SECURE: web.AppKey[bool] = web.AppKey("secure", bool)
ORIGINS: web.AppKey[frozenset[str]] = web.AppKey("origins")

WHO: web.RequestKey[Identity] = web.RequestKey("who", Identity)
DOOR: web.RequestKey[Door] = web.RequestKey("door", Door)
LOCALE: web.RequestKey[str] = web.RequestKey("locale", str)
REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)


def who_is(request: web.Request) -> Identity:
    """Return the signed-in caller. The middleware has made sure that there is one on every guarded route."""
    return request[WHO]
