"""JSON in and out through msgspec: unknown fields, wrong types and over-long words get a sentence, not a trace."""

import re
from typing import TypeVar
from uuid import UUID

import msgspec
from aiohttp import web

from server.kernel.errors import Invalid, NotFound
from server.kernel.words import N_

T = TypeVar("T")
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")


class Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """The parent of request bodies: no field that we did not ask for."""


async def read(request: web.Request, kind: type[T]) -> T:
    """Return the JSON body as `kind`, or raise Invalid naming the field that is wrong."""
    if request.content_type != "application/json":
        raise Invalid(N_("Le contenu doit être du JSON."), code="not-json")
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.ValidationError as wrong:
        place = _PATH.search(str(wrong))
        field = place.group(1) if place and place.group(1) else "?"
        raise Invalid(
            N_("Une information n’a pas la bonne forme. Rien n’a été enregistré."),
            fields={field: N_("Cette information n’a pas la bonne forme.")},
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid(N_("Le contenu n’est pas du JSON lisible."), code="not-json") from None


def reply(body: object, status: int = 200) -> web.Response:
    """Return `body` as JSON, never cached."""
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def path_id(request: web.Request, name: str) -> UUID:
    """Return the UUID in the path, or raise NotFound: an id that cannot exist is not found."""
    try:
        return UUID(request.match_info[name])
    except ValueError:
        raise NotFound(N_("Cet élément n’existe pas, ou il n’est pas à vous.")) from None
