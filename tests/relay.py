"""A coturn run from the configuration that we ship, with what the loopback needs and nothing else changed."""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import components, tools
from tests.components import free_port, listens, relays

SHIPPED = Path(__file__).parent.parent / "deploy/coturn.conf"
NAME = "turn.localhost"


@dataclass(frozen=True)
class Relay:
    """Where the relay listens, the secret of its credentials, and the pin of its self-made certificate."""

    port: int
    tls_port: int
    secret: str
    pin: str
    log: Path

    def url(self, transport: str) -> str:
        """Its address as a browser wants it: "udp", "tcp" or "tls"."""
        if transport == "tls":
            return f"turns:127.0.0.1:{self.tls_port}?transport=tcp"
        return f"turn:127.0.0.1:{self.port}?transport={transport}"


def _certify(folder: Path) -> str:
    """Write a certificate and its key; return the pin of its public key, as Chromium takes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - datetime.timedelta(days=1),
        not_valid_after=now + datetime.timedelta(days=1),
    ).sign(key, hashes.SHA256())
    (folder / "turn.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "turn.key").write_bytes(private)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


@contextmanager
def relay_as_shipped(folder: Path, *more: str) -> Iterator[Relay]:
    """Run coturn from deploy/coturn.conf on free ports of the loopback.

    What differs: where it listens, its secret and certificate, and that peers on 127.0.0.1 are allowed, for here both
    ends of a call are there. All other special addresses stay refused.
    """
    server, log = tools.COTURN.path(), folder / "relay.log"
    relay = Relay(free_port(), free_port(), "a-secret-of-the-relay", _certify(folder), log)
    command = [str(server), "-c", str(SHIPPED), "--log-file", "stdout", "--verbose", *more]
    command += ["--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1"]
    command += ["--listening-port", str(relay.port), "--tls-listening-port", str(relay.tls_port)]
    command += ["--cert", str(folder / "turn.pem"), "--pkey", str(folder / "turn.key")]
    command += ["--static-auth-secret", relay.secret, "--allow-loopback-peers", "--allowed-peer-ip", "127.0.0.1"]
    command += ["--pidfile", str(folder / "relay.pid"), "--userdb", str(folder / "relay.db")]
    with components.program(command, log, lambda: listens(relay.tls_port) and relays(relay.port)):
        yield relay
