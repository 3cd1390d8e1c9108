"""T14: our coturn, with the configuration that we ship, is not a door into anybody's network."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests import components
from tests.house.reading import ROOT
from tests.trust.stun import OK, Probe, credentials

ID = "T14"
CLAIM = "TURN relays to the public internet and to no special address"

SHIPPED = ROOT / "deploy/coturn.conf"
# The test decides where it listens; all else stays as shipped.
OURS = ("listening-port", "tls-listening-port", "min-port", "max-port", "realm", "fingerprint", "simple-log")

SPECIAL_4 = (
    "0.0.0.1",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.254",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "255.255.255.255",
)
SPECIAL_6 = (
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "100::1",
    "2001:db8::1",
    "2002:a00:1::1",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "ff02::1",
)
# A relay that refuses everybody would pass without these. A permission sends nothing to them.
PUBLIC_4 = ("9.9.9.9", "151.101.1.1", "172.32.0.1")
PUBLIC_6 = ("2620:fe::fe", "2a00:1450::1")


def _configuration(folder: Path, defence: bool) -> Path:
    left_out = OURS if defence else (*OURS, "denied-peer-ip")
    lines = [line for line in SHIPPED.read_text().splitlines() if not line.startswith(left_out)]
    path = folder / "turnserver.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def _peers(relay: components.Turn, version: int, special: tuple[str, ...], public: tuple[str, ...]) -> list[bool]:
    """Whether each special peer was refused and each public one allowed, by permission and by channel."""
    with Probe(relay.port, *credentials(relay.secret, name=f"probe{version}")) as probe:
        if (code := probe.allocate(version)) != OK:
            raise OSError(f"no allocation on IPv{version}: {code}")
        held = [probe.permission(address) == 403 for address in special]
        held += [probe.bind(address) == 403 for address in special]
        held += [probe.permission(address) == OK for address in public]
        return held + [probe.bind(address) == OK for address in public]


def _strangers(relay: components.Turn) -> list[bool]:
    """Whether an expired name, another secret and a fifth allocation of one person were refused."""
    with Probe(relay.port, *credentials(relay.secret, lives_for=-1)) as late:
        held = [late.allocate() == 401]
    with Probe(relay.port, *credentials("another secret")) as stranger:
        held.append(stranger.allocate() == 401)
    name = credentials(relay.secret, name="greedy")
    probes = [Probe(relay.port, *name) for _ in range(6)]
    codes = [probe.allocate() for probe in probes]
    for probe in probes:
        probe.line.close()
    return [*held, codes == [OK] * 4 + [486] * 2]


def _attempt(defence: bool) -> list[bool]:
    with components.service_folder() as folder:
        options = ("-c", str(_configuration(folder, defence)), "--relay-ip", "::1")
        with components.turn(folder, *options) as relay:
            held = _peers(relay, 4, SPECIAL_4, PUBLIC_4)
            held += _peers(relay, 6, SPECIAL_6, PUBLIC_6)
            return held + _strangers(relay)


async def attempt(defence: bool) -> tuple[int, int]:
    """Ask for every special address, and for some public ones."""
    held = await asyncio.to_thread(_attempt, defence)
    return len(held), sum(held)
