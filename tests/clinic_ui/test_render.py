"""Pages carry their guards, escape what people write, and remember how each wants them."""

from __future__ import annotations

import re

import aiohttp
import brotli
import pytest

PLAIN = {"Accept-Encoding": "identity"}


async def _page(visitor: aiohttp.ClientSession, path: str, **headers: str) -> tuple[aiohttp.ClientResponse, str]:
    async with visitor.get(path, headers={**PLAIN, **headers}) as answer:
        return answer, await answer.text()


async def test_a_page_carries_its_guards(visitor: aiohttp.ClientSession) -> None:
    answer, _text = await _page(visitor, "/style/home")
    policy = answer.headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["font-src"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert rules["trusted-types"] == "telecabin"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert f"ws://{visitor._base_url.authority}" in rules["connect-src"]  # type: ignore[union-attr]
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_strange_host_does_not_enter_the_policy(visitor: aiohttp.ClientSession) -> None:
    answer, _text = await _page(visitor, "/style/home", Host="x;script-src *")
    assert "script-src *" not in answer.headers["Content-Security-Policy"]


async def test_a_page_is_squeezed_for_whom_can_open_it(visitor: aiohttp.ClientSession) -> None:
    async with visitor.get("/style/home", headers={"Accept-Encoding": "br"}) as answer:
        squeezed = await answer.read()
    _answer, plain = await _page(visitor, "/style/home")
    assert answer.headers["Content-Encoding"] == "br"
    assert brotli.decompress(squeezed).decode() == plain
    assert len(squeezed) <= 8_000


async def test_what_people_write_stays_text(visitor: aiohttp.ClientSession) -> None:
    answer, text = await _page(visitor, "/style/queue?title=<img src=x onerror=alert(1)>")
    assert answer.headers["X-Fragment"] == "1"
    assert "<img" not in text
    assert "&lt;img" in text


@pytest.mark.parametrize(
    ("cookies", "said"),
    [({}, 'lang="fr" dir="ltr" data-ui="kiosk" data-theme="light" data-text="1"'),
     ({"tc-lang": "en", "tc-theme": "contrast", "tc-text": "1.5"},
      'lang="en" dir="ltr" data-ui="kiosk" data-theme="contrast" data-text="1.5"'),
     ({"tc-lang": "xx", "tc-theme": '"><script>', "tc-text": "9"},
      'lang="fr" dir="ltr" data-ui="kiosk" data-theme="light" data-text="1"')],
)  # fmt: skip
async def test_the_page_looks_as_its_cookies_say(
    visitor: aiohttp.ClientSession, cookies: dict[str, str], said: str
) -> None:
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    _answer, text = await _page(visitor, "/style/home", Cookie=header)
    assert f"<html {said}>" in text


async def test_the_desk_follows_the_screen_and_carries_the_form_token(visitor: aiohttp.ClientSession) -> None:
    _answer, text = await _page(visitor, "/style/workbench")
    assert 'data-ui="desk" data-theme="auto"' in text
    assert '<input type="hidden" name="csrf" value="a-token-of-this-session">' in text


async def test_settings_are_kept_and_lead_back(visitor: aiohttp.ClientSession) -> None:
    wish = {"lang": "en", "theme": "dark", "text": "7", "back": "/cabin?x=1"}
    async with visitor.post("/settings", data=wish, allow_redirects=False) as answer:
        kept = {name: morsel.value for name, morsel in answer.cookies.items()}
    assert (answer.status, answer.headers["Location"]) == (303, "/cabin?x=1")
    assert kept == {"tc-lang": "en", "tc-theme": "dark"}


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere", "x", "/a\nb"])
async def test_settings_never_lead_to_another_site(visitor: aiohttp.ClientSession, back: str) -> None:
    async with visitor.post("/settings", data={"back": back}, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/"


async def test_the_cabin_forgets_its_settings_with_the_visit(visitor: aiohttp.ClientSession) -> None:
    async with visitor.post("/settings", data={"theme": "dark", "ui": "kiosk"}, allow_redirects=False) as answer:
        assert answer.cookies["tc-theme"]["max-age"] == ""


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/cabin/fail/forbidden", 403, ["Votre compte ne permet pas cette action.", "Rien n’a été changé", "Revenez"]),
     ("/desk/fail/conflict", 409, ["Le créneau de &lt;9 h&gt; est pris.", "Cela a changé entre-temps."]),
     ("/cabin/fail/invalid", 422, ["Une réponse est à revoir.", "Cette réponse manque."]),
     ("/cabin/fail/crash", 500, ["Une panne est arrivée de notre côté.", "est gardé", "appelez le 15", "Référence"]),
     ("/nowhere", 404, ["Cette page n’existe pas.", "ne mène nulle part", "Revenez à l’accueil."])],
)  # fmt: skip
async def test_what_goes_wrong_is_said_in_plain_words(
    visitor: aiohttp.ClientSession, path: str, status: int, words: list[str]
) -> None:
    answer, text = await _page(visitor, path)
    assert answer.status == status
    assert [word for word in words if word not in text] == []
    assert not re.search(r"Traceback|ZeroDivision|name of a patient", text)
    assert ('data-ui="kiosk"' in text) == path.startswith("/cabin")


async def test_a_mishap_in_a_fragment_is_a_fragment(visitor: aiohttp.ClientSession) -> None:
    answer, text = await _page(visitor, "/desk/fail/conflict", **{"X-Fragment": "1", "Accept-Language": "en"})
    assert (answer.status, answer.headers["X-Fragment"]) == (409, "1")
    assert "<html" not in text
    assert "This has changed in the meantime." in text


async def test_a_wrong_method_is_said_in_plain_words(visitor: aiohttp.ClientSession) -> None:
    async with visitor.post("/style/home", headers=PLAIN) as answer:
        assert answer.status == 405
        assert "Cette page s’ouvre autrement." in await answer.text()
