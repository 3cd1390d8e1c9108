"""One URL says where Redis is; a wrong one is refused with a sentence that repeats no password."""

from __future__ import annotations

import pytest

from signalling.redis_address import Address, BadAddress, Kind, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://localhost", Address(Kind.SINGLE, (("localhost", 6379),))),
        ("redis://127.0.0.1:7000/2", Address(Kind.SINGLE, (("127.0.0.1", 7000),), db=2)),
        ("redis://[::1]:7000", Address(Kind.SINGLE, (("::1", 7000),))),
        ("rediss://me:p%40ss@r.example", Address(Kind.SINGLE, (("r.example", 6379),), True, "me", "p@ss")),
        ("redis://:secret@r", Address(Kind.SINGLE, (("r", 6379),), password="secret")),
        ("redis+sentinel://a,b:7/clinic", Address(Kind.SENTINEL, (("a", 26379), ("b", 7)), service="clinic")),
        ("redis+sentinel://a/clinic/1", Address(Kind.SENTINEL, (("a", 26379),), service="clinic", db=1)),
        ("rediss+cluster://a:1,b:2", Address(Kind.CLUSTER, (("a", 1), ("b", 2)), True)),
    ],
)
def test_what_an_operator_may_write(url: str, address: Address) -> None:
    assert read_address(url) == address


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "expected redis://"),
        ("localhost:6379", "expected redis://"),
        ("http://localhost", "unknown scheme"),
        ("redis+://localhost", "unknown scheme"),
        ("redis+ring://localhost", "unknown scheme"),
        ("redis://", "no host"),
        ("redis://a:port", "no host and port"),
        ("redis://a:99999", "no such port"),
        ("redis://a,b", "cluster or sentinels"),
        ("redis://a/x", "a number"),
        ("redis://a/1/2", "a number"),
        ("redis://a?db=1", "nothing may follow"),
        ("redis+sentinel://a", "name of their service"),
        ("redis+cluster://a/1", "no numbered databases"),
        ("redis://me:sesame@a b", "no host and port"),
    ],
)
def test_what_is_no_address_is_refused_and_says_why(url: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why) as refused:
        read_address(url)
    assert "sesame" not in str(refused.value)
