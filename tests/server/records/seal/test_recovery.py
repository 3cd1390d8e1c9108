"""Five papers, any three of which bring the keys back; one at a time says whether it is still as it was written."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from server.kernel.errors import ConfigError
from server.records.seal.keyring import add_key, init_key, load_keyring
from server.records.seal.recovery import (
    open_copy,
    read_sealed_copy,
    recover,
    seal_copy,
    sealed_copy_path,
    share_facts,
    split,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A key file that was split, and its five shares."""
    path = init_key(tmp_path_factory.mktemp("split") / "keys.json").path
    return path, split(path)


def refusal(shared: tuple[Path, list[str]], shares: list[str]) -> str:
    with pytest.raises(ConfigError) as refused:
        open_copy(read_sealed_copy(sealed_copy_path(shared[0])), shares)
    return str(refused.value)


def test_any_three_of_five_bring_the_same_keys_back(shared: tuple[Path, list[str]], tmp_path: Path) -> None:
    path, shares = shared
    assert [len(words.split()) for words in shares] == [33] * 5
    for number, three in enumerate(itertools.combinations(shares, 3)):
        again = tmp_path / f"{number}.json"
        assert recover(sealed_copy_path(path), three, again) == load_keyring(path).checks
        assert again.read_bytes() == path.read_bytes()
        assert again.stat().st_mode & 0o777 == 0o600


def test_two_shares_open_nothing(shared: tuple[Path, list[str]]) -> None:
    assert "the shares do not open the copy" in refusal(shared, shared[1][:2])
    assert "Nothing was changed." in refusal(shared, [shared[1][0]] * 3)


def test_shares_outlive_a_rotation(tmp_path: Path) -> None:
    path = init_key(tmp_path / "keys.json").path
    shares = split(path)
    add_key(path)
    seal_copy(path)
    assert recover(sealed_copy_path(path), shares[2:], tmp_path / "again.json") == load_keyring(path).checks
    assert list(load_keyring(tmp_path / "again.json").master) == ["k1", "k2"]


def test_new_shares_end_the_old_ones(tmp_path: Path) -> None:
    path = init_key(tmp_path / "keys.json").path
    old, new = split(path), split(path)
    copy = read_sealed_copy(sealed_copy_path(path))
    assert list(load_keyring(path).master) == ["k1"]
    with pytest.raises(ConfigError, match="do not fit: this copy needs set"):
        open_copy(copy, old[:3])
    open_copy(copy, new[:3])


def test_one_share_is_checked_without_the_others(shared: tuple[Path, list[str]]) -> None:
    facts = [share_facts(words) for words in shared[1]]
    assert [fact.number for fact in facts] == [1, 2, 3, 4, 5]
    assert {(fact.needed, fact.set_name) for fact in facts} == {(3, facts[0].set_name)}
    assert share_facts(f"  {shared[1][0].upper()} ") == facts[0]


def test_a_share_with_a_wrong_a_missing_or_an_exchanged_word_is_refused(shared: tuple[Path, list[str]]) -> None:
    words = shared[1][0].split()
    other = "academic" if words[20] != "academic" else "acid"
    wrong = [
        [*words[:20], other, *words[21:]],
        words[:-1],
        [*words[:20], "baguette", *words[21:]],
        [*words[:9], words[10], words[9], *words[11:]] if words[9] != words[10] else words[:-1],
    ]
    for each in wrong:
        with pytest.raises(ConfigError, match="this share is not as it was written"):
            share_facts(" ".join(each))


def test_an_altered_copy_is_refused(shared: tuple[Path, list[str]], tmp_path: Path) -> None:
    content = json.loads(sealed_copy_path(shared[0]).read_text())
    middle = len(content["sealed"]) // 2
    changed = "A" if content["sealed"][middle] != "A" else "B"
    content["sealed"] = content["sealed"][:middle] + changed + content["sealed"][middle + 1 :]
    altered = tmp_path / "altered"
    altered.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="it was altered"):
        open_copy(read_sealed_copy(altered), shared[1][:3])
    altered.write_text("{}")
    with pytest.raises(ConfigError, match="is not a sealed copy"):
        read_sealed_copy(altered)
    with pytest.raises(ConfigError, match="No such file"):
        read_sealed_copy(tmp_path / "none")


def test_recovery_never_replaces_a_key_file_and_the_copy_shows_no_key(shared: tuple[Path, list[str]]) -> None:
    path, shares = shared
    with pytest.raises(ConfigError, match="it may hold the only keys"):
        recover(sealed_copy_path(path), shares[:3], path)
    keys = [entry["key"] for entry in json.loads(path.read_text())["master"]]
    assert not any(key in sealed_copy_path(path).read_text() for key in keys)


def test_a_file_that_was_never_split_has_no_copy(tmp_path: Path) -> None:
    assert seal_copy(init_key(tmp_path / "keys.json").path) is None
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]
