"""Checks of what we depend on: free licences, complete lock files. Part of `make check`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
RUNTIME, TESTS = ROOT / "requirements.lock", ROOT / "tests/requirements.lock"

# Permissive, or a copyleft that stops at the file (MPL) or the font (OFL). No LGPL, GPL, AGPL.
FREE = (
    r"Apache( Software)?( License)?( Version)?[- ,]*(2\.0)?",
    r"BSD( License)?|BSD[- ][23][- ]Clause( License)?|0BSD|ISC( License)?( \(ISCL\))?",
    r"MIT( License)?|MIT[- ]0|MIT-CMU|Python Software Foundation License|PSF-2\.0|CNRI-Python",
    r"Mozilla Public License 2\.0( \(MPL 2\.0\))?|MPL-2\.0",
    r"OFL-1\.1|SIL Open Font License( 1\.1)?( \(OFL-1\.1\))?",
    r"Unlicense|The Unlicense \(Unlicense\)|Zlib|CC0-1\.0|DFSG approved",
)
# Packages whose metadata names no licence; the file in the package does.
READ_BY_HAND = {"axe-playwright-python": "MIT", "pyrage": "MIT"}
_FREE = re.compile("|".join(f"(?:{pattern})" for pattern in FREE), re.IGNORECASE)
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)", re.MULTILINE)
_ADDRESS = re.compile(r"https?://|file:|^\s*-(?:i|f)\b|--(?:extra-)?index-url|--find-links", re.MULTILINE)


def is_free(licence: str) -> bool:
    """Whether a licence lets everybody run, change and share: each of an AND, one at least of an OR."""
    every = re.split(r"\s+AND\s+|\s*;\s*", licence)
    return all(any(map(_FREE.fullmatch, re.split(r"\s+OR\s+", part))) for part in every)


def licences() -> Iterator[str]:
    """What is wrong with the licences of the packages in the venv."""
    command = [str(Path(sys.executable).with_name("pip-licenses")), "--format=json", "--from=mixed"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    locked = {canonicalize_name(name) for name, _ in _PIN.findall(TESTS.read_text())}
    for package in listed:
        name = canonicalize_name(package["Name"])
        licence = READ_BY_HAND.get(name, package["License"])
        if name in locked and not is_free(licence):
            yield f"{name}: “{licence}” is not on our list of free licences (tests/checks.py)"


def pins(lock: Path) -> dict[str, str]:
    """The pinned version of each package of a lock file."""
    return {canonicalize_name(name): version for name, version in _PIN.findall(lock.read_text())}


def wanted(pyproject: Path = ROOT / "pyproject.toml") -> tuple[list[str], list[str]]:
    """What pyproject.toml asks for: to run, and to test as well."""
    asked = tomllib.loads(pyproject.read_text())
    runtime = [*asked["project"]["dependencies"], *asked["dependency-groups"]["build"]]
    return runtime, [*runtime, *asked["project"]["optional-dependencies"]["test"]]


def lock_faults(name: str, text: str, asked: list[str]) -> Iterator[str]:
    """What is wrong with one lock file: a wish unmet, a pin without hash, an address."""
    pinned = {canonicalize_name(package): version for package, version in _PIN.findall(text)}
    for requirement in map(Requirement, asked):
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None or version not in requirement.specifier:
            yield f"{name} has {requirement.name} {version}, pyproject.toml asks for {requirement}: make lock"
    for entry in re.split(r"\n(?=\S)", text):
        if (pin := _PIN.match(entry)) and "--hash=sha256:" not in entry:
            yield f"{name}: {pin['name']} has no hash"
    if address := _ADDRESS.search(text):
        yield f"{name} holds an address or an index option: {address[0].strip()}"


def locks() -> Iterator[str]:
    """What is wrong with the two lock files."""
    runtime, tests = wanted()
    yield from lock_faults("requirements.lock", RUNTIME.read_text(), runtime)
    yield from lock_faults("tests/requirements.lock", TESTS.read_text(), tests)
    in_tests = pins(TESTS)
    for name, version in pins(RUNTIME).items():
        if in_tests.get(name) != version:
            yield f"{name} is {version} to run and {in_tests.get(name)} to test: make lock"


def main() -> int:
    """Print what is wrong; 0 when nothing is."""
    wrong = [*licences(), *locks()]
    print("\n".join(wrong) or f"Licences are free, and both locks hold ({len(pins(TESTS))} packages).")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
