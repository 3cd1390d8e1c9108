"""The wire format: vectors with their outcome by name, and every way to alter a sealed field."""

from __future__ import annotations

import dataclasses
import hmac
import os
import struct
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.ids import PatientId
from server.kernel.sealing import Place
from server.records.seal.envelope import (
    OVERHEAD,
    FreshKey,
    IndexKey,
    MasterKey,
    OpenedKey,
    Refused,
    Suite,
    check_value,
    commitment,
    lp,
    open_field,
    seal_field,
)

ODETTE, MARCEL = PatientId(UUID(int=1)), PatientId(UUID(int=9))
RECORD = UUID(int=2)
PLACE = Place("note", "sealed_body", RECORD, ODETTE, 7)
NOTE = b'{"conclusion":"Angine"}'
KEY = OpenedKey(3, bytes(range(32)))
OTHER_KEY = OpenedKey(3, bytes(range(1, 33)))
MASTER = MasterKey.local("k1", bytes(range(32, 64)))

# Written down once from FORMAT.md: key version 3, nonce 00..0b. Other bytes would be another format.
GCM = bytes.fromhex(
    "01010003000102030405060708090a0b3c20b574ab86ae6efe28f8e593d35a2cedb1ee5a955922dd9983f060a107ec8cd8fc44df96fa4c"
)
CHACHA = bytes.fromhex(
    "01020003000102030405060708090a0bf2d96b6f4774c935c4ea509dba272c22a717db893456d0b0b0429381ebf269b5a47fab074fa841"
)


def counting(size: int) -> bytes:
    """Bytes 0, 1, 2 …: a test's randomness."""
    return bytes(range(size))


def outcome(key: OpenedKey, place: Place, sealed: bytes) -> str:
    try:
        return "success" if open_field(key, place, sealed) == NOTE else "another plaintext"
    except Refused as refused:
        return refused.outcome.value


def flipped(sealed: bytes, bit: int) -> bytes:
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


VECTORS = {
    "suite 1": (KEY, PLACE, GCM, "success"),
    "suite 2": (KEY, PLACE, CHACHA, "success"),
    "wrong key": (OTHER_KEY, PLACE, GCM, "tampered"),
    "wrong key version": (OpenedKey(4, bytes(range(32))), PLACE, GCM, "missing-key"),
    "wrong aad: table": (KEY, dataclasses.replace(PLACE, table="observation"), GCM, "tampered"),
    "wrong aad: column": (KEY, dataclasses.replace(PLACE, column="sealed_reason"), GCM, "tampered"),
    "wrong aad: record": (KEY, dataclasses.replace(PLACE, record_id=UUID(int=3)), GCM, "tampered"),
    "wrong aad: patient": (KEY, dataclasses.replace(PLACE, patient_id=MARCEL), GCM, "tampered"),
    "wrong aad: older row": (KEY, dataclasses.replace(PLACE, row_ver=6), GCM, "tampered"),
    "wrong aad: record and patient swapped": (
        KEY,
        dataclasses.replace(PLACE, record_id=ODETTE, patient_id=PatientId(RECORD)),
        GCM,
        "tampered",
    ),
    "wrong aad: table and column cut elsewhere": (
        KEY,
        dataclasses.replace(PLACE, table="notes", column="ealed_body"),
        GCM,
        "tampered",
    ),
    "truncated": (KEY, PLACE, GCM[: OVERHEAD - 1], "truncated"),
    "empty": (KEY, PLACE, b"", "truncated"),
    "tampered tag": (KEY, PLACE, flipped(GCM, len(GCM) * 8 - 1), "tampered"),
    "tampered nonce": (KEY, PLACE, flipped(GCM, 4 * 8), "tampered"),
    "grown": (KEY, PLACE, GCM + b"\0", "tampered"),
    "unknown version": (KEY, PLACE, b"\x02" + GCM[1:], "unknown-version"),
    "unknown suite": (KEY, PLACE, GCM[:1] + b"\x03" + GCM[2:], "unknown-suite"),
    "the other suite": (KEY, PLACE, GCM[:1] + b"\x02" + GCM[2:], "tampered"),
}


@pytest.mark.parametrize("name", VECTORS)
def test_each_vector_has_its_outcome(name: str) -> None:
    key, place, sealed, expected = VECTORS[name]
    assert outcome(key, place, sealed) == expected


@pytest.mark.parametrize(("suite", "vector"), [(Suite.AES_256_GCM, GCM), (Suite.CHACHA20_POLY1305, CHACHA)])
def test_sealing_gives_the_bytes_of_the_vector(suite: Suite, vector: bytes) -> None:
    assert seal_field(KEY, PLACE, NOTE, suite=suite, random=counting) == vector


@pytest.mark.parametrize(("cipher", "suite", "vector"), [(AESGCM, 1, GCM), (ChaCha20Poly1305, 2, CHACHA)])
def test_the_page_alone_is_enough_to_open_a_field(
    cipher: type[AESGCM | ChaCha20Poly1305], suite: int, vector: bytes
) -> None:
    """Opens a field from FORMAT.md's words, with none of our code."""
    parts = [
        b"telecabin/rec/v1",
        struct.pack(">B", suite),
        b"note",
        b"sealed_body",
        RECORD.bytes,
        ODETTE.bytes,
        struct.pack(">H", 3),
        struct.pack(">Q", 7),
    ]
    aad = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    assert vector[:4] == struct.pack(">BBH", 1, suite, 3)
    assert cipher(bytes(range(32))).decrypt(vector[4:16], vector[16:], aad) == NOTE


