"""Where a broken glass stands, who may review it, and what must be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.kernel.errors import Invalid
from server.kernel.ids import AccountId, GlassId, PatientId, PractitionerId, new_id
from server.people.access.glass_rules import (
    OPEN_FOR,
    REVIEW_WITHIN,
    WORDS_MAX,
    Glass,
    GlassReason,
    Phase,
    Verdict,
    check_glass_words,
    is_late,
    may_review,
    phase,
)

NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
DOCTOR, REVIEWER = AccountId(new_id()), AccountId(new_id())
GLASS = Glass(
    GlassId(new_id()),
    PatientId(new_id()),
    DOCTOR,
    PractitionerId(new_id()),
    GlassReason.LIFE_AT_RISK,
    NOON,
    NOON + OPEN_FOR,
)
REVIEWED = replace(GLASS, verdict=Verdict.CONFIRMED, reviewed_at=NOON, reviewed_by=REVIEWER)


@pytest.mark.parametrize(
    ("minutes", "expected"), [(-1, Phase.CLOSED), (0, Phase.OPEN), (59, Phase.OPEN), (60, Phase.CLOSED)]
)
def test_it_is_open_for_sixty_minutes(minutes: int, expected: Phase) -> None:
    assert phase(GLASS, NOON + timedelta(minutes=minutes)) is expected


def test_a_verdict_closes_it_at_once() -> None:
    assert phase(REVIEWED, NOON + timedelta(minutes=1)) is Phase.REVIEWED


def test_it_is_late_when_nobody_reviewed_it_in_three_days() -> None:
    assert not is_late(GLASS, NOON + REVIEW_WITHIN - timedelta(minutes=1))
    assert is_late(GLASS, NOON + REVIEW_WITHIN)
    assert not is_late(REVIEWED, NOON + REVIEW_WITHIN)


def test_somebody_else_reviews_it_and_only_once() -> None:
    assert may_review(GLASS, REVIEWER)
    assert not may_review(GLASS, DOCTOR)
    assert not may_review(REVIEWED, REVIEWER)


@pytest.mark.parametrize("words", ["", "urgent", "a" * 14, " " * 40, "a" * (WORDS_MAX + 1)])
def test_too_few_or_too_many_words_are_refused(words: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_glass_words(words)
    assert set(refused.value.fields) == {"words"}


def test_words_are_kept_trimmed() -> None:
    assert check_glass_words("  Malaise  dans la rue,\n seule. ") == "Malaise dans la rue, seule."
