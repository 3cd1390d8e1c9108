"""A process that holds keys leaves no core, is not read by others, and shows no key."""

from __future__ import annotations

import subprocess
import sys

import pytest

from server.records.seal.envelope import IndexKey, MasterKey, OpenedKey
from server.records.seal.keyring import FileKey

CODE = """
import ctypes, resource
from server.records.seal.hygiene import harden
harden()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_hardened_process_leaves_no_core_and_cannot_be_traced() -> None:
    said = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout
    assert said == "(0, 0) 0\n"


def test_no_holder_of_a_key_shows_it() -> None:
    key = bytes(range(32, 64))
    holders = [MasterKey.local("k1", key), IndexKey("i1", key), OpenedKey(1, key), FileKey("k1", bytearray(key), "-")]
    shown = " ".join(repr(one) for one in holders)
    assert shown == "<MasterKey k1> <IndexKey i1> <OpenedKey ver=1> <key k1>"
