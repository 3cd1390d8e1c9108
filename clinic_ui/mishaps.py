"""What a person reads when a page cannot be shown: what happened, what is safe, what to do. Never a trace."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from aiohttp import web

from clinic_ui import i18n
from clinic_ui.look import look_of, safe_back
from clinic_ui.render import FRAGMENT, door_of, fragment, render, wants_fragment
from server.kernel.access import Door
from server.kernel.errors import ClinicError, NotFound, NotSignedIn, TooMany
from server.kernel.words import N_
from server.web.keys import REQUEST_ID

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = structlog.get_logger()
_NOT_PAGES = ("/api/", "/static/", "/signal", "/healthz", "/readyz")


@dataclass(frozen=True, slots=True)
class Mishap:
    """The three sentences of an error page, in French."""

    title: str
    safe: str
    todo: str


_KEPT = N_("Rien n’a été changé. Ce qui était enregistré est gardé.")
MISHAPS = {
    401: Mishap(N_("Vous n’êtes plus connecté."), _KEPT, N_("Connectez-vous de nouveau.")),
    403: Mishap(
        N_("Cette page n’est pas pour vous."),
        _KEPT,
        N_("Revenez à l’accueil. Si vous devez voir cette page, demandez à la personne qui gère les comptes."),
    ),
    404: Mishap(N_("Cette page n’existe pas."), _KEPT, N_("Revenez à l’accueil.")),
    405: Mishap(N_("Cette page s’ouvre autrement."), _KEPT, N_("Revenez à l’accueil.")),
    409: Mishap(
        N_("Cela a changé entre-temps."),
        N_("Votre travail n’a pas remplacé celui d’un autre."),
        N_("Revenez à la page : elle montre l’état d’aujourd’hui."),
    ),
    422: Mishap(N_("Il manque quelque chose."), _KEPT, N_("Revenez à la page et corrigez votre réponse.")),
    429: Mishap(
        N_("C’est allé trop vite."), _KEPT, N_("Attendez une minute, puis recommencez. En urgence, appelez le 15.")
    ),
    500: Mishap(
        N_("Une panne est arrivée de notre côté."),
        N_("Ce qui était enregistré est gardé."),
        N_("Réessayez. Si cela continue, appelez l’accueil et dites la référence. En urgence, appelez le 15."),
    ),
    503: Mishap(
        N_("Une partie du service est arrêtée."),
        N_("Ce qui était enregistré est gardé."),
        N_("Réessayez dans quelques minutes. En urgence, appelez le 15."),
    ),
}


def home_of(request: web.BaseRequest) -> str:
    """Return the first page of the door where the person stands."""
    first = request.path.split("/")[1]
    return f"/{first}" if first in [door.value for door in Door] else "/"


def error_page(request: web.Request, error: ClinicError, reference: str = "") -> web.Response:
    """Return the page (or fragment) that tells of `error`."""
    mishap = MISHAPS.get(error.status, MISHAPS[500])
    locale = look_of(request).locale
    happened = i18n.translate(locale, error.message, **error.params)
    draw = fragment if wants_fragment(request) else render
    return draw(
        request,
        "shared/mishap_piece.html" if wants_fragment(request) else "shared/mishap.html",
        status=error.status,
        happened=happened,
        wrong=[i18n.translate(locale, text, **error.params) for text in error.fields.values()],
        title=i18n.translate(locale, mishap.title),
        safe=i18n.translate(locale, mishap.safe),
        todo=i18n.translate(locale, mishap.todo),
        home=home_of(request),
        reference=reference,
        kiosk=door_of(request) == Door.CABIN.value,
    )


def _to_sign_in(request: web.Request) -> web.Response:
    door = door_of(request)
    back = safe_back(request.path_qs if request.method == "GET" else request.path)
    response = web.Response(status=303, headers={"Location": f"/signin/{door}?back={quote(back, safe='/')}"})
    if wants_fragment(request):
        response = web.Response(status=401, headers={FRAGMENT: "1", "X-Sign-In": f"/signin/{door}"})
    response.headers["Cache-Control"] = "no-store"
    return response


@web.middleware
async def page_errors(request: web.Request, handler: Next) -> web.StreamResponse:
    """Put whatever goes wrong in a page into plain words; JSON, files and sockets have their own ways."""
    if request.path.startswith(_NOT_PAGES):
        return await handler(request)
    try:
        return await handler(request)
    except NotSignedIn as error:
        known = door_of(request) in [door.value for door in Door]
        return _to_sign_in(request) if known else error_page(request, error)
    except ClinicError as error:
        response = error_page(request, error)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    except web.HTTPNotFound:
        return error_page(request, NotFound(N_("L’adresse demandée ne mène nulle part.")))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return error_page(request, _spoken(error))
    except Exception:
        reference = request.get(REQUEST_ID) or secrets.token_hex(4)
        resource = request.match_info.route.resource
        _log.exception("page_failed", reference=reference, route=resource.canonical if resource else "?")
        return error_page(request, ClinicError(N_("La page ne peut pas être montrée.")), reference)


def _spoken(error: web.HTTPException) -> ClinicError:
    spoken = ClinicError(N_("Le navigateur a demandé quelque chose que nous ne savons pas faire."))
    spoken.status = error.status if error.status in MISHAPS else 400
    return spoken
