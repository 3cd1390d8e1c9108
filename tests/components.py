"""The real programs of the tests, each started on a free port of the loopback and ended by who started it."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import asyncpg
from playwright.async_api import Browser, async_playwright

from tests import tools

READY_WITHIN = 30.0  # seconds; a loaded two-core machine needs about 3 for a PostgreSQL cluster
STOP_WITHIN = 10.0

_PORTS_EACH = 1000
_FIRST_PORT = 10_000 + _PORTS_EACH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw9").removeprefix("gw")) % 10)
_PORTS = itertools.count(os.getpid() % _PORTS_EACH)

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
CALM = "--use-fake-device-for-media-stream=fps=5"
"""A camera of few pictures: for stories, which want a picture that moves and measure none."""


class DidNotStart(Exception):
    """A real component is there but did not start; the message ends with its log."""


def free_port() -> int:
    """A port of the loopback, by TCP and by UDP, that nobody takes before we do: each worker of the tests has its own
    thousand, below those that the kernel gives away, and goes round in it."""
    while True:
        port = _FIRST_PORT + next(_PORTS) % _PORTS_EACH
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _dies_with_us() -> list[str]:
    """A prefix that has the kernel end the program when the tests are killed (Linux)."""
    setpriv = shutil.which("setpriv", path=f"{os.environ.get('PATH', '')}:/usr/bin")
    # whoever starts the tests in the background ignores INT, and hands that down
    return ["env", "--default-signal=INT", setpriv, "--pdeathsig", "INT"] if setpriv else []


@contextmanager
def _running(command: list[str], log: IO[bytes], stop_by: int = signal.SIGTERM) -> Iterator[subprocess.Popen[bytes]]:
    """Run one program for as long as the block lasts; end this one only."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(stop_by)
            try:
                child.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _until(answers: Callable[[], bool], child: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a program answers; fail with the end of its log when it ends or takes too long."""
    deadline = time.monotonic() + READY_WITHIN
    while not answers():
        if child.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:]
            raise DidNotStart(f"{log.stem} did not start:\n{tail}")
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether something listens on this port over TCP."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def program(command: list[str], log: Path, answers: Callable[[], bool]) -> Iterator[subprocess.Popen[bytes]]:
    """Run any program for as long as the block lasts, from the moment when it answers."""
    with log.open("wb") as out, _running([*_dies_with_us(), *command], out, signal.SIGINT) as child:
        _until(answers, child, log)
        yield child


@contextmanager
def service_folder() -> Iterator[Path]:
    """A short folder that other users may enter: PostgreSQL runs as its own and sockets need short paths."""
    folder = Path(tempfile.mkdtemp(prefix="telecabin-tests-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# Redis ----------------------------------------------------------------------------------


@contextmanager
def redis(folder: Path) -> Iterator[int]:
    """A Redis that keeps nothing on disk; gives its port."""
    server, port, log = tools.REDIS.path(), free_port(), folder / "redis.log"
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    command = [*_dies_with_us(), str(server), *options, "--dir", str(folder)]
    with log.open("wb") as out, _running(command, out) as child:
        _until(lambda: redis_says(port, "PING") == b"+PONG\r\n", child, log)
        yield port


def redis_says(port: int, command: str) -> bytes:
    """One inline command to Redis, without a client library; empty when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as line:
            line.sendall(f"{command}\r\n".encode())
            return line.recv(1024)
    except OSError:
        return b""


# PostgreSQL -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Postgres:
    """One private cluster; databases in it come and go."""

    port: int
    numbers: Iterator[int]

    def url(self, name: str) -> str:
        """The address of a database, as SQLAlchemy and our settings write it."""
        return f"postgresql+asyncpg://telecabin@127.0.0.1:{self.port}/{name}"

    async def run(self, *commands: str) -> None:
        """Run commands as the owner of the cluster."""
        line = await asyncpg.connect(host="127.0.0.1", port=self.port, user="telecabin", database="postgres")
        try:
            for command in commands:
                await line.execute(command)
        finally:
            await line.close()

    async def create(self, template: str = "template1") -> str:
        """A new database, a copy of `template`; its name."""
        name = f"test_{next(self.numbers)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    async def drop(self, name: str) -> None:
        """Take a database away, whoever is still connected."""
        await self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _as_another_user(folder: Path) -> list[str]:
    """PostgreSQL refuses root: give it the folder and the prefix that runs it as somebody else."""
    if os.geteuid() != 0:
        return _dies_with_us()
    names = {entry.pw_name for entry in pwd.getpwall()}
    owner = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    if prefix := _dies_with_us():
        return [*prefix, "--reuid", str(owner.pw_uid), "--regid", str(owner.pw_gid), "--clear-groups"]
    raise tools.Absent("PostgreSQL refuses root, and setpriv is absent: apt-get install util-linux.")


def _make_cluster(programs: Path, home: Path, prefix: list[str]) -> None:
    """Lay an empty cluster down, owned by `telecabin`."""
    options = ["-U", "telecabin", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync"]
    command = [*prefix, str(programs / "initdb"), "-D", str(home / "cluster"), *options]
    made = subprocess.run(command, capture_output=True, text=True, cwd=home, check=False)
    if made.returncode:
        raise DidNotStart(f"initdb failed:\n{made.stderr}")


@contextmanager
def postgres(folder: Path, *, durable: bool = False) -> Iterator[Postgres]:
    """A PostgreSQL cluster of our own, the one of before where `folder` holds one already.

    Tests need not survive a power cut; measures of commits must be `durable`.
    """
    programs, port = tools.POSTGRES.path(), free_port()
    home, log = folder / "postgres", folder / "postgres.log"
    home.mkdir(exist_ok=True)
    prefix = _as_another_user(home)
    if not (home / "cluster").exists():
        _make_cluster(programs, home, prefix)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": home,
        "fsync": "on" if durable else "off",
        "synchronous_commit": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
        "max_connections": 200,
        "shared_buffers": "64MB",
    }
    words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    command = [*prefix, str(programs / "postgres"), "-D", str(home / "cluster"), *words]
    ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as out, _running(command, out, signal.SIGINT) as child:
        _until(lambda: subprocess.run(ready, check=False).returncode == 0, child, log)
        yield Postgres(port, itertools.count(1))


# coturn ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    """A TURN server on the loopback and the secret its credentials are made with."""

    port: int
    secret: str
    realm: str

    @property
    def url(self) -> str:
        """Its address as a browser wants it."""
        return f"turn:127.0.0.1:{self.port}?transport=udp"


@contextmanager
def turn(folder: Path, *options: str) -> Iterator[Turn]:
    """A coturn that relays on the loopback, with credentials that expire (use-auth-secret).

    Without options it takes no configuration file and relays to the loopback too.
    """
    server, log = tools.COTURN.path(), folder / "coturn.log"
    relay = Turn(free_port(), "a-secret-of-the-tests", "telecabin.test")
    options = options or ("-n", "--allow-loopback-peers")
    command = [*_dies_with_us(), str(server), *options, "--no-cli", "--no-tls", "--no-dtls", "--log-file", "stdout"]
    command += ["--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", str(relay.port)]
    command += ["--use-auth-secret", "--static-auth-secret", relay.secret, "--realm", relay.realm, "--fingerprint"]
    command += ["--pidfile", str(folder / "coturn.pid")]
    command += ["--userdb", str(folder / "coturn.db")]
    with log.open("wb") as out, _running(command, out, signal.SIGINT) as child:
        _until(lambda: relays(relay.port), child, log)
        yield relay


def relays(port: int) -> bool:
    """Whether it answers over UDP, be it with a refusal: it opens TCP a moment sooner."""
    allocate = struct.pack("!HHI12s", 0x0003, 0, 0x2112A442, os.urandom(12))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        try:
            probe.connect(("127.0.0.1", port))
            probe.send(allocate)
            return bool(probe.recv(1024))
        except OSError:
            return False


# Chromium -------------------------------------------------------------------------------


@asynccontextmanager
async def chromium(*flags: str, tool: tools.Tool = tools.CHROMIUM) -> AsyncIterator[Browser]:
    """One headless Chromium with a fake camera and a fake microphone."""
    path = tool.path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(path), headless=True, args=["--headless=new", *CHROMIUM_FLAGS, *flags]
        )
        try:
            yield browser
        finally:
            await browser.close()
