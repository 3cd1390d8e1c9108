"""What a resident may say, and what is hidden."""

from __future__ import annotations

import pytest

from server.evaluation.rules import Satisfaction, check_face, satisfaction
from server.kernel.errors import Invalid


@pytest.mark.parametrize("face", [0, 4, -1])
def test_there_are_three_faces(face: int) -> None:
    assert [check_face(good) for good in (1, 2, 3)] == [1, 2, 3]
    with pytest.raises(Invalid):
        check_face(face)


def test_below_five_answers_nothing_is_shown() -> None:
    hidden = satisfaction({3: 4})
    assert (hidden.answers, hidden.shown) == (0, False)
    assert satisfaction({3: 4, 1: 1}) == Satisfaction(5, {1: 1, 2: 0, 3: 4})
