"""Session cookies, one for each door, so that a cabin, a desk and an office can live in one browser."""

from aiohttp import web

from server.kernel.access import Door
from server.web.keys import SECURE


def cookie_name(app: web.Application, door: Door) -> str:
    """Return the cookie's name: bound to the host (`__Host-`) wherever we are served over https."""
    return f"__Host-tc-{door.value}" if app[SECURE] else f"tc-{door.value}"


def give_session(request: web.Request, response: web.StreamResponse, door: Door, token: str) -> None:
    """Set the session cookie of `door`. It ends with the browser; the server keeps the real limits."""
    response.set_cookie(
        cookie_name(request.app, door),
        token,
        path="/",
        httponly=True,
        secure=request.app[SECURE],
        samesite="Strict",
    )


def take_session(request: web.Request, response: web.StreamResponse, door: Door) -> None:
    """Remove the session cookie of `door`."""
    response.del_cookie(
        cookie_name(request.app, door), path="/", secure=request.app[SECURE], httponly=True, samesite="Strict"
    )


def _guest_cookie(app: web.Application) -> str:
    return "__Host-tc-guest" if app[SECURE] else "tc-guest"


def give_guest(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """Set the cookie by which a guest's browser is known, until it is closed."""
    name = _guest_cookie(request.app)
    response.set_cookie(name, token, path="/", httponly=True, secure=request.app[SECURE], samesite="Strict")


def guest_token(request: web.Request) -> str:
    """Return what the guest's browser shows, or nothing."""
    return request.cookies.get(_guest_cookie(request.app), "")


def session_token(request: web.Request, door: Door) -> str | None:
    """Return the token that the browser sent for `door`, if any."""
    return request.cookies.get(cookie_name(request.app, door))
