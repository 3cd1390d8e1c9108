"""The languages of the pages: French is the source, the others come from `locale/<language>/LC_MESSAGES/telecabin.po`.

A catalogue is read as text when the server starts (no compiled file to forget); a sentence that it lacks stays French.

To collect the sentences of templates, Python and scripts, and to bring a catalogue up to date:

    pybabel extract -F clinic_ui/locale/babel.cfg -k N_ -o var/telecabin.pot clinic_ui server
    pybabel update -D telecabin -i var/telecabin.pot -d clinic_ui/locale -l en --no-fuzzy-matching
"""

from collections.abc import Callable
from functools import cache
from gettext import c2py
from importlib import resources

from aiohttp import web
from babel.messages.pofile import read_po

SOURCE = "fr"
OFFERED = {"fr": "Français", "en": "English"}
RIGHT_TO_LEFT = frozenset({"ar", "he", "fa"})
COOKIE = "tc-lang"


class Catalogue:
    """The sentences of one language; what is missing answers in French."""

    def __init__(
        self, locale: str, sentences: dict[tuple[str, str], tuple[str, ...]], plural: Callable[[int], int]
    ) -> None:
        self.locale = locale
        self._sentences = sentences
        self._plural = plural

    def pgettext(self, context: str, message: str) -> str:
        """Return `message` in this language, in the sense of `context`."""
        found = self._sentences.get((context, message))
        return found[0] if found else message

    def gettext(self, message: str) -> str:
        """Return `message` in this language."""
        return self.pgettext("", message)

    def npgettext(self, context: str, one: str, many: str, number: int) -> str:
        """Return the form for `number`; French counts 0 and 1 as one."""
        found = self._sentences.get((context, one))
        if found:
            return found[min(self._plural(int(number)), len(found) - 1)]
        return one if abs(number) < 2 else many

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Return the form for `number`."""
        return self.npgettext("", one, many, number)


def _read(locale: str) -> Catalogue:
    sentences: dict[tuple[str, str], tuple[str, ...]] = {}
    plural: Callable[[int], int] = c2py("n != 1")
    file = resources.files("clinic_ui") / "locale" / locale / "LC_MESSAGES" / "telecabin.po"
    if file.is_file():
        with file.open("rb") as text:
            book = read_po(text, locale=locale)
        plural = c2py(book.plural_expr)
        for entry in book:
            forms = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
            if entry.id and not entry.fuzzy and forms and all(forms):
                key = entry.id if isinstance(entry.id, str) else entry.id[0]
                sentences[(entry.context or "", key)] = forms
    return Catalogue(locale, sentences, plural)


@cache
def catalogue(locale: str) -> Catalogue:
    """Return the catalogue of a language, read once."""
    return Catalogue(SOURCE, {}, c2py("n > 1")) if locale == SOURCE else _read(locale)


def translate(locale: str, message: str, **params: object) -> str:
    """Return a French sentence in `locale`, with its `%(name)s` places filled."""
    text = catalogue(locale).gettext(message)
    return text % params if params else text


def preferred(header: str) -> str:
    """Return the offered language that an Accept-Language header likes best, or French."""
    wishes = []
    for place, part in enumerate(header.lower().split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            liking = float(weight) if weight else 1.0
        except ValueError:
            liking = 0.0
        language = tag.split("-")[0]
        if language in OFFERED and liking > 0:
            wishes.append((-liking, place, language))
    return min(wishes)[2] if wishes else SOURCE


def locale_of(request: web.BaseRequest) -> str:
    """Return the language of a request: its cookie, else what the browser prefers, else French."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in OFFERED else preferred(request.headers.get("Accept-Language", ""))


def direction(locale: str) -> str:
    """Return the writing direction for the `dir` attribute."""
    return "rtl" if locale in RIGHT_TO_LEFT else "ltr"
