"""The few words of TURN (RFC 8656) that an attacker needs: allocate, ask for a permission, bind a channel."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import socket
import struct
import time
from base64 import b64encode
from collections.abc import Callable
from types import TracebackType

ALLOCATE, PERMISSION, CHANNEL = 0x0003, 0x0008, 0x0009
USERNAME, INTEGRITY, ERROR, CHANNEL_NUMBER, PEER = 0x0006, 0x0008, 0x0009, 0x000C, 0x0012
REALM, NONCE, FAMILY, TRANSPORT = 0x0014, 0x0015, 0x0017, 0x0019
COOKIE = 0x2112A442
OK = 200
Body = Callable[[bytes], bytes]  # a request's attributes, for its transaction


def credentials(secret: str, lives_for: float = 600, name: str = "probe") -> tuple[str, str]:
    """A name that carries its own end, and the password that the shared secret gives it."""
    username = f"{int(time.time() + lives_for)}:{name}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, b64encode(digest).decode()


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)


def _masked(address: str, port: int, transaction: bytes) -> bytes:
    ip = ipaddress.ip_address(address)
    mask = struct.pack("!I", COOKIE) + transaction
    octets = bytes(a ^ b for a, b in zip(ip.packed, mask, strict=False))
    return struct.pack("!BBH", 0, 1 if ip.version == 4 else 2, port ^ COOKIE >> 16) + octets


def _attributes(message: bytes) -> dict[int, bytes]:
    found, at = {}, 20
    while at + 4 <= len(message):
        kind, size = struct.unpack_from("!HH", message, at)
        found[kind] = message[at + 4 : at + 4 + size]
        at += 4 + size + -size % 4
    return found


class Probe:
    """One client of a TURN server on the loopback; each request gives 200 or the error's code."""

    def __init__(self, port: int, username: str, password: str) -> None:
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.settimeout(5)
        self.line.connect(("127.0.0.1", port))
        self.username, self.password = username, password
        self.realm = self.nonce = b""
        self.channel = 0x4000
        self._is_new_nonce = False

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.line.close()

    def allocate(self, version: int = 4) -> int:
        """Ask for a relay address of IPv4 or IPv6."""
        family = _attribute(FAMILY, b"\x02\0\0\0") if version == 6 else b""
        return self._ask(ALLOCATE, lambda _: _attribute(TRANSPORT, b"\x11\0\0\0") + family)

    def permission(self, address: str) -> int:
        """Ask that a peer may send to us."""
        return self._ask(PERMISSION, lambda transaction: _attribute(PEER, _masked(address, 9, transaction)))

    def bind(self, address: str) -> int:
        """Ask for a channel to a peer."""
        self.channel += 1
        number = _attribute(CHANNEL_NUMBER, struct.pack("!HH", self.channel, 0))
        return self._ask(CHANNEL, lambda transaction: number + _attribute(PEER, _masked(address, 9, transaction)))

    def _ask(self, method: int, body: Body) -> int:
        code = self._once(method, body)
        return self._once(method, body) if code in {401, 438} and self._is_new_nonce else code

    def _once(self, method: int, body: Body) -> int:
        transaction = os.urandom(12)
        answer = self._send(method, transaction, body(transaction))
        attributes = _attributes(answer)
        before, self.nonce = self.nonce, attributes.get(NONCE, self.nonce)
        self.realm = attributes.get(REALM, self.realm)
        self._is_new_nonce = before != self.nonce
        if ERROR in attributes:
            return attributes[ERROR][2] * 100 + attributes[ERROR][3]
        return OK

    def _send(self, method: int, transaction: bytes, body: bytes) -> bytes:
        if self.nonce:
            body += _attribute(USERNAME, self.username.encode()) + _attribute(REALM, self.realm)
            body += _attribute(NONCE, self.nonce)
            key = hashlib.md5(f"{self.username}:{self.realm.decode()}:{self.password}".encode()).digest()
            head = struct.pack("!HHI", method, len(body) + 24, COOKIE) + transaction
            body += _attribute(INTEGRITY, hmac.new(key, head + body, hashlib.sha1).digest())
        self.line.send(struct.pack("!HHI", method, len(body), COOKIE) + transaction + body)
        while True:
            answer = self.line.recv(2048)
            if answer[8:20] == transaction:
                return answer
