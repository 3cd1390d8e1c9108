"""The pages' own files, read at start, squeezed when first asked for, under an address that names their content.

    static/css/kiosk.css  ->  /static/3fa9c1d2/css/kiosk.css     (the hash is of the whole tree)

Comments and white space of scripts and sheets stay in the repository, and each kind of screen has one sheet of
styles: `SHEETS`. A file's address changes with its content, so the browser keeps it for a year and never asks again.
What is added later (the font, once it is cut) gets a hash of its own.
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import brotli
import rjsmin
from aiohttp import web

PREFIX = "/static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".opus": "audio/ogg",
}
_STYLES = ("tokens", "components", "fields")
SHEETS = {f"css/all-{ui}.css": (*_STYLES, ui, "print") for ui in ("kiosk", "desk")}
"""Served together: five small files cost 2 kB of headers, on a line that may carry 10 kB a second."""
_SQUEEZED_ALREADY = (".woff2", ".png", ".jpg", ".webp", ".opus")
_CSS_REMARKS = re.compile(rb"/\*.*?\*/|(?<=\n)\s+", re.DOTALL)
_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file in its plain and squeezed forms; an empty form means "not worth it"."""

    content_type: str
    plain: bytes
    gzipped: bytes
    brotlied: bytes

    def best_for(self, accepted: frozenset[str]) -> tuple[bytes, str]:
        """Return the smallest form that the browser takes, with its Content-Encoding ("" for plain)."""
        if self.brotlied and "br" in accepted:
            return self.brotlied, "br"
        if self.gzipped and "gzip" in accepted:
            return self.gzipped, "gzip"
        return self.plain, ""


def accepted_encodings(header: str) -> frozenset[str]:
    """Return the encodings that an Accept-Encoding header takes; `q=0` refuses one."""
    taken = set()
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            taken.add(name.strip())
    return frozenset(taken)


@cache
def squeeze(name: str, plain: bytes) -> Asset:
    """Return the asset of one file, squeezed when that saves something: once in a process, however often asked."""
    suffix = "." + name.rsplit(".", 1)[-1]
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    if suffix in _SQUEEZED_ALREADY:
        return Asset(kind, plain, b"", b"")
    gzipped = gzip.compress(plain, 9, mtime=0)
    brotlied = bytes(brotli.compress(plain, quality=11))
    return Asset(
        kind,
        plain,
        gzipped if len(gzipped) < len(plain) else b"",
        brotlied if len(brotlied) < len(plain) else b"",
    )


def _walk(folder: Traversable, above: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _walk(entry, f"{above}{entry.name}/")
        elif not entry.name.startswith((".", "_")):
            yield above + entry.name, entry.read_bytes()


def package_files() -> dict[str, bytes]:
    """Return every file of `clinic_ui/static`, by its path in that folder."""
    return dict(_walk(resources.files("clinic_ui") / "static"))


@cache
def lean(name: str, plain: bytes) -> bytes:
    """Return a script or a sheet without its comments and white space, and anything else as it is."""
    if name.endswith(".js"):
        return str(rjsmin.jsmin(plain.decode())).encode()
    return _CSS_REMARKS.sub(b"", plain) if name.endswith(".css") else plain


def tree_hash(files: Mapping[str, bytes]) -> str:
    """Return eight characters that change when a name or a byte of `files` changes."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()[:8]


class Assets:
    """The served files and their addresses; `url("css/kiosk.css")` for pages, `serve` for the route."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._served: dict[tuple[str, str], bytes] = {}
        self._urls: dict[str, str] = {}
        self.hash = self.add(files)

    @classmethod
    def of_package(cls) -> "Assets":
        """Read the package's own files, with one sheet of styles for each kind of screen."""
        files = package_files()
        sheets = {sheet: b"".join(files[f"css/{name}.css"] for name in names) for sheet, names in SHEETS.items()}
        return cls({name: lean(name, text) for name, text in {**files, **sheets}.items()})

    def add(self, files: Mapping[str, bytes]) -> str:
        """Serve `files` too, under their own hash, and return that hash."""
        digest = tree_hash(files)
        for name, plain in files.items():
            self._served[(digest, name)] = plain
            self._urls[name] = f"{PREFIX}/{digest}/{name}"
        return digest

    def url(self, path: str) -> str:
        """Return the address of a file; an unknown name is a programming error, seen by the first test."""
        try:
            return self._urls[path]
        except KeyError:
            raise LookupError(f"no such file in clinic_ui/static: {path}") from None

    def has(self, path: str) -> bool:
        """Return whether a file is there, for what may come later or never (the font)."""
        return path in self._urls

    def text(self, path: str) -> str:
        """Return the plain text of a file."""
        digest, name = self.url(path).removeprefix(f"{PREFIX}/").split("/", 1)
        return self._served[(digest, name)].decode()

    async def serve(self, request: web.Request) -> web.Response:
        """GET /static/{hash}/{path:.+}: the file, kept for a year; anything unknown is a plain 404."""
        key = (request.match_info["hash"], request.match_info["path"])
        plain = self._served.get(key)
        if plain is None:
            return web.Response(status=404, text="404\n", headers={"Cache-Control": "no-store"})
        asset = squeeze(key[1], plain)
        body, encoding = asset.best_for(accepted_encodings(request.headers.get("Accept-Encoding", "")))
        headers = {**_HEADERS, "Content-Type": asset.content_type}
        if encoding:
            headers["Content-Encoding"] = encoding
        return web.Response(body=body, headers=headers)
