"""Places and people by hand: the list of all, a form for each kind, first passwords said once, accounts closed."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from aiohttp import web

from clinic_ui import i18n
from clinic_ui.forms import answers, shape_answers
from clinic_ui.look import look_of
from clinic_ui.render import render
from server.kernel.access import Role
from server.kernel.errors import ClinicError, Conflict, Invalid, NotFound
from server.kernel.words import N_
from server.people.founding.rules import LINES, InstrumentKind, Line, PlaceKind, key_from
from server.people.founding.service import Founding
from server.people.founding.store import Kept, Known
from server.people.rules import SiteKind
from server.web.keys import who_is
from server.web.routes import Routes

PAGE = "/coordination/places"
KIND_WORDS: Mapping[PlaceKind, tuple[str, str]] = {
    PlaceKind.SITE: (N_("Lieux"), N_("Nouveau lieu")),
    PlaceKind.CABIN: (N_("Cabines"), N_("Nouvelle cabine")),
    PlaceKind.INSTRUMENT: (N_("Matériel partagé"), N_("Nouveau matériel")),
    PlaceKind.PRACTITIONER: (N_("Médecins"), N_("Nouveau médecin")),
    PlaceKind.HEALTH_WORKER: (N_("Professionnels accompagnants"), N_("Nouveau professionnel accompagnant")),
    PlaceKind.STAFF: (N_("Coordination"), N_("Nouveau compte de coordination")),
}
FIELD_WORDS: Mapping[str, str] = {
    "rpps": N_("Numéro RPPS"),
    "name": N_("Nom, comme on le lit"),
    "kind": N_("Sorte de lieu"),
    "what": N_("Ce que c’est"),
    "site": N_("Lieu"),
    "commune": N_("Commune"),
    "insee": N_("Code INSEE de la commune"),
    "postcode": N_("Code postal"),
    "address": N_("Adresse de la porte, à lire au 15"),
    "phone": N_("Téléphone"),
    "samu_phone": N_("SAMU du lieu, à dix chiffres"),
    "latitude": N_("Latitude"),
    "longitude": N_("Longitude"),
    "aed": N_("Défibrillateur"),
    "zone": N_("Fuseau horaire"),
    "access_notes": N_("Comment entrer"),
    "specialty": N_("Spécialité"),
    "place": N_("Lieu d’exercice"),
    "email": N_("Courriel"),
    "profession": N_("Profession"),
    "login": N_("Identifiant de connexion"),
    "role": N_("Rôle"),
    "in_service": N_("En service"),
}
INSTRUMENT_WORDS = {
    InstrumentKind.ECG: N_("Électrocardiographe"),
    InstrumentKind.DERMATOSCOPE: N_("Dermatoscope"),
    InstrumentKind.RETINOGRAPH: N_("Rétinographe"),
    InstrumentKind.SPIROMETER: N_("Spiromètre"),
    InstrumentKind.ULTRASOUND: N_("Échographe"),
    InstrumentKind.OTHER: N_("Autre"),
}
SITE_KIND_WORDS = {
    SiteKind.TOWN_HALL: N_("Mairie"),
    SiteKind.HEALTH_CENTRE: N_("Maison de santé"),
    SiteKind.PHARMACY: N_("Pharmacie"),
    SiteKind.MEDICOBUS: N_("Médicobus"),
}
ROLE_WORDS = {Role.COORDINATOR: N_("Coordination"), Role.ADMIN: N_("Administration")}
_HIDDEN = {"key", "hours"}
_OPTIONAL = {"phone", "aed", "access_notes", "email", "login"}


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form. `options` not empty: a choice; `fixed`: shown, and never changed again."""

    name: str
    words: str
    value: str
    required: bool
    fixed: bool = False
    options: tuple[tuple[str, str], ...] = ()
    tick: bool = False


