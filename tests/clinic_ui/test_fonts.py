"""The typeface is cut once, kept under the name of its content, and never waited for."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from clinic_ui import fonts
from clinic_ui.assets import Assets
from tests.running import CACHE

KEPT = CACHE


async def test_the_cut_font_is_small_and_is_offered_when_it_is_there() -> None:
    assets = Assets({"css/a.css": b"a{}"})
    assert not assets.has(fonts.FONT)
    if not await fonts.prepare_font(assets, KEPT):
        pytest.skip("the wheel fontpkg-ibm-plex-sans is not installed; pages use the system's typeface")
    woff2 = assets._served[tuple(assets.url(fonts.FONT).split("/", 3)[2:])]  # type: ignore[index]
    assert len(woff2) < 26_000
    font = TTFont(io.BytesIO(woff2))
    assert {ord(letter) for letter in "aZ09éœ€’→"} <= font.getBestCmap().keys()
    assert [axis.axisTag for axis in font["fvar"].axes] == ["wght"]
    assert "plex-latin.woff2" in assets.text(fonts.SHEET)


def test_a_new_font_or_recipe_is_cut_anew(tmp_path: Path) -> None:
    assert fonts.cut_path(tmp_path, b"one") != fonts.cut_path(tmp_path, b"two")


async def test_without_the_wheel_pages_do_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fonts, "wheel_font", lambda: None)
    assert not await fonts.prepare_font(Assets({}), tmp_path)
