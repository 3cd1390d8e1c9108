"""Reads an HTML form into a msgspec struct, and says in plain words which answers are wrong.

    class Birth(msgspec.Struct, frozen=True):
        name: Annotated[str, Meta(min_length=1, description=N_("Écrivez votre nom."))]
        born_on: date
        phone: str | None = None

    birth = await read_form(request, Birth)     # or Invalid, whose `fields` names every wrong answer

A `description` is the sentence shown when that answer is wrong. An empty answer counts as none: the default is
taken, or the answer is asked for. Spaces around are dropped; a list field takes all answers of that name.
"""

import re
from collections.abc import Mapping
from typing import Annotated, TypeVar, get_args, get_origin

import msgspec
from aiohttp import web

from server.kernel.errors import Invalid
from server.kernel.words import N_

Shape = TypeVar("Shape", bound=msgspec.Struct)
_DMY = re.compile(r"\s*(\d{1,2})[./\s-](\d{1,2})[./\s-](\d{4})\s*\Z")
MISSING = N_("Cette réponse manque.")
_BY_WORD = (  # what msgspec expected -> what we ask for
    ("date", N_("Écrivez une date : jour, mois, année.")),
    ("datetime", N_("Choisissez un jour et une heure.")),
    ("int", N_("Écrivez un nombre, avec des chiffres seulement.")),
    ("float", N_("Écrivez un nombre.")),
    ("length >=", N_("C’est trop court.")),
    ("length <=", N_("C’est trop long.")),
    ("enum", N_("Choisissez une des réponses.")),
    ("uuid", N_("Choisissez une des réponses.")),
)
_OTHER = N_("Cette réponse n’a pas la bonne forme.")
_SUMMARY = N_("Une réponse est à revoir. Rien n’a été enregistré.")


async def answers(request: web.Request) -> dict[str, str]:
    """Return the raw text of each answer (the last of a name), to show the form again as it was filled in."""
    form = await request.post()
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def read_form(request: web.Request, shape: type[Shape]) -> Shape:
    """Return the posted form as `shape`, or raise Invalid naming every wrong answer."""
    form = await request.post()
    given = {name: [one for one in form.getall(name) if isinstance(one, str)] for name in form}
    return shape_answers(given, shape)


def shape_answers(given: Mapping[str, list[str]], shape: type[Shape]) -> Shape:
    """Return texts as `shape`: each answer is judged alone, so that all wrong ones are told at once."""
    right: dict[str, object] = {}
    wrong: dict[str, str] = {}
    for field in msgspec.structs.fields(shape):
        texts = [text.strip() for text in given.get(field.encode_name, []) if text.strip()]
        if not texts:
            if field.required:
                wrong[field.encode_name] = _own_sentence(field.type) or MISSING
            continue
        try:
            right[field.name] = _one(texts, field.type)
        except msgspec.ValidationError as error:
            wrong[field.encode_name] = _own_sentence(field.type) or _sentence(str(error))
    if wrong:
        raise Invalid(_SUMMARY, fields=wrong)
    return shape(**right)


def _one(texts: list[str], kind: object) -> object:
    if _is_list(kind):
        return msgspec.convert(texts, kind, strict=False)
    text = texts[-1]
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        day = _DMY.match(text)  # 3/3/1945, as people write it
        if day is None:
            raise
        return msgspec.convert(f"{day[3]}-{int(day[2]):02d}-{int(day[1]):02d}", kind, strict=False)


def _is_list(kind: object) -> bool:
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return get_origin(bare) in (list, tuple, frozenset, set)


def _own_sentence(kind: object) -> str:
    """Return the `description` of the field's Meta, also inside `X | None`."""
    for part in (kind, *get_args(kind)):
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, msgspec.Meta) and meta.description:
                return meta.description
    return ""


def _sentence(error: str) -> str:
    low = error.lower()
    return next((text for word, text in _BY_WORD if word in low), _OTHER)
