"""Ids, access, errors and garbage."""

import gc

import pytest

from server.kernel import garbage
from server.kernel.access import DOOR_OF, RULES, Act, Identity, Role, require
from server.kernel.errors import ClinicError, Conflict, Invalid, NotAllowed
from server.kernel.ids import AccountId, new_id
from server.kernel.policy import ROUTES, Open


def _who(role: Role) -> Identity:
    return Identity(AccountId(new_id()), role, "someone", "Someone")


def test_ids_are_version_7_and_do_not_repeat() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert {value.version for value in ids} == {7}
    assert {value.variant for value in ids} == {"specified in RFC 4122"}


def test_ids_made_in_later_milliseconds_sort_later() -> None:
    first = new_id()
    later = new_id()
    while later.int >> 80 == first.int >> 80:
        later = new_id()
    assert first < later


def test_every_act_has_a_rule_and_every_role_a_door() -> None:
    assert set(RULES) == set(Act)
    assert set(DOOR_OF) == set(Role)


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("role", list(Role))
def test_require_lets_through_exactly_the_roles_of_the_rule(role: Role, act: Act) -> None:
    if role in RULES[act]:
        require(_who(role), act)
    else:
        with pytest.raises(NotAllowed):
            require(_who(role), act)


def test_without_a_rule_the_answer_is_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, Act.LINE_OPEN)
    with pytest.raises(NotAllowed):
        require(_who(Role.ADMIN), Act.LINE_OPEN)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMIN])
def test_coordinator_and_admin_never_reach_clinical_text(role: Role) -> None:
    clinical = {
        Act.NOTE_WRITE,
        Act.NOTE_SIGN,
        Act.HISTORY_READ,
        Act.MEASURES_READ,
        Act.PATIENT_READ,
        Act.PATIENT_SEARCH,
        Act.QUEUE_SEE,
        Act.VISIT_SUMMARY,
    }
    assert not [act for act in clinical if role in RULES[act]]


def test_every_policy_row_names_an_act_or_says_that_it_is_open() -> None:
    assert all(isinstance(rule, Act | Open) for rule in ROUTES.values())


def test_an_error_fills_its_places_and_keeps_its_code_and_fields() -> None:
    error = Invalid("Pas avant %(hour)s h", fields={"hour": "Trop tôt."}, hour=9)
    assert (str(error), error.status, error.code) == ("Pas avant 9 h", 422, "invalid")
    assert error.fields == {"hour": "Trop tôt."}
    assert Conflict("Trop tard", code="already-taken").code == "already-taken"
    assert issubclass(Conflict, ClinicError)


def test_a_server_looks_for_garbage_rarely_and_never_at_its_code() -> None:
    before = gc.get_threshold()
    try:
        garbage.look_rarely()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] == garbage.YOUNG
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
