"""Where the real programs of the tests are: found, or named with what to install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class Absent(Exception):
    """A real component of the tests is not on this machine; the message says what to install."""


@dataclass(frozen=True)
class Tool:
    """A program that the tests drive, and how people get it."""

    name: str
    find: Callable[[], Path | None]
    debian: tuple[str, ...]
    brew: str

    def path(self) -> Path:
        """Where it is; raises Absent with a sentence that says what to install."""
        found = self.find()
        if found is None:
            raise Absent(self.advice())
        return found

    def advice(self) -> str:
        """What a person must type to have it."""
        return (
            f"{self.name} is not installed, and these tests use the real one. "
            f"Debian or Ubuntu: apt-get install {' '.join(self.debian)}. macOS: {self.brew}."
        )


def _on_path(*names: str) -> Callable[[], Path | None]:
    """Find the first of these programs on the PATH, the sbin folders included."""

    def find() -> Path | None:
        where = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/opt/homebrew/bin"])
        found = next((path for name in names if (path := shutil.which(name, path=where))), None)
        return Path(found) if found else None

    return find


def _postgres_bin() -> Path | None:
    """The newest folder that holds PostgreSQL's own programs (Debian keeps them off the PATH)."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin_: int(bin_.parent.name))
    folders = [folder for folder in folders if (folder / "initdb").exists()]
    if folders:
        return folders[-1]
    initdb = _on_path("initdb")()
    return initdb.parent if initdb else None


def _chromium() -> Path | None:
    """Chromium: CHROMIUM_PATH, the system's, a Mac's application, or Playwright's own download."""
    named = os.environ.get("CHROMIUM_PATH")
    if named:
        return Path(named) if Path(named).exists() else None
    found = _on_path("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")()
    if found:
        return found
    caches = [Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright"]
    applications = [Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")]
    downloads = [path for cache in caches for path in cache.glob("chromium-*/chrome-*/chrome")]
    return next((path for path in [*applications, *downloads] if path.exists()), None)


def _headless() -> Path | None:
    """Chromium without a window's frame, where Debian packs it apart; else Chromium itself."""
    named = os.environ.get("CHROMIUM_PATH")
    return (None if named else _on_path("chromium-headless-shell")()) or _chromium()


def _softhsm() -> Path | None:
    """SoftHSM's library, where Debian, Fedora or Homebrew put it."""
    places = ("/usr/lib/softhsm", "/usr/lib64/softhsm", "/opt/homebrew/lib/softhsm", "/usr/local/lib/softhsm")
    libraries = [Path(place, "libsofthsm2.so") for place in places]
    return next((path for path in libraries if path.exists() and _on_path("softhsm2-util")()), None)


POSTGRES = Tool("PostgreSQL", _postgres_bin, ("postgresql",), "brew install postgresql@16")
REDIS = Tool("Redis", _on_path("redis-server"), ("redis-server",), "brew install redis")
COTURN = Tool("coturn", _on_path("turnserver"), ("coturn",), "brew install coturn")
CHROMIUM = Tool("Chromium", _chromium, ("chromium", "fonts-dejavu-core"), "brew install --cask google-chrome")
HEADLESS = Tool(
    "Chromium's headless shell", _headless, ("chromium-headless-shell",), "brew install --cask google-chrome"
)
"""A third less work for each window: for screens. The stories of whole visits run in Chromium itself."""
SOFTHSM = Tool("SoftHSM", _softhsm, ("softhsm2",), "brew install softhsm")
ALL = (POSTGRES, REDIS, COTURN, CHROMIUM, HEADLESS, SOFTHSM)


def _apt_install(absent: list[Tool]) -> None:
    """Install what is absent with apt; nothing is started and nobody is asked."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    names = [name for tool in absent for name in tool.debian]
    print(f"Installing for the tests: {' '.join(names)}", flush=True)
    for command in (
        ["apt-get", "update", "-q", "-o", "Acquire::Retries=3"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", *names],
    ):
        subprocess.run(command, check=True, env=quiet, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def main() -> int:
    """Have every component, or say what lacks. Called by `make test`."""
    absent = [tool for tool in ALL if tool.find() is None]
    if absent and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_install(absent)
        absent = [tool for tool in ALL if tool.find() is None]
    for tool in absent:
        print(tool.advice(), file=sys.stderr)
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(main())
