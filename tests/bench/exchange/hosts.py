"""The processes of the measure: servers whose cost is read from the kernel, and the load that is not counted."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.components import DidNotStart, free_port

ROOT = Path(__file__).parent.parent.parent.parent
PEERS = ROOT / "var/peers"  # what npm brings for a measure; never part of the repository
START_WITHIN = 30.0  # s
WS = "ws@8.23.0"


def raise_file_limit(wanted: int) -> int:
    """Let this process and its children open `wanted` files, as far as the system allows; return what it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(soft, allowed)


@dataclass(frozen=True)
class Host:
    """One server: where it answers, and what it costs by the kernel's count (Linux)."""

    origin: str
    pid: int

    def cpu(self) -> float:
        """Seconds that its threads ran so far."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def resident(self) -> float:
        """Resident memory in KB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return float(status.split("VmRSS:")[1].split()[0])

    def remembers(self) -> int:
        """How many pages our exchange knows, with or without a socket."""
        with urllib.request.urlopen(f"{self.origin}/left", timeout=30) as answer:
            return int(answer.read())

    def files(self) -> int:
        """How many files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def _answers(origin: str) -> bool:
    try:
        with urllib.request.urlopen(f"{origin}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def host(*command: str, port: int = 0, **environment: str) -> Iterator[Host]:
    """Run a server for as long as the block lasts; `{port}` in its words becomes its port."""
    port = port or free_port()
    words = [word.format(port=port) for word in command]
    child = subprocess.Popen(
        words, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        here = Host(f"http://127.0.0.1:{port}", child.pid)
        until = time.monotonic() + START_WITHIN
        while not _answers(here.origin):
            if child.poll() is not None or time.monotonic() > until:
                raise DidNotStart(f"{words}: {child.stderr.read().decode()[-2000:] if child.stderr else ''}")
            time.sleep(0.02)
        yield here
    finally:
        child.kill()
        child.communicate()


def python(module: str, *words: str) -> tuple[str, ...]:
    """The command of one of our modules."""
    return (sys.executable, "-m", f"tests.bench.exchange.{module}", *words)


def without(prelude: str, module: str, *words: str) -> tuple[str, ...]:
    """The command of one of our modules, after some Python that turns a defence off."""
    run = f"{prelude}\nimport runpy, sys\nsys.argv[1:1] = {list(words)}"
    return (sys.executable, "-c", f"{run}\nrunpy.run_module('tests.bench.exchange.{module}', run_name='__main__')")


def node_relay() -> tuple[str, ...] | None:
    """The command of the relay on Node's `ws`, or None when Node or the registry is not there."""
    node, npm, folder = shutil.which("node"), shutil.which("npm"), PEERS / "node_modules/ws"
    if node is None:
        return None
    if not folder.exists() and npm is not None:
        PEERS.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--silent", "--no-save", "--no-audit", "--no-fund", "--prefix", str(PEERS), WS]
        subprocess.run(install, capture_output=True, timeout=60, check=False)
    script = str(Path(__file__).with_name("relay.js"))
    return (node, script, "{port}", str(folder)) if folder.exists() else None


class Crowd:
    """One load in a process of its own, that does what it is told."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child

    async def do(self, name: str, **words: Any) -> dict[str, Any]:
        """Give one order and wait until it is done."""
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.write(json.dumps({"do": name, **words}).encode() + b"\n")
        answer = await self._child.stdout.readline()
        if not answer:
            raise DidNotStart(f"the load ended at “{name}”")
        told: dict[str, Any] = json.loads(answer)
        return told


@asynccontextmanager
async def crowd(kind: str, *origins: str, across: bool = False) -> AsyncIterator[Crowd]:
    """A load for one target."""
    child = await asyncio.create_subprocess_exec(
        *python("load"), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=64 * 1024 * 1024
    )
    try:
        told = Crowd(child)
        await told.do("target", kind=kind, origins=list(origins), across=across)
        yield told
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