class PlacesPages:
    """The pages of places behind the coordination door."""

    def __init__(self, founding: Founding) -> None:
        self._founding = founding

    def routes(self) -> Routes:
        """Return the routes of these pages."""
        return [
            ("GET", PAGE, self.all),
            ("POST", f"{PAGE}/accounts/{{login}}/password", self.renew),
            ("POST", f"{PAGE}/accounts/{{login}}/close", self.close),
            ("POST", f"{PAGE}/accounts/{{login}}/open", self.reopen),
            ("GET", f"{PAGE}/{{kind}}", self.form),
            ("POST", f"{PAGE}/{{kind}}", self.keep),
        ]

    async def all(self, request: web.Request) -> web.Response:
        """GET /coordination/places"""
        return await self._list(request, {})

    async def form(self, request: web.Request) -> web.Response:
        """GET /coordination/places/{kind}?key=…: a new one without a key."""
        known = await self._founding.known(who_is(request))
        return self._form(request, known, _kept(request, known), {}, None)

    async def keep(self, request: web.Request) -> web.Response:
        """POST /coordination/places/{kind}?key=…: write it down; first passwords are shown once, on this answer."""
        known = await self._founding.known(who_is(request))
        kind, kept, given = _kind(request), _kept(request, known), await answers(request)
        try:
            done = await self._founding.keep(who_is(request), _read(kind, given, kept, known))
        except (Invalid, Conflict) as refused:
            return self._form(request, known, kept, given, refused)
        return await self._list(request, done.passwords, done=True)

    async def renew(self, request: web.Request) -> web.Response:
        """POST /coordination/places/accounts/{login}/password: a new first password, shown once."""
        login = request.match_info["login"]
        return await self._list(request, {login: await self._founding.renew_password(who_is(request), login)})

    async def close(self, request: web.Request) -> web.Response:
        """POST /coordination/places/accounts/{login}/close: signs in no more, at once."""
        await self._founding.close_account(who_is(request), request.match_info["login"], closed=True)
        return web.Response(status=303, headers={"Location": PAGE, "Cache-Control": "no-store"})

    async def reopen(self, request: web.Request) -> web.Response:
        """POST /coordination/places/accounts/{login}/open"""
        await self._founding.close_account(who_is(request), request.match_info["login"], closed=False)
        return web.Response(status=303, headers={"Location": PAGE, "Cache-Control": "no-store"})

    async def _list(self, request: web.Request, passwords: Mapping[str, str], *, done: bool = False) -> web.Response:
        known = await self._founding.known(who_is(request))
        groups = [(kind, KIND_WORDS[kind], [one for key, one in known.items() if key[0] is kind]) for kind in PlaceKind]
        return render(
            request,
            "coordination/places.html",
            title=i18n.translate(look_of(request).locale, N_("Lieux et personnes")),
            groups=groups,
            site_names={key: one.line.name for (kind, key), one in known.items() if kind is PlaceKind.SITE},
            passwords=passwords,
            done=done,
        )

    def _form(
        self, request: web.Request, known: Known, kept: Kept | None, given: dict[str, str], refused: ClinicError | None
    ) -> web.Response:
        kind, locale = _kind(request), look_of(request).locale
        return render(
            request,
            "coordination/place.html",
            status=refused.status if refused else 200,
            title=kept.line.name if kept else i18n.translate(locale, KIND_WORDS[kind][1]),
            fields=[
                Field(
                    one.name,
                    i18n.translate(locale, FIELD_WORDS[one.name]),
                    given.get(one.name, _value(kept, one.name, one.default)),
                    one.name not in _OPTIONAL,
                    fixed=bool(kept and _value(kept, one.name, "") and one.name in ("rpps", "login", "role")),
                    options=_options(one.name, known, locale),
                    tick=one.name == "in_service",
                )
                for one in msgspec.structs.fields(LINES[kind])
                if one.name not in _HIDDEN and not (kind is PlaceKind.PRACTITIONER and one.name == "zone")
            ],
            action=request.path_qs,
            given=given,
            said=i18n.translate(locale, refused.message, **refused.params) if refused else "",
            errors=refused.fields if isinstance(refused, Invalid) else {},
        )


def _kind(request: web.Request) -> PlaceKind:
    word = request.match_info["kind"]
    if word not in set(PlaceKind):
        raise NotFound(N_("Cet élément n’existe pas, ou il n’est pas à vous."))
    return PlaceKind(word)


def _kept(request: web.Request, known: Known) -> Kept | None:
    """Return what the address names; none for a new one."""
    key = request.query.get("key")
    if key is None:
        return None
    if (_kind(request), key) not in known:
        raise NotFound(N_("Cet élément n’existe pas, ou il n’est pas à vous."))
    return known[_kind(request), key]


def _read(kind: PlaceKind, given: Mapping[str, str], kept: Kept | None, known: Known) -> Line:
    """Return the answers as a line; what can never change is taken from what is there."""
    shape = LINES[kind]
    names = set(shape.__struct_fields__)
    texts = {name: [value] for name, value in given.items() if name in names - _HIDDEN}
    if "in_service" in names:
        texts["in_service"] = ["true" if "in_service" in given else "false"]
    for name in ("rpps", "login", "role") if kept else ():
        if name in names and _value(kept, name, ""):
            texts[name] = [_value(kept, name, "")]
    if "key" in names:
        taken = {key for one, key in known if one is kind}
        texts["key"] = [kept.line.key if kept else key_from(given.get("name", ""), taken)]
    return shape_answers(texts, shape)


def _value(kept: Kept | None, name: str, default: object) -> str:
    value = getattr(kept.line, name) if kept else default
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is msgspec.NODEFAULT else str(value)


def _options(name: str, known: Known, locale: str) -> tuple[tuple[str, str], ...]:
    if name == "site":
        return tuple((key, one.line.name) for (kind, key), one in known.items() if kind is PlaceKind.SITE)
    choices: Mapping[str, Mapping[SiteKind, str] | Mapping[Role, str] | Mapping[InstrumentKind, str]] = {
        "kind": SITE_KIND_WORDS,
        "role": ROLE_WORDS,
        "what": INSTRUMENT_WORDS,
    }
    words = choices.get(name, {})
    return tuple((str(key), i18n.translate(locale, text)) for key, text in words.items())
