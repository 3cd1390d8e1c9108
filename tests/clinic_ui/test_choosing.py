"""A pressed moment comes back as the scheduler takes it, and half of one is told in words."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from clinic_ui.choosing import Chosen
from clinic_ui.forms import shape_answers
from server.kernel.errors import Invalid

AT, DOCTOR, CABIN = ["2026-03-10T09:00:00+01:00"], [str(UUID(int=1))], [str(UUID(int=2))]


def test_a_moment_keeps_who_serves_and_leaves_out_whom_it_does_not_need() -> None:
    sent = {"starts_at": AT, "practitioner_id": DOCTOR, "cabin_id": CABIN, "health_worker_id": [""]}
    choice = shape_answers(sent, Chosen).choice
    assert choice.starts_at == datetime(2026, 3, 10, 8, tzinfo=UTC)
    assert (choice.practitioner_id, choice.cabin_id) == (UUID(int=1), UUID(int=2))
    assert (choice.health_worker_id, choice.instrument_id) == (None, None)


@pytest.mark.parametrize(
    "wrong", [{"starts_at": ["2026-03-10T09:00"]}, {"practitioner_id": ["x"]}, {"starts_at": [""]}]
)
def test_half_a_moment_is_none(wrong: dict[str, list[str]]) -> None:
    with pytest.raises(Invalid) as refused:
        shape_answers({"starts_at": AT, "practitioner_id": DOCTOR, **wrong}, Chosen)
    assert refused.value.fields
