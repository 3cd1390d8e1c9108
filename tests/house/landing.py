"""TEMPORARY: tells a house test that what it guards has not landed yet."""

from __future__ import annotations

import pytest

from tests.house.reading import ROOT


def needs(*paths: str) -> None:
    """Leave the test alone until these files are there."""
    absent = [path for path in paths if not (ROOT / path).exists()]
    if absent:
        pytest.skip(f"not landed yet: {', '.join(absent)}")
