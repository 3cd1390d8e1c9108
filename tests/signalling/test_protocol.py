"""Frames: what is a message, what is not, and that the document and the browser's twin say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signalling import errors, protocol
from signalling.errors import BadMessage, SignallingError
from signalling.protocol import (
    VERSION,
    Answer,
    Bye,
    Candidate,
    ForPeer,
    FromExchange,
    FromPage,
    Hello,
    Message,
    Offer,
    Restart,
    Seat,
    State,
    check_sdp,
    kebab,
    may_say,
    read,
    write,
)
from tests.signalling.exchange import FINGERPRINT, SDP

HERE = Path(protocol.__file__).parent
DOCUMENT = (HERE / "PROTOCOL.md").read_text()
TWIN = (HERE.parent / "clinic_ui/static/js/signal.js").read_text()
CALL = (HERE.parent / "clinic_ui/static/js/call.js").read_text()

from_page: tuple[type[Message], ...] = get_args(FromPage)
from_exchange: tuple[type[Message], ...] = get_args(FromExchange)
every_message = sorted({*from_page, *from_exchange}, key=lambda kind: kind.__name__)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
types = st.sampled_from([kebab(kind.__name__) for kind in every_message]) | st.text(max_size=10)
words = ["version", "ticket", "page", "sdp", "candidate", "mid", "microphone", "camera", "receiving", "level", "reason"]
nearly = st.builds(
    lambda kind, fields: json.dumps({"type": kind, **fields}),
    types,
    st.dictionaries(st.sampled_from(words), json_values | st.just(SDP), max_size=5),
)
cut = st.builds(lambda frame, at: frame[: at % (len(frame) + 1)], nearly, st.integers(0, 200))


def reads_or_is_bad(frame: str) -> None:
    try:
        message = read(frame)
    except BadMessage:
        return
    assert isinstance(message, from_page)


@given(nearly | cut)
@example('{"type":"offer","sdp":"\\ud800"}')
@example("[" * 60_000)
@example('{"type":"offer","sdp":' + "[" * 30_000)
@example('{"type":"hello","version":1e999,"ticket":"x"}')
@example("9" * 5000)
def test_no_frame_that_resembles_a_message_raises_anything_but_bad_message(frame: str) -> None:
    reads_or_is_bad(frame)


@given(st.text() | json_values.map(json.dumps) | st.binary().map(lambda raw: raw.decode(errors="surrogateescape")))
def test_no_rubbish_raises_anything_but_bad_message(frame: str) -> None:
    reads_or_is_bad(frame)


@pytest.mark.parametrize(
    "message",
    [
        Hello(VERSION, "t"),
        Hello(VERSION, resume="node.t", heard=7),
        protocol.Join("t", "page-1"),
        protocol.Ping(),
        protocol.Ping(3),
        Offer(SDP),
        Answer(SDP),
        Candidate("candidate:1 1 udp 1 127.0.0.1 9 typ host", "0"),
        Candidate(None),
        Restart(),
        State(True, False, True, 3),
        Bye("hung-up"),
    ],
)
def test_what_a_page_may_say_is_read_as_it_was_written(message: FromPage) -> None:
    assert read(write(message)) == message


@pytest.mark.parametrize(
    "frame",
    [
        "{}",
        '{"type":"welcome","version":1,"connection":"c"}',
        '{"type":"ping","more":1}',
        '{"type":"hello","version":"1","ticket":"t"}',
        '{"type":"hello","version":1,"ticket":""}',
        '{"type":"hello","version":2,"resume":"t","heard":-1}',
        '{"type":"ping","heard":9007199254740992}',
        '{"type":"join","ticket":"t","page":"a page"}',
        '{"type":"join","ticket":"t","page":"page\\n"}',
        '{"type":"bye","reason":"Hung up!"}',
        '{"type":"bye","reason":"hung-up\\n"}',
        '{"type":"state","microphone":1,"camera":true,"receiving":true,"level":2}',
        '{"type":"state","microphone":true,"camera":true,"receiving":true,"level":5}',
        '{"type":"bye","type":"offer","reason":"hung-up","sdp":"x"}',
        '{"type":"ping","\\u0074ype":"bye"}',
        json.dumps({"type": "candidate", "candidate": "c" * 1025}),
        json.dumps({"type": "candidate", "candidate": "é" * 513}),
        json.dumps({"type": "candidate", "candidate": "candidate:1\r\na=ice-lite"}),
        json.dumps({"type": "offer", "sdp": SDP + "a=x\r\n" * 8000}),
        json.dumps({"type": "offer", "sdp": SDP + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n" * 121}),
    ],
)
def test_what_makes_no_sense_is_refused(frame: str) -> None:
    with pytest.raises(BadMessage):
        read(frame)


WEAK = "a=fingerprint:sha-1 " + ":".join(["AB"] * 20)
VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"


@pytest.mark.parametrize(
    "sdp",
    [
        SDP,
        SDP.replace("\r\n", "\n"),
        SDP + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n" * 120,
        SDP + VIDEO + FINGERPRINT + "\r\n",
        f"v=0\r\n{FINGERPRINT}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n{VIDEO}",
        SDP + WEAK + "\r\n",
        SDP.replace("sha-256", "SHA-256"),
        SDP.replace(FINGERPRINT, "a=fingerprint:sha-384 " + ":".join(["0f"] * 48)),
        SDP.replace(FINGERPRINT, "a=fingerprint:sha-512 " + ":".join(["0f"] * 64)),
    ],
)
def test_a_description_bound_to_a_strong_certificate_passes(sdp: str) -> None:
    check_sdp(sdp)


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "v=0\r\n",
        f"v=0\r\n{FINGERPRINT}\r\n",
        SDP.replace(FINGERPRINT, ""),
        SDP.replace(FINGERPRINT, WEAK),
        SDP.replace(FINGERPRINT, FINGERPRINT[:-3]),
        SDP.replace(FINGERPRINT, FINGERPRINT + ":AB"),
        SDP.replace(FINGERPRINT, " " + FINGERPRINT),
        SDP.replace(FINGERPRINT, FINGERPRINT.replace("sha-256", "sha-384")),
        SDP + VIDEO,
        SDP + VIDEO + WEAK + "\r\n",
        SDP.removeprefix("v=0"),
    ],
)
def test_a_description_without_a_strong_certificate_is_refused(sdp: str) -> None:
    with pytest.raises(BadMessage):
        check_sdp(sdp)


def test_the_practitioner_alone_offers_and_the_patient_alone_answers() -> None:
    said: list[tuple[ForPeer, set[Seat]]] = [
        (Offer(SDP), {Seat.PRACTITIONER, Seat.LOBBY}),
        (Answer(SDP), {Seat.PATIENT}),
        (Restart(), {Seat.PATIENT}),
        (Candidate(None), set(Seat)),
        (State(True, True, True, 4), set(Seat)),
        (Bye("hung-up"), set(Seat)),
    ]
    assert {type(message) for message, _ in said} == set(get_args(ForPeer))
    for message, who in said:
        assert {seat for seat in Seat if may_say(seat, message)} == who


# The document ----------------------------------------------------------------------------


def section(title: str) -> str:
    return DOCUMENT.split(f"### {title}")[1].split("\n##")[0]


def rows(text: str) -> dict[str, str]:
    """What a table says of each message, by its name."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            first, rest = line.removeprefix("| ").split(" |", 1)
            found.update(dict.fromkeys(re.findall(r"`([a-z-]+)`", first), rest))
    return found


