"""Files are served under the hash of their content, squeezed, for ever; nothing else is served."""

from __future__ import annotations

import gzip

import aiohttp
import brotli
import pytest

from clinic_ui.assets import SHEETS, Assets, accepted_encodings, lean, package_files, tree_hash

FILES = {"css/a.css": b"a { color: red }\n" * 50, "img/b.svg": b"<svg/>", "font/c.woff2": b"wOF2" * 99}


def test_the_address_changes_when_a_byte_changes() -> None:
    changed = {**FILES, "css/a.css": FILES["css/a.css"].replace(b"red", b"tan", 1)}
    assert Assets(FILES).url("css/a.css") == Assets(dict(reversed(FILES.items()))).url("css/a.css")
    assert Assets(FILES).url("css/a.css") != Assets(changed).url("css/a.css")


def test_the_hash_tells_names_from_contents() -> None:
    assert tree_hash({"a": b"bc"}) != tree_hash({"ab": b"c"})


def test_an_unknown_file_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match=r"css/none\.css"):
        Assets(FILES).url("css/none.css")


def test_a_file_added_later_gets_its_own_address_and_leaves_the_others() -> None:
    assets = Assets(FILES)
    before = assets.url("css/a.css")
    assets.add({"font/late.woff2": b"wOF2"})
    assert assets.url("css/a.css") == before
    assert assets.has("font/late.woff2")
    assert assets.hash not in assets.url("font/late.woff2")


def test_the_browser_decides_the_squeezing() -> None:
    assert accepted_encodings("gzip, deflate, br;q=0, zstd") == {"gzip", "deflate", "zstd"}
    assert accepted_encodings("") == {""}


def test_the_package_brings_its_own_files_without_hidden_ones() -> None:
    files = package_files()
    assert {"css/tokens.css", "js/fragment.js", "img/icons.svg"} <= files.keys()
    assert not [name for name in files if "/." in name or name.startswith(".")]


def test_comments_stay_at_home_and_sentences_go_out_whole() -> None:
    script = b"// why\nconst said = `Il // reste`; /* how */\nexport default said;\n"
    assert lean("js/a.js", script) == b"const said=`Il // reste`;export default said;"
    assert lean("css/a.css", b".a :is(b) { color: red }\n") == b".a :is(b) { color: red }\n"
    assert lean("img/a.svg", b"<!-- why --><svg/>") == b"<!-- why --><svg/>"


@pytest.mark.parametrize("sheet", SHEETS)
def test_each_kind_of_screen_has_all_its_styles_in_one_sheet(sheet: str) -> None:
    assets = Assets.of_package()
    for name in SHEETS[sheet]:
        assert assets.text(f"css/{name}.css") in assets.text(sheet)


@pytest.mark.parametrize(("encoding", "open_it"), [("br", brotli.decompress), ("gzip", gzip.decompress), ("", bytes)])
async def test_a_file_is_served_squeezed_and_immutable(
    visitor: aiohttp.ClientSession, encoding: str, open_it: object
) -> None:
    url = Assets.of_package().url("css/tokens.css")
    async with visitor.get(url, headers={"Accept-Encoding": encoding or "identity"}) as answer:
        body = await answer.read()
    assert answer.headers.get("Content-Encoding", "") == encoding
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert open_it(body) == lean("css/tokens.css", package_files()["css/tokens.css"])  # type: ignore[operator]


@pytest.mark.parametrize(
    "path",
    ["/static/00000000/css/tokens.css", "/static/{hash}/css/none.css", "/static/{hash}/..%2f..%2frender.py",
     "/static/{hash}/%2e%2e/%2e%2e/assets.py", "/static/{hash}//etc/passwd"],
)  # fmt: skip
async def test_anything_else_is_not_found(visitor: aiohttp.ClientSession, path: str) -> None:
    from yarl import URL

    address = URL(path.format(hash=Assets.of_package().hash), encoded=True)
    async with visitor.get(address) as answer:
        body = await answer.read()
    assert answer.status == 404
    assert b"import" not in body
    assert b"root:" not in body
