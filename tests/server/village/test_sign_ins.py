"""The terminal says where to go, who may enter and which codes to try."""

from __future__ import annotations

from server.accounts.rules import check_login, check_password
from server.kernel.access import Door
from server.village.cast import ROLES
from server.village.sign_ins import PASSWORD, sign_ins


def test_everybody_can_have_their_login_and_the_password() -> None:
    check_password(PASSWORD)
    logins = [one.login for one in sign_ins().people]
    assert [check_login(login) for login in logins] == logins
    assert len(set(logins)) == len(logins)


def test_each_door_has_somebody_and_names_who_and_where() -> None:
    assert {one.door for one in sign_ins().people} == set(Door)
    assert all(one.name and one.about for one in sign_ins().people)


def test_the_board_gives_an_address_and_a_login_for_each_door_and_odettes_code() -> None:
    board = sign_ins().board("http://localhost:8080")
    for door, login in (("cabin", "cabine-saint-fiacre"), ("desk", "aubin"), ("office", "sylvie")):
        assert f"http://localhost:8080/signin/{door}  {login}\n" in board
    assert PASSWORD in board
    assert "258 036  Odette Lavergne" in board


def test_every_code_is_that_of_a_named_person() -> None:
    assert [code for code, _ in sign_ins().codes] == [role.code for role in ROLES]
