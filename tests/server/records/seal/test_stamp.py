"""What leaves the house bears its stamp; altered words, another key and another kind of thing do not fit it."""

from __future__ import annotations

from server.records.seal.envelope import IndexKey
from server.records.seal.stamp import Stamp

WORDS = b"what leaves the house"


def test_a_stamp_fits_its_own_words_alone() -> None:
    stamp = Stamp(IndexKey("i1", b"k" * 32), "backup")
    signature = stamp.sign(WORDS)
    assert stamp.fits(WORDS, signature)
    assert Stamp(IndexKey("i1", b"k" * 32), "backup").fits(WORDS, signature), "made anew from the same key"
    assert not stamp.fits(WORDS + b".", signature)
    assert not stamp.fits(WORDS, signature[:-1] + bytes([signature[-1] ^ 1]))
    assert not Stamp(IndexKey("i1", b"K" * 32), "backup").fits(WORDS, signature)
    assert not Stamp(IndexKey("i1", b"k" * 32), "export").fits(WORDS, signature)
    assert "kkkk" not in repr(stamp)
