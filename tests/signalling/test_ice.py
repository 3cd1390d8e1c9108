"""ICE servers: nothing by default, and TURN credentials that coturn's rule makes."""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec

from signalling.ice import IceServer, IceServers
from tests.clock import FakeClock


def test_without_configuration_a_page_gets_no_servers(clock: FakeClock) -> None:
    assert IceServers(clock).for_page("p") == []


def test_turn_without_a_secret_is_not_offered(clock: FakeClock) -> None:
    assert IceServers(clock, turn_urls=["turn:t.example"]).for_page("p") == []


def test_credentials_follow_the_shared_secret_rule_and_expire_in_ten_minutes(clock: FakeClock) -> None:
    servers = IceServers(clock, ["stun:s.example"], ["turns:t.example:5349?transport=tcp"], "secret")
    stun, turn = servers.for_page("a7f")
    expiry = int(clock().timestamp()) + 600
    mac = hmac.new(b"secret", f"{expiry}:a7f".encode(), hashlib.sha1).digest()
    assert stun == IceServer(("stun:s.example",))
    assert turn.username == f"{expiry}:a7f"
    assert turn.credential == base64.b64encode(mac).decode()


def test_browsers_read_the_entries_as_they_are() -> None:
    assert msgspec.json.encode(IceServer(("stun:s.example",))) == b'{"urls":["stun:s.example"]}'
