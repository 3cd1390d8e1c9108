"""No committed file holds the address of a package registry, nor a private key."""

from __future__ import annotations

import re

from tests.house.reading import committed, shown

REGISTRIES = ("pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.(org|com)", "file:///" + "opt")
_REGISTRY = re.compile("|".join(REGISTRIES))
_PRIVATE = re.compile("-----BEGIN" + r" [A-Z ]*PRIVATE KEY-----")


def _text(raw: bytes) -> str:
    return "" if b"\0" in raw[:4096] else raw.decode("utf-8", "replace")


def test_no_file_names_a_package_registry() -> None:
    assert [shown(path) for path in committed() if _REGISTRY.search(_text(path.read_bytes()))] == []


def test_no_file_holds_a_private_key() -> None:
    assert [shown(path) for path in committed() if _PRIVATE.search(_text(path.read_bytes()))] == []


def test_no_file_is_larger_than_half_a_megabyte() -> None:
    assert [shown(path) for path in committed() if path.stat().st_size > 512 * 1024] == []
