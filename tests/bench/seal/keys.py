"""Sealing, opening, rewrapping and chunking in memory, each beside the bare AES-256-GCM of the same run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.kernel.ids import PatientId, new_id
from server.kernel.sealing import Place
from server.records.seal.chunks import CHUNK, HEAD_SIZE, DocumentOpener, DocumentSealer
from server.records.seal.envelope import FreshKey, IndexKey, MasterKey, OpenedKey, open_field, seal_field
from server.records.seal.keyring import Keyring
from server.records.seal.rotation import BATCH, rewrapped
from server.records.seal.store import StoredKey
from tests.bench import Figure, at_least, quantile

NOTE = 2048
TURNS = 40  # the best of many short slices: the machine is shared, the cipher is not to blame
SLICE = 500
KEYS = 20_000
DOCUMENT = 64 * CHUNK
PLACE = Place("note", "sealed_body", new_id(), PatientId(new_id()), 7)


def figures() -> list[Figure]:
    """Measure everything, with keys of this run."""
    return [*_fields(), _rewrap(), *_documents()]


def _best(doing: Callable[[], object]) -> float:
    """Return seconds of one doing, in the best of many slices."""
    took = []
    for _ in range(TURNS):
        start = time.perf_counter()
        for _ in range(SLICE):
            doing()
        took.append((time.perf_counter() - start) / SLICE)
    return min(took)


def _fields() -> list[Figure]:
    raw, words, aad = os.urandom(32), os.urandom(NOTE), bytes(110)
    key, bare = OpenedKey(1, raw), AESGCM(raw)
    sealed, nonce = seal_field(key, PLACE, words), os.urandom(12)
    bare_sealed = bare.encrypt(nonce, words, aad)
    floors = {
        "seal": _best(lambda: bare.encrypt(os.urandom(12), words, aad)),
        "open": _best(lambda: bare.decrypt(nonce, bare_sealed, aad)),
    }
    ours = {
        "seal": _best(lambda: seal_field(key, PLACE, words)),
        "open": _best(lambda: open_field(key, PLACE, sealed)),
    }
    return [
        at_least(
            f"{what} a 2 KB note, in memory",
            1 / ours[what],
            "1/s",
            100_000,
            {"bare AESGCM 1/s": 1 / floors[what], "µs": 1e6 * ours[what]},
        )
        for what in ours
    ]


def _rewrap() -> Figure:
    """Unwrap, check the commitment, wrap anew: what a rotation costs without its database."""
    raw = os.urandom(32)
    masters = {"k1": MasterKey.local("k1", os.urandom(32)), "k2": MasterKey.local("k2", raw)}
    keyring, bare = Keyring(masters, IndexKey("i1", os.urandom(32))), AESGCM(raw)
    kept = []
    for _ in range(KEYS):
        patient = PatientId(new_id())
        fresh = FreshKey.make(masters["k1"], patient, 1)
        kept.append(StoredKey(patient, 1, "k1", masters["k1"].check, fresh.wrapped, fresh.commit_tag))
    took = []
    for start in range(0, KEYS, BATCH):
        began = time.perf_counter()
        done = rewrapped(keyring, "k2", kept[start : start + BATCH])
        took.append((time.perf_counter() - began) / len(done))
    nonce, dek, aad = os.urandom(12), os.urandom(32), bytes(80)
    wrapped = bare.encrypt(nonce, dek, aad)
    floor = _best(lambda: bare.encrypt(os.urandom(12), bare.decrypt(nonce, wrapped, aad), aad))
    beside = {"median slice 1/s": 1 / quantile(took, 0.5), "bare unwrap and wrap 1/s": 1 / floor}
    return at_least("rewrap patient keys, crypto alone", KEYS / (sum(took) * BATCH), "1/s", 20_000, beside)


def _documents() -> list[Figure]:
    raw, plain = os.urandom(32), os.urandom(DOCUMENT)
    key, bare = OpenedKey(1, raw), AESGCM(raw)
    sealer = DocumentSealer(key, PLACE)
    sealed = sealer.head + sealer.add(plain) + sealer.end()
    pieces = [plain[at : at + CHUNK] for at in range(0, DOCUMENT, CHUNK)]
    nonce, aad = bytes(12), bytes(HEAD_SIZE)
    bare_pieces = [bare.encrypt(nonce, piece, aad) for piece in pieces]

    def seal() -> None:
        writing = DocumentSealer(key, PLACE)
        for piece in pieces:
            writing.add(piece)
        writing.end()

    def unseal() -> None:
        reading = DocumentOpener(key, PLACE, sealed[:HEAD_SIZE])
        for at in range(HEAD_SIZE, len(sealed), CHUNK):
            reading.add(sealed[at : at + CHUNK])
        reading.end()

    rates = {
        "seal": (seal, lambda: [bare.encrypt(nonce, piece, aad) for piece in pieces]),
        "open": (unseal, lambda: [bare.decrypt(nonce, piece, aad) for piece in bare_pieces]),
    }
    return [
        at_least(f"{what} a document of 4 MiB", _rate(ours), "MB/s", 200, {"bare AESGCM MB/s": _rate(floor)})
        for what, (ours, floor) in rates.items()
    ]


def _rate(doing: Callable[[], object]) -> float:
    took = []
    for _ in range(TURNS):
        start = time.perf_counter()
        doing()
        took.append(time.perf_counter() - start)
    return DOCUMENT / min(took) / 1e6
