"""Setting up places and people: what a file or a page would change, and doing it, with first passwords said once.

lines ─▶ faults? ─▶ compared with what is there ─▶ steps (to read) ─▶ rows, accounts, log: one transaction
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from server.accounts import store as accounts_store
from server.accounts.rules import NewAccount
from server.accounts.service import Accounts
from server.audit.rules import Action
from server.audit.store import record
from server.database.engine import Database
from server.kernel.access import Act, Identity, Role, require
from server.kernel.clock import Clock
from server.kernel.errors import Conflict, NotFound
from server.kernel.ids import AccountId, CabinId, HealthWorkerId, PractitionerId, SiteId, new_id
from server.kernel.words import N_
from server.people.founding import store
from server.people.founding.passwords import draw_password
from server.people.founding.rules import (
    CabinLine,
    Line,
    PlaceKind,
    PractitionerLine,
    StaffLine,
    Step,
    WorkerLine,
    kind_of,
    refuse_faults,
    step_of,
)
from server.people.founding.store import Kept, Known


@dataclass(frozen=True, slots=True)
class Founded:
    """What was done: steps that changed something, the ids of all lines, and passwords to say once, by login."""

    steps: tuple[Step, ...]
    ids: dict[tuple[PlaceKind, str], UUID]
    passwords: dict[str, str]


class Founding:
    """Sites, cabins, instruments, practitioners, health workers, staff, and the accounts of those who sign in."""

    def __init__(self, database: Database, accounts: Accounts, now: Clock) -> None:
        self._database = database
        self._accounts = accounts
        self._now = now

    async def known(self, who: Identity) -> Known:
        """Return everything that is there, by kind and key."""
        require(who, Act.PLACES_EDIT)
        async with self._database.reading() as tx:
            return await store.known(tx)

    async def keep(self, who: Identity, line: Line) -> Founded:
        """Write one line from a page."""
        require(who, Act.PLACES_EDIT)
        async with self._database.transaction() as tx:
            return await self.found(tx, who, [line])

    async def found(self, tx: AsyncSession, who: Identity | None, lines: Collection[Line]) -> Founded:
        """Write lines in the caller's transaction; `who` None is somebody at the machine.

        Raises Invalid naming every wrong field, Conflict when a login is somebody else's.
        """
        known = await store.known(tx)
        refuse_faults(lines, {key for kind, key in known if kind is PlaceKind.SITE})
        steps, passwords = [], {}
        for line in lines:
            before = known.get((kind_of(line), line.key))
            step = step_of(line, before.line if before else None)
            if step.new or step.changed:
                steps.append(step)
                known[step.kind, step.key], password = await self._write(tx, who, line, before, known)
                passwords.update(password)
        return Founded(tuple(steps), {key: kept.id for key, kept in known.items()}, passwords)

    async def renew_password(self, who: Identity, login: str) -> str:
        """Give an account a new first password and sign it out everywhere; it is said once."""
        require(who, Act.PLACES_EDIT)
        password = draw_password()
        hashed = await self._accounts.hash(password)
        async with self._database.transaction() as tx:
            account_id = await self._account(tx, login)
            await accounts_store.rehash(tx, account_id, hashed)
            await store.end_sessions(tx, account_id)
            await self._log(tx, who, Action.ACCOUNT_RENEWED, f"account:{account_id}")
        return password

    async def close_account(self, who: Identity, login: str, *, closed: bool) -> None:
        """Let an account sign in no more, at once; or again. Nobody closes their own."""
        require(who, Act.PLACES_EDIT)
        if login == who.login:
            raise Conflict(N_("Votre propre compte : demandez à une autre personne. Rien n’a été changé."))
        async with self._database.transaction() as tx:
            account_id = await self._account(tx, login)
            await store.close(tx, account_id, self._now() if closed else None)
            if closed:
                await store.end_sessions(tx, account_id)
            await self._log(
                tx, who, Action.ACCOUNT_CLOSED if closed else Action.ACCOUNT_OPENED, f"account:{account_id}"
            )

    async def _account(self, tx: AsyncSession, login: str) -> AccountId:
        found = await store.account(tx, login)
        if found is None:
            raise NotFound(N_("Cet élément n’existe pas, ou il n’est pas à vous."))
        return found.id

    async def _write(
        self, tx: AsyncSession, who: Identity | None, line: Line, before: Kept | None, known: Known
    ) -> tuple[Kept, dict[str, str]]:
        if isinstance(line, StaffLine):
            return await self._staff(tx, who, line, before)
        subject_id = before.id if before else new_id()
        await store.write(tx, line, subject_id, known, new=before is None)
        action = Action.PLACE_CHANGED if before else Action.PLACE_MADE
        await self._log(tx, who, action, f"{kind_of(line)}:{subject_id}")
        passwords = await self._sign_in(tx, who, line, subject_id, before, known)
        return Kept(subject_id, line), passwords

    async def _sign_in(
        self, tx: AsyncSession, who: Identity | None, line: Line, subject_id: UUID, before: Kept | None, known: Known
    ) -> dict[str, str]:
        """Make the account of a cabin or a person, if its line names a login that it has not yet."""
        if not isinstance(line, CabinLine | PractitionerLine | WorkerLine):
            return {}
        old = getattr(before.line, "login", "") if before else ""
        if old and line.login in ("", old):
            account = await store.account(tx, old)
            if account is not None:
                await store.rename(tx, account.id, line.name)
            return {}
        if not line.login:
            return {}
        if old:
            raise Conflict(N_("« %(name)s » a déjà l’identifiant « %(login)s »."), name=line.name, login=old)
        return await self._open(tx, who, _new_account(line, subject_id, known))

    async def _staff(
        self, tx: AsyncSession, who: Identity | None, line: StaffLine, before: Kept | None
    ) -> tuple[Kept, dict[str, str]]:
        if before is None:
            passwords = await self._open(tx, who, NewAccount(line.login, draw_password(), line.role, line.name))
            account = await store.account(tx, line.login)
            return Kept(account.id if account else new_id(), line), passwords
        if isinstance(before.line, StaffLine) and before.line.role is not line.role:
            raise Conflict(N_("Le rôle d’un compte ne change pas : créez-en un autre, puis fermez celui-ci."))
        await store.rename(tx, AccountId(before.id), line.name)
        await self._log(tx, who, Action.PLACE_CHANGED, f"account:{before.id}")
        return Kept(before.id, line), {}

    async def _open(self, tx: AsyncSession, who: Identity | None, new: NewAccount) -> dict[str, str]:
        if await store.account(tx, new.login) is not None:
            raise Conflict(
                N_("L’identifiant « %(login)s » est déjà à quelqu’un d’autre. Rien n’a été enregistré."),
                code="login-taken",
                login=new.login,
            )
        account_id = await self._accounts.create(tx, new)
        await tx.flush()
        await self._log(tx, who, Action.ACCOUNT_MADE, f"account:{account_id}")
        return {new.login: new.password}

    async def _log(self, tx: AsyncSession, who: Identity | None, action: Action, about: str) -> None:
        await record(tx, who, action, at=self._now(), record=about)


def _new_account(line: CabinLine | PractitionerLine | WorkerLine, subject_id: UUID, known: Known) -> NewAccount:
    password = draw_password()
    if isinstance(line, PractitionerLine):
        subject = PractitionerId(subject_id)
        return NewAccount(line.login, password, Role.GP, line.name, practitioner_id=subject)
    site_id = SiteId(known[PlaceKind.SITE, line.site].id)
    if isinstance(line, CabinLine):
        cabin = CabinId(subject_id)
        return NewAccount(line.login, password, Role.CABIN, line.name, cabin_id=cabin, site_id=site_id)
    worker = HealthWorkerId(subject_id)
    return NewAccount(line.login, password, Role.HEALTH_WORKER, line.name, health_worker_id=worker, site_id=site_id)
