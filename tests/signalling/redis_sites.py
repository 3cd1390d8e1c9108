"""Real Redis servers for the tests: a cluster of three, and a master that a sentinel watches."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import tools
from tests.components import free_port
from tests.signalling.exchange import until_sync

QUIET = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning"]
PONG = b"+PONG\r\n"
SLOTS = ((0, 5460), (5461, 10922), (10923, 16383))


class Child:
    """One redis-server process."""

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        self.port = port
        folder.mkdir(parents=True, exist_ok=True)
        command = [str(tools.REDIS.path()), *options, "--port", str(port), "--dir", str(folder)]
        self._child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def says(self, command: str) -> bytes:
        """What it answers, all of it: a PING is said behind, and its answer waited for."""
        said = b""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as line:
                line.sendall(f"{command}\r\nPING\r\n".encode())
                while not said.endswith(PONG):
                    said += line.recv(65_536) or PONG
        except OSError:
            return b""
        return said.removesuffix(PONG)

    def until_up(self) -> None:
        until_sync(lambda: self.says("PING") == PONG)

    def kill(self) -> None:
        self._child.kill()
        self._child.wait()


@contextmanager
def cluster(folder: Path) -> Iterator[list[Child]]:
    """Three members, each of which owns a third of the slots. No replicas."""
    options = ["--cluster-enabled", "yes", "--cluster-require-full-coverage", "no", *QUIET]
    members = [Child(folder / f"member-{port}", port, *options) for port in (free_port() for _ in range(3))]
    try:
        for member, (first, last) in zip(members, SLOTS, strict=True):
            member.until_up()
            assert member.says(f"CLUSTER ADDSLOTSRANGE {first} {last}") == b"+OK\r\n"
        for member in members[1:]:
            assert members[0].says(f"CLUSTER MEET 127.0.0.1 {member.port} {member.port + 10000}") == b"+OK\r\n"
        for member in members:
            until_sync(lambda member=member: b"cluster_slots_assigned:16384" in member.says("CLUSTER INFO"))
            until_sync(lambda member=member: b"cluster_state:ok" in member.says("CLUSTER INFO"))
        yield members
    finally:
        for member in members:
            member.kill()


@contextmanager
def watched(folder: Path) -> Iterator[tuple[int, list[Child]]]:
    """The port of a sentinel, and the master and its replica, which it knows by the name `clinic`."""
    master = Child(folder / "master", free_port(), *QUIET)
    replica = Child(folder / "replica", free_port(), *QUIET, "--replicaof", f"127.0.0.1 {master.port}")
    settings = folder / "sentinel.conf"
    settings.write_text(
        f"sentinel monitor clinic 127.0.0.1 {master.port} 1\n"
        "sentinel down-after-milliseconds clinic 300\nsentinel failover-timeout clinic 2000\n"
    )
    sentinel = Child(folder, free_port(), str(settings), "--sentinel", "--bind", "127.0.0.1")
    try:
        for child in (master, replica, sentinel):
            child.until_up()
        until_sync(lambda: b"slave0:" in master.says("INFO replication"))
        until_sync(lambda: b"slaves=1" in sentinel.says("INFO sentinel"))
        yield sentinel.port, [master, replica]
    finally:
        for child in (sentinel, replica, master):
            child.kill()
