"""The front page with its doors, signing in and signing out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from clinic_ui import i18n
from clinic_ui.forms import answers, read_form
from clinic_ui.look import look_of, safe_back, settings
from clinic_ui.render import render
from server.accounts.service import Accounts
from server.kernel.access import Door
from server.kernel.errors import ClinicError, Invalid, NotFound, NotSignedIn, TooMany
from server.kernel.words import N_
from server.web.cookies import give_session, session_token, take_session
from server.web.routes import Routes

DOOR_WORDS = {
    Door.CABIN: (N_("Cabine"), N_("L’écran du village"), "home"),
    Door.DESK: (N_("Médecin"), N_("Le bureau à distance"), "stethoscope"),
    Door.OFFICE: (N_("Accueil"), N_("Infirmière, assistante, pharmacien"), "users"),
    Door.COORDINATION: (N_("Coordination"), N_("La commune, la CPTS"), "list"),
}


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody synthetic whose sign-in is offered on the page, in the demo only."""

    door: Door
    login: str
    password: str
    name: str
    about: str


class _SignIn(msgspec.Struct, frozen=True):
    login: Annotated[str, Meta(max_length=60, description=N_("Écrivez votre identifiant."))]
    password: Annotated[str, Meta(max_length=200, description=N_("Écrivez votre mot de passe."))]
    back: str = ""


class SignInPages:
    """The pages before anyone is known."""

    def __init__(self, accounts: Accounts, demo_people: Sequence[DemoPerson] = ()) -> None:
        self._accounts = accounts
        self._demo_people = demo_people

    def routes(self) -> Routes:
        """Return the routes of the front door."""
        return [
            ("GET", "/", self.front),
            ("POST", "/settings", settings),
            ("GET", "/signin/{door}", self.ask),
            ("POST", "/signin/{door}", self.sign_in),
            ("POST", "/signout/{door}", self.sign_out),
        ]

    async def front(self, request: web.Request) -> web.Response:
        """GET /: the doors; those where this browser is already signed in lead straight inside."""
        known = [door for door in Door if await self._holder(request, door)]
        doors = [(door, *DOOR_WORDS[door], door in known) for door in DOOR_WORDS]
        return render(
            request, "signin/front.html", title=i18n.translate(_locale(request), N_("Bienvenue")), doors=doors
        )

    async def ask(self, request: web.Request) -> web.Response:
        """GET /signin/{door}"""
        return self._page(request, _door(request), {"back": request.query.get("back", "")})

    async def sign_in(self, request: web.Request) -> web.Response:
        """POST /signin/{door}: a session cookie for this door, and on to the page that was asked for."""
        door = _door(request)
        given = await answers(request)
        try:
            asked = await read_form(request, _SignIn)
            signed = await self._accounts.sign_in(asked.login, asked.password, door, request.remote or "?")
        except (Invalid, NotSignedIn, TooMany) as refused:
            return self._page(request, door, given, refused)
        response = web.Response(
            status=303, headers={"Location": _inside(door, asked.back), "Cache-Control": "no-store"}
        )
        give_session(request, response, door, signed.token)
        return response

    async def sign_out(self, request: web.Request) -> web.Response:
        """POST /signout/{door}: end the session on the server, then in the browser."""
        door = _door(request)
        token = session_token(request, door)
        who = await self._accounts.identify(token, door) if token else None
        if who is not None:
            await self._accounts.sign_out(who)
        response = web.Response(status=303, headers={"Location": "/", "Cache-Control": "no-store"})
        take_session(request, response, door)
        return response

    def _page(
        self, request: web.Request, door: Door, given: dict[str, str], refused: ClinicError | None = None
    ) -> web.Response:
        name, about, drawing = DOOR_WORDS[door]
        locale = _locale(request)
        response = render(
            request,
            "signin/signin.html",
            status=refused.status if refused else 200,
            title=i18n.translate(locale, name),
            about=about,
            drawing=drawing,
            at=door,
            given={"login": given.get("login", ""), "back": given.get("back", "")},
            refused=i18n.translate(locale, refused.message, **refused.params) if refused else "",
            errors=refused.fields if refused else {},
            demo_people=[person for person in self._demo_people if person.door is door],
        )
        if isinstance(refused, TooMany):
            response.headers["Retry-After"] = str(refused.retry_after)
        return response

    async def _holder(self, request: web.Request, door: Door) -> bool:
        token = session_token(request, door)
        return token is not None and await self._accounts.identify(token, door) is not None


def _locale(request: web.Request) -> str:
    return look_of(request).locale


def _door(request: web.Request) -> Door:
    try:
        return Door(request.match_info["door"])
    except ValueError:
        raise NotFound(N_("Cette porte n’existe pas.")) from None


def _inside(door: Door, back: str) -> str:
    """Return where to go after signing in: the page that was asked for, if it lies behind this door."""
    path = safe_back(back) if back else "/"
    return path if path.split("?")[0].split("/")[1] == door.value else f"/{door.value}"
