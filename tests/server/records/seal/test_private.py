"""Private files: replaced whole, with the rights they had, or left as they were."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from server.kernel.errors import ConfigError
from server.records.seal.private import read_private, replace_whole, stamp, write_new


def test_a_replaced_file_is_private_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_new(path, b"old")
    before = stamp(path)
    replace_whole(path, b"new")
    assert bytes(read_private(path)) == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stamp(path) != before
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]


def test_a_replacement_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.json"
    write_new(path, b"old")

    def full(*_paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ConfigError, match=r"No space left on device\. Nothing was changed\."):
        replace_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "keys-1.json", tmp_path / "keys.json"
    write_new(path, b"old")
    link.symlink_to(path.name)
    replace_whole(link, b"new")
    assert (link.is_symlink(), path.read_bytes()) == (True, b"new")
