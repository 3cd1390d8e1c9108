"""The locks and the licences: the checks themselves see what they are for."""

from __future__ import annotations

import pytest

from tests import checks

WHOLE = "aiohttp==3.14.5 \\\n    --hash=sha256:00\n    # via telecabin\n"


def test_the_locks_of_this_house_hold() -> None:
    assert list(checks.locks()) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("aiohttp==3.14.5\n", "has no hash"),
        (WHOLE.replace("3.14.5", "3.13.0"), "asks for aiohttp"),
        ("", "asks for aiohttp"),
        ("--extra-index-url somewhere\n" + WHOLE, "an address"),
        (WHOLE + "# from https:" + "//example\n", "an address"),
    ],
)
def test_a_faulty_lock_is_seen(text: str, fault: str) -> None:
    assert any(fault in wrong for wrong in checks.lock_faults("a lock", text, ["aiohttp>=3.14"]))


def test_a_whole_lock_passes() -> None:
    assert list(checks.lock_faults("a lock", WHOLE, ["aiohttp>=3.14"])) == []


@pytest.mark.parametrize("licence", ["MIT", "Apache-2.0 OR BSD-3-Clause", "Apache-2.0 AND MIT", "GPL-3.0 OR MIT"])
def test_a_free_licence_passes(licence: str) -> None:
    assert checks.is_free(licence)


@pytest.mark.parametrize("licence", ["GPL-3.0", "LGPL-3.0 AND MIT", "AGPL-3.0-only", "UNKNOWN", "Proprietary", ""])
def test_another_licence_does_not(licence: str) -> None:
    assert not checks.is_free(licence)
