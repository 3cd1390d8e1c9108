"""A document in chunks: every cut, exchange, repetition and foreign place is refused; whole ones stream."""

from __future__ import annotations

import dataclasses
import os
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from server.database.engine import Database
from server.kernel.errors import CannotOpen
from server.kernel.ids import PatientId, new_id
from server.kernel.sealing import Place
from server.records.seal.chunks import (
    CHUNK,
    HEAD_SIZE,
    SEALED_CHUNK,
    DocumentOpener,
    DocumentSealer,
    document_key_ver,
    sealed_pieces,
    sealed_size,
)
from server.records.seal.envelope import OpenedKey, Refused, Suite, lp
from server.records.seal.vault import PatientVault

KEY_BYTES = bytes(range(32))
KEY = OpenedKey(3, KEY_BYTES)
PLACE = Place("document", "sealed_content", UUID(int=2), PatientId(UUID(int=1)), 1)
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5]


def sealed(plain: bytes, suite: Suite = Suite.AES_256_GCM) -> bytes:
    return b"".join(sealed_pieces(DocumentSealer(KEY, PLACE, suite=suite), iter([plain])))


def opened(document: bytes, place: Place = PLACE, key: OpenedKey = KEY, step: int = 100_000) -> bytes:
    opener = DocumentOpener(key, place, document[:HEAD_SIZE])
    body = document[HEAD_SIZE:]
    parts = [opener.add(body[at : at + step]) for at in range(0, len(body), step)]
    return b"".join([*parts, opener.end()])


def refusal(document: bytes, place: Place = PLACE, key: OpenedKey = KEY) -> str:
    with pytest.raises(Refused) as refused:
        opened(document, place, key)
    return refused.value.outcome.value


def chunks(document: bytes) -> list[bytes]:
    body = document[HEAD_SIZE:]
    return [document[:HEAD_SIZE], *(body[at : at + SEALED_CHUNK] for at in range(0, len(body), SEALED_CHUNK))]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("suite", Suite)
def test_documents_of_every_length_come_back(size: int, suite: Suite) -> None:
    plain = os.urandom(size)
    document = sealed(plain, suite)
    assert len(document) == sealed_size(size)
    assert opened(document) == plain


@settings(max_examples=25, deadline=None)
@given(pieces=st.lists(st.integers(0, 90_000), max_size=5), step=st.integers(1_000, 200_000))
def test_it_does_not_matter_how_a_document_is_cut_on_the_way(pieces: list[int], step: int) -> None:
    plain = [os.urandom(size) for size in pieces]
    assert opened(b"".join(sealed_pieces(DocumentSealer(KEY, PLACE), iter(plain))), step=step) == b"".join(plain)


def test_every_cut_at_a_chunk_or_near_it_is_refused() -> None:
    document = sealed(os.urandom(3 * CHUNK))
    for number in range(4):
        for near in (-1, 0, 1, 15, 16):
            cut = HEAD_SIZE + number * SEALED_CHUNK + near
            if cut < len(document):
                assert refusal(document[:cut]) in {"truncated", "tampered"}
    assert refusal(document + b"\0") == "tampered"
    assert refusal(document + sealed(b"more")[HEAD_SIZE:]) == "tampered"


def test_chunks_exchanged_repeated_or_left_out_are_refused() -> None:
    head, first, second, third = chunks(sealed(os.urandom(3 * CHUNK)))
    other = chunks(sealed(os.urandom(3 * CHUNK)))
    wrong = {
        "exchanged": [head, second, first, third],
        "repeated": [head, first, first, second, third],
        "left out": [head, first, third],
        "the last in the middle": [head, third, first, second],
        "of another document": [head, first, other[2], third],
        "under another head": [other[0], first, second, third],
    }
    for what, parts in wrong.items():
        assert refusal(b"".join(parts)) == "tampered", what


def test_every_bit_of_the_head_and_of_a_small_document_counts() -> None:
    document = sealed(b"Ordonnance")
    for bit in range(8 * len(document)):
        changed = bytearray(document)
        changed[bit // 8] ^= 1 << bit % 8
        assert refusal(bytes(changed)) != "success"


def test_a_document_opens_in_its_own_place_only() -> None:
    document = sealed(b"Ordonnance")
    for change in (
        {"table": "note"},
        {"column": "sealed_body"},
        {"record_id": UUID(int=3)},
        {"patient_id": PatientId(UUID(int=9))},
        {"row_ver": 2},
    ):
        assert refusal(document, dataclasses.replace(PLACE, **change)) == "tampered"
    assert refusal(document, key=OpenedKey(3, bytes(32))) == "tampered"
    assert refusal(document, key=OpenedKey(4, KEY_BYTES)) == "missing-key"


def test_a_head_of_another_kind_is_named() -> None:
    document = sealed(b"x")
    assert document_key_ver(document[:HEAD_SIZE]) == 3
    assert refusal(document[:20]) == "truncated"
    assert refusal(b"\x01" + document[1:]) == "unknown-version"
    assert refusal(document[:2] + b"\x11" + document[3:]) == "unknown-version"
    assert refusal(document[:1] + b"\x02" + document[2:]) == "unknown-suite"


def test_the_page_alone_is_enough_to_open_a_document() -> None:
    """Opens a document from FORMAT.md's words, with none of our code but the length prefixes."""
    plain = os.urandom(CHUNK + 100)
    document = sealed(plain)
    head, field = document[:HEAD_SIZE], document[4:HEAD_SIZE]
    parts = (b"\x01", b"document", b"sealed_content", PLACE.record_id.bytes, PLACE.patient_id.bytes)
    aad = lp(b"telecabin/rec/v1", *parts, b"\0\x03", (1).to_bytes(8, "big"))
    own = AESGCM(AESGCM(KEY_BYTES).decrypt(field[4:16], field[16:], aad))
    one, two = document[HEAD_SIZE : HEAD_SIZE + SEALED_CHUNK], document[HEAD_SIZE + SEALED_CHUNK :]
    first = own.decrypt(bytes(12), one, head)
    last = own.decrypt((1).to_bytes(8, "big") + b"\0\0\0\1", two, head)
    assert first + last == plain


async def test_the_vault_seals_and_opens_documents_and_says_nothing_of_a_broken_one(
    database: Database, vault: PatientVault, patient: PatientId
) -> None:
    place = Place("document", "sealed_content", new_id(), patient, 1)
    async with database.transaction() as tx:
        sealer = await vault.document_sealer(tx, place)
        document = b"".join(sealed_pieces(sealer, iter([b"a" * CHUNK, b"b"])))
        opener = await vault.document_opener(tx, place, document[:HEAD_SIZE])
        assert opener.add(document[HEAD_SIZE:]) + opener.end() == b"a" * CHUNK + b"b"
        broken = await vault.document_opener(tx, place, document[:HEAD_SIZE])
        with pytest.raises(CannotOpen):
            broken.add(document[HEAD_SIZE + 1 :])
        cut = await vault.document_opener(tx, place, document[:HEAD_SIZE])
        cut.add(document[HEAD_SIZE : HEAD_SIZE + SEALED_CHUNK])
        with pytest.raises(CannotOpen):
            cut.end()
        with pytest.raises(CannotOpen):
            await vault.document_opener(tx, place, b"\x02")
