"""Signing in, sessions and their limits."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from server.accounts.passwords import Passwords
from server.accounts.rules import NewAccount, check_login
from server.accounts.service import Accounts
from server.database.engine import Database
from server.kernel.access import Door, Role
from server.kernel.errors import Invalid, NotSignedIn, TooMany
from tests.clock import FakeClock

GOOD = "une phrase assez longue"


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    cheap = Passwords(time_cost=1, memory_kib=64)
    yield cheap
    cheap.close()


@pytest.fixture
async def accounts(database: Database, passwords: Passwords, clock: FakeClock) -> Accounts:
    service = Accounts(database, passwords, clock)
    async with database.transaction() as tx:
        await service.create(tx, NewAccount("aubin", GOOD, Role.GP, "Dr Claire Aubin"))
        await service.create(tx, NewAccount("sylvie", GOOD, Role.HEALTH_WORKER, "Sylvie"))
    return service


async def test_the_right_password_opens_a_session_that_names_its_holder(accounts: Accounts) -> None:
    signed = await accounts.sign_in(" Aubin ", GOOD, Door.DESK, "::1")
    who = await accounts.identify(signed.token, Door.DESK)
    assert who is not None
    assert (who.name, who.role) == ("Dr Claire Aubin", Role.GP)


@pytest.mark.parametrize(
    ("login", "password", "door"),
    [
        ("aubin", "une phrase assez fausse", Door.DESK),
        ("nobody", GOOD, Door.DESK),
        ("aubin", GOOD, Door.OFFICE),
        ("sylvie", GOOD, Door.DESK),
        ("aubin", "", Door.DESK),
    ],
)
async def test_every_wrong_sign_in_gets_the_same_answer(
    accounts: Accounts, login: str, password: str, door: Door
) -> None:
    with pytest.raises(NotSignedIn) as refused:
        await accounts.sign_in(login, password, door, "::1")
    assert refused.value.code == "wrong-sign-in"


async def test_a_session_opens_its_own_door_only(accounts: Accounts) -> None:
    signed = await accounts.sign_in("aubin", GOOD, Door.DESK, "::1")
    assert await accounts.identify(signed.token, Door.OFFICE) is None
    assert await accounts.identify(signed.token[:-1] + "_", Door.DESK) is None


async def test_signing_out_ends_the_session_at_once(accounts: Accounts) -> None:
    signed = await accounts.sign_in("aubin", GOOD, Door.DESK, "::1")
    await accounts.sign_out(signed.who)
    assert await accounts.identify(signed.token, Door.DESK) is None


async def test_an_idle_session_ends_and_a_used_one_lives(accounts: Accounts, clock: FakeClock) -> None:
    signed = await accounts.sign_in("sylvie", GOOD, Door.OFFICE, "::1")
    for _ in range(4):
        clock.advance(minutes=25)
        assert await accounts.identify(signed.token, Door.OFFICE) is not None
    clock.advance(minutes=31)
    assert await accounts.identify(signed.token, Door.OFFICE) is None


async def test_a_session_ends_after_ten_hours_however_much_it_is_used(accounts: Accounts, clock: FakeClock) -> None:
    signed = await accounts.sign_in("aubin", GOOD, Door.DESK, "::1")
    for _ in range(9):
        clock.advance(hours=1)
        assert await accounts.identify(signed.token, Door.DESK) is not None
    clock.advance(hours=1)
    assert await accounts.identify(signed.token, Door.DESK) is None


async def test_a_disabled_account_is_out_at_the_next_request(accounts: Accounts, database: Database) -> None:
    signed = await accounts.sign_in("aubin", GOOD, Door.DESK, "::1")
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE account SET disabled_at = created_at"))
    assert await accounts.identify(signed.token, Door.DESK) is None
    with pytest.raises(NotSignedIn):
        await accounts.sign_in("aubin", GOOD, Door.DESK, "::1")


async def test_the_sixth_try_in_a_minute_is_not_even_looked_at(accounts: Accounts, clock: FakeClock) -> None:
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            await accounts.sign_in("aubin", "wrong", Door.DESK, "::1")
    with pytest.raises(TooMany) as slow:
        await accounts.sign_in("aubin", GOOD, Door.DESK, "::1")
    clock.advance(timedelta(seconds=slow.value.retry_after))
    await accounts.sign_in("aubin", GOOD, Door.DESK, "::1")


async def test_neither_token_nor_password_is_in_the_database(accounts: Accounts, database: Database) -> None:
    signed = await accounts.sign_in("aubin", GOOD, Door.DESK, "::1")
    async with database.reading() as tx:
        kept = str((await tx.execute(text("SELECT * FROM account"))).all())
        kept += str((await tx.execute(text("SELECT * FROM session"))).all())
    assert signed.token not in kept
    assert GOOD not in kept


async def test_an_old_hash_is_renewed_at_sign_in(accounts: Accounts, database: Database, clock: FakeClock) -> None:
    stronger = Passwords(time_cost=2, memory_kib=64)
    await Accounts(database, stronger, clock).sign_in("aubin", GOOD, Door.DESK, "::1")
    stronger.close()
    async with database.reading() as tx:
        kept = (await tx.execute(text("SELECT password_hash FROM account WHERE login='aubin'"))).scalar_one()
    assert "t=2" in kept


async def test_the_password_is_asked_once_more_before_something_grave(accounts: Accounts, database: Database) -> None:
    who = (await accounts.sign_in("aubin", GOOD, Door.DESK, "::1")).who
    await accounts.prove(who, GOOD)
    with pytest.raises(Invalid) as refused:
        await accounts.prove(who, "une phrase assez fausse")
    assert set(refused.value.fields) == {"password"}
    async with database.transaction() as tx:
        actions = (await tx.execute(text("SELECT action FROM audit_event ORDER BY id"))).scalars().all()
        assert actions == ["account:signed-in", "account:sign-in-refused"]
        await tx.execute(text("UPDATE account SET disabled_at = created_at"))
    with pytest.raises(Invalid):
        await accounts.prove(who, GOOD)
    with pytest.raises(Invalid):
        await accounts.prove(who, "encore une autre")
    with pytest.raises(TooMany):
        await accounts.prove(who, GOOD)


async def test_the_refusals_are_in_the_audit_log(accounts: Accounts, database: Database) -> None:
    with pytest.raises(NotSignedIn):
        await accounts.sign_in("aubin", "wrong", Door.DESK, "::1")
    async with database.reading() as tx:
        actions = (await tx.execute(text("SELECT action FROM audit_event"))).scalars().all()
    assert actions == ["account:sign-in-refused"]


@pytest.mark.parametrize("password", ["short", "x" * 129])
async def test_a_password_too_short_or_too_long_is_refused(
    accounts: Accounts, database: Database, password: str
) -> None:
    with pytest.raises(Invalid) as refused:
        async with database.transaction() as tx:
            await accounts.create(tx, NewAccount("new", password, Role.ADMIN, "New"))
    assert "password" in refused.value.fields


@pytest.mark.parametrize("login", ["", "a", "é", "a b", "-a-", "x" * 41])
def test_an_impossible_login_is_refused(login: str) -> None:
    with pytest.raises(Invalid):
        check_login(login)


async def test_a_crowd_of_sign_ins_is_refused_and_not_queued_without_end(passwords: Passwords) -> None:
    passwords._waiting = 20
    with pytest.raises(TooMany):
        await passwords.fits(GOOD, None)
