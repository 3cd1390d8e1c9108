"""Where Redis is: one server, one that sentinels watch over, or a cluster, read from one URL."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urlsplit

FORMS: Final = (
    "redis://[user:password@]host[:6379][/db], "
    "redis+sentinel://[user:password@]host[:26379],host…/service[/db] or "
    "redis+cluster://[user:password@]host[:6379],host…; rediss instead of redis for TLS"
)
PORTS: Final = {"": 6379, "sentinel": 26379, "cluster": 6379}


class BadAddress(ValueError):
    """It is not one of FORMS. The message says why, and never repeats a password."""


class Kind(StrEnum):
    SINGLE = ""
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Address:
    """`hosts`: the server, the sentinels, or some members of the cluster."""

    kind: Kind
    hosts: tuple[tuple[str, int], ...]
    tls: bool = False
    username: str | None = None
    password: str | None = None
    service: str = ""
    db: int = 0


def read_address(url: str) -> Address:
    """Return the address in a URL, or raise BadAddress."""
    scheme, _, rest = url.partition("://")
    name, _, kind = scheme.partition("+")
    if name not in ("redis", "rediss") or kind not in PORTS or (kind == "" and "+" in scheme):
        raise BadAddress(f"unknown scheme {scheme!r}; expected {FORMS}" if rest else f"expected {FORMS}")
    parts = urlsplit(f"redis://{rest}")
    if parts.query or parts.fragment:
        raise BadAddress("nothing may follow “?” or “#”")
    user, _, hosts = parts.netloc.rpartition("@")
    username, _, password = user.partition(":")
    found = tuple(_host(one, PORTS[kind]) for one in hosts.split(","))
    if kind == "" and len(found) > 1:
        raise BadAddress("several hosts make a cluster or sentinels: redis+cluster:// or redis+sentinel://")
    service, db = _path(parts.path, Kind(kind))
    return Address(
        Kind(kind), found, name == "rediss", unquote(username) or None, unquote(password) or None, service, db
    )


def _host(text: str, port: int) -> tuple[str, int]:
    found = re.fullmatch(r"\[(?P<v6>[0-9A-Fa-f:.]+)\](:(?P<port6>\d+))?|(?P<name>[^\s:\[\]/]+)(:(?P<port>\d+))?", text)
    if not found:
        raise BadAddress(f"no host and port: {text!r}")
    given = int(found["port6"] or found["port"] or port)
    if not 0 < given < 65536:
        raise BadAddress(f"no such port: {given}")
    return found["v6"] or found["name"], given


def _path(path: str, kind: Kind) -> tuple[str, int]:
    words = [word for word in path.split("/") if word]
    service = words.pop(0) if kind is Kind.SENTINEL and words else ""
    if kind is Kind.SENTINEL and not service:
        raise BadAddress("sentinels need the name of their service: redis+sentinel://host:26379/service")
    if kind is Kind.CLUSTER and words:
        raise BadAddress("a cluster has no numbered databases")
    if len(words) > 1 or (words and not words[0].isdigit()):
        raise BadAddress("a database is a number")
    return service, int(words[0]) if words else 0