@pytest.mark.parametrize(
    ("title", "kinds"), [("2.1 What a page says", from_page), ("2.2 What the exchange says", from_exchange)]
)
def test_every_message_is_in_the_document_and_no_other(title: str, kinds: tuple[type[Message], ...]) -> None:
    assert set(rows(section(title))) == {kebab(kind.__name__) for kind in kinds}


@pytest.mark.parametrize("kind", every_message)
def test_every_field_is_in_the_document(kind: type[Message]) -> None:
    told = {**rows(section("2.2 What the exchange says")), **rows(section("2.1 What a page says"))}
    for name in kind.__struct_fields__:
        assert f"`{name}`" in told[kebab(kind.__name__)]


def test_every_close_code_and_error_code_is_in_the_document() -> None:
    for error in SignallingError.__subclasses__():
        assert f"| {error.close_code} | {error.__name__} |" in DOCUMENT
    for code in protocol.ErrorCode:
        assert f"`{code}`" in DOCUMENT
    assert f"version {protocol.VERSION}" in DOCUMENT


# The twin in the browser -----------------------------------------------------------------


def table(name: str) -> dict[str, list[str]]:
    body = TWIN.split(f"export const {name} = Object.freeze({{")[1].split("});")[0]
    found = re.findall(r'^\s*"?([a-z-]+)"?: \[(.*?)\]', body, re.MULTILINE)
    return {key: re.findall(r'"([a-z]+)"', fields) for key, fields in found}


@pytest.mark.parametrize(("name", "kinds"), [("FromPage", from_page), ("FromExchange", from_exchange)])
def test_the_browser_has_the_same_messages_with_the_same_fields(name: str, kinds: tuple[type[Message], ...]) -> None:
    ours = {kebab(kind.__name__): list(kind.__struct_fields__) for kind in kinds}
    assert table(name) == ours


def test_the_browser_has_the_same_version_seats_and_close_codes() -> None:
    assert f"export const VERSION = {protocol.VERSION};" in TWIN
    body = TWIN.split("export const CloseCode = Object.freeze({")[1].split("});")[0]
    ours = {error.__name__: str(error.close_code) for error in errors.SignallingError.__subclasses__()}
    assert dict(re.findall(r"(\w+): (\d+)", body)) == ours
    assert all(f'"{seat}"' in CALL for seat in Seat)


def test_the_browser_counts_the_same_frames() -> None:
    body = TWIN.split("export const Uncounted = Object.freeze([")[1].split("]")[0]
    ours = {kebab(kind.__name__) for kind in get_args(protocol.Uncounted)}
    assert set(re.findall(r'"([a-z-]+)"', body)) == ours
    counted = DOCUMENT.split("**Counting.**")[1]
    assert set(re.findall(r"`([a-z-]+)`", counted.split("**Keeping.**")[0])) == ours


def test_messages_are_frozen_and_refuse_unknown_fields() -> None:
    for kind in every_message:
        assert kind.__struct_config__.frozen
        assert kind.__struct_config__.forbid_unknown_fields
        assert issubclass(kind, msgspec.Struct)
