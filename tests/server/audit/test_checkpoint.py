"""A checkpoint opens with its own key and nothing else, and reads as C2SP writes it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from server.audit.checkpoint import NotACheckpoint, Signer, Verifier

SIGNER, OTHER = Signer(bytes(range(32))), Signer(bytes(32))
ROOT, AT = bytes(range(100, 132)), datetime(2026, 3, 12, 9, 5, tzinfo=UTC)
NOTE = SIGNER.sign(20852163, ROOT, AT)


def test_a_note_has_the_lines_that_c2sp_asks_for() -> None:
    origin, size, root, when, empty, signature = NOTE.splitlines()
    assert origin == SIGNER.verifier.name
    assert (size, base64.b64decode(root), when, empty) == ("20852163", ROOT, "2026-03-12T09:05:00Z", "")
    dash, name, encoded = signature.split(" ")
    raw = base64.b64decode(encoded)
    assert (dash, name, len(raw)) == ("—", origin, 68)
    Ed25519PublicKey.from_public_bytes(SIGNER.verifier.public).verify(
        raw[4:], NOTE.partition("\n\n")[0].encode() + b"\n"
    )


def test_a_note_opens_to_what_was_signed() -> None:
    opened = SIGNER.verifier.open(NOTE)
    assert (opened.size, opened.root, opened.at) == (20852163, ROOT, AT)


def test_a_second_signature_does_no_harm() -> None:
    witness = OTHER.sign(1, ROOT, AT).splitlines()[-1]
    assert SIGNER.verifier.open(NOTE + witness + "\n").size == 20852163


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        NOTE[:-1],
        NOTE.replace("20852163", "20852164"),
        NOTE.replace("2026-03-12", "2026-03-13"),
        NOTE.partition("\n\n")[0] + "\n\n",
        NOTE + "x" * 1000 + "\n",
        NOTE.replace("— ", "- "),
        OTHER.sign(20852163, ROOT, AT),
        OTHER.sign(20852163, ROOT, AT).replace(OTHER.verifier.name, SIGNER.verifier.name),
        NOTE.replace("\n\n", "\nmore\n\n"),
    ],
)
def test_another_note_does_not_open(note: str) -> None:
    with pytest.raises(NotACheckpoint):
        SIGNER.verifier.open(note)


def test_a_verifier_is_written_and_read() -> None:
    written = SIGNER.verifier.written()
    assert Verifier.read(written + "\n") == SIGNER.verifier


@pytest.mark.parametrize("text", ["", "name", "name+00000000+AAAA", "name+00000000+%", SIGNER.verifier.written() + "A"])
def test_a_damaged_verifier_is_refused(text: str) -> None:
    with pytest.raises(NotACheckpoint):
        Verifier.read(text)


def test_a_signer_is_made_of_32_bytes_and_never_shown() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Signer(bytes(31))
    assert repr(SIGNER) == f"<signer {SIGNER.verifier.name}>"
