"""The key file: written once by a person, refused when others could read it or when it is not what it says."""

from __future__ import annotations

import json
import os
import stat
import struct
from pathlib import Path

import pytest

from server.kernel.errors import ConfigError
from server.records.seal.keyring import init_key, load_keyring


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return init_key(tmp_path / "keys.json").path


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        load_keyring(path)
    return str(refused.value)


def rewrite(path: Path, **changes: object) -> None:
    content = json.loads(path.read_text())
    content.update(changes)
    path.write_text(json.dumps(content))


def test_a_new_key_file_is_private_and_loads(tmp_path: Path) -> None:
    made = init_key(tmp_path / "keys.json")
    keyring = load_keyring(made.path)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert made.checks == {"k1": keyring.master["k1"].check, "i1": keyring.index.check}
    assert keyring.newest is keyring.master["k1"]


def test_two_new_key_files_hold_different_keys(tmp_path: Path) -> None:
    first, second = init_key(tmp_path / "a.json"), init_key(tmp_path / "b.json")
    assert not set(first.checks.values()) & set(second.checks.values())


def test_a_key_file_is_never_overwritten(key_file: Path) -> None:
    before = key_file.read_bytes()
    with pytest.raises(ConfigError, match="it may hold the only keys of a database"):
        init_key(key_file)
    assert key_file.read_bytes() == before


def test_a_key_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "keys.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError):
        init_key(tmp_path / "keys.json")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot write .*absent/keys\.json: No such file"):
        init_key(tmp_path / "absent" / "keys.json")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_others_can_reach_is_refused(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    assert f"can be read by others (mode {mode:04o})" in refusal(key_file)
    assert f"chmod 600 {key_file}" in refusal(key_file)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_read(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    assert list(load_keyring(key_file).master) == ["k1"]


def access_list(*entries: tuple[int, int, int]) -> bytes:
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


@pytest.mark.parametrize(
    ("uid", "group_rights", "allowed"),
    [(os.geteuid(), 0, True), (os.geteuid() + 4321, 0, False), (os.geteuid(), 4, False)],
    ids=["an entry for us", "an entry for somebody else", "the owning group too"],
)
def test_an_access_list_may_let_us_in_but_nobody_else(
    key_file: Path, uid: int, group_rights: int, allowed: bool
) -> None:
    nobody = 0xFFFFFFFF
    entries = ((1, 4, nobody), (2, 4, uid), (4, group_rights, nobody), (0x10, 4, nobody), (0x20, 0, nobody))
    try:
        os.setxattr(key_file, "system.posix_acl_access", access_list(*entries))
    except (OSError, AttributeError):
        pytest.skip("this file system keeps no access lists")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o440
    if allowed:
        assert list(load_keyring(key_file).master) == ["k1"]
    else:
        assert "can be read by others (mode 0440)" in refusal(key_file)


def test_a_file_of_another_user_is_refused(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(key_file, 4321, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4321)
    assert "belongs to another user" in refusal(key_file)


def test_a_link_out_of_the_folder_is_refused(key_file: Path, tmp_path: Path) -> None:
    link = tmp_path / "inside" / "keys.json"
    link.parent.mkdir()
    link.symlink_to(key_file)
    assert "is a link that leaves its folder" in refusal(link)


def test_a_link_within_the_folder_is_followed(key_file: Path) -> None:
    link = key_file.parent / "current.json"
    link.symlink_to(key_file.name)
    assert list(load_keyring(link).master) == ["k1"]


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.json").endswith("none.json: No such file or directory. Nothing was changed.")


def test_a_folder_or_a_pipe_is_not_a_key_file(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "is not a plain file of keys" in refusal(tmp_path / "folder")
    assert "is not a plain file of keys" in refusal(tmp_path / "pipe")


def test_what_is_not_a_key_file_is_refused(key_file: Path) -> None:
    good = json.loads(key_file.read_text())
    key = good["master"][0]
    cases = {
        "is not a telecabin key file": [{"format": "telecabin-keys/2"}, {"master": [{"id": "k1"}]}, {"more": 1}],
        "holds no master key": [{"master": []}],
        "gives one key id to two keys": [{"master": [key, key]}, {"master": [{**key, "id": "i1"}]}],
        "a bad key id, or not 32 bytes": [
            {"master": [{**key, "id": "K 1"}]},
            {"master": [{**key, "key": "AAAA"}]},
        ],
        "key k1 is damaged (check": [{"master": [{**key, "check": "0" * 16}]}],
    }
    for sentence, changes in cases.items():
        for change in changes:
            key_file.write_text(json.dumps({**good, **change}))
            assert sentence in refusal(key_file)
            assert key["key"] not in refusal(key_file)
    key_file.write_text("not json at all")
    assert "is not a telecabin key file" in refusal(key_file)


def test_the_newest_key_is_the_last_of_the_file(key_file: Path, tmp_path: Path) -> None:
    older, newer = json.loads(key_file.read_text()), json.loads(init_key(tmp_path / "b.json").path.read_text())
    second = newer["master"][0]
    import base64

    from server.records.seal.envelope import check_value

    second = {**second, "id": "k2", "check": check_value(base64.b64decode(second["key"]), "k2")}
    rewrite(key_file, master=[*older["master"], second])
    assert load_keyring(key_file).newest.id == "k2"


def test_a_keyring_never_shows_a_key(key_file: Path) -> None:
    secrets = [entry["key"] for entry in json.loads(key_file.read_text())["master"]]
    shown = repr(load_keyring(key_file))
    assert "<MasterKey k1>" in shown
    assert not any(secret in shown for secret in secrets)
