"""Hundreds of senseless requests, thousands with the profile `deep`: clear answers, no 500, refusals write nothing."""

from __future__ import annotations

import asyncio
import http.client
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.kernel.access import DOOR_OF, RULES, Act
from server.kernel.clock import utc_now
from server.kernel.policy import ROUTES
from server.records.seal.keyring import init_key
from server.village.sign_ins import PASSWORD
from tests.flows.conftest import settle
from tests.processes import Server, serving

LOGINS = {"cabin": "cabine-saint-fiacre", "desk": "aubin", "office": "sylvie", "coordination": "coordination"}
UNTOUCHED = (
    "session",
    "duty",
    "idempotency_key",
)  # a refused or read-only request may leave a trace here
API = sorted(route for route in ROUTES if route[1].startswith("/api/"))
PAGES = sorted(route for route in ROUTES if route[1].split("/")[1] in LOGINS)
FORM = "application/x-www-form-urlencoded"


@dataclass
class Fuzzed:
    """A running server, the cookies of its people, and ids that exist."""

    server: Server
    database: sqlite3.Connection
    cookies: dict[str, str]
    csrf: dict[str, str]
    ids: list[str]

    def counts(self) -> dict[str, int]:
        """How many rows each table has, but for those that any request, or a plan in the making, may add to."""
        names = [row[0] for row in self.database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        beside = ("audit_", "territory_plan")
        kept = [name for name in names if name not in UNTOUCHED and not name.startswith(beside)]
        counted = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in kept)
        return dict(self.database.execute(counted))

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, str]:
        """Send bytes as they are."""
        line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            line.request(method, path, body=body, headers={"Host": f"localhost:{self.server.port}", **headers})
            answer = line.getresponse()
            return answer.status, answer.read(), answer.getheader("Content-Type") or ""
        finally:
            line.close()


def _sign_in(server: Server, door: str) -> str:
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    form = urlencode({"login": LOGINS[door], "password": PASSWORD})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    line.request("POST", f"/signin/{door}", form, headers)
    answer = line.getresponse()
    assert answer.status == 303
    cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
    line.close()
    return cookie


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    """A village that is served by a process of its own."""
    folder = tmp_path_factory.mktemp("fuzzed")
    key_file, database = init_key(folder / "keys.json").path, folder / "telecabin.db"
    url = f"sqlite:///{database}"
    with asyncio.Runner() as runner:
        runner.run(settle(url, key_file, utc_now()))
    with serving(folder, database_url=url, kek_file=str(key_file), log_level="warning") as server:
        cookies = {door: _sign_in(server, door) for door in LOGINS}
        with sqlite3.connect(database) as line:
            tables = (
                "patient",
                "encounter",
                "appointment",
                "follow_up_promise",
                "cabin",
                "practitioner",
                "observation",
            )
            ids = [_hyphens(row[0]) for name in tables for row in line.execute(f"SELECT id FROM {name} LIMIT 4")]
            csrf = dict(line.execute("SELECT a.login, s.csrf FROM session s JOIN account a ON a.id = s.account_id"))
        line.close()
        looking = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        yield Fuzzed(server, looking, cookies, {door: csrf[login] for door, login in LOGINS.items()}, ids)
        looking.close()
        assert "Traceback" not in server.log.read_text(errors="replace")


def _hyphens(bare: str) -> str:
    return f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}"


# What each route hopes for: one field or several of it are then spoilt.
HOPED: dict[str, dict[str, object]] = {
    "arrive": {"patient_id": "ID", "accompanied": "alone", "companion": "", "locale": "fr", "appointment_id": None},
    "reason": {"reason": "pain", "words": "Mal au dos"},
    "flags": {"flags": {"chest-pain": False, "breathless": False, "stroke": True, "bleeding": False}},
    "consent": {"given": True, "text_version": "2026-03", "mode": "touch", "witness": ""},
    "leave": {"reason": "gave-up"},
    "goodbye": {"face": 2},
    "incidents": {"kind": "cut", "seconds": 3},
    "duty": {"here": True},
    "note": {
        "body": {"examination": "a", "conclusion": "b", "none_prescribed": True, "no_incident": True},
        "row_ver": 0,
    },
    "sign": {"row_ver": 1},
    "observations": {"readings": [{"measure": "heart-rate", "value": 70}], "device": ""},
    "background": {"body": {"allergies": [], "conditions": [], "medications": []}, "row_ver": 0},
    "book": {"starts_at": "2026-12-01T09:00:00Z", "practitioner_id": "ID", "cabin_id": "ID", "health_worker_id": "ID"},
    "move": {"version": 1, "choice": {"starts_at": "2026-12-01T09:00:00Z", "practitioner_id": "ID"}},
    "cancel": {"version": 1, "reason": "patient"},
    "miss": {"version": 1},
    "queue": {
        "patient_id": "ID",
        "cabin_id": "ID",
        "reason": "fever",
        "flags": {"chest-pain": False, "breathless": False, "stroke": False, "bleeding": False},
        "consent_given": True,
        "text_version": "2026-03",
    },
}
RIGHT_DOORS = {
    route: sorted(DOOR_OF[role].value for role in RULES[rule])
    for route, rule in ROUTES.items()
    if isinstance(rule, Act)
}

