"""Signing in and out, and knowing who holds a session."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import store
from server.accounts.passwords import Passwords
from server.accounts.rules import (
    ABSOLUTE_FOR,
    SEEN_EVERY,
    NewAccount,
    check_login,
    check_password,
    is_over,
    opens,
)
from server.accounts.tables import Account, SessionRow
from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Door, Identity, require
from server.kernel.clock import Clock
from server.kernel.errors import Invalid, NotSignedIn
from server.kernel.ids import AccountId, new_id
from server.kernel.words import N_
from server.web.limits import Bucket

_REFUSED = N_("L’identifiant ou le mot de passe n’est pas le bon, ou ce compte n’entre pas par cette porte.")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session: `token` goes into the cookie and is kept nowhere else."""

    who: Identity
    token: str


class Accounts:
    """Accounts and their sessions."""

    def __init__(self, database: Database, passwords: Passwords, now: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._now = now
        self._per_login = Bucket(now, per_minute=5, burst=5)
        self._per_address = Bucket(now, per_minute=30, burst=30)

    async def create(self, tx: AsyncSession, new: NewAccount, *, hashed: str = "") -> AccountId:
        """Make an account in the caller's transaction. Raises Invalid for an impossible login or password.

        `hashed` is the argon2id string of the same password, when the caller makes many accounts with one (a demo).
        """
        check_password(new.password)
        account = Account(
            id=AccountId(new_id()),
            login=check_login(new.login),
            password_hash=hashed or await self._passwords.hash(new.password),
            role=new.role,
            name=new.name,
            practitioner_id=new.practitioner_id,
            health_worker_id=new.health_worker_id,
            cabin_id=new.cabin_id,
            site_id=new.site_id,
            created_at=self._now(),
        )
        tx.add(account)
        return account.id

    async def hash(self, password: str) -> str:
        """Return the argon2id string of a new password; raises Invalid for one that is too short or too long."""
        check_password(password)
        return await self._passwords.hash(password)

    async def sign_in(self, login: str, password: str, door: Door, address: str) -> SignedIn:
        """Open a session at `door`, or raise NotSignedIn; the answer and its time are the same for all reasons."""
        login = login.strip().lower()[:40]
        self._per_address.take(address)
        self._per_login.take(login)
        async with self._database.reading() as tx:
            account = await store.account_by_login(tx, login)
        kept = account.password_hash if account and account.disabled_at is None else None
        good = await self._passwords.fits(password[:128], kept)
        if account is None or not good or not opens(account.role, door):
            await self._note_refusal(account)
            raise NotSignedIn(_REFUSED, code="wrong-sign-in")
        newer = await self._passwords.hash(password) if self._passwords.is_old(account.password_hash) else None
        return await self._open(account, newer)

    async def identify(self, token: str, door: Door) -> Identity | None:
        """Return who holds `token` at `door`, or None when it is unknown, over or for another door."""
        token_hash = _hashed(token)
        async with self._database.reading() as tx:
            session = await store.session(tx, token_hash)
        now = self._now()
        if session is None or is_over(session, now) or not opens(session.who.role, door):
            return None
        if now - session.seen_at >= SEEN_EVERY:
            async with self._database.transaction() as tx:
                await store.touch(tx, token_hash, now)
        return session.who

    async def sign_out(self, who: Identity) -> None:
        """End this session."""
        async with self._database.transaction() as tx:
            await store.end_session(tx, who.session_hash)
            await record(tx, who, Action.SIGNED_OUT, at=self._now())

    async def prove(self, who: Identity, password: str) -> None:
        """Ask for the password once more before something grave; raises Invalid, and the log keeps the refusal."""
        self._per_login.take(who.login)
        async with self._database.reading() as tx:
            account = await store.account_by_login(tx, who.login)
        kept = account.password_hash if account and account.disabled_at is None else None
        if not await self._passwords.fits(password[:128], kept):
            await self._note_refusal(account)
            wrong = {"password": N_("Ce n’est pas votre mot de passe.")}
            raise Invalid(N_("Le mot de passe n’est pas le bon. Rien n’a été ouvert."), fields=wrong)

    async def hide_address(self, who: Identity, hidden: bool) -> None:
        """Have the caller's calls go over the relay alone, or not, from the next one on."""
        require(who, Act.ADDRESS_HIDE)
        async with self._database.transaction() as tx:
            await store.hide_address(tx, who.account_id, hidden)
            action = Action.ADDRESS_HIDDEN if hidden else Action.ADDRESS_SHOWN
            await record(tx, who, action, at=self._now(), record=f"account:{who.account_id}")

    async def _open(self, account: Account, newer_hash: str | None) -> SignedIn:
        token = secrets.token_urlsafe(32)
        csrf = secrets.token_urlsafe(32)
        now = self._now()
        who = store.identity(account, _hashed(token), csrf)
        async with self._database.transaction() as tx:
            await store.end_sessions_before(tx, account.id, now - ABSOLUTE_FOR[account.role])
            if newer_hash:
                await store.rehash(tx, account.id, newer_hash)
            tx.add(
                SessionRow(token_hash=who.session_hash, account_id=account.id, csrf=csrf, created_at=now, seen_at=now)
            )
            await record(tx, who, Action.SIGNED_IN, at=now)
        return SignedIn(who, token)

    async def _note_refusal(self, account: Account | None) -> None:
        async with self._database.transaction() as tx:
            about = f"account:{account.id}" if account else None
            await record(tx, None, Action.SIGN_IN_REFUSED, at=self._now(), record=about)


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
