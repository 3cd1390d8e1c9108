"""The vectors have their outcomes, by our code and by a second reading of FORMAT.md; and our code still makes them."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

import pytest

from server.kernel.ids import PatientId
from server.kernel.sealing import Place
from server.records.seal import envelope
from server.records.seal.chunks import HEAD_SIZE, DocumentOpener, DocumentSealer, sealed_pieces
from server.records.seal.envelope import IndexKey, MasterKey, OpenedKey, Refused, check_value
from tests.server.records.seal import from_the_page, make_vectors

VECTORS: dict[str, Any] = json.loads(make_vectors.FILE.read_text(encoding="utf-8"))


def named(kind: str) -> Any:
    return pytest.mark.parametrize("vector", VECTORS[kind], ids=lambda vector: vector["name"])


def test_our_code_still_makes_the_very_same_bytes() -> None:
    assert make_vectors.vectors() == VECTORS


def place_of(words: dict[str, Any]) -> Place:
    record, patient = UUID(words["record_id"]), PatientId(UUID(words["patient_id"]))
    return Place(words["table"], words["column"], record, patient, words["row_ver"])


@named("fields")
def test_a_field_has_its_outcome_by_the_code_and_by_the_page(vector: dict[str, Any]) -> None:
    sealed, dek = bytes.fromhex(vector["sealed"]), bytes.fromhex(vector["dek"])
    expected = vector["outcome"] if vector["outcome"] != "success" else bytes.fromhex(vector["plaintext"])
    found: list[object] = []
    try:
        found.append(envelope.open_field(OpenedKey(vector["key_ver"], dek), place_of(vector["place"]), sealed))
    except Refused as refused:
        found.append(refused.outcome.value)
    try:
        found.append(from_the_page.open_field(dek, vector["key_ver"], vector["place"], sealed))
    except from_the_page.Outcome as outcome:
        found.append(str(outcome))
    assert found == [expected, expected]


@named("wrapped_keys")
def test_a_wrapped_key_has_its_outcome_by_the_code_and_by_the_page(vector: dict[str, Any]) -> None:
    kek, patient = bytes.fromhex(vector["kek"]), UUID(vector["patient_id"])
    wrapped, tag = bytes.fromhex(vector["wrapped"]), bytes.fromhex(vector["commit_tag"])
    found = []
    try:
        MasterKey.local(vector["kek_id"], kek).unwrap(wrapped, patient, vector["ver"], tag)
        found.append("success")
    except Refused as refused:
        found.append(refused.outcome.value)
    try:
        from_the_page.unwrap(kek, vector["kek_id"], patient, vector["ver"], wrapped, tag)
        found.append("success")
    except from_the_page.Outcome as outcome:
        found.append(str(outcome))
    assert found == [vector["outcome"]] * 2


@named("documents")
def test_a_document_has_its_outcome_by_the_code_and_by_the_page(vector: dict[str, Any]) -> None:
    plain = hashlib.shake_256(b"document").digest(65536 + 100)
    sealer = DocumentSealer(
        OpenedKey(3, make_vectors.DEK), make_vectors.PLACE, random=make_vectors.stream(vector["random"])
    )
    whole = b"".join(sealed_pieces(sealer, iter([plain])))
    assert (len(whole), hashlib.sha256(whole).hexdigest()) == (vector["size"], vector["sha256"])
    sealed = b"".join(whole[start:stop] for start, stop in vector["pieces"])
    found: list[object] = []
    try:
        opener = DocumentOpener(OpenedKey(3, make_vectors.DEK), make_vectors.PLACE, sealed[:HEAD_SIZE])
        found.append(opener.add(sealed[HEAD_SIZE:]) + opener.end() == plain)
    except Refused as refused:
        found.append(refused.outcome.value)
    try:
        place = VECTORS["fields"][0]["place"]
        found.append(from_the_page.open_document(make_vectors.DEK, 3, place, sealed) == plain)
    except from_the_page.Outcome as outcome:
        found.append(str(outcome))
    assert found == [True if vector["outcome"] == "success" else vector["outcome"]] * 2


def test_check_values_and_blind_indexes_are_those_of_the_page() -> None:
    for vector in VECTORS["checks"]:
        key = bytes.fromhex(vector["key"])
        found = {check_value(key, vector["id"]), from_the_page.check_value(key, vector["id"])}
        assert found == {vector["check"]}
    for vector in VECTORS["blind"]:
        words = (vector["table"], vector["field"], vector["text"])
        index, key = IndexKey("i1", bytes.fromhex(vector["key"])), bytes.fromhex(vector["key"])
        assert index.blind(*words).hex() == from_the_page.blind(key, *words).hex() == vector["blind"]
