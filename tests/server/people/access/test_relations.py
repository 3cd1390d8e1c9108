"""Which relation opens what to whom: the whole table, and everything else is no."""

from __future__ import annotations

import pytest

from server.kernel.access import RULES, Act, Role
from server.people.access import relations
from server.people.access.relations import PART, READING, WHOLE, Relation, opens

WRITING = {Act.BACKGROUND_WRITE, Act.MEASURES_TAKE, Act.NOTE_WRITE, Act.NOTE_SIGN, Act.FOLLOW_UP_ASK}


@pytest.mark.parametrize("relation", list(Relation))
@pytest.mark.parametrize("role", list(Role))
def test_a_relation_opens_what_its_row_says_and_never_more_than_the_role_may(role: Role, relation: Relation) -> None:
    whole, part = (role, relation) in WHOLE, PART.get((role, relation), frozenset())
    assert opens(role, relation, None) is whole
    assert {act for act in Act if opens(role, relation, act)} == {
        act for act in Act if (whole or act in part) and role in RULES[act]
    }


@pytest.mark.parametrize("role", [Role.CABIN, Role.COORDINATOR, Role.ADMIN])
def test_cabins_coordinators_and_administrators_have_no_relation(role: Role) -> None:
    assert not [relation for relation in Relation for act in (None, *Act) if opens(role, relation, act)]


@pytest.mark.parametrize("relation", [Relation.REFERRED, Relation.GLASS])
def test_a_referral_and_a_broken_glass_are_for_reading_alone(relation: Relation) -> None:
    assert {act for act in Act if opens(Role.GP, relation, act)} == READING
    assert not READING & WRITING
    assert not opens(Role.GP, relation, None)


def test_without_a_row_the_answer_is_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relations, "WHOLE", frozenset())
    monkeypatch.setattr(relations, "PART", {})
    assert not [one for role in Role for one in Relation for act in (None, *Act) if opens(role, one, act)]
