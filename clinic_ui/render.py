"""Draws pages and fragments: the templates, what every one of them may use, and the headers that guard them.

    render(request, "cabin/home.html", place=…)       -> a whole page
    fragment(request, "desk/queue.html", waiting=…)   -> a piece, marked `X-Fragment: 1` for fragment.js

Every template sees: look (locale, dir, theme, text), ui, path, door, who (or none), csrf, languages, now, words (for
scripts). `errors` (field -> French sentence) is translated here. Filters: when day long_day short_day hour clock
minutes since age number. Functions: asset(path), icon_url(name), has_font(), sparkline(values), line_figure(…),
day_strip(…), _(…), ngettext(one, many, num), ladder().
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import cast

import brotli
from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from clinic_ui import charts, dates, fonts, i18n
from clinic_ui.assets import Assets, accepted_encodings
from clinic_ui.look import look_of
from server.kernel.access import Identity
from server.kernel.words import N_
from server.web.keys import WHO
from signalling import ladder

FRAGMENT = "X-Fragment"
_FILTERS = ("when", "day", "long_day", "short_day", "hour", "clock", "minutes", "since", "age", "number")
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]+\Z")
_SQUEEZE_FROM = 1_000  # bytes: below this the saving is less than a packet

# The sentences that every page's scripts may need; a page adds its own with render(…, words={…}).
SCRIPT_WORDS: Mapping[str, str] = {
    "stale": N_("Ces lignes datent de %(age)s. On réessaie."),
    "offline": N_("Plus de réseau. Ce qui est affiché peut dater."),
    "failed": N_("Cela n’a pas marché. Rien n’a été perdu. Réessayez."),
    "textSize": N_("Taille du texte : %(size)s"),
    "theme": N_("Couleurs : %(name)s"),
    "light": N_("claires"),
    "dark": N_("sombres"),
    "contrast": N_("très contrastées"),
    "listen": N_("Écouter"),
    "listenStop": N_("Arrêter"),
    "seconds": N_("%(count)s secondes"),
}


class Pages:
    """The templates in every language, and the assets that they name."""

    def __init__(self, assets: Assets) -> None:
        self.assets = assets
        self._icons = frozenset(re.findall(r'id="i-([a-z0-9-]+)"', assets.text("img/icons.svg")))
        self._by_locale = {locale: self._environment(locale) for locale in i18n.OFFERED}

    def draw(self, template: str, locale: str, values: Mapping[str, object]) -> str:
        """Return the text of a template."""
        return self._by_locale[locale].get_template(template).render(values)

    def icon_url(self, name: str) -> str:
        """Return the address of one drawing in the icon sheet; an unknown name is a programming error."""
        if name not in self._icons:
            raise LookupError(f"no such icon: {name}")
        return f"{self.assets.url('img/icons.svg')}#i-{name}"

    def _environment(self, locale: str) -> Environment:
        env = Environment(
            loader=PackageLoader("clinic_ui"),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        sentences = i18n.catalogue(locale)
        install = cast(Callable[..., None], env.install_gettext_callables)  # type: ignore[attr-defined]
        install(
            sentences.gettext,
            sentences.ngettext,
            newstyle=True,
            pgettext=sentences.pgettext,
            npgettext=sentences.npgettext,
        )
        for name in _FILTERS:
            env.filters[name] = partial(getattr(dates, name), locale=locale)
        env.globals.update(
            asset=self.assets.url,
            icon_url=self.icon_url,
            has_font=lambda: self.assets.has(fonts.FONT),
            languages=i18n.OFFERED,
            sparkline=charts.sparkline,
            line_figure=charts.line_figure,
            day_strip=charts.day_strip,
            ladder=ladder.table,
        )
        return env


PAGES: web.AppKey[Pages] = web.AppKey("pages", Pages)


def door_of(request: web.Request) -> str:
    """Return the first part of the path: cabin, desk, office, coordination… or nothing at the front door."""
    return request.path.split("/")[1]


def _values(request: web.Request, values: Mapping[str, object]) -> dict[str, object]:
    look = look_of(request)
    who: Identity | None = request.get(WHO)
    words = {**SCRIPT_WORDS, **cast(Mapping[str, str], values.get("words", {}))}
    errors = cast(Mapping[str, str], values.get("errors", {}))
    return {
        "who": who,
        "csrf": who.csrf if who else "",
        "now": datetime.now(UTC),
        "path": request.path,
        "back": request.path_qs if request.method == "GET" else request.path,
        "door": door_of(request),
        **values,
        "look": look,
        "words": {key: i18n.translate(look.locale, text) for key, text in words.items()},
        "errors": {name: i18n.translate(look.locale, text) for name, text in errors.items()},
    }


def policy(request: web.BaseRequest) -> str:
    """Return the Content-Security-Policy: our own files only, no inline anything, one Trusted Types policy."""
    host = request.host if _HOST.match(request.host) else ""
    sockets = f" wss://{host}" if request.secure else f" ws://{host} wss://{host}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        f"connect-src 'self'{sockets if host else ''}; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types telecabin"
    )


def guard_headers(request: web.BaseRequest) -> dict[str, str]:
    """Return the headers of every document."""
    headers = {
        "Content-Security-Policy": policy(request),
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Cookie, Accept-Encoding, Accept-Language",
    }
    if request.secure:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return headers


_PIECE = {"Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"}
"""The policy of a piece: it stands in a page that has its own; opened alone, it may load nothing."""


def _respond(request: web.Request, text: str, status: int, more: Mapping[str, str]) -> web.Response:
    body = text.encode()
    headers = {**guard_headers(request), **more, "Content-Type": "text/html; charset=utf-8"}
    takes = accepted_encodings(request.headers.get("Accept-Encoding", ""))
    if len(body) >= _SQUEEZE_FROM and "br" in takes:
        # session cookies are SameSite=Strict: another site cannot make us squeeze its guesses beside our secrets
        body = bytes(brotli.compress(body, quality=5))
        headers["Content-Encoding"] = "br"
    return web.Response(body=body, status=status, headers=headers)


def draw(request: web.Request, template: str, **values: object) -> Markup:
    """Return the text of a template with what every template sees, for a piece inside another answer."""
    full = _values(request, values)
    return Markup(request.app[PAGES].draw(template, look_of(request).locale, full))  # noqa: S704 autoescaped already


def render(request: web.Request, template: str, *, status: int = 200, **values: object) -> web.Response:
    """Return a whole page."""
    return _respond(request, draw(request, template, **values), status, {})


def fragment(request: web.Request, template: str, *, status: int = 200, **values: object) -> web.Response:
    """Return a piece of a page, marked so that fragment.js may put it in place."""
    return _respond(request, draw(request, template, **values), status, {FRAGMENT: "1", **_PIECE})


def wants_fragment(request: web.BaseRequest) -> bool:
    """Return whether fragment.js asks, rather than a person's navigation."""
    return request.headers.get(FRAGMENT) == "1"
