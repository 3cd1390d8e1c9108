"""The STUN and TURN servers that a page may use, with TURN credentials that soon expire."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

# coturn asks the expiry only when an allocation is made, so a call outlives its credentials: 10 minutes is enough.
CREDENTIALS_FOR: Final = timedelta(minutes=10)


class IceServer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of RTCConfiguration.iceServers, as browsers name its fields."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class IceServers:
    """What a page's RTCPeerConnection is given. Without URLs: nothing, and host candidates do (one LAN, a demo)."""

    now: Callable[[], datetime]
    stun_urls: Sequence[str] = ()
    turn_urls: Sequence[str] = ()
    turn_secret: str = ""

    @property
    def has_relay(self) -> bool:
        """Whether there is a TURN server, so that a page may hide behind it."""
        return bool(self.turn_urls and self.turn_secret)

    def for_page(self, pseudonym: str) -> list[IceServer]:
        """Return the servers for one member of a running call. `pseudonym` names nobody: a random word will do.

        coturn's `use-auth-secret`: the username is `expiry:pseudonym`, the credential is the base64 of its
        HMAC-SHA1 under the shared secret (draft-uberti-behave-turn-rest). SHA-1 is what the protocol says; a
        collision does not forge a MAC.
        """
        servers = [IceServer(tuple(self.stun_urls))] if self.stun_urls else []
        if self.has_relay:
            username = f"{int((self.now() + CREDENTIALS_FOR).timestamp())}:{pseudonym}"
            mac = hmac.digest(self.turn_secret.encode(), username.encode(), hashlib.sha1)
            servers.append(IceServer(tuple(self.turn_urls), username, base64.b64encode(mac).decode()))
        return servers