def test_every_flipped_bit_of_a_two_kilobyte_note_is_refused() -> None:
    sealed = seal_field(KEY, PLACE, os.urandom(2048))
    opened = 0
    for bit in range(len(sealed) * 8):
        try:
            open_field(KEY, PLACE, flipped(sealed, bit))
            opened += 1
        except Refused:
            continue
    assert (len(sealed) * 8, opened) == (16_640, 0)


def test_every_truncation_of_a_two_kilobyte_note_is_refused() -> None:
    sealed = seal_field(KEY, PLACE, os.urandom(2048))
    for size in range(len(sealed)):
        with pytest.raises(Refused):
            open_field(KEY, PLACE, sealed[:size])


def test_a_nonce_never_repeats() -> None:
    nonces = {seal_field(KEY, PLACE, b"")[4:16] for _ in range(50_000)}
    assert len(nonces) == 50_000


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_two_lists_of_parts_never_look_the_same(left: list[bytes], right: list[bytes]) -> None:
    assert (lp(*left) == lp(*right)) == (left == right)


@given(st.binary(max_size=300), st.sampled_from(Suite), st.integers(1, 2**32))
def test_what_was_sealed_opens(plaintext: bytes, suite: Suite, row_ver: int) -> None:
    place = dataclasses.replace(PLACE, row_ver=row_ver)
    sealed = seal_field(KEY, place, plaintext, suite=suite)
    assert open_field(KEY, place, sealed) == plaintext
    assert len(sealed) == len(plaintext) + OVERHEAD


# Wrapped keys ---------------------------------------------------------------------------


def unwrap_outcome(master: MasterKey, wrapped: bytes, patient: UUID, ver: int, commit_tag: bytes) -> str:
    try:
        master.unwrap(wrapped, patient, ver, commit_tag)
    except Refused as refused:
        return refused.outcome.value
    return "success"


def test_each_way_to_swap_a_wrapped_key_has_its_outcome() -> None:
    fresh = FreshKey.make(MASTER, ODETTE, 1)
    other = FreshKey.make(MASTER, MARCEL, 1)
    wrapped, tag = fresh.wrapped, fresh.commit_tag
    other_master = MasterKey.local("k1", bytes(32))
    renamed_master = MasterKey.local("k2", bytes(range(32, 64)))
    found = {
        "mine": unwrap_outcome(MASTER, wrapped, ODETTE, 1, tag),
        "another patient's": unwrap_outcome(MASTER, other.wrapped, ODETTE, 1, other.commit_tag),
        "another version's": unwrap_outcome(MASTER, wrapped, ODETTE, 2, tag),
        "another commitment": unwrap_outcome(MASTER, wrapped, ODETTE, 1, other.commit_tag),
        "another master key": unwrap_outcome(other_master, wrapped, ODETTE, 1, tag),
        "another master key id": unwrap_outcome(renamed_master, wrapped, ODETTE, 1, tag),
        "flipped": unwrap_outcome(MASTER, flipped(wrapped, 200), ODETTE, 1, tag),
        "cut": unwrap_outcome(MASTER, wrapped[:-1], ODETTE, 1, tag),
    }
    assert found == {
        "mine": "success",
        "another patient's": "tampered",
        "another version's": "tampered",
        "another commitment": "wrong-key",
        "another master key": "tampered",
        "another master key id": "tampered",
        "flipped": "tampered",
        "cut": "truncated",
    }


def test_the_page_alone_is_enough_to_unwrap_a_key() -> None:
    fresh = FreshKey.make(MASTER, ODETTE, 1)
    sealed = seal_field(fresh.key, PLACE, NOTE)
    part = b"\0\0\0\x07patient" + b"\0\0\0\x10" + ODETTE.bytes + b"\0\0\0\x02\0\x01"
    aad = b"\0\0\0\x10telecabin/dek/v1" + b"\0\0\0\x02k1" + part
    dek = AESGCM(bytes(range(32, 64))).decrypt(fresh.wrapped[:12], fresh.wrapped[12:], aad)
    assert open_field(OpenedKey(1, dek), PLACE, sealed) == NOTE
    assert fresh.commit_tag == hmac.digest(dek, b"telecabin/commit|" + part, "sha256")
    assert len(fresh.wrapped) == 60


def test_check_values_tell_keys_and_ids_apart() -> None:
    assert MASTER.check == check_value(bytes(range(32, 64)), "k1") == "5c82b406f4dd2e8a"
    assert check_value(bytes(range(32, 64)), "k2") != MASTER.check
    assert commitment(bytes(32), ODETTE, 1) != commitment(bytes(32), ODETTE, 2)


# Blind indexes --------------------------------------------------------------------------


def test_a_blind_index_is_equal_only_for_equal_text_of_the_same_field() -> None:
    index = IndexKey("i1", bytes(range(64, 96)))
    code = index.blind("patient", "code", "123456")
    assert code.hex() == "21e89a08866b23088f5491243411cbbf"
    assert code == IndexKey("i1", bytes(range(64, 96))).blind("patient", "code", "123456")
    others = {
        index.blind("patient", "code", "123457"),
        index.blind("patient", "phone", "123456"),
        index.blind("practitioner", "code", "123456"),
        index.blind("patientcode", "", "123456"),
        IndexKey("i1", bytes(32)).blind("patient", "code", "123456"),
    }
    assert len(others) == 5
    assert code not in others


def test_no_key_shows_its_bytes() -> None:
    fresh = FreshKey.make(MASTER, ODETTE, 1, counting)
    shown = f"{KEY!r} {MASTER!r} {IndexKey('i1', bytes(range(32)))!r} {fresh.key!r}"
    assert shown == "<OpenedKey ver=3> <MasterKey k1> <IndexKey i1> <OpenedKey ver=1>"
