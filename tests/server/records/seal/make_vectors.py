"""Writes vectors.json with our own code and fixed randomness: run it only when the format gets a new version."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

from server.kernel.ids import PatientId
from server.kernel.sealing import Place
from server.records.seal.chunks import CHUNK, HEAD_SIZE, SEALED_CHUNK, DocumentSealer, sealed_pieces
from server.records.seal.envelope import FreshKey, IndexKey, MasterKey, OpenedKey, Suite, seal_field

FILE = Path(__file__).with_name("vectors.json")
KEK, DEK, INDEX = bytes(range(32, 64)), bytes(range(32)), bytes(range(64, 96))
PATIENT, OTHER, RECORD = UUID(int=1), UUID(int=9), UUID(int=2)
PLACE = Place("note", "sealed_body", RECORD, PatientId(PATIENT), 7)
NOTE = '{"conclusion":"Angine à revoir"}'.encode()


def stream(seed: str) -> Callable[[int], bytes]:
    """Bytes that look random and never change."""
    counter = itertools.count()
    return lambda size: hashlib.shake_256(f"{seed}/{next(counter)}".encode()).digest(size)


def _place(**changes: object) -> dict[str, object]:
    return {
        "table": "note",
        "column": "sealed_body",
        "record_id": str(RECORD),
        "patient_id": str(PATIENT),
        "row_ver": 7,
        **changes,
    }


def _flip(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def fields() -> Iterator[dict[str, object]]:
    """Sealed fields: each suite, each place that is not theirs, each kind of harm."""
    key = OpenedKey(3, DEK)
    for suite in Suite:
        name = suite.name.lower()
        good = seal_field(key, PLACE, NOTE, suite=suite, random=stream(name))
        places = {
            "success": _place(),
            "another table": _place(table="observation"),
            "another column": _place(column="sealed_reason"),
            "another record": _place(record_id=str(OTHER)),
            "another patient": _place(patient_id=str(OTHER)),
            "an older row": _place(row_ver=6),
            "record and patient exchanged": _place(record_id=str(PATIENT), patient_id=str(RECORD)),
            "names cut elsewhere": _place(table="notes", column="ealed_body"),
        }
        for what, place in places.items():
            yield _field(f"{name}: {what}", good, place, "success" if what == "success" else "tampered")
        harms = {
            "a bit of the nonce": (_flip(good, 35), "tampered"),
            "a bit of the text": (_flip(good, 8 * 20), "tampered"),
            "a bit of the tag": (_flip(good, 8 * len(good) - 1), "tampered"),
            "a byte too many": (good + b"\0", "tampered"),
            "a byte too few": (good[:-1], "tampered"),
            "31 bytes": (good[:31], "truncated"),
            "nothing": (b"", "truncated"),
            "another version": (b"\2" + good[1:], "unknown-version"),
            "another suite": (good[:1] + b"\3" + good[2:], "unknown-suite"),
            "another key version": (good[:2] + b"\0\4" + good[4:], "missing-key"),
        }
        for what, (sealed, outcome) in harms.items():
            yield _field(f"{name}: {what}", sealed, _place(), outcome)
        yield _field(f"{name}: another key", good, _place(), "tampered", dek=bytes(32))
    empty = seal_field(key, PLACE, b"", random=stream("empty"))
    yield _field("an empty text", empty, _place(), "success", plain=b"")


def _field(
    name: str, sealed: bytes, place: dict[str, object], outcome: str, dek: bytes = DEK, plain: bytes = NOTE
) -> dict[str, object]:
    kept = {"name": name, "dek": dek.hex(), "key_ver": 3, "place": place, "sealed": sealed.hex(), "outcome": outcome}
    return kept | ({"plaintext": plain.hex()} if outcome == "success" else {})


def wrapped_keys() -> Iterator[dict[str, object]]:
    """Wrapped keys: whole, exchanged, under another master key, with another promise."""
    fresh = FreshKey.make(MasterKey.local("k1", KEK), PATIENT, 1, stream("wrapped"))
    cases = {
        "success": {},
        "another patient's": {"patient_id": str(OTHER), "outcome": "tampered"},
        "another version's": {"ver": 2, "outcome": "tampered"},
        "another promise": {"commit_tag": bytes(32).hex(), "outcome": "wrong-key"},
        "another master key": {"kek": bytes(32).hex(), "outcome": "tampered"},
        "another master key's id": {"kek_id": "k2", "outcome": "tampered"},
        "a flipped bit": {"wrapped": _flip(fresh.wrapped, 200).hex(), "outcome": "tampered"},
        "cut": {"wrapped": fresh.wrapped[:-1].hex(), "outcome": "truncated"},
    }
    whole = {"kek": KEK.hex(), "kek_id": "k1", "patient_id": str(PATIENT), "ver": 1}
    whole |= {"wrapped": fresh.wrapped.hex(), "commit_tag": fresh.commit_tag.hex(), "outcome": "success"}
    for name, changes in cases.items():
        yield {"name": name, **whole, **changes}


def documents() -> Iterator[dict[str, object]]:
    """Documents of two chunks and of none, described by what is done to the sealed bytes."""
    plain = hashlib.shake_256(b"document").digest(CHUNK + 100)
    sealer = DocumentSealer(OpenedKey(3, DEK), PLACE, random=stream("document"))
    sealed = b"".join(sealed_pieces(sealer, iter([plain])))
    first, last = HEAD_SIZE + SEALED_CHUNK, len(sealed)
    whole = [[0, last]]
    cuts = {
        "success": (whole, "success"),
        "cut after a chunk": ([[0, first]], "tampered"),
        "cut within a chunk": ([[0, last - 1]], "tampered"),
        "without its first chunk": ([[0, HEAD_SIZE], [first, last]], "tampered"),
        "chunks exchanged": ([[0, HEAD_SIZE], [first, last], [HEAD_SIZE, first]], "tampered"),
        "a chunk twice": ([[0, first], [HEAD_SIZE, last]], "tampered"),
        "only a head": ([[0, HEAD_SIZE]], "truncated"),
    }
    digest = {"size": last, "sha256": hashlib.sha256(sealed).hexdigest()}
    for name, (pieces, outcome) in cuts.items():
        yield {"name": name, "random": "document", "pieces": pieces, "outcome": outcome, **digest}


def vectors() -> dict[str, object]:
    """Everything that the file holds."""
    index, texts = IndexKey("i1", INDEX), [("patient", "code", "258036"), ("patient", "phone", "258036")]
    return {
        "format": "FORMAT.md, version 1; outcomes are those of its last section",
        "fields": list(fields()),
        "wrapped_keys": list(wrapped_keys()),
        "documents": list(documents()),
        "checks": [{"key": KEK.hex(), "id": kid, "check": MasterKey.local(kid, KEK).check} for kid in ("k1", "k2")],
        "blind": [
            {
                "key": INDEX.hex(),
                "table": table,
                "field": field,
                "text": text,
                "blind": index.blind(table, field, text).hex(),
            }
            for table, field, text in texts
        ],
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
