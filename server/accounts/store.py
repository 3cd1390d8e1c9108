"""The named queries of accounts and sessions."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts.rules import Session
from server.accounts.tables import Account, SessionRow
from server.kernel.access import Identity
from server.kernel.ids import AccountId


async def names(tx: AsyncSession, account_ids: Collection[AccountId]) -> dict[AccountId, str]:
    """Return what the holders of these accounts are called."""
    query = select(Account.id, Account.name).where(Account.id.in_(account_ids))
    return {account_id: name for account_id, name in (await tx.execute(query)).all()}


async def account_by_login(tx: AsyncSession, login: str) -> Account | None:
    """Return the account of this login, also a disabled one."""
    return await tx.scalar(select(Account).where(Account.login == login))


async def session(tx: AsyncSession, token_hash: bytes) -> Session | None:
    """Return the live session and its holder, unless the account is disabled."""
    found = await tx.execute(
        select(SessionRow, Account)
        .join(Account, Account.id == SessionRow.account_id)
        .where(SessionRow.token_hash == token_hash, Account.disabled_at.is_(None))
    )
    row = found.one_or_none()
    if row is None:
        return None
    held, account = row
    return Session(identity(account, token_hash, held.csrf), account.id, held.created_at, held.seen_at)


def identity(account: Account, token_hash: bytes, csrf: str) -> Identity:
    """Return the detached identity of an account with one of its sessions."""
    return Identity(
        account_id=account.id,
        role=account.role,
        login=account.login,
        name=account.name,
        session_hash=token_hash,
        csrf=csrf,
        practitioner_id=account.practitioner_id,
        health_worker_id=account.health_worker_id,
        cabin_id=account.cabin_id,
        site_id=account.site_id,
        hides_address=account.hides_address,
    )


async def touch(tx: AsyncSession, token_hash: bytes, at: datetime) -> None:
    """Note that the session was used."""
    await tx.execute(update(SessionRow).where(SessionRow.token_hash == token_hash).values(seen_at=at))


async def end_session(tx: AsyncSession, token_hash: bytes) -> None:
    """Forget one session."""
    await tx.execute(delete(SessionRow).where(SessionRow.token_hash == token_hash))


async def end_sessions_before(tx: AsyncSession, account_id: AccountId, created_before: datetime) -> None:
    """Forget sessions of the account that began before this instant: they are over whatever their role."""
    await tx.execute(
        delete(SessionRow).where(SessionRow.account_id == account_id, SessionRow.created_at < created_before)
    )


async def hide_address(tx: AsyncSession, account_id: AccountId, hidden: bool) -> None:
    """Keep whether this person's calls go over the relay alone."""
    await tx.execute(update(Account).where(Account.id == account_id).values(hides_address=hidden))


async def rehash(tx: AsyncSession, account_id: AccountId, password_hash: str) -> None:
    """Keep a password under newer argon2 parameters."""
    await tx.execute(update(Account).where(Account.id == account_id).values(password_hash=password_hash))
