"""What every request passes: a request id and a language, then the guard, and errors put into words.

    naming  ->  json_errors (only /api/)  ->  parting  ->  guard: same origin? which door? who? may they?  ->  view

Pages have their own translation of errors (`clinic_ui.render`), outside of the guard.
"""

import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from server.kernel.access import Act, Door, require
from server.kernel.errors import ClinicError, NotAllowed, NotFound, NotSignedIn, TooMany
from server.kernel.policy import PUBLIC
from server.kernel.words import N_
from server.web.cookies import session_token
from server.web.keys import DOOR, IDENTIFY, LOCALE, ORIGINS, REQUEST_ID, TRANSLATE, WHO
from server.web.routes import rule_of_request
from server.web.wire import reply

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOCALES = ("fr", "en")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LEFT = 499  # for the metrics alone: the caller's line was cut before the answer
log = structlog.get_logger(__name__)


def preferred_locale(request: web.Request) -> str:
    """Return the language of the page: the cookie `tc-lang`, else the browser's first that we have, else French."""
    chosen = request.cookies.get("tc-lang", "")
    if chosen in LOCALES:
        return chosen
    for part in request.headers.get("Accept-Language", "").split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code in LOCALES:
            return code
    return "fr"


@web.middleware
async def naming(request: web.Request, handler: Next) -> web.StreamResponse:
    """Give the request an id and a language; refuse compressed bodies, which could unpack to gigabytes."""
    request[REQUEST_ID] = secrets.token_hex(6)
    request[LOCALE] = preferred_locale(request)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise web.HTTPUnsupportedMediaType(text="Content-Encoding is not accepted.")
    with structlog.contextvars.bound_contextvars(request_id=request[REQUEST_ID]):
        response = await handler(request)
    if not response.prepared and not request.path.startswith("/static/"):  # files say what they need themselves
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers["X-Request-Id"] = request[REQUEST_ID]
    return response


async def unnamed(_request: web.Request, response: web.StreamResponse) -> None:
    """Do not say in every answer which program we are, and of which version."""
    response.headers.pop("Server", None)


def is_api(request: web.Request) -> bool:
    """Return whether the answer must be JSON."""
    return request.path.startswith("/api/")


def _refusal(request: web.Request, error: ClinicError) -> web.Response:
    translate = request.app[TRANSLATE]
    locale = request[LOCALE]
    body = {
        "error": {
            "code": error.code,
            "message": translate(locale, error.message, error.params),
            "fields": {name: translate(locale, text, error.params) for name, text in error.fields.items()},
        }
    }
    response = reply(body, error.status)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


@web.middleware
async def json_errors(request: web.Request, handler: Next) -> web.StreamResponse:
    """Translate what goes wrong below /api/ into one JSON shape, in the caller's language."""
    if not is_api(request):
        return await handler(request)
    try:
        return await handler(request)
    except ClinicError as error:
        return _refusal(request, error)
    except web.HTTPNotFound:
        return _refusal(request, NotFound(N_("Cette adresse n’existe pas.")))
    except web.HTTPException as error:
        code = (error.reason or "error").lower().replace(" ", "-")
        return reply({"error": {"code": code, "message": error.reason, "fields": {}}}, error.status)
    except Exception:
        log.exception("request failed", path=_pattern(request))
        failed = ClinicError(
            N_("Une panne est arrivée de notre côté. Ce qui était enregistré l’est toujours. Référence : %(ref)s"),
            ref=request[REQUEST_ID],
        )
        return _refusal(request, failed)


@web.middleware
async def parting(request: web.Request, handler: Next) -> web.StreamResponse:
    """A line that is cut while its caller speaks is no fault of ours, and nobody is there to be answered."""
    try:
        return await handler(request)
    except ConnectionError:
        if request.transport is not None and not request.transport.is_closing():
            raise  # the caller is there: something that we need is not
        return web.Response(status=LEFT)


@web.middleware
async def guard(request: web.Request, handler: Next) -> web.StreamResponse:
    """Let through only what the policy table allows: deny by default."""
    rule = rule_of_request(request)
    if rule is None:
        return await handler(request)  # no such route: the router's own 404 or 405 follows
    if request.method not in SAFE_METHODS:
        refuse_foreign(request)
    if rule is PUBLIC:
        return await handler(request)
    door = door_of(request)
    token = session_token(request, door)
    who = await request.app[IDENTIFY](token, door) if token else None
    if who is None:
        raise NotSignedIn(N_("Vous n’êtes pas connecté, ou votre session est finie. Rien n’a été perdu."))
    request[WHO] = who
    if isinstance(rule, Act):
        require(who, rule)
    if request.method not in SAFE_METHODS and not is_api(request):
        await _check_form(request, who.csrf)
    return await handler(request)


def door_of(request: web.Request) -> Door:
    """Return the door of a request: the X-TC header of the API, or the first part of a page's path."""
    name = request.headers.get("X-TC", "") if is_api(request) else request.path.split("/")[1]
    try:
        door = Door(name)
    except ValueError:
        raise NotAllowed(N_("Cette demande ne dit pas de quelle porte elle vient."), code="no-door") from None
    request[DOOR] = door
    return door


def refuse_foreign(request: web.Request) -> None:
    """Refuse a change that another site asked the browser to make (CSRF)."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        own = site == "same-origin"
    else:
        own = origin is not None and (urlsplit(origin).netloc == request.host or origin in request.app[ORIGINS])
    if not own:
        raise NotAllowed(N_("Cette demande vient d’un autre site. Rien n’a été changé."), code="foreign")


async def _check_form(request: web.Request, csrf: str) -> None:
    try:
        form = await request.post()
    except (ValueError, UnicodeDecodeError):
        raise web.HTTPBadRequest(text="The form cannot be read.") from None
    sent = form.get("csrf")
    if not isinstance(sent, str) or not secrets.compare_digest(sent.encode(), csrf.encode()):
        raise NotAllowed(N_("La page était trop ancienne. Rechargez-la et recommencez."), code="stale-form")


def _pattern(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else "?"
