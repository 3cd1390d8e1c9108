"""Token buckets."""

import pytest

from server.kernel.errors import TooMany
from server.web import limits
from server.web.limits import Bucket
from tests.clock import FakeClock


def test_a_bucket_allows_its_burst_and_then_its_rate(clock: FakeClock) -> None:
    bucket = Bucket(clock, per_minute=6, burst=3)
    for _ in range(3):
        bucket.take("a")
    with pytest.raises(TooMany) as slow:
        bucket.take("a")
    assert slow.value.retry_after == 11
    bucket.take("b")
    clock.advance(seconds=10)
    bucket.take("a")
    with pytest.raises(TooMany):
        bucket.take("a")


def test_refused_tries_do_not_make_the_wait_longer(clock: FakeClock) -> None:
    bucket = Bucket(clock, per_minute=6, burst=1)
    bucket.take("a")
    for _ in range(9):
        clock.advance(seconds=1)
        with pytest.raises(TooMany):
            bucket.take("a")
    clock.advance(seconds=1)
    bucket.take("a")


def test_a_bucket_forgets_the_oldest_keys(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REMEMBERED", 3)
    bucket = Bucket(clock, per_minute=1, burst=1)
    for key in "abcd":
        bucket.take(key)
    assert len(bucket._left) == 3
