"""Real components for the tests: each starts when first asked for, and stops with the session."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests import tools

READY_WITHIN = 30.0  # seconds; a loaded two-core machine needs about 3 for a PostgreSQL cluster
STOP_WITHIN = 10.0

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


def _path(tool: tools.Tool) -> Path:
    """Where a component is, or a failure that says what to install."""
    try:
        return tool.path()
    except tools.Absent as absent:
        pytest.fail(str(absent), pytrace=False)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of the loopback that nobody listens on at this instant."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _dies_with_us() -> list[str]:
    """A prefix that has the kernel end the program when the tests are killed (Linux)."""
    setpriv = shutil.which("setpriv", path=f"{os.environ.get('PATH', '')}:/usr/bin")
    return [setpriv, "--pdeathsig", "INT"] if setpriv else []


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
            pytest.fail(f"{log.stem} did not start:\n{tail}", pytrace=False)
        time.sleep(0.02)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def service_folder() -> Iterator[Path]:
    """A short folder that other users may enter: PostgreSQL runs as its own and sockets need short paths."""
    folder = Path(tempfile.mkdtemp(prefix="telecabin-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


# Redis ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def redis_port(service_folder: Path) -> Iterator[int]:
    """The port of a Redis that keeps nothing on disk, for the whole session."""
    server, port, log = _path(tools.REDIS), free_port(), service_folder / "redis.log"
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    command = [*_dies_with_us(), str(server), *options, "--dir", str(service_folder)]
    with log.open("wb") as out, _running(command, out) as child:
        _until(lambda: _redis_says(port, "PING") == b"+PONG\r\n", child, log)
        yield port


def _redis_says(port: int, command: str) -> bytes:
    """One inline command to Redis, without a client library; empty when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as line:
            line.sendall(f"{command}\r\n".encode())
            return line.recv(1024)
    except OSError:
        return b""


@pytest.fixture
def redis_url(redis_port: int) -> str:
    """An empty, real Redis."""
    assert _redis_says(redis_port, "FLUSHALL") == b"+OK\r\n"
    return f"redis://127.0.0.1:{redis_port}/0"


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
    pytest.fail("PostgreSQL refuses root, and setpriv is absent: apt-get install util-linux.", pytrace=False)


@pytest.fixture(scope="session")
def postgres(service_folder: Path) -> Iterator[Postgres]:
    """A real PostgreSQL cluster of our own, without fsync: it need not survive the tests."""
    programs, port = _path(tools.POSTGRES), free_port()
    home, log = service_folder / "postgres", service_folder / "postgres.log"
    home.mkdir()
    prefix = _as_another_user(home)
    initdb = [
        *prefix,
        str(programs / "initdb"),
        "-D",
        str(home / "cluster"),
        "-U",
        "telecabin",
        "-A",
        "trust",
    ]
    options = ["-E", "UTF8", "--locale", "C", "--no-sync"]
    made = subprocess.run([*initdb, *options], capture_output=True, text=True, cwd=home, check=False)
    if made.returncode:
        pytest.fail(f"initdb failed:\n{made.stderr}", pytrace=False)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": home,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": 60,
        "shared_buffers": "64MB",
    }
    words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    command = [*prefix, str(programs / "postgres"), "-D", str(home / "cluster"), *words]
    ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as out, _running(command, out, signal.SIGINT) as child:
        _until(lambda: subprocess.run(ready, check=False).returncode == 0, child, log)
        yield Postgres(port, itertools.count(1))


@pytest_asyncio.fixture
async def postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """A fresh, empty PostgreSQL database for one test."""
    name = await postgres.create()
    try:
        yield postgres.url(name)
    finally:
        await postgres.drop(name)


@pytest_asyncio.fixture
async def another_postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """A second empty database for the same test."""
    name = await postgres.create()
    try:
        yield postgres.url(name)
    finally:
        await postgres.drop(name)


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


@pytest.fixture(scope="session")
def turn(service_folder: Path) -> Iterator[Turn]:
    """A real coturn that relays on the loopback, with credentials that expire (use-auth-secret)."""
    server, log = _path(tools.COTURN), service_folder / "coturn.log"
    relay = Turn(free_port(), "a-secret-of-the-tests", "telecabin.test")
    command = [
        *_dies_with_us(),
        str(server),
        "-n",
        "--no-cli",
        "--no-tls",
        "--no-dtls",
        "--log-file",
        "stdout",
    ]
    command += ["--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", str(relay.port)]
    command += [
        "--use-auth-secret",
        "--static-auth-secret",
        relay.secret,
        "--realm",
        relay.realm,
        "--fingerprint",
    ]
    command += ["--allow-loopback-peers", "--pidfile", str(service_folder / "coturn.pid")]
    command += ["--userdb", str(service_folder / "coturn.db")]
    with log.open("wb") as out, _running(command, out, signal.SIGINT) as child:
        _until(lambda: _listens(relay.port), child, log)
        yield relay


@pytest.fixture
def turn_url(turn: Turn) -> str:
    """The address of a real coturn; its secret is in the fixture `turn`."""
    return turn.url


# Chromium -------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """Where Chromium is, or a failure that says what to install."""
    return _path(tools.CHROMIUM)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    """One headless Chromium for the session, with a fake camera and a fake microphone."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=str(chromium_path), headless=True, args=["--headless=new", *CHROMIUM_FLAGS]
        )
        try:
            yield chromium
        finally:
            await chromium.close()


ContextFactory = Callable[..., "Any"]


@pytest_asyncio.fixture(loop_scope="session")
async def new_context(browser: Browser) -> AsyncIterator[ContextFactory]:
    """`await new_context(**options)`: one person's browser, camera and microphone allowed."""
    opened: list[BrowserContext] = []

    async def open_one(**options: Any) -> BrowserContext:
        options.setdefault("permissions", ["camera", "microphone"])
        options.setdefault("locale", "fr-FR")
        opened.append(await browser.new_context(**options))
        return opened[-1]

    try:
        yield open_one
    finally:
        for context in reversed(opened):
            await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(new_context: ContextFactory) -> AsyncIterator[ContextFactory]:
    """`await new_page(**options)`: a page in a context of its own."""

    async def open_one(**options: Any) -> Page:
        context: BrowserContext = await new_context(**options)
        return await context.new_page()

    yield open_one


@pytest_asyncio.fixture(loop_scope="session")
async def context(new_context: ContextFactory) -> BrowserContext:
    """One person's browser, with the default options."""
    opened: BrowserContext = await new_context()
    return opened


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    """One page of one person."""
    return await context.new_page()