WORDS = [
    "patient_id",
    "encounter_id",
    "cabin_id",
    "practitioner_id",
    "health_worker_id",
    "reason",
    "words",
    "flags",
    "given",
    "text_version",
    "mode",
    "face",
    "witness",
    "body",
    "row_ver",
    "examination",
    "conclusion",
    "acts",
    "none_prescribed",
    "no_incident",
    "follow_up",
    "in_days",
    "modality",
    "starts_at",
    "version",
    "choice",
    "readings",
    "code",
    "value",
    "here",
    "kind",
    "seconds",
    "accompanied",
    "companion",
    "locale",
    "consent_given",
    "birth_name",
    "given_names",
    "born_on",
    "sex",
    "login",
    "part",
    "after",
    "name",
    "day",
    "month",
    "year",
    "q",
    "cabin",
    "back",
    "step",
    "answer",
]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.sampled_from(["pain", "touch", "VR", "2026-03", "chest-pain", "1945-03-03", "258036", "\x00", "x" * 3000]),
    st.sampled_from(["2026-12-01T09:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "-1", "1e400"]),
)
JSON = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=12,
)
BODIES = st.one_of(
    st.dictionaries(st.sampled_from(WORDS), JSON, max_size=8).map(lambda body: json.dumps(body).encode()),
    JSON.map(lambda body: json.dumps(body).encode()),
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b"{", b"[" * 2000, b'{"a":' * 500, b"\xff\xfe", b'{"face": NaN}', b'"' + b"x" * 300_000 + b'"']
    ),
)


@st.composite
def spoilt(draw: st.DrawFn, hoped: dict[str, object], ids: list[str]) -> bytes:
    """What the route hopes for, with ids that exist, and some of it spoilt."""
    body = json.loads(json.dumps(hoped).replace('"ID"', json.dumps(draw(st.sampled_from(ids)))))
    for name in draw(st.lists(st.sampled_from(sorted(hoped)), max_size=2)):
        body[name] = draw(JSON)
    if draw(st.integers(0, 9)) == 0:
        body[draw(st.sampled_from(WORDS))] = draw(VALUES)
    return json.dumps(body).encode()


@st.composite
def paths(draw: st.DrawFn, pattern: str, ids: list[str]) -> str:
    """A path of this pattern: with ids that exist, ids that do not, and words that are no ids."""
    parts = []
    for part in pattern.split("/"):
        if part.startswith("{"):
            strange = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=20)
            word = draw(st.one_of(st.sampled_from(ids), st.uuids().map(str), strange))
            parts.append(quote(word, safe=""))
        else:
            parts.append(part)
    query = draw(st.dictionaries(st.sampled_from(WORDS), st.text(max_size=20), max_size=3))
    return "/".join(parts) + (f"?{urlencode(query, errors='surrogatepass')}" if query else "")


def _judge(fuzzed: Fuzzed, before: dict[str, int], answer: tuple[int, bytes, str], asked: str) -> None:
    status, body, kind = answer
    assert status < 500, (asked, status, body[:500])
    assert b"Traceback" not in body
    if status >= 400:
        assert fuzzed.counts() == before, (asked, status, body[:300])
    if status >= 400 and asked.split()[1].startswith("/api/") and kind.startswith("application/json"):
        error = json.loads(body)["error"]
        assert error["code"]
        assert error["message"]


LIMITS = settings(
    max_examples=2 * settings.default.max_examples,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


@LIMITS
@given(data=st.data())
def test_the_json_routes_answer_nonsense_with_words(fuzzed: Fuzzed, data: st.DataObject) -> None:
    method, pattern = data.draw(st.sampled_from(API))
    door = data.draw(st.sampled_from(RIGHT_DOORS.get((method, pattern), []) * 12 + [*LOGINS, "", "roof"]))
    headers = {"X-TC": door, "Sec-Fetch-Site": "same-origin", "Cookie": "; ".join(fuzzed.cookies.values())}
    headers["Content-Type"] = data.draw(st.sampled_from(["application/json"] * 8 + ["text/plain", ""]))
    headers["Idempotency-Key"] = data.draw(st.sampled_from(["", "one", str("0" * 36), "é".encode().decode("latin-1")]))
    path = data.draw(paths(pattern, fuzzed.ids))
    before = fuzzed.counts()
    hoped = HOPED.get(pattern.split("/")[-1])
    body = data.draw(st.one_of(BODIES, spoilt(hoped, fuzzed.ids)) if hoped else BODIES)
    answer = fuzzed.send(method, path, body, headers)
    _judge(fuzzed, before, answer, f"{method} {path} as {door or 'nobody'}")


@LIMITS
@given(data=st.data())
def test_the_pages_answer_nonsense_with_words(fuzzed: Fuzzed, data: st.DataObject) -> None:
    method, pattern = data.draw(st.sampled_from(PAGES))
    door = pattern.split("/")[1]
    headers = {"Sec-Fetch-Site": "same-origin", "Cookie": fuzzed.cookies[door]}
    fields = st.dictionaries(
        st.sampled_from(WORDS), st.one_of(st.text(max_size=30), st.sampled_from(fuzzed.ids)), max_size=8
    )
    form = {**data.draw(fields), "csrf": data.draw(st.sampled_from([fuzzed.csrf[door]] * 3 + ["wrong"]))}
    body = urlencode(form, errors="surrogatepass").encode() if method != "GET" else b""
    headers["Content-Type"] = data.draw(
        st.sampled_from(
            ["application/x-www-form-urlencoded"] * 3 + ["multipart/form-data; boundary=x", "application/json"]
        )
    )
    path = data.draw(paths(pattern, fuzzed.ids))
    before = fuzzed.counts()
    answer = fuzzed.send(method, path, body, headers)
    _judge(fuzzed, before, answer, f"{method} {path}")
