"""Who may stand beside whom."""

from __future__ import annotations

import pytest

from server.scheduler.rules.openings import ResourceKind
from server.scheduler.rules.overbooking import FIRST, SECOND, lane


@pytest.mark.parametrize("kind", ResourceKind)
def test_only_people_who_decide_for_themselves_stand_twice(kind: ResourceKind) -> None:
    people = (ResourceKind.PRACTITIONER, ResourceKind.HEALTH_WORKER)
    assert lane(kind) == (SECOND if kind in people else FIRST)
