"""The server as an operator runs it: a process of its own, that can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.components import DidNotStart, free_port
from tests.running import CACHE

READY_WITHIN = 60.0  # s: a loaded machine with two cores; a quiet one needs one


@dataclass
class Server:
    """One `telecabin serve`: where it answers, and its process."""

    folder: Path
    settings: Mapping[str, str]
    port: int = field(default_factory=free_port)
    prelude: str = ""
    """Python to run before the server: how a test turns a defence off."""
    child: subprocess.Popen[bytes] | None = None

    @property
    def origin(self) -> str:
        """Where browsers find it."""
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder / f"server-{self.port}.log"

    def start(self) -> None:
        """Start, and wait until it answers."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TELECABIN_")}
        environment |= {
            "TELECABIN_PORT": str(self.port),
            "TELECABIN_ORIGIN": self.origin,
            "TELECABIN_CACHE_DIR": str(CACHE),
            **self.settings,
        }
        with self.log.open("ab") as out:
            self.child = subprocess.Popen(
                [sys.executable, "-c", f"{self.prelude}\nfrom server.cli import main; main(['serve'])"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=Path(__file__).parent.parent,
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not self._answers():
            if self.child is None or self.child.poll() is not None or time.monotonic() > deadline:
                raise DidNotStart(self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def kill(self) -> None:
        """kill -9, as a power cut of the process."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None

    def stop(self) -> None:
        """Stop as an operator does, and wait."""
        if self.child is not None:
            with contextlib.suppress(ProcessLookupError):
                self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
            self.child = None


@contextmanager
def serving(folder: Path, *, prelude: str = "", **settings: str) -> Iterator[Server]:
    """Serve in a process of its own until the block ends. Settings are named without their prefix."""
    server = Server(folder, {f"TELECABIN_{name.upper()}": value for name, value in settings.items()}, prelude=prelude)
    try:
        server.start()
        yield server
    finally:
        server.stop()
